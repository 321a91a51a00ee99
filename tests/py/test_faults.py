# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on the way to S3 and back: transient faults cost nothing but time, permanent ones end with the right word."""

import pytest
from conftest import Buckets, put_all, s3d_server
from records import assert_run_in_order, encode_line, final_state
from runner import Program
from test_destination import acked, lines_of, paged

OBJECTS = {f"key {i:04d}": b"%d" % i * 500 for i in range(1200)}  # two pages of a listing
EXPECTED = {k.encode(): v for k, v in OBJECTS.items()}


@pytest.fixture(scope="module")
def filled(s3d_process):
    """Two buckets that are only read: one versioned, one not."""
    s3 = s3d_server(s3d_process).client()
    buckets = {state: Buckets(s3, "s3d")(state) for state in ("", "Enabled")}
    for bucket in buckets.values():
        put_all(s3, bucket, OBJECTS)
    return buckets


@pytest.fixture
def program(s3d):
    return Program(s3d_server(s3d).environment())


@pytest.fixture
def target(s3d):
    s3 = s3d_server(s3d).client()
    return s3, Buckets(s3, "s3d")()


TRANSIENT = {
    "503 without a body": dict(kind="status", status=503),
    "503 SlowDown": dict(kind="slowdown"),
    "500 InternalError": dict(kind="status", status=500, code="InternalError"),
    "429": dict(kind="status", status=429, code="TooManyRequests"),
    "reset instead of a reply": dict(kind="reset-before"),
    "200 that holds an error": dict(kind="error-200"),
    "slow reply": dict(kind="delay", ms=300),
}
IN_THE_BODY = {
    "reset inside the body": dict(kind="reset-inside", bytes=100),
    "truncated body": dict(kind="truncate", bytes=100),
    "truncated at once": dict(kind="truncate", bytes=0),
    "short stall": dict(kind="stall", bytes=100, ms=700),
}


def snapshot_is_whole(program, bucket):
    result = program.source(bucket, "--snapshot-only").ok()
    assert_run_in_order(result.records)
    assert final_state(result.records) == EXPECTED
    return result


# A GET's body may be any bytes: an <Error> document in it is an object.
OF_GETS = {name: fault for name, fault in {**TRANSIENT, **IN_THE_BODY}.items() if fault["kind"] != "error-200"}
OF_LISTINGS = {**TRANSIENT, **IN_THE_BODY, "garbage instead of XML": dict(kind="garbage-xml")}


@pytest.mark.parametrize("fault", OF_GETS)
def test_transient_faults_of_gets(program, s3d, filled, fault):
    s3d.add_fault(op="GetObject", skip=5, count=20, **OF_GETS[fault])
    snapshot_is_whole(program, filled[""])


@pytest.mark.parametrize("fault", OF_LISTINGS)
@pytest.mark.parametrize("op, versioning", [("ListObjectsV2", ""), ("ListObjectVersions", "Enabled")])
def test_transient_faults_of_listings(program, s3d, filled, op, versioning, fault):
    """After the first page: a whole snapshot all the same."""
    s3d.add_fault(op=op, skip=2, count=2, **OF_LISTINGS[fault])
    snapshot_is_whole(program, filled[versioning])


def test_a_reset_deep_in_a_large_object_is_resumed(program, s3d, target):
    """The GET goes on where it broke, pinned to what was listed; the bytes are those of the object."""
    s3, bucket = target
    body = bytes(range(256)) * (40 << 10)  # 10 MiB
    s3.put_object(Bucket=bucket, Key="large", Body=body)
    for kind in ("reset-inside", "truncate", "reset-inside"):
        s3d.add_fault(kind=kind, op="GetObject", bytes=3 << 20, count=1)
    (record,) = program.snapshot(bucket)
    assert record.after == body


def test_a_clock_that_is_wrong(program, s3d, filled):
    """RequestTimeTooSkewed, corrected by the Date of the answer."""
    s3d.add_fault(kind="skew-date", seconds=3600, count=-1)
    snapshot_is_whole(program, filled[""])


@pytest.mark.parametrize("mode", ["repeat", "same", "missing"])
@pytest.mark.parametrize("op, versioning", [("ListObjectsV2", ""), ("ListObjectVersions", "Enabled")])
def test_lying_markers(program, s3d, filled, op, versioning, mode):
    """Either the listing goes on from its last key by itself, or it ends with a word; never a loop, never half a bucket."""
    s3d.add_fault(kind="lying-markers", mode=mode, op=op, count=-1)
    result = program.source(filled[versioning], "--snapshot-only", timeout=60)
    if result.returncode == 0:
        assert final_state(result.records) == EXPECTED
    else:
        assert op in result.last_line, result.stderr


@pytest.mark.parametrize("kind", ["vanish", "precondition"])
def test_objects_that_vanish_or_change_before_they_are_read(program, s3d, target, kind):
    """They are left out, counted, and come with a later pass if they are still there."""
    s3, bucket = target
    put_all(s3, bucket, {f"{i:02d}": b"x" for i in range(20)})
    s3d.add_fault(kind=kind, op="GetObject", key="07", count=1)
    with program.stream(bucket) as stream:
        s3.put_object(Bucket=bucket, Key="~1", Body=b"")
        stream.until_key(b"~1")
        s3.put_object(Bucket=bucket, Key="~2", Body=b"")
        stream.until_key(b"~2")
        stream.stop()
    keys = [r.key for r in stream.records if not r.key.startswith(b"~")]
    assert sorted(keys) == [b"%02d" % i for i in range(20)], "07 came, and nothing came twice"


