# SPDX-License-Identifier: Apache-2.0
"""write.once: each record is in the bucket once, whatever was killed, lost or refused on the way."""

import collections
import json
import random
import subprocess
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import S3D, put_all, s3d_server
from records import encode_line
from runner import Program
from s3d_client import S3d
from test_destination import acked, objects

ONCE = ["--write.once", "true"]
KILLS = 6


def lines_of(first, count):
    return b"".join(encode_line(key=b"k%d" % i, position=b"p%d" % i, after=b"x" * 10) for i in range(first, first + count))


def times_written(s3, bucket, prefix="", field="Position"):
    """How often each position (or key) is in all files together; every file parses."""
    times = collections.Counter()
    for body in all_objects(s3, bucket, prefix).values():
        times.update(json.loads(line)[field] for line in body.splitlines())
    return times


def all_objects(s3, bucket, prefix=""):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [o["Key"] for page in pages for o in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def assert_once(s3, bucket, count):
    assert times_written(s3, bucket) == collections.Counter({f"p{i}": 1 for i in range(count)})


def all_acked(result, first, count):
    return acked(result) == [b"p%d" % i for i in range(first, first + count)]


def test_a_replay_repeats_nothing(s3, s3c, make_bucket):
    bucket = make_bucket()
    for count, size in ((25, 10), (25, 10), (40, 7), (60, 60), (60, 13)):
        result = s3c.destination(bucket, lines_of(0, count), *ONCE, "--buffer-size", size, "--acks").ok()
        assert all_acked(result, 0, count)
        assert_once(s3, bucket, count)


@pytest.mark.servers("s3d", "ceph")
def test_what_is_kept_with_a_file(s3, s3c, make_bucket):
    bucket = make_bucket()
    s3c.destination(bucket, lines_of(0, 3), *ONCE, "--prefix", "in").ok()
    (key,) = objects(s3, bucket)
    assert key == "in/169b5b823c62b64ca7e5f8456a13c8d5.json", "the hash of p0"
    metadata = s3.head_object(Bucket=bucket, Key=key)["Metadata"]
    assert metadata["s3c-count"] == "3" and metadata["s3c-last"] == "cDI"


@pytest.mark.servers("s3d", "moto")
def test_a_bucket_with_versions_has_one_version_of_each(s3, s3c, make_bucket):
    bucket = make_bucket("Enabled")
    for _ in range(2):
        s3c.destination(bucket, lines_of(0, 30), *ONCE, "--buffer-size", "10").ok()
    versions = s3.list_object_versions(Bucket=bucket)
    assert len(versions["Versions"]) == 3 and "DeleteMarkers" not in versions


@pytest.mark.servers("s3d")
@pytest.mark.parametrize("quirk", ["no-if-none-match", "if-none-match-is-501"])
def test_a_server_without_conditions(s3, s3c, s3d, make_bucket, quirk):
    bucket = make_bucket()
    s3d.set_quirk(quirk)
    for count, size in ((25, 10), (40, 7), (40, 40)):
        result = s3c.destination(bucket, lines_of(0, count), *ONCE, "--buffer-size", size, "--acks").ok()
        assert "does not keep If-None-Match" in result.stderr
        assert all_acked(result, 0, count)
        assert_once(s3, bucket, count)


@pytest.mark.servers("s3d")
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset-before", "count": 3},
        {"kind": "status", "status": 409, "code": "ConditionalRequestConflict", "count": 4},
        {"kind": "status", "status": 500, "code": "InternalError", "count": 5},
        {"kind": "precondition", "count": 1},
    ],
    ids=["answers get lost", "conflicts", "errors", "a 412 without an object"],
)
def test_faults(s3, s3c, s3d, make_bucket, fault):
    bucket = make_bucket()
    s3d.add_fault(op="PutObject", bucket=bucket, skip=2, **fault)  # the first two are the probe's
    result = s3c.destination(bucket, lines_of(0, 50), *ONCE, "--buffer-size", "10", "--acks").ok()
    assert all_acked(result, 0, 50)
    assert_once(s3, bucket, 50)


@pytest.mark.servers("s3d")
def test_somebody_elses_object_is_left_alone(s3, s3c, make_bucket):
    bucket = make_bucket()
    s3.put_object(Bucket=bucket, Key="169b5b823c62b64ca7e5f8456a13c8d5.json", Body=b"{}\n")
    result = s3c.destination(bucket, lines_of(0, 5), *ONCE).ok()
    assert "another name is taken" in result.stderr
    files = objects(s3, bucket)
    assert files.pop("169b5b823c62b64ca7e5f8456a13c8d5.json") == b"{}\n"
    assert list(files) == ["169b5b823c62b64ca7e5f8456a13c8d5-1.json"]


@pytest.mark.servers("s3d")
def test_who_may_not_look(s3, s3c, s3d, make_bucket):
    bucket = make_bucket()
    s3c.destination(bucket, lines_of(0, 5), *ONCE).ok()
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op="HeadObject", count=-1)
    result = s3c.destination(bucket, lines_of(0, 5), *ONCE)
    assert result.returncode == 1 and "HeadObject" in result.stderr


