# SPDX-License-Identifier: Apache-2.0
"""The command line: every wrong option is refused before any network use, with a word that helps; help, spec, closed outputs."""

import json
import os
import re
import subprocess
import time

import pytest
from conftest import S3D, Buckets, put_all, s3d_server
from runner import Program
from s3d_client import S3d

# Nothing listens there: whoever tries the network fails with status 1 instead of 2.
NOWHERE = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
SOURCE = ["source", "--bucket", "bucket"]
DESTINATION = ["destination", "--bucket", "bucket", "--format", "json"]


@pytest.fixture
def nowhere():
    return Program(NOWHERE)


REFUSED = {
    # arguments -> words of the message
    "unknown option": ([*SOURCE, "--poling-period", "1s"], ["poling-period", "polling-period"]),
    "unknown alias": ([*SOURCE, "--pollingPeriode", "1s"], ["pollingPeriode", "pollingPeriod"]),
    "unknown command": (["sauce"], ["sauce", "source"]),
    "option of the other side": ([*SOURCE, "--buffer-size", "3"], ["buffer-size"]),
    "option of a later version": ([*SOURCE, "--state.path", "/tmp/x"], ["state.path"]),
    "no bucket": (["source"], ["aws.bucket", "required"]),
    "empty bucket": (["source", "--bucket", ""], ["aws.bucket", "required"]),
    "bucket is a URL": (["source", "--bucket", "s3://bucket"], ["aws.bucket", "s3://"]),
    "no format": (["destination", "--bucket", "bucket"], ["format", "required", "json"]),
    "unknown format": (["destination", "--bucket", "bucket", "--format", "xml"], ["format", "xml", "json"]),
    "unknown codec": ([*DESTINATION, "--compression", "lz4"], ["compression", "lz4", "zstd"]),
    "snappy with json": ([*DESTINATION, "--compression", "snappy"], ["compression", "snappy", "parquet", "json"]),
    "missing value": ([*SOURCE, "--prefix"], ["prefix", "value"]),
    "period is zero": ([*SOURCE, "--polling-period", "0s"], ["polling-period", "0s"]),
    "period is negative": ([*SOURCE, "--polling-period", "-1s"], ["polling-period", "-1s"]),
    "period has no unit": ([*SOURCE, "--polling-period", "5"], ["polling-period", "5"]),
    "settle is no whole second": ([*SOURCE, "--settle", "1500ms"], ["settle", "1500ms"]),
    "settle is too short": ([*SOURCE, "--settle", "0s"], ["settle", "0s"]),
    "size without sense": ([*SOURCE, "--memory.limit", "lots"], ["memory.limit", "lots"]),
    "memory too small": ([*SOURCE, "--memory.limit", "1KiB"], ["memory.limit", "1KiB"]),
    "no connections": ([*SOURCE, "--max-connections", "0"], ["max-connections", "0"]),
    "policy unknown": ([*SOURCE, "--object.archived", "maybe"], ["object.archived", "maybe", "fail", "skip"]),
    "path style unknown": ([*SOURCE, "--path-style", "perhaps"], ["aws.path-style", "perhaps", "auto"]),
    "buffer empty": ([*DESTINATION, "--buffer-size", "0"], ["buffer-size", "0", "100000"]),
    "buffer too large": ([*DESTINATION, "--buffer-size", "100001"], ["buffer-size", "100001", "100000"]),
    "buffer no number": ([*DESTINATION, "--buffer-size", "many"], ["buffer-size", "many", "100000"]),
    "part too small": ([*DESTINATION, "--part-size", "1MiB"], ["part-size", "1MiB"]),
    "endpoint is no URL": ([*SOURCE, "--endpoint", "localhost:9000"], ["aws.endpoint", "localhost:9000", "http"]),
    "endpoint of another scheme": ([*SOURCE, "--endpoint", "ftp://host"], ["aws.endpoint", "ftp://host"]),
    "both spellings": ([*SOURCE, "--polling-period", "1s", "--pollingPeriod", "2s"], ["polling-period", "pollingPeriod"]),
    "half a key pair": ([*SOURCE, "--access-key-id", "AK"], ["aws.access-key-id", "aws.secret-access-key"]),
    "position without a number": ([*SOURCE, "--position", "key"], ["key", "_s", "_c"]),
    "position with a bad number": ([*SOURCE, "--position", "key_cx"], ["key_cx", "_c"]),
    "position of another kind": ([*SOURCE, "--position", "key_x12"], ["key_x12"]),
    "position is not base64": ([*SOURCE, "--position-base64", "%%%"], ["position-base64"]),
    "two positions": ([*SOURCE, "--position", "k_c1", "--position-base64", "a19jMQ=="], ["position"]),
    "limit is zero": ([*SOURCE, "--limit", "0"], ["limit", "0"]),
    "limit is no number": ([*SOURCE, "--limit", "ten"], ["limit", "ten"]),
    "raw of another kind": ([*SOURCE, "--raw", "hex"], ["raw", "hex", "text"]),
    "stray argument": ([*SOURCE, "bucket2"], ["bucket2"]),
    "check without a side": (["check", "--bucket", "bucket"], ["source", "destination"]),
    "check of what": (["check", "everything", "--bucket", "bucket"], ["source", "destination"]),
    "config file missing": (["source", "--config", "/nonexistent/file"], ["/nonexistent/file"]),
    "pipe without a format": (["pipe", "--source.bucket", "a", "--destination.bucket", "b"], ["format"]),
    "pipe with an unknown side": (["pipe", "--sauce.bucket", "a"], ["sauce.bucket"]),
    "no command": ([], ["source", "destination", "pipe", "check", "spec"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_any_network_use(nowhere, case):
    arguments, words = REFUSED[case]
    result = nowhere.run(*arguments)
    assert result.returncode == 2, result.stderr
    assert result.stdout == b""
    missing = [word for word in words if word not in result.stderr]
    assert not missing, f"{missing} not in: {result.stderr}"


@pytest.mark.parametrize("name", ["aws.secret-access-key", "secret-access-key", "secretAccessKey", "aws.session-token", "sessionToken"])
@pytest.mark.parametrize("form", ["separate", "joined"])
def test_secrets_are_refused_on_the_command_line(nowhere, name, form):
    secret = "s3cr3t-value-9f8e"
    words = [f"--{name}", secret] if form == "separate" else [f"--{name}={secret}"]
    result = nowhere.run(*SOURCE, "--access-key-id", "AK", *words)
    assert result.returncode == 2
    assert secret not in result.stderr + result.stdout.decode()
    assert "environment" in result.stderr or "config" in result.stderr, "it says where the secret may come from"


def test_all_problems_at_once(nowhere):
    result = nowhere.run("destination", "--buffer-size", "0", "--format", "xml", "--settel", "1s")
    assert result.returncode == 2
    for word in ("aws.bucket", "buffer-size", "format", "settel"):
        assert word in result.stderr


def test_secrets_never_show(tmp_path):
    """Neither when a configuration is refused nor when the network fails."""
    secret = "s3cr3t-value-9f8e"
    config = tmp_path / "config"
    config.write_text(f"aws.bucket = bucket\naws.access-key-id = AK\naws.secret-access-key = {secret}\naws.endpoint = http://127.0.0.1:1\n")
    for more in (["--polling-period", "x"], []):
        result = Program().run("source", "--config", config, "--log-level", "debug", *more)
        assert result.returncode in (1, 2)
        assert secret not in result.stderr


def test_a_config_file_serves_and_the_command_line_wins(tmp_path, s3d):
    server = s3d_server(s3d)
    s3 = server.client()
    bucket = Buckets(s3, "s3d")()
    put_all(s3, bucket, {"a/1": b"1", "b/2": b"2"})
    config = tmp_path / "config"
    config.write_text(
        f"# a comment\n\naws.bucket = {bucket}\naws.endpoint={server.endpoint}\n  aws.accessKeyId = AKTEST\n"
        "aws.secret-access-key = sktest\nprefix = a/\nsettle = 1s\n"
    )
    environment = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "wrong", "AWS_SECRET_ACCESS_KEY": "wrong"}
    s3c = Program(environment)
    first = s3c.run("source", "--config", config, "--snapshot-only").ok()
    assert [r.key for r in first.records] == [b"a/1"]
    second = s3c.run("source", "--config", config, "--prefix", "b/", "--snapshot-only").ok()
    assert [r.key for r in second.records] == [b"b/2"]


def test_a_config_file_with_a_bad_line(tmp_path, nowhere):
    config = tmp_path / "config"
    config.write_text("aws.bucket = b\n\nthis is no setting\n")
    result = nowhere.run("source", "--config", config)
    assert result.returncode == 2
    assert str(config) in result.stderr and "3" in result.stderr


@pytest.mark.parametrize("command", ["source", "destination", "pipe", "check", "spec"])
def test_help_fits_a_screen(nowhere, command):
    result = nowhere.run(command, "--help").ok()
    lines = result.stdout.decode().splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 24
    assert any(command in line for line in lines[:3])


@pytest.mark.parametrize("command", [SOURCE, ["pipe", "--bucket", "b", "--destination.prefix", "out", "--source.prefix", "in", "--destination.format", "json"]])
def test_a_position_file_that_holds_none(nowhere, tmp_path, command):
    """Refused before any network use, by `pipe` as well; the file is named and left as it is."""
    file = tmp_path / "position"
    file.write_text("garbage\n")
    result = nowhere.run(*command, "--position-file", file)
    assert result.returncode == 2, result.stderr
    for word in (str(file), "garbage", "_c<seconds>"):
        assert word in result.last_line
    assert file.read_text() == "garbage\n"


def test_help_and_version(nowhere):
    for command in ("source", "destination", "pipe", "check", "spec"):
        assert command in nowhere.run("--help").ok().stdout.decode()
    assert "0.1.0" in nowhere.run("--version").ok().stdout.decode()


def test_spec(nowhere):
    spec = json.loads(nowhere.run("spec", "--json").ok().stdout)
    assert spec["name"] and spec["version"] and spec["author"]
    text = json.dumps(spec)
    for name in ("aws.bucket", "polling-period", "pollingPeriod", "buffer-size", "format"):
        assert f'"{name}"' in text
    assert "polling-period" in nowhere.run("spec").ok().stdout.decode()


def source_into(s3d, stdout, *more):
    server = s3d_server(s3d)
    s3 = server.client()
    bucket = Buckets(s3, "s3d")()
    put_all(s3, bucket, {f"{i}": b"x" * 10_000 for i in range(200)})
    return Program(server.environment()).popen(
        "source", "--bucket", bucket, "--snapshot-only", "--settle", "1s", *more, stdout=stdout, stderr=subprocess.PIPE
    )


def test_closed_standard_output(s3d):
    reader, writer = os.pipe()
    with source_into(s3d, writer) as process:
        os.close(writer)
        os.close(reader)
        errors = process.stderr.read().decode()
        assert process.wait(20) == 1
    assert "standard output" in errors.splitlines()[-1]


def test_a_full_disk_behind_standard_output(s3d):
    with open("/dev/full", "wb") as full, source_into(s3d, full) as process:
        errors = process.stderr.read().decode()
        assert process.wait(20) == 1
    assert "standard output" in errors.splitlines()[-1]


def test_progress_of_a_snapshot():
    """Objects, bytes, rate, and the key it is at."""
    with S3d(S3D, "--synth", "200,10000,filled") as stand:
        stand.add_fault(kind="delay", ms=3000, op="GetObject", key="synth/00000100", count=1)  # all behind it wait for it
        program = Program(s3d_server(stand).environment())
        errors = program.source("filled", "--snapshot-only", "--progress").ok().stderr
    line = r"100 records, 199 objects, 1.9 MiB, 200 keys listed, at synth/00000099, \d+ records/s, [\d.]+ ([KM]i)?B/s"
    assert re.search(line, errors), errors
    total = r"200 records \(snapshot 200, .*\), 200 objects read, 1.9 MiB, [\d.]+ s, \d+ requests, [\d.]+ MiB peak memory"
    assert re.search(total, errors.splitlines()[-1]), errors


def test_progress_of_changes(s3d):
    """Last change, lag, polls, requests made."""
    server = s3d_server(s3d)
    s3 = server.client()
    bucket = Buckets(s3, "s3d")()
    line = r"1 records, 1 objects, 3 B, changes: last 20\d\d-\d\d-\d\dT[\d:]+Z, lag \d+ s, \d+ polls, \d+ requests, at later, "
    with Program(server.environment()).stream(bucket, "--progress") as stream:
        s3.put_object(Bucket=bucket, Key="later", Body=b"now")
        stream.until_key(b"later")
        wait_for(lambda: re.search(line, stream.stderr), lambda: stream.stderr)
        stream.stop()


def wait_for(condition, what, timeout=20):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def test_quiet_is_quiet(s3d):
    with source_into(s3d, subprocess.DEVNULL, "--quiet") as process:
        assert process.stderr.read() == b""
        assert process.wait(20) == 0


def test_raw_text_for_people(s3d):
    with source_into(s3d, subprocess.PIPE, "--raw", "text", "--limit", "1") as process:
        fields = json.loads(process.stdout.readline())
        assert fields["key"] == "0" and fields["payload"]["after"] == "x" * 10_000
        process.stderr.read()
        assert process.wait(20) == 0
