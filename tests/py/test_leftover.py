# SPDX-License-Identifier: Apache-2.0
"""Uploads that a killed destination leaves behind: gone at the next start, and nobody else's with them."""

import subprocess
import time

import pytest
from records import encode_line
from test_destination import lines_of, objects

STREAMING = ["--file.max-bytes", "0", "--buffer-size", "100000", "--file.max-age", "0s", "--file.max-idle", "0s"]
SMALL = ["--memory.limit", "24MiB", "--part-size", "5MiB"]


def uploads(s3, bucket):
    return {(u["Key"], u["UploadId"]) for u in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])}


def start(s3c, bucket, *args):
    command = ["destination", "--bucket", bucket, "--format", "json", "--prefix", "in", *STREAMING, *SMALL, *args]
    return s3c.popen(*command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def feed_until_it_uploads(s3, bucket, process):
    """Returns what was fed: as many records as it took."""
    lines = []
    known = uploads(s3, bucket)
    deadline = time.monotonic() + 30
    while uploads(s3, bucket) == known:
        assert time.monotonic() < deadline and process.poll() is None
        lines.append(encode_line(position=b"p%d" % len(lines), after=b"x" * 1000000))
        process.stdin.write(lines[-1])
        process.stdin.flush()
    return lines


@pytest.mark.servers("s3d", "ceph")
def test_only_our_own_are_aborted(s3, s3c, make_bucket):
    bucket = make_bucket()
    foreign = set()
    for key in ("in/somebody-else", "in/20261123T000000.123456789Z-00000000-000001.json", "other/x"):
        foreign.add((key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]))
    with start(s3c, bucket) as process:
        feed_until_it_uploads(s3, bucket, process)
        assert objects(s3, bucket) == {}, "a crash leaves no half file"
        process.kill()
    assert len(uploads(s3, bucket)) == 4
    s3c.destination(bucket, lines_of(1), "--prefix", "in").ok()
    assert uploads(s3, bucket) == foreign


@pytest.mark.servers("s3d")
def test_those_of_a_live_process_stay(s3, s3c, make_bucket):
    bucket = make_bucket()
    with start(s3c, bucket) as process:
        fed = feed_until_it_uploads(s3, bucket, process)
        s3c.destination(bucket, lines_of(1), "--prefix", "in").ok()
        assert len(uploads(s3, bucket)) == 1
        process.stdin.close()
        errors = process.stderr.read().decode()
        assert process.wait(30) == 0, errors
    assert uploads(s3, bucket) == set()
    lines = b"".join(objects(s3, bucket).values()).splitlines()
    assert len(lines) == len(fed) + 1


@pytest.mark.servers("s3d")
def test_a_server_that_lists_no_uploads(s3, s3c, s3d, make_bucket):
    bucket = make_bucket()
    for status, code in ((403, "AccessDenied"), (501, "NotImplemented")):
        s3d.add_fault(kind="status", status=status, code=code, op="ListMultipartUploads", count=-1)
        s3c.destination(bucket, lines_of(1)).ok()
        s3d.reset_faults()
    assert len(objects(s3, bucket)) == 2


@pytest.mark.servers("s3d")
def test_many_pages(s3, s3c, make_bucket):
    """More uploads than a page holds, ours behind them."""
    bucket = make_bucket()
    with start(s3c, bucket, "--key.template", "{prefix}z/{name}") as process:
        feed_until_it_uploads(s3, bucket, process)
        process.kill()
    for number in range(1001):
        s3.create_multipart_upload(Bucket=bucket, Key=f"in/{number % 7}")
    s3c.destination(bucket, lines_of(1), "--prefix", "in", "--key.template", "{prefix}z/{name}").ok()
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
    keys = [u["Key"] for page in pages for u in page["Uploads"]]
    assert len(keys) == 1001 and not [k for k in keys if k.startswith("in/z/")]
