# SPDX-License-Identifier: Apache-2.0
"""From one bucket to another: through a shell pipe of two processes, and inside one."""

import base64
import json
import subprocess
import time

import pytest
from conftest import put_all
from records import parse_lines
from runner import QUICK, clean_environment
from test_destination import paged


def text(data):
    """What the destination writes for raw bytes: their text, or base64 where they are none."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()


def fill(s3, bucket):
    """A history: versions, a delete, odd bytes, odd keys."""
    put_all(s3, bucket, {f"plain {i}": b"text %d" % i for i in range(30)})
    s3.put_object(Bucket=bucket, Key="binary \u00e9", Body=bytes(range(256)))
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    s3.put_object(Bucket=bucket, Key="a+b_s1", Body=b"\xe2\x80\xa8<&>")


def change(s3, bucket):
    for number in range(5):
        s3.put_object(Bucket=bucket, Key="changing", Body=b"%d" % number)
    s3.delete_object(Bucket=bucket, Key="plain 3")
    s3.put_object(Bucket=bucket, Key="plain 4", Body=b"new")
    s3.put_object(Bucket=bucket, Key="~end", Body=b"")


@pytest.mark.servers("s3d", "ceph")
def test_a_shell_pipe_copies_a_buckets_history(s3, s3c, make_bucket, tmp_path):
    source, target = make_bucket("Enabled"), make_bucket()
    fill(s3, source)
    time.sleep(2.2)
    copy = tmp_path / "records"
    command = 'set -o pipefail; "$S3C" source --bucket "$SOURCE" "$@" | tee "$COPY" | "$S3C" destination --bucket "$TARGET" --format json'
    env = clean_environment({**s3c.environment, "S3C": s3c.command()[0], "SOURCE": source, "TARGET": target, "COPY": str(copy)})
    limit = ["--limit", "41"]
    process = subprocess.Popen(["bash", "-c", command, "bash", *QUICK, *limit], env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process:
        time.sleep(0.5)
        change(s3, source)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()
    records = parse_lines(copy.read_bytes())
    assert len(records) == 41 and records[-1].key == b"~end"
    lines = list(paged(s3, target))
    assert [line["Position"] for line in lines] == [text(r.position) for r in records]
    for line, record in zip(lines, records):
        assert line["Operation"] == record.operation
        assert line["Key"] == text(record.key)
        assert line["Payload"] == (None if record.after is None else text(record.after))
        assert line["Metadata"] == record.metadata


def pipe_arguments(source, target):
    scoped = [f"--source.{word[2:]}" if word.startswith("--") else word for word in QUICK]
    return ["pipe", "--source.bucket", source, "--destination.bucket", target, "--destination.format", "json", *scoped]


@pytest.mark.servers("s3d", "ceph", "moto")
def test_one_process(s3, s3c, make_bucket, tmp_path):
    source, target = make_bucket(), make_bucket()
    fill(s3, source)
    time.sleep(2.2)
    file = tmp_path / "position"
    s3c.run(*pipe_arguments(source, target), "--snapshot-only", "--position-file", file).ok()
    lines = list(paged(s3, target))
    assert len(lines) == 33 and {line["Operation"] for line in lines} == {"snapshot"}
    last = lines[-1]["Position"].encode()
    assert file.read_bytes() == last + b"\n", "the file names the last record that S3 confirmed"
    s3.put_object(Bucket=source, Key="later", Body=b"1")
    s3c.run(*pipe_arguments(source, target), "--limit", "1", "--position-file", file).ok()
    more = list(paged(s3, target))
    assert len(more) == 34 and more[-1]["Key"] == "later"


@pytest.mark.servers("s3d")
def test_the_position_waits_for_s3s_word(s3, s3c, s3d, make_bucket, tmp_path):
    """While the destination refuses, nothing moves; the program says why and ends."""
    source, target = make_bucket(), make_bucket()
    fill(s3, source)
    time.sleep(2.2)
    file = tmp_path / "position"
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op="PutObject", bucket=target, count=-1)
    result = s3c.run(*pipe_arguments(source, target), "--snapshot-only", "--position-file", file)
    assert result.returncode == 1
    assert target in result.stderr and "AccessDenied" in result.stderr
    assert not file.exists() or file.read_bytes() == b""
    s3d.reset_faults()
    s3c.run(*pipe_arguments(source, target), "--snapshot-only", "--position-file", file).ok()
    assert len(list(paged(s3, target))) == 33


@pytest.mark.servers("s3d")
def test_a_file_written_by_conduit_can_be_read(s3, s3c, make_bucket):
    """Conduit's builtin:file writes structured keys and payloads as objects, escapes as encoding/json does."""
    line = (
        '{"position":"eyJJRCI6MX0=","operation":"create","metadata":{"opencdc.version":"v1","opencdc.readAt":"1700000000000000000"},'
        '"key":{"id":1},"payload":{"before":null,"after":{"name":"\\u003cb\\u003e \\u0026","n":1.50,"deep":{"list":[null,true]}}}}\n'
    )
    bucket = make_bucket()
    s3c.destination(bucket, line.encode()).ok()
    (written,) = list(paged(s3, bucket))
    assert written["Position"] == '{"ID":1}'
    assert json.loads(written["Key"]) == {"id": 1}
    assert json.loads(written["Payload"]) == {"name": "<b> &", "n": 1.5, "deep": {"list": [None, True]}}
    assert '"n":1.50' in written["Payload"], "structured data keeps its text"
