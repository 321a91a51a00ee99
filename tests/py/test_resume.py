# SPDX-License-Identifier: Apache-2.0
"""Stop anywhere, go on exactly after it."""

import base64
import signal
import time

import pytest
from conftest import put_all
from records import POSITION, assert_run_in_order, final_state

pytestmark = pytest.mark.servers("s3d", "ceph")


def history(s3, make_bucket, s3c):
    """A bucket and its whole run: a snapshot, then changes of several seconds, some of them within one."""
    bucket = make_bucket("Enabled")
    put_all(s3, bucket, {f"snap_{i}": b"%d" % i for i in range(6)})
    s3.put_object(Bucket=bucket, Key="with_s1_c2_", Body=b"odd")
    time.sleep(2.2)
    with s3c.stream(bucket) as stream:
        stream.take(7)
        for number in range(4):
            s3.put_object(Bucket=bucket, Key="burst", Body=b"%d" % number)
        s3.delete_object(Bucket=bucket, Key="snap_3")
        time.sleep(1.1)
        s3.put_object(Bucket=bucket, Key="snap_1", Body=b"again")
        s3.put_object(Bucket=bucket, Key="a", Body=b"first of its second, if it is the same")
        s3.put_object(Bucket=bucket, Key="~end", Body=b"")
        stream.until_key(b"~end")
        stream.stop()
    return bucket, stream.records


def assert_same_events(resumed, rest):
    assert len(resumed) == len(rest)
    for got, wanted in zip(resumed, rest):
        assert got.same_event(wanted), f"{got} instead of {wanted}"


def test_every_position_of_a_run(s3, s3c, make_bucket):
    """The bucket keeps its versions, so even a snapshot goes on as it was on its own date."""
    bucket, run = history(s3, make_bucket, s3c)
    assert len(run) == 15
    for i, record in enumerate(run[:-1]):
        rest = run[i + 1 :]
        position = base64.b64encode(record.position).decode()
        resumed = s3c.source(bucket, "--position-base64", position, "--limit", len(rest)).ok().records
        assert_same_events(resumed, rest)


def test_the_end_of_a_run_repeats_nothing(s3, s3c, make_bucket):
    bucket, run = history(s3, make_bucket, s3c)
    with s3c.stream(bucket, "--position", run[-1].position.decode()) as stream:
        s3.put_object(Bucket=bucket, Key="later", Body=b"1")
        assert stream.next().key == b"later"
        assert stream.stop() == []


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_position_file_and_limit(s3, s3c, make_bucket, tmp_path, limit):
    """Runs of `limit` records each, one after the other, are the whole snapshot."""
    bucket = make_bucket()
    objects = {f"key {i:02d}\n": b"%d" % i for i in range(24)}
    put_all(s3, bucket, objects)
    time.sleep(2.2)
    file = tmp_path / "position"
    records = []
    while len(records) < len(objects):
        more = s3c.source(bucket, "--position-file", file, "--limit", min(limit, len(objects) - len(records))).ok().records
        assert file.read_bytes() == more[-1].position + b"\n"
        records += more
    assert_run_in_order(records)
    assert final_state(records) == {k.encode(): v for k, v in objects.items()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_a_snapshot_loses_nothing(s3, s3c, make_bucket, tmp_path, number):
    bucket = make_bucket()
    objects = {f"{i:04d}": b"x" * 20000 for i in range(400)}
    put_all(s3, bucket, objects)
    time.sleep(2.2)
    file = tmp_path / "position"
    arguments = ["--position-file", file, "--max-connections", "4"]
    with s3c.stream(bucket, *arguments) as stream:
        stream.take(30)
        stream.stop(number)
    first = stream.records
    assert file.read_bytes() == first[-1].position + b"\n", "the file names the last record that was written"
    rest = s3c.source(bucket, *arguments, "--snapshot-only").ok().records
    assert [r.key for r in first + rest] == [k.encode() for k in objects]


def test_the_go_connectors_positions(s3, s3c, make_bucket):
    """`<key>_s<seconds>` and `<key>_c<seconds>`: the numbers are dates of objects that it has seen."""
    bucket = make_bucket("Enabled")
    for key in ("a_1", "b_2", "c_3"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    dates = {o["Key"]: int(o["LastModified"].timestamp()) for o in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    time.sleep(1.1)
    s3.put_object(Bucket=bucket, Key="d_4", Body=b"later")
    in_snapshot = s3c.source(bucket, "--position", f"a_1_s{dates['c_3']}", "--limit", 3).ok().records
    assert [(r.operation, r.key) for r in in_snapshot] == [("snapshot", b"b_2"), ("snapshot", b"c_3"), ("create", b"d_4")]
    in_changes = s3c.source(bucket, "--position", f"c_3_c{dates['c_3']}", "--limit", 1).ok().records
    assert [(r.operation, r.key) for r in in_changes] == [("create", b"d_4")]


def test_the_countdown_of_a_second(s3, s3c, make_bucket):
    bucket, run = history(s3, make_bucket, s3c)
    burst = [r for r in run if r.key == b"burst"]
    assert [r.after for r in burst] == [b"0", b"1", b"2", b"3"]
    for this, after in zip(burst, burst[1:]):
        if this.second == after.second:
            count, following = (int(POSITION.match(r.position).group(4) or 0) for r in (this, after))
            assert count == following + 1
