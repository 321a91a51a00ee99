# SPDX-License-Identifier: Apache-2.0
"""Files of a sensible size in bounded memory: by count, bytes and age in every format, streamed while they grow, and while S3 does not
take them."""

import base64
import contextlib
import gzip
import io
import json
import os
import random
import re
import subprocess
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from records import encode_line
from test_destination import acked, lines_of

MIB = 1 << 20
ITSELF = 16 * MIB  # code, libraries, connections
FORMATS = {
    "json": ["--format", "json"],
    "json.gz": ["--format", "json", "--compression", "gzip"],
    "json.zst": ["--format", "json", "--compression", "zstd"],
    "parquet": ["--format", "parquet"],
}
SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "120"))
NO_TIME = ["--file.max-idle", "0", "--file.max-age", "0"]


def positions_of(name, body):
    if name.endswith(".parquet"):
        return pq.read_table(io.BytesIO(body), columns=["position"]).column(0).to_pylist()
    if name.endswith(".gz"):
        body = gzip.decompress(body)
    elif name.endswith(".zst"):
        body = pa.input_stream(io.BytesIO(body), compression="zstd").read()
    assert body.endswith(b"\n")
    return [json.loads(line)["Position"].encode() for line in body.splitlines()]


def names(s3, bucket):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def files(s3, bucket):
    """Of each object, in the order of names: its size and the positions in it."""
    found = []
    for name in names(s3, bucket):
        body = s3.get_object(Bucket=bucket, Key=name)["Body"].read()
        found.append((len(body), positions_of(name, body)))
    return found


def uploads(s3, bucket):
    return s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])


def peak(text):
    return float(re.search(r"([\d.]+) MiB peak memory", text).group(1)) * MIB


def closed(text):
    """Reason -> files, from the closing summary."""
    reasons = re.search(r"closed by ([a-z0-9 ,]+)\)", text).group(1)
    return {reason: int(count) for reason, count in (word.split() for word in reasons.split(", "))}


def numbered(count):
    return [b"p%d" % i for i in range(count)]


