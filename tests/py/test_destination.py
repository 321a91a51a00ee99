# SPDX-License-Identifier: Apache-2.0
"""The destination: what objects it writes for which records, when it closes them, and what it acknowledges."""

import base64
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest
from records import encode_line

NAME = re.compile(r"\A(\d{8}T\d{6}\.\d{9}Z)-([0-9a-f]{8})-(\d{6})\.json\Z")
FIELDS = ["Operation", "Position", "Payload", "Key", "Metadata"]


def objects(s3, bucket, prefix=""):
    """Name -> bytes of all objects, in the order of names."""
    listing = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {o["Key"]: s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read() for o in listing}


def written(s3, bucket, prefix=""):
    """All lines of all objects; every line ends in LF."""
    lines = []
    for body in objects(s3, bucket, prefix).values():
        assert body.endswith(b"\n")
        lines += [json.loads(line) for line in body.splitlines()]
    return lines


def acked(result):
    return [base64.b64decode(line, validate=True) for line in result.stdout.splitlines()]


def lines_of(count, size=10):
    return b"".join(encode_line(key=b"k%d" % i, position=b"p%d" % i, after=b"x" * size) for i in range(count))


def test_records_become_lines(s3, s3c, make_bucket):
    bucket = make_bucket()
    records = (
        encode_line("create", b"a", b"a_c1", b"text\n\"quoted\" \\ \x01 \xe2\x80\xa8", metadata={"x": "y", "opencdc.version": "v1"})
        + encode_line("delete", b"b", b"b_c2", None)
        + encode_line("update", b"c", b"c_c3", b"", before=b"old")
        + encode_line("snapshot", {"id": 1}, b"d_s4", {"name": "n", "list": [1, 2.5, None]})
    )
    result = s3c.destination(bucket, records, "--acks").ok()
    assert acked(result) == [b"a_c1", b"b_c2", b"c_c3", b"d_s4"]
    (body,) = objects(s3, bucket).values()
    lines = [json.loads(line) for line in body.splitlines()]
    assert [list(line) for line in lines] == [FIELDS] * 4, "the reference's fields in its order"
    assert [line["Operation"] for line in lines] == ["create", "delete", "update", "snapshot"]
    assert [line["Position"] for line in lines] == ["a_c1", "b_c2", "c_c3", "d_s4"]
    assert lines[0]["Payload"] == "text\n\"quoted\" \\ \x01 \u2028"
    assert lines[0]["Metadata"] == {"x": "y", "opencdc.version": "v1"}
    assert lines[1]["Payload"] is None
    assert lines[2]["Payload"] == ""
    assert json.loads(lines[3]["Payload"]) == {"name": "n", "list": [1, 2.5, None]}
    assert json.loads(lines[3]["Key"]) == {"id": 1}


def test_bytes_that_are_no_text_become_base64(s3, s3c, make_bucket):
    bucket = make_bucket()
    payload = bytes(range(256))
    s3c.destination(bucket, encode_line(key=b"\xff\xfe", position=b"\xc3\x28_c1", after=payload)).ok()
    (line,) = written(s3, bucket)
    assert list(line) == FIELDS + ["PositionEncoding", "PayloadEncoding", "KeyEncoding"]
    assert {line[f] for f in ("PositionEncoding", "PayloadEncoding", "KeyEncoding")} == {"base64"}
    assert base64.b64decode(line["Payload"]) == payload
    assert base64.b64decode(line["Key"]) == b"\xff\xfe"
    assert base64.b64decode(line["Position"]) == b"\xc3\x28_c1"


