# SPDX-License-Identifier: Apache-2.0
"""The snapshot: every object once, in key order, byte for byte, with what S3 knows of it."""

import datetime
import os
import re
import time

import pytest
from conftest import put_all
from records import POSITION, assert_run_in_order, final_state
from servers import once

ODD_KEYS = [
    " leading and trailing ",
    "a b+c%20d%2Fe&f=g?h#i",
    "a+b",
    "a%2Bb",
    "under_score_s1",
    "under_score_c2",
    "x_s1700000000",
    "x_c1700000000.3",
    "ünï/cødé/日本語/😀",
    "control\x01\x1f\x7f\ttab\nline",
    "quotes'\"<>&\\`^{}|~[]",
    "//double//slashes//",
    "/leading",
    "trailing/",
    "dots/../up",
    "dots/./here",
    "soap",
    "k" * 1024,
    "é" * 512,
]


def put_what_it_takes(client, bucket, keys):
    """Some servers refuse or rewrite some keys (a file system below): gives those that are there as they were put."""
    taken = {}
    for number, key in enumerate(keys):
        body = b"%d:" % number + key.encode()
        try:
            client.put_object(Bucket=bucket, Key=key, Body=body)
            taken[key.encode()] = body
        except client.exceptions.ClientError:
            continue
    listed = {entry["Key"].encode() for entry in client.list_objects_v2(Bucket=bucket)["Contents"]}
    for key in listed - set(taken):  # rewritten
        client.delete_object(Bucket=bucket, Key=key.decode())
    return {key: body for key, body in taken.items() if key in listed}


@pytest.fixture(scope="session")
def thousands(server, s3, make_session_bucket, run_dir):
    """2,500 objects: three pages of a listing. One bucket for all workers."""
    objects = {f"dir{i % 7}/file {i:05d}": b"content of %d" % i for i in range(2500)}

    def make():
        bucket = make_session_bucket()
        put_all(s3, bucket, objects)
        time.sleep(2.2)  # older than any W0 from here on
        return bucket

    bucket = once(run_dir, "thousands-" + re.sub(r"\W", "-", server.endpoint), make)
    return bucket, {k.encode(): v for k, v in objects.items()}


def test_every_object_once_over_several_pages(s3c, thousands):
    bucket, objects = thousands
    records = s3c.snapshot(bucket)
    assert_run_in_order(records)
    assert {r.operation for r in records} <= {"snapshot", "create"}
    assert len(records) == len(objects)
    assert final_state(records) == objects


def test_few_connections_and_little_memory_give_the_same(s3c, thousands):
    bucket, objects = thousands
    records = s3c.snapshot(bucket, "--max-connections", "2", "--memory.limit", "1MiB", "--prefix", "dir3/")
    assert_run_in_order(records)
    assert final_state(records) == {k: v for k, v in objects.items() if k.startswith(b"dir3/")}


def test_odd_keys(server, s3, s3c, make_bucket):
    bucket = make_bucket()
    objects = put_what_it_takes(s3, bucket, ODD_KEYS)
    if server.name in ("s3d", "ceph"):
        assert len(objects) == len(ODD_KEYS), set(ODD_KEYS) - {k.decode() for k in objects}
    records = s3c.snapshot(bucket)
    assert_run_in_order(records)
    assert final_state(records) == objects


def test_odd_keys_in_a_versioned_bucket(server, s3, s3c, make_bucket):
    bucket = make_bucket("Enabled")
    objects = put_what_it_takes(s3, bucket, ODD_KEYS)
    assert len(objects) >= 8
    assert final_state(s3c.snapshot(bucket)) == objects


def test_a_key_can_be_a_prefix(s3, s3c, make_bucket):
    bucket = make_bucket()
    objects = put_what_it_takes(s3, bucket, ["a+b/1", "a+b/2 x", "a b/3", "a+c", "z"])
    records = s3c.snapshot(bucket, "--prefix", "a+b/")
    assert final_state(records) == {k: v for k, v in objects.items() if k.startswith(b"a+b/")}