@pytest.mark.parametrize("status, code", [(403, "AccessDenied"), (401, "Unauthorized")])
def test_refused_for_good_while_running(program, s3d, filled, status, code):
    s3d.add_fault(kind="status", status=status, code=code, op="GetObject", skip=100, count=-1)
    result = program.source(filled[""], "--snapshot-only")
    assert result.returncode == 1
    assert code in result.last_line and "GetObject" in result.last_line
    records = result.records
    assert_run_in_order(records)
    assert all(EXPECTED[r.key] == r.after for r in records), "every record before the failure was given"


def test_archived_objects(program, s3d, filled):
    s3d.add_fault(kind="status", status=403, code="InvalidObjectState", op="GetObject", key="key 0003", count=-1)
    refused = program.source(filled[""], "--snapshot-only")
    assert refused.returncode == 1
    assert "key 0003" in refused.last_line and "object.archived" in refused.last_line
    skipped = program.source(filled[""], "--snapshot-only", "--object.archived", "skip").ok()
    assert len(skipped.records) == len(OBJECTS) - 1
    assert "key 0003" in skipped.stderr


def test_an_outage_while_watching(program, s3d, target):
    """After the first listing nothing transient ends the stream; the log says what is being retried."""
    s3, bucket = target
    with program.stream(bucket) as stream:
        s3.put_object(Bucket=bucket, Key="a", Body=b"1")
        stream.until_key(b"a")
        s3d.add_fault(kind="status", status=503, op="ListObjectsV2", count=6)
        s3.put_object(Bucket=bucket, Key="b", Body=b"2")
        assert [r.key for r in stream.until_key(b"b", timeout=60)] == [b"b"]
        stream.stop()
    assert "ListObjectsV2" in stream.stderr and "503" in stream.stderr


@pytest.mark.parametrize("fault", TRANSIENT)
def test_transient_faults_of_uploads(program, s3d, target, fault):
    s3, bucket = target
    s3d.add_fault(op="PutObject", skip=2, count=3, **TRANSIENT[fault])
    result = program.destination(bucket, lines_of(100), "--buffer-size", "5", "--acks").ok()
    expected = [b"p%d" % i for i in range(100)]
    assert acked(result) == expected
    assert [line["Position"].encode() for line in paged(s3, bucket)] == expected


@pytest.mark.parametrize("op", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])
@pytest.mark.parametrize("fault", ["503 SlowDown", "reset instead of a reply", "200 that holds an error"])
def test_transient_faults_of_multipart_uploads(program, s3d, target, op, fault):
    s3, bucket = target
    s3d.add_fault(op=op, count=2, **TRANSIENT[fault])
    body = b"x" * (13 << 20)
    arguments = ["--file.max-bytes", "6MiB", "--part-size", "5MiB", "--acks"]
    result = program.destination(bucket, encode_line(position=b"big", after=body), *arguments).ok()
    assert acked(result) == [b"big"]
    (line,) = list(paged(s3, bucket))
    assert line["Payload"].encode() == body
    if (op, fault) != ("CreateMultipartUpload", "reset instead of a reply"):  # nobody learns that upload's id
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_failed_multipart_upload_is_aborted(program, s3d, target):
    s3, bucket = target
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op="UploadPart", skip=1, count=-1)
    arguments = ["--file.max-bytes", "6MiB", "--part-size", "5MiB", "--acks"]
    result = program.destination(bucket, encode_line(position=b"big", after=b"x" * (13 << 20)), *arguments)
    assert result.returncode == 1 and acked(result) == []
    assert "AccessDenied" in result.stderr
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_refused_file_fails_its_records_and_no_others_are_acknowledged_out_of_order(program, s3d, target):
    s3, bucket = target
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op="PutObject", skip=2, count=1)
    result = program.destination(bucket, lines_of(50), "--buffer-size", "5", "--acks")
    assert result.returncode == 1
    assert "AccessDenied" in result.stderr and bucket in result.stderr
    positions = acked(result)
    assert positions == sorted(positions, key=lambda p: int(p[1:]))
    stored = [line["Position"].encode() for line in paged(s3, bucket)]
    assert set(positions) <= set(stored), "nothing is acknowledged that S3 has not confirmed"
    lost = {b"p%d" % i for i in range(50)} - set(stored)
    assert not lost & set(positions)


def test_an_expired_token_is_named(program, s3d, filled):
    s3d.add_fault(kind="expired-token", count=-1)
    result = program.source(filled[""], "--snapshot-only")
    assert result.returncode == 1
    assert "credentials: " in result.last_line and "ExpiredToken" in result.last_line


@pytest.mark.soak
def test_a_stall_without_end(program, s3d, filled):
    """No byte for 30 s: the request is given up and made again."""
    s3d.add_fault(kind="stall", bytes=100, ms=600_000, op="GetObject", skip=5, count=1)
    snapshot_is_whole(program, filled[""])