@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize("prefix, expected", [("", ""), ("in/here", "in/here/"), ("in/here/", "in/here/"), ("ü +", "ü +/")])
def test_names(s3, s3c, make_bucket, prefix, expected):
    bucket = make_bucket()
    s3c.destination(bucket, lines_of(25), "--buffer-size", "10", "--prefix", prefix).ok()
    names = list(objects(s3, bucket))
    assert len(names) == 3 and all(n.startswith(expected) for n in names)
    parts = [NAME.match(n[len(expected) :]) for n in names]
    assert all(parts), names
    assert len({p.group(2) for p in parts}) == 1, "one writer"
    numbers = [int(p.group(3)) for p in parts]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert [p.group(1) for p in parts] == sorted(p.group(1) for p in parts), "time never goes back"
    assert [len(b.splitlines()) for b in objects(s3, bucket).values()] == [10, 10, 5]


@pytest.mark.servers("s3d", "ceph")
def test_content_type(s3, s3c, make_bucket):
    bucket = make_bucket()
    s3c.destination(bucket, lines_of(1)).ok()
    (name,) = objects(s3, bucket)
    assert s3.head_object(Bucket=bucket, Key=name)["ContentType"] == "application/json"


@pytest.mark.servers("s3d", "ceph")
def test_order_and_acknowledgements_over_many_files(s3, s3c, make_bucket):
    bucket = make_bucket()
    result = s3c.destination(bucket, lines_of(2000), "--buffer-size", "7", "--acks").ok()
    expected = [b"p%d" % i for i in range(2000)]
    assert acked(result) == expected
    assert [line["Position"].encode() for line in paged(s3, bucket)] == expected


def paged(s3, bucket):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page["Contents"]:
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            yield from (json.loads(line) for line in body.splitlines())


@pytest.mark.servers("s3d", "ceph")
def test_a_file_is_closed_by_its_bytes(s3, s3c, make_bucket):
    bucket = make_bucket()
    s3c.destination(bucket, lines_of(12, 100_000), "--file.max-bytes", "256KiB").ok()
    sizes = [len(b) for b in objects(s3, bucket).values()]
    assert len(sizes) >= 4 and max(sizes) < 512 * 1024
    assert len(written(s3, bucket)) == 12