def test_bytes_arrive_unchanged(s3, s3c, make_bucket):
    bucket = make_bucket()
    objects = {
        "empty": b"",
        "every byte": bytes(range(256)) * 40,
        "20 MiB": os.urandom(1 << 20) * 20,
        "text": "one\ntwo\r\nthree \u2028 é".encode(),
        "base64 padding 1": b"x",
        "base64 padding 2": b"xy",
    }
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert final_state(s3c.snapshot(bucket)) == {k.encode(): v for k, v in objects.items()}


def test_metadata(server, s3, s3c, make_bucket):
    bucket = make_bucket("Enabled")
    put = s3.put_object(
        Bucket=bucket, Key="doc", Body=b"{}", ContentType="application/json", Metadata={"Owner": "me", "two-words": "a b"}
    )
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    (record,) = s3c.snapshot(bucket)
    m = record.metadata
    modified = listed["LastModified"].astimezone(datetime.timezone.utc)
    assert m["opencdc.version"] == "v1"
    assert m["opencdc.collection"] == m["s3.bucket"] == bucket
    assert int(m["opencdc.createdAt"]) // 10**9 == int(modified.timestamp())
    assert int(m["opencdc.readAt"]) > int(m["opencdc.createdAt"])
    assert m["s3.header.contentType"] == "application/json"
    assert m["s3.etag"].strip('"') == put["ETag"].strip('"')
    assert m["s3.versionId"] == put["VersionId"]
    assert m["s3.isLatest"] == "true"
    assert m["s3.size"] == "2"
    assert m["s3.lastModified"].startswith(modified.strftime("%Y-%m-%dT%H:%M:%S"))
    assert m["s3.meta.owner"] == "me"
    assert m["s3.meta.two-words"] == "a b"
    assert "action" not in m
    assert record.before is None


def test_a_versioned_bucket_gives_the_newest_versions(s3, s3c, make_bucket):
    bucket = make_bucket("Enabled")
    for body in (b"one", b"two", b"three"):
        s3.put_object(Bucket=bucket, Key="many", Body=body)
    for key in ("gone", "back"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        s3.delete_object(Bucket=bucket, Key=key)
    s3.put_object(Bucket=bucket, Key="back", Body=b"again")
    # A key whose versions fall on both sides of W0 has its history told; what a reader knows in the end is the same.
    assert final_state(s3c.snapshot(bucket)) == {b"many": b"three", b"back": b"again"}


@pytest.mark.servers("s3d", "ceph", "moto")
def test_positions_hold_the_date_of_the_snapshot(s3, s3c, thousands):
    bucket, _ = thousands
    records = s3c.snapshot(bucket, "--prefix", "dir1/")
    parts = [POSITION.match(r.position).groups() for r in records]
    assert [p[0] for p in parts] == [r.key for r in records]
    assert {p[1] for p in parts[:-1]} == {b"s"} and parts[-1][1] == b"c", "the last record hands over to the changes"
    assert len({p[2] for p in parts}) == 1 and {p[3] for p in parts} == {None}
    newest = max(o["LastModified"].timestamp() for o in s3.list_objects_v2(Bucket=bucket, Prefix="dir1/")["Contents"])
    assert int(parts[0][2]) >= int(newest)


def test_an_empty_bucket_has_no_snapshot(s3c, make_bucket):
    assert s3c.snapshot(make_bucket()) == []


def test_an_empty_bucket_goes_on_with_changes(s3, s3c, make_bucket):
    bucket = make_bucket()
    with s3c.stream(bucket) as stream:
        s3.put_object(Bucket=bucket, Key="first", Body=b"1")
        record = stream.next()
        assert (record.operation, record.key, record.after) == ("create", b"first", b"1")
        assert stream.stop() == []


@pytest.mark.servers("s3d", "ceph")
def test_too_large_objects(s3, s3c, make_bucket):
    bucket = make_bucket()
    put_all(s3, bucket, {"a small": b"1", "b large": b"x" * 5000, "c small": b"2"})
    refused = s3c.source(bucket, "--snapshot-only", "--object.max-bytes", "4KiB")
    assert refused.returncode == 1
    assert "b large" in refused.last_line and "object.max-bytes" in refused.last_line
    skipped = s3c.source(bucket, "--snapshot-only", "--object.max-bytes", "4KiB", "--object.too-large", "skip").ok()
    assert [r.key for r in skipped.records] == [b"a small", b"c small"]
    assert "b large" in skipped.stderr, "what is skipped is logged"
