# SPDX-License-Identifier: Apache-2.0
"""Changes: every version and every marker of a versioned bucket, every difference that a pass can see of an unversioned one."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import put_all
from records import assert_run_in_order, final_state


def wait_a_second():
    """The next write has a later LastModified in whole seconds than the last one."""
    time.sleep(1.05)


class Watch:
    """A stream on a bucket together with the boto3 calls that change the bucket."""

    def __init__(self, s3, bucket, stream):
        self.s3, self.bucket, self.stream = s3, bucket, stream
        self.marks = 0

    def put(self, key, body):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body).get("VersionId")

    def delete(self, key, version=None):
        named = {"VersionId": version} if version else {}
        return self.s3.delete_object(Bucket=self.bucket, Key=key, **named).get("VersionId")

    def mark(self):
        """Everything that a pass before it could see, seen: puts a sentinel and gives the records up to it, without it."""
        self.marks += 1
        key = f"~~mark {self.marks:03d}"
        self.put(key, b"")
        return [r for r in self.stream.until_key(key.encode()) if not r.key.startswith(b"~~mark")]

    def settle(self):
        """All events so far. A pass that sees a removal dates it by its own second, hence after a sentinel of that pass."""
        return self.mark() + self.mark()


@pytest.fixture
def watch(s3, s3c):
    """watch(bucket) starts a source on it and stops it at the end; the run as a whole must be in order."""
    streams = []

    def start(bucket, *args):
        stream = s3c.stream(bucket, *args)
        streams.append(stream)
        return Watch(s3, bucket, stream)

    yield start
    for stream in streams:
        with stream:
            stream.stop()
            assert_run_in_order(stream.records)


def brief(records):
    return [(r.operation, r.key.decode(), r.after) for r in records]


@pytest.mark.servers("s3d", "ceph", "moto")  # versitygw moves a marker's time when a version covers it
def test_versioned_life_of_a_key(server, make_bucket, watch):
    w = watch(make_bucket("Enabled"))
    w.settle()
    # moto lists markers apart from versions, so within a second nobody can tell their order.
    pause = wait_a_second if server.name == "moto" else lambda: None
    first = w.put("k", b"1")
    pause()
    second = w.put("k", b"2")
    pause()
    marker = w.delete("k")
    pause()
    third = w.put("k", b"3")
    records = w.settle()
    assert brief(records) == [("create", "k", b"1"), ("update", "k", b"2"), ("delete", "k", None), ("create", "k", b"3")]
    assert [r.version for r in records] == [first, second, marker, third]
    assert [r.metadata.get("action") for r in records] == [None, None, "delete", None]


@pytest.mark.servers("s3d", "ceph", "moto")
def test_versions_removed_one_by_one(make_bucket, watch):
    """The lower half of the event table: undelete, promotion of an older version, removal of what was not the latest."""
    w = watch(make_bucket("Enabled"))
    first, second, third = (w.put("k", b"%d" % i) for i in (1, 2, 3))
    marker = w.delete("k")
    w.settle()
    w.delete("k", marker)
    assert brief(w.settle()) == [("create", "k", b"3")], "a version resurfaces"
    w.delete("k", second)
    assert brief(w.settle()) == [], "it was not the latest"
    w.delete("k", third)
    assert brief(w.settle()) == [("update", "k", b"1")], "an older one is the latest now"
    w.delete("k", first)
    (record,) = w.settle()
    assert (record.operation, record.version, record.after) == ("delete", None, None), "nothing is left"
    assert record.metadata["action"] == "delete"


@pytest.mark.servers("s3d", "moto")  # Ceph makes no second marker
def test_a_marker_on_a_marker_is_told(make_bucket, watch):
    w = watch(make_bucket("Enabled"))
    w.put("k", b"1")
    wait_a_second()
    w.delete("k")
    wait_a_second()
    w.delete("k")
    w.put("other", b"x")
    records = [r for r in w.settle() if r.key == b"k"]
    assert brief(records) == [("create", "k", b"1"), ("delete", "k", None), ("delete", "k", None)]


def test_unversioned(make_bucket, watch):
    bucket = make_bucket()
    w = watch(bucket)
    w.put("stays", b"0")
    w.put("k", b"1")
    assert sorted(brief(w.settle())) == [("create", "k", b"1"), ("create", "stays", b"0")]
    w.put("k", b"22")
    assert brief(w.settle()) == [("update", "k", b"22")]
    w.delete("k")
    (record,) = w.settle()
    assert brief([record]) == [("delete", "k", None)] and record.metadata["action"] == "delete"
    w.put("k", b"333")
    assert brief(w.settle()) == [("create", "k", b"333")]


@pytest.mark.servers("s3d", "ceph")
def test_unversioned_same_bytes_again_is_an_update(make_bucket, watch):
    w = watch(make_bucket())
    w.put("k", b"same")
    w.settle()
    wait_a_second()
    w.put("k", b"same")
    assert brief(w.settle()) == [("update", "k", b"same")]


@pytest.mark.servers("s3d", "ceph")
def test_suspended(s3, make_bucket, watch):
    bucket = make_bucket("Enabled")
    s3.put_object(Bucket=bucket, Key="k", Body=b"numbered")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    w = watch(bucket)
    w.settle()
    w.put("k", b"null 1")
    assert brief(w.settle()) == [("update", "k", b"null 1")]
    w.put("k", b"null 2")
    (record,) = w.settle()
    assert brief([record]) == [("update", "k", b"null 2")] and record.version == "null"
    w.delete("k")
    assert brief(w.settle()) == [("delete", "k", None)], "a null marker takes the null version's place"
    w.delete("k", "null")
    assert brief(w.settle()) == [("create", "k", b"numbered")], "the numbered version resurfaces"


@pytest.mark.servers("s3d", "ceph")
def test_a_burst_within_a_second(make_bucket, watch):
    """Every version in its order, each with a position of its own (the countdown)."""
    w = watch(make_bucket("Enabled"))
    w.settle()
    written = {b"a": [], b"b": [], b"c_s1": []}
    for number in range(60):
        key = random.choice(list(written))
        written[key].append(w.put(key.decode(), b"%d" % number))
    records = w.settle()
    assert len(records) == 60
    for key, versions in written.items():
        assert [r.version for r in records if r.key == key] == versions


@pytest.mark.servers("s3d", "ceph")
def test_more_than_a_thousand_versions_of_one_key(s3, make_bucket, watch):
    bucket = make_bucket("Enabled")
    w = watch(bucket)
    w.settle()
    with ThreadPoolExecutor(12) as pool:
        bodies = dict(pool.map(lambda n: (w.put("k", b"%d" % n), b"%d" % n), range(1050)))
    w.put("l", b"after it")
    records = [r for r in w.settle() if r.key == b"k"]
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix="k")
    newest_first = [entry for page in pages for entry in page["Versions"]]
    # Ceph may date two that are written at once the other way round than it lists them: by the second comes first then.
    taken = sorted(newest_first[::-1], key=lambda entry: entry["LastModified"].replace(microsecond=0))
    assert len(records) == 1050
    assert [r.version for r in records] == [entry["VersionId"] for entry in taken], "the order in which S3 took them"
    assert {r.version: r.after for r in records} == bodies


@pytest.mark.parametrize("versioning", ["", "Enabled"])
def test_changes_behind_the_cursor_of_a_snapshot(s3d, versioning):
    """What is written, changed or removed behind a slow snapshot's cursor comes as a change: nothing lost, nothing twice."""
    from conftest import Buckets, s3d_server
    from runner import Program

    server = s3d_server(s3d)
    s3 = server.client()
    bucket = Buckets(s3, "s3d")(versioning)
    put_all(s3, bucket, {f"{i:03d}": b"old" for i in range(300)})
    time.sleep(2.2)
    s3d.add_fault(kind="delay", op="GetObject", ms=100, count=-1)
    with Program(server.environment()).stream(bucket, "--max-connections", "4") as stream:
        stream.take(20)
        s3.put_object(Bucket=bucket, Key="000", Body=b"new")  # behind the cursor
        s3.put_object(Bucket=bucket, Key="0000 created", Body=b"new")
        s3.delete_object(Bucket=bucket, Key="001")
        s3.put_object(Bucket=bucket, Key="299", Body=b"new")  # before it
        s3.delete_object(Bucket=bucket, Key="298")
        s3d.reset_faults()
        s3.put_object(Bucket=bucket, Key="~1", Body=b"")
        stream.until_key(b"~1")
        s3.put_object(Bucket=bucket, Key="~2", Body=b"")
        stream.until_key(b"~2")
        stream.stop()
    state = final_state(stream.records)
    held = {o["Key"].encode() for o in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert set(state) == held
    assert state[b"000"] == state[b"299"] == state[b"0000 created"] == b"new"
    assert_run_in_order(stream.records)
    events = [(r.operation, r.key, r.version or r.after) for r in stream.records]
    assert len(set(events)) == len(events), "something came twice"


@pytest.mark.servers("s3d", "ceph")
def test_a_multipart_upload_that_ends_late(s3, make_bucket, watch):
    """AWS dates it by its beginning, long before it can be seen: the index finds it all the same."""
    bucket = make_bucket("Enabled")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    w = watch(bucket)
    w.put("other", b"1")
    w.settle()
    wait_a_second()
    part = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"x" * 100)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload=parts)
    assert brief(w.settle()) == [("create", "big", b"x" * 100)]