@pytest.mark.servers("s3d", "ceph")
def test_one_record_above_file_max_bytes_goes_up_in_parts(s3, s3c, make_bucket):
    bucket = make_bucket()
    body = bytes(range(32, 127)) * 200_000  # 19 MB
    arguments = ["--file.max-bytes", "6MiB", "--part-size", "5MiB", "--acks"]
    result = s3c.destination(bucket, encode_line(position=b"big", after=body) + lines_of(1), *arguments).ok()
    assert acked(result) == [b"big", b"p0"]
    lines = written(s3, bucket)
    assert [line["Position"] for line in lines] == ["big", "p0"]
    assert lines[0]["Payload"].encode() == body
    etags = [o["ETag"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert any("-" in etag for etag in etags), "a multipart upload"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket), "no upload is left behind"


def start(s3c, bucket, *args):
    command = ["destination", "--bucket", bucket, "--format", "json", "--acks", *args]
    return s3c.popen(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.servers("s3d", "ceph")
def test_idle_input_does_not_keep_records_waiting(s3, s3c, make_bucket):
    """A host that waits for acknowledgements before it sends more must not be starved."""
    bucket = make_bucket()
    with start(s3c, bucket, "--file.max-idle", "100ms") as process:
        for number in range(3):
            process.stdin.write(encode_line(position=b"%d" % number))
            process.stdin.flush()
            assert base64.b64decode(process.stdout.readline()) == b"%d" % number
        process.stdin.close()
        assert process.wait(20) == 0
        assert len(written(s3, bucket)) == 3
        summary = process.stderr.read().decode()
    assert "idle" in summary, summary


@pytest.mark.servers("s3d", "ceph")
def test_a_steady_trickle_is_closed_by_age(s3, s3c, make_bucket):
    bucket = make_bucket()
    with start(s3c, bucket, "--file.max-idle", "10s", "--file.max-age", "300ms") as process:
        for number in range(10):
            process.stdin.write(encode_line(position=b"%d" % number))
            process.stdin.flush()
            time.sleep(0.1)
        assert base64.b64decode(process.stdout.readline()) == b"0"
        process.stdin.close()
        assert process.wait(20) == 0
        assert "age" in process.stderr.read().decode()
    assert len(objects(s3, bucket)) >= 2


@pytest.mark.servers("s3d", "ceph")
def test_a_signal_flushes_what_is_there(s3, s3c, make_bucket):
    bucket = make_bucket()
    with start(s3c, bucket, "--file.max-idle", "0", "--file.max-age", "0") as process:
        process.stdin.write(lines_of(5))
        process.stdin.flush()
        time.sleep(0.7)  # the only way to know that it has read them is that it acknowledges, which it must not yet
        process.send_signal(signal.SIGTERM)
        process.stdin.close()
        out = process.stdout.read()
        assert process.wait(20) == 0
    assert [base64.b64decode(line) for line in out.split()] == [b"p%d" % i for i in range(5)]
    assert len(written(s3, bucket)) == 5


@pytest.mark.servers("s3d")
def test_a_signal_ends_it_although_more_keeps_coming(s3, s3c, make_bucket):
    """It reads on for ten seconds at most; what it read is written and acknowledged."""
    bucket = make_bucket()
    with start(s3c, bucket) as process:
        given, acks, signalled = 0, [], None
        reader = threading.Thread(target=lambda: acks.extend(process.stdout))
        reader.start()
        while process.poll() is None:
            if given == 100:
                process.send_signal(signal.SIGTERM)
                signalled = time.monotonic()
            try:
                os.write(process.stdin.fileno(), encode_line(position=b"p%d" % given))
                given += 1
            except BrokenPipeError:
                break
            time.sleep(0.01)
            assert signalled is None or time.monotonic() - signalled < 20, "it never ends"
        assert process.wait(20) == 0
        reader.join(10)
    positions = [base64.b64decode(line) for line in acks]
    assert 100 < len(positions) <= given
    assert positions == [b"p%d" % i for i in range(len(positions))]
    assert [line["Position"].encode() for line in written(s3, bucket)] == positions


@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize(
    "bad",
    [
        b"not json\n",
        b'{"position":"cA==","operation":"create"\n',
        b'{"position":"!!","operation":"create","metadata":{},"key":"aw==","payload":{"before":null,"after":"eA=="}}\n',
        b'{"position":"cA==","operation":"explode","metadata":{},"key":"aw==","payload":{"before":null,"after":"eA=="}}\n',
        b"[1,2,3]\n",
    ],
)
def test_a_malformed_line(s3, s3c, make_bucket, bad):
    """Its number is named; what came before is written, nothing after it is acknowledged."""
    bucket = make_bucket()
    result = s3c.destination(bucket, lines_of(3) + bad + lines_of(5), "--acks")
    assert result.returncode == 1
    assert re.search(r"\bline 4\b", result.last_line), result.stderr
    assert acked(result) == [b"p0", b"p1", b"p2"]
    assert [line["Position"] for line in written(s3, bucket)] == ["p0", "p1", "p2"]


@pytest.mark.servers("s3d", "ceph")
def test_no_input_writes_nothing(s3, s3c, make_bucket):
    bucket = make_bucket()
    assert s3c.destination(bucket, b"", "--acks").ok().stdout == b""
    assert objects(s3, bucket) == {}


@pytest.mark.servers("s3d", "ceph")
def test_a_last_line_without_its_newline_counts(s3, s3c, make_bucket):
    bucket = make_bucket()
    assert acked(s3c.destination(bucket, lines_of(2)[:-1], "--acks").ok()) == [b"p0", b"p1"]
    assert len(written(s3, bucket)) == 2


def test_ten_thousand_records(s3, s3c, make_bucket):
    bucket = make_bucket()
    result = s3c.destination(bucket, lines_of(10_000), "--acks").ok()
    assert acked(result) == [b"p%d" % i for i in range(10_000)]
    assert len(written(s3, bucket)) == 10_000
    assert re.search(r"10[ ,]?000", result.stderr), "the closing summary counts the records"