@pytest.mark.servers("s3d")
def test_files_of_typed_columns_are_made_again(s3, s3c, make_bucket, tmp_path):
    """What is left of a file of which a part is there already goes through the same writer."""
    bucket = make_bucket()
    schema = tmp_path / "schema.avsc"
    schema.write_text('{"type":"record","name":"r","fields":[{"name":"id","type":"long"},{"name":"name","type":["null","string"]}]}')
    typed = ["--bucket", bucket, "--format", "parquet", "--parquet.columns", "typed", "--schema", schema, *ONCE]
    for count, size in ((25, 10), (40, 7), (90, 100), (90, 1)):
        payloads = [{"id": i, "name": None if i % 3 else f"n{i}"} for i in range(count)]
        lines = b"".join(encode_line(key=b"k", position=b"p%d" % p["id"], after=p) for p in payloads)
        s3c.run("destination", *typed, "--buffer-size", size, stdin=lines).ok()
        tables = [pq.read_table(pa.BufferReader(body)) for body in all_objects(s3, bucket).values()]
        rows = [payload for table in tables for payload in table.column("payload").to_pylist()]
        assert sorted(rows, key=lambda row: row["id"]) == payloads


@pytest.mark.servers("s3d")
def test_a_lost_answer_to_the_trial_is_no_refusal(s3, s3c, s3d, make_bucket):
    """The client puts the empty object again, and finds its own."""
    bucket = make_bucket()
    s3d.add_fault(kind="reset-before", op="PutObject", bucket=bucket, count=1)
    result = s3c.destination(bucket, lines_of(0, 5), *ONCE).ok()
    assert "looked for before it is written" not in result.stderr
    assert_once(s3, bucket, 5)


@pytest.mark.servers("s3d")
def test_who_may_not_try_the_server(s3, s3c, s3d, make_bucket):
    bucket = make_bucket()
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op="PutObject", count=1)
    result = s3c.destination(bucket, lines_of(0, 5), *ONCE).ok()
    assert "looked for before it is written" in result.stderr
    assert_once(s3, bucket, 5)


@pytest.mark.servers("s3d")
def test_a_server_that_does_not_answer_the_try(s3, s3c, s3d, make_bucket):
    bucket = make_bucket()
    s3d.add_fault(kind="status", status=500, code="InternalError", op="PutObject", count=-1)
    result = s3c.destination(bucket, lines_of(0, 5), *ONCE)
    assert result.returncode == 1 and "InternalError" in result.stderr


def run_and_kill(s3c, arguments, seconds):
    """Whether it had ended by itself."""
    with s3c.popen(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            errors = process.communicate(timeout=seconds)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return False
        assert process.returncode == 0, errors.decode()
        return True


def kill_and_restart(s3, s3c, make_bucket, position_file, count, options, seed):
    """A pipe of `count` objects, killed at random moments until it has ended or KILLS times: each is in the target once."""
    source, target = make_bucket(), make_bucket()
    keys = {f"k{i:05d}": b"x" * (i * 7919 % 97 % 5) for i in range(count)}
    put_all(s3, source, keys)
    time.sleep(2.2)
    arguments = ["--source.bucket", source, "--destination.bucket", target, "--destination.format", *options]
    arguments = ["pipe", *arguments, "--destination.write.once", "true", "--source.settle", "1s", "--source.polling-period", "100ms"]
    arguments += ["--snapshot-only", "--position-file", position_file, "--source.max-connections", "8"]
    dice = random.Random(seed)
    for _ in range(KILLS):
        if run_and_kill(s3c, arguments, dice.uniform(0.1, 0.9)):
            break
    assert run_and_kill(s3c, arguments, 60)
    assert keys_written(s3, target) == collections.Counter(keys.keys())


@pytest.mark.servers("s3d")
@pytest.mark.parametrize(
    "options",
    [
        ("json", "--destination.buffer-size", "40"),
        ("json", "--destination.buffer-size", "25", "--destination.key.template", "{prefix}{metadata:s3.size}/{name}"),
        ("parquet", "--destination.buffer-size", "200"),
    ],
    ids=["one partition", "partitions", "parquet"],
)
@pytest.mark.parametrize("quirk", [None, "no-if-none-match"])
def test_a_pipe_that_is_killed(s3, s3c, s3d, make_bucket, tmp_path, options, quirk):
    if quirk:
        s3d.set_quirk(quirk)
    s3d.set_latency("5ms", "40ms")
    kill_and_restart(s3, s3c, make_bucket, tmp_path / "position", 800, options, len(options) * 2 + bool(quirk))


@pytest.mark.servers("ceph", "versitygw")
def test_a_pipe_that_is_killed_at_a_real_server(s3, s3c, make_bucket, tmp_path):
    kill_and_restart(s3, s3c, make_bucket, tmp_path / "position", 300, ("json", "--destination.buffer-size", "10"), 7)


@pytest.mark.soak
@pytest.mark.servers("s3d")
def test_many_records_and_kills(tmp_path):
    """Of a bucket that is larger than any file, for as long as it takes."""
    count = 1_000_000
    with S3d(S3D, "--synth", f"{count},10") as process:
        server = s3d_server(process)
        s3, program = server.client(), Program(server.environment())
        s3.create_bucket(Bucket="target")
        arguments = ["pipe", "--source.bucket", "synth", "--destination.bucket", "target"]
        arguments += ["--destination.format", "json", "--destination.buffer-size", "5000", "--destination.write.once", "true"]
        arguments += ["--snapshot-only", "--position-file", tmp_path / "position"]
        dice = random.Random(1)
        kills = 0
        time.sleep(2.2)
        while not run_and_kill(program, arguments, dice.uniform(0.3, 12)) and kills < 40:
            kills += 1
        assert run_and_kill(program, arguments, 300)
        times = keys_written(s3, "target")
        assert kills > 2 and len(times) == count and max(times.values()) == 1


def keys_written(s3, bucket):
    times = collections.Counter()
    for key, body in all_objects(s3, bucket).items():
        if key.endswith(".parquet"):
            table = pq.read_table(pa.BufferReader(body))
            times.update(value.decode() for value in table.column("key").to_pylist())
        else:
            times.update(json.loads(line)["Key"] for line in body.splitlines())
    return times