@pytest.mark.servers("s3d", "ceph")
def test_versioning_switched_on_while_watching(s3, make_bucket, watch):
    bucket = make_bucket()
    s3.put_object(Bucket=bucket, Key="k", Body=b"plain")
    w = watch(bucket)
    w.settle()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert brief(w.settle()) == [], "the switch itself is no change"
    w.put("k", b"numbered")
    assert brief(w.settle()) == [("update", "k", b"numbered")]


@pytest.mark.servers("s3d", "ceph")  # moto lists markers apart from versions: no order within a second
@pytest.mark.parametrize("seed", [1, 2])
def test_any_history_of_a_versioned_bucket(s3, make_bucket, watch, seed):
    """Random puts and deletes on few keys: every version and marker once, per key in the order of their making."""
    chance = random.Random(seed)
    w = watch(make_bucket("Enabled"))
    w.settle()
    history = {}
    seen = []
    for round_ in range(4):
        for _ in range(chance.randrange(5, 25)):
            key = chance.choice(["a", "b", "c d", "e_c1"])
            if chance.random() < 0.7:
                version = w.put(key, b"%d" % chance.randrange(10**6))
            else:
                version = w.delete(key)
            if version:  # Ceph makes no marker where one is already, or where nothing is
                history.setdefault(key.encode(), []).append(version)
        if round_ == 2:
            seen += w.mark()
    seen += w.settle()
    for key, versions in history.items():
        assert [r.version for r in seen if r.key == key] == versions
    listing = s3.list_objects_v2(Bucket=w.bucket)["Contents"]
    held = {o["Key"].encode() for o in listing if not o["Key"].startswith("~~")}
    assert set(final_state(seen)) == held


@pytest.mark.servers("s3d", "ceph")
def test_many_deletes_at_once(s3, make_bucket, watch):
    bucket = make_bucket()
    keys = [f"k{i:04d}" for i in range(300)]
    put_all(s3, bucket, {k: b"x" for k in keys})
    w = watch(bucket)
    w.settle()
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in keys]})
    assert brief(w.settle()) == [("delete", k, None) for k in keys]