@contextlib.contextmanager
def start(s3c, bucket, *args):
    """A running destination; killed where the test fails, or the test would wait for its end."""
    command = ["destination", "--bucket", bucket, "--acks", *args]
    with s3c.popen(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


class Reader(threading.Thread):
    """Collects what a pipe gives, so that the program never waits for us."""

    def __init__(self, pipe):
        super().__init__(daemon=True)
        self.pipe, self.data = pipe, bytearray()
        self.start()

    def run(self):
        for chunk in iter(lambda: self.pipe.read1(1 << 16), b""):
            self.data += chunk

    def acks(self):
        return [base64.b64decode(line, validate=True) for line in self.data.split(b"\n")[:-1]]


class Sender(threading.Thread):
    """Writes lines until they are all written or nobody reads any more; knows how far it got."""

    def __init__(self, pipe, lines):
        super().__init__(daemon=True)
        self.pipe, self.lines, self.sent = pipe, lines, 0
        self.start()

    def run(self):
        try:
            for line in self.lines:
                self.pipe.write(line)
                self.sent += 1
            self.pipe.close()
        except BrokenPipeError:
            pass


# ---- count, bytes, age ----


@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize("format", FORMATS)
def test_files_end_by_count(s3, s3c, make_bucket, format):
    bucket = make_bucket()
    result = s3c.run("destination", "--bucket", bucket, *FORMATS[format], *NO_TIME, "--buffer-size", "400", "--acks", stdin=lines_of(1000)).ok()
    assert acked(result) == numbered(1000)
    found = files(s3, bucket)
    assert [len(positions) for _, positions in found] == [400, 400, 200]
    assert [p for _, positions in found for p in positions] == numbered(1000)
    assert closed(result.stderr) == {"count": 2, "stop": 1}


@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize("format", FORMATS)
def test_files_end_by_bytes(s3, s3c, make_bucket, format):
    """Noise, so that a codec changes little; a file passes the limit by a record (Parquet: by an estimate) at most."""
    bucket = make_bucket()
    noise = random.Random(3).randbytes(4 * MIB)
    lines = b"".join(encode_line(position=b"p%d" % i, after=noise[i * 4096 : (i + 1) * 4096]) for i in range(1000))
    arguments = ["--buffer-size", "100000", "--file.max-bytes", "1MiB", "--acks"]
    result = s3c.run("destination", "--bucket", bucket, *FORMATS[format], *NO_TIME, *arguments, stdin=lines).ok()
    assert acked(result) == numbered(1000)
    found = files(s3, bucket)
    assert [p for _, positions in found for p in positions] == numbered(1000)
    reasons = closed(result.stderr)
    assert len(found) >= 3 and reasons.pop("bytes") >= 3 and sum(reasons.values()) <= 1
    assert max(size for size, _ in found) < 1.3 * MIB


@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize("format", ["json.gz", "parquet"])
def test_files_end_by_age(s3, s3c, make_bucket, format):
    bucket = make_bucket()
    with start(s3c, bucket, *FORMATS[format], "--file.max-idle", "10s", "--file.max-age", "300ms") as process:
        for number in range(10):
            process.stdin.write(encode_line(position=b"p%d" % number))
            process.stdin.flush()
            time.sleep(0.1)
        assert base64.b64decode(process.stdout.readline()) == b"p0", "while more comes"
        process.stdin.close()
        assert process.wait(20) == 0
        assert "age" in closed(process.stderr.read().decode())
    assert [p for _, positions in files(s3, bucket) for p in positions] == numbered(10)


# ---- large files and large records ----


@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize("format", ["json", "json.gz", "parquet"])
def test_a_large_file_goes_up_while_it_grows(s3, s3c, make_bucket, format):
    """One object of more than ten times memory.limit; nothing of it is seen, and nothing acknowledged, before it is complete."""
    bucket = make_bucket()
    chance = random.Random(8)
    count, size = 20_000, 8192  # 160 MiB of text, half of it noise

    def lines():
        for i in range(count):
            yield encode_line(position=b"p%d" % i, after=chance.randbytes(size // 2).hex().encode())

    arguments = ["--buffer-size", "100000", "--file.max-bytes", "0", "--memory.limit", "16MiB"]
    with start(s3c, bucket, *FORMATS[format], *NO_TIME, *arguments) as process:
        out, errors = Reader(process.stdout), Reader(process.stderr)
        sender = Sender(process.stdin, lines())
        while sender.is_alive() and sender.sent < count * 3 // 4:
            time.sleep(0.01)
        assert len(uploads(s3, bucket)) == 1 and names(s3, bucket) == []
        assert out.data == b"" and process.poll() is None
        assert process.wait(120) == 0, errors.data
        out.join(10), errors.join(10), sender.join(10)
    assert out.acks() == numbered(count)
    ((stored, positions),) = files(s3, bucket)
    assert positions == numbered(count)
    assert stored > 60 * MIB
    assert uploads(s3, bucket) == []
    assert peak(errors.data.decode()) <= 16 * MIB + ITSELF + 8 * MIB, "what codecs and requests need besides"


@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize("format", FORMATS)
def test_a_record_larger_than_the_limit_passes_alone(s3, s3c, make_bucket, format):
    bucket = make_bucket()
    large = random.Random(1).randbytes(8 * MIB)
    lines = lines_of(10) + encode_line(position=b"large", after=large) + lines_of(10)
    result = s3c.run("destination", "--bucket", bucket, *FORMATS[format], *NO_TIME, "--memory.limit", "1MiB", "--acks", stdin=lines).ok()
    expected = [*numbered(10), b"large", *numbered(10)]
    assert acked(result) == expected
    assert [p for _, positions in files(s3, bucket) for p in positions] == expected


@pytest.mark.servers("s3d")
@pytest.mark.parametrize("op", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
def test_refused_while_it_goes_up(s3, s3c, s3d, make_bucket, op):
    """The file's records fail with the server's word, nothing of it is seen, and the upload is gone."""
    bucket = make_bucket()
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op=op, bucket=bucket, count=-1)
    lines = b"".join(encode_line(position=b"p%d" % i, after=b"x" * MIB) for i in range(40))
    arguments = ["--format", "json", *NO_TIME, "--file.max-bytes", "0", "--memory.limit", "16MiB", "--acks"]
    result = s3c.run("destination", "--bucket", bucket, *arguments, stdin=lines)
    assert result.returncode == 1 and acked(result) == []
    assert "AccessDenied" in result.stderr and op in result.stderr and bucket in result.stderr
    stored = [p for _, positions in files(s3, bucket) for p in positions]
    assert b"p0" not in stored, "what comes later may be there, in another file"
    assert uploads(s3, bucket) == []


# ---- while S3 takes nothing ----


OUTAGES = {
    "503 for 8 s": (8, dict(kind="slowdown")),
    "full for 3 s": (3, dict(kind="status", status=507, code="InsufficientStorage")),
    "no answer for 3 s": (3, dict(kind="reset-before")),
}


def sit_out(s3, s3c, s3d, bucket, seconds, fault):
    """Memory stays where it was, the sender waits, and what it sent arrives in order when the server is back."""
    payload = random.Random(6).randbytes(2048).hex().encode()
    count = 30_000  # 120 MB

    def lines():
        for i in range(count):
            yield encode_line(position=b"p%d" % i, after=payload)

    with start(s3c, bucket, "--format", "json", "--memory.limit", "16MiB") as process:
        out, errors = Reader(process.stdout), Reader(process.stderr)
        number = s3d.add_fault(op="PutObject", bucket=bucket, skip=3, count=-1, **fault)
        sender = Sender(process.stdin, lines())
        time.sleep(seconds)
        assert sender.sent * len(payload) < 2 * 16 * MIB, "no more than it can hold is taken"
        assert process.poll() is None
        assert any(f["id"] == number and f["hits"] > 3 for f in s3d.faults())
        s3d.reset_faults()
        assert process.wait(120) == 0, errors.data
        out.join(10), errors.join(10), sender.join(10)
    assert out.acks() == numbered(count)
    stored = [p for _, positions in files(s3, bucket) for p in positions]
    assert stored == numbered(count)
    assert peak(errors.data.decode()) <= 16 * MIB + ITSELF


@pytest.mark.servers("s3d")
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_slows_the_sender_down(s3, s3c, s3d, make_bucket, outage):
    sit_out(s3, s3c, s3d, make_bucket(), *OUTAGES[outage])


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS + 300)
@pytest.mark.servers("s3d")
def test_an_outage_of_minutes(s3, s3c, s3d, make_bucket):
    sit_out(s3, s3c, s3d, make_bucket(), SOAK_SECONDS, dict(kind="slowdown"))
