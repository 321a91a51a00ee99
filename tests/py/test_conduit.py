# SPDX-License-Identifier: Apache-2.0
"""Pipelines of a real Conduit with the plugin: both architectures, stops of every kind, SIGKILL at any moment, wrong settings."""

import base64
import contextlib
import io
import json
import os
import random
import signal
import time

import pyarrow.parquet as pq
import pytest
from conduit_host import CONDUIT, Conduit, bucket_settings, destination, generated, pipeline, source, to_file
from conftest import put_all

pytestmark = [
    pytest.mark.servers("ceph", "s3d"),
    pytest.mark.skipif(not CONDUIT.exists() and "CI" not in os.environ, reason=f"NO CONDUIT: {CONDUIT} is not there (scripts/conduit-build.sh, Go >= 1.25)"),
]
QUICK = {"settle": "1s", "polling_period": "200ms"}
ARCHS = pytest.mark.parametrize("arch", ["v1", "v2"])
SECONDS = 12
SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "120"))


@pytest.fixture
def conduit(tmp_path, server):
    """Makes one, not started yet; whatever is left of it is killed in the end."""
    made = []

    def make(*pipelines, arch="v1", **more):
        one = Conduit(tmp_path / f"conduit{len(made)}", arch, **more)
        one.define(*pipelines)
        made.append(one)
        return one

    yield make
    for one in made:
        if one.process is not None:
            one.__exit__()


def lines_of(path):
    """The records of a file destination; a line that a kill cut short is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n") and line.strip()]


def keys_of(path):
    return [base64.b64decode(record["key"]).decode() for record in lines_of(path)]


def stored(s3, bucket):
    """Records in the JSON files of a bucket, in the order of the files' names."""
    found = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            found += [json.loads(line) for line in body.splitlines()]
    return found


def objects(prefix, count):
    return {f"{prefix}/{i:04}": b"%s body %d" % (prefix.encode(), i) for i in range(count)}


@ARCHS
def test_s3_to_file(server, s3, make_bucket, conduit, tmp_path, arch):
    bucket, out = make_bucket("Enabled"), tmp_path / "out"
    old, new = objects("old", 50), objects("new", 20)
    put_all(s3, bucket, old)
    with conduit(pipeline("p", source(bucket_settings(server, bucket, **QUICK)), to_file(out)), arch=arch) as c:
        c.wait_until(lambda: len(keys_of(out)) >= 50, "50 records")
        put_all(s3, bucket, new)
        s3.delete_object(Bucket=bucket, Key="old/0007")
        c.wait_until(lambda: len(keys_of(out)) >= 71, "71 records")
        assert c.state("p")[0] == "STATUS_RUNNING"
        c.stop()
        c.wait_for_no_plugins()
    assert sorted(keys_of(out)) == sorted([*old, *new, "old/0007"])
    last = [r for r in lines_of(out) if r["operation"] == "delete"]
    assert [r["metadata"]["action"] for r in last] == ["delete"]
    bodies = {r["key"]: base64.b64decode(r["payload"]["after"]) for r in lines_of(out) if r["payload"]["after"]}
    assert {base64.b64decode(k).decode(): v for k, v in bodies.items()} == old | new


@ARCHS
def test_generator_to_s3(server, s3, make_bucket, conduit, arch):
    """Structured records come Avro-encoded: the plugin asks Conduit's schema service and writes JSON.

    In batches: architecture 2 gives the next batch when the last one is acknowledged."""
    bucket = make_bucket()
    writes = destination(bucket_settings(server, bucket, format="json", prefix="gen"))
    with conduit(pipeline("p", generated(300, **{"sdk.batch.size": "50", "sdk.batch.delay": "1s"}), writes), arch=arch) as c:
        c.wait_until(lambda: len(stored(s3, bucket)) >= 300, "300 records")
        c.stop()
        c.wait_for_no_plugins()
    records = stored(s3, bucket)
    assert len({r["Position"] for r in records}) == len(records) == 300
    payloads = [json.loads(r["Payload"]) for r in records]
    assert all(isinstance(p["id"], int) and isinstance(p["name"], str) for p in payloads)
    assert all(r["Operation"] == "create" and r["Metadata"]["opencdc.payload.schema.version"] for r in records)


@ARCHS
def test_avro_becomes_columns(server, s3, make_bucket, conduit, arch):
    """The host's schema of the generator's records, read from its service; their data go into columns as they are."""
    bucket = make_bucket()
    settings = bucket_settings(server, bucket, format="parquet", parquet__columns="typed", sdk__batch__size=50, sdk__batch__delay="1s")
    fields = {f"format.options.{n}": n for n in ("int", "string", "time", "bool", "duration")}
    with conduit(pipeline("p", generated(200, **fields, **{"sdk.batch.size": "50", "sdk.batch.delay": "1s"}), destination(settings)), arch=arch) as c:
        c.wait_until(lambda: sum(t.num_rows for t in tables(s3, bucket)) >= 200, "200 records")
        c.stop()
        c.wait_for_no_plugins()
    rows = [row for t in tables(s3, bucket) for row in t.to_pylist()]
    assert len({row["position"] for row in rows}) == len(rows) == 200
    for payload in (row["payload"] for row in rows):
        assert set(payload) >= {"id", "name", "int", "string", "time", "bool"}
        assert isinstance(payload["id"], int) and isinstance(payload["name"], str) and isinstance(payload["bool"], bool)
        assert payload["time"].year >= 2026 and payload["time"].tzinfo is not None


def tables(s3, bucket):
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        yield pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()))


def test_generator_to_s3_singly(server, s3, make_bucket, conduit):
    """Architecture 2 without batches waits for each record's acknowledgement; after a few rounds of file.max-idle (1 s) the plugin knows."""
    bucket = make_bucket()
    with conduit(pipeline("p", generated(90), destination(bucket_settings(server, bucket, format="json"))), arch="v2") as c:
        c.wait_until(lambda: len(stored(s3, bucket)) >= 90, "90 records, in less than 90 s")
        c.stop()
        c.wait_for_no_plugins()
    assert len({r["Position"] for r in stored(s3, bucket)}) == len(stored(s3, bucket)) == 90


@ARCHS
def test_s3_to_s3(server, s3, make_bucket, conduit, arch):
    here, there = make_bucket("Enabled"), make_bucket()
    old, new = objects("old", 40), objects("new", 10)
    put_all(s3, here, old)
    reads = source(bucket_settings(server, here, sdk__batch__size=10, sdk__batch__delay="100ms", **QUICK))
    writes = destination(bucket_settings(server, there, format="json"))
    with conduit(pipeline("p", reads, writes), arch=arch) as c:
        c.wait_until(lambda: len(stored(s3, there)) >= 40, "40 records")
        put_all(s3, here, new)
        c.wait_until(lambda: len(stored(s3, there)) >= 50, "50 records")
        c.stop()
        c.wait_for_no_plugins()
    assert {r["Key"]: r["Payload"].encode() for r in stored(s3, there)} == old | new
    assert len(stored(s3, there)) == 50


@ARCHS
def test_stop_and_start(server, s3, make_bucket, conduit, tmp_path, arch):
    """A pipeline that is stopped and started goes on where it was."""
    bucket, out = make_bucket("Enabled"), tmp_path / "out"
    put_all(s3, bucket, objects("a", 30))
    with conduit(pipeline("p", source(bucket_settings(server, bucket, **QUICK)), to_file(out)), arch=arch) as c:
        c.wait_until(lambda: len(keys_of(out)) >= 30, "30 records")
        time.sleep(1.5)  # Conduit keeps positions once a second
        assert c.stop_pipeline("p")[0] == 200
        c.wait_for_state("p", "STATUS_STOPPED")
        c.wait_for_no_plugins()
        put_all(s3, bucket, objects("b", 10))
        assert c.call("POST", "pipelines/p/start", {})[0] == 200
        c.wait_until(lambda: len(set(keys_of(out))) >= 40, "40 records")
        c.stop()
        c.wait_for_no_plugins()
    keys = keys_of(out)
    assert set(keys) == set(objects("a", 30)) | set(objects("b", 10))
    if arch == "v1":
        assert len(keys) == 40  # a graceful stop repeats nothing


@ARCHS
def test_forced_stop(server, s3, make_bucket, conduit, tmp_path, arch):
    """No Teardown, no last acknowledgements: nothing stays behind, nothing is lost."""
    bucket, out = make_bucket("Enabled"), tmp_path / "out"
    put_all(s3, bucket, objects("a", 30))
    with conduit(pipeline("p", source(bucket_settings(server, bucket, **QUICK)), to_file(out)), arch=arch) as c:
        c.wait_until(lambda: len(keys_of(out)) >= 30, "30 records")
        assert c.stop_pipeline("p", force=True)[0] == 200
        if arch == "v1":
            c.wait_for_state("p", "STATUS_DEGRADED")
            c.wait_for_no_plugins()
            put_all(s3, bucket, objects("b", 10))
            assert c.call("POST", "pipelines/p/start", {})[0] == 200
        else:  # this Conduit forgets the source's process, and the pipeline it neither stops nor starts any more
            c.kill()
            c.wait_for_no_plugins()
            put_all(s3, bucket, objects("b", 10))
            c.start()
        c.wait_until(lambda: set(keys_of(out)) == set(objects("a", 30)) | set(objects("b", 10)), "everything")
        c.stop()
        c.wait_for_no_plugins()


def revive(c, plugins):
    """Waits until Conduit has begun again with what was killed. Where it does not (with architecture 2 never), it is begun again itself."""
    deadline = time.monotonic() + 4
    while len(c.plugins()) != plugins:
        if time.monotonic() > deadline:
            c.kill()
            c.start()
            deadline += 60
        time.sleep(0.05)


def killing(c, s3, bucket, seconds, victim, plugins, done):
    """Writes objects and kills again and again; then waits until done(keys) is content."""
    chance = random.Random(11)
    written = {}
    deadline = time.monotonic() + seconds
    kills = 0
    while time.monotonic() < deadline or kills < 3:
        more = objects(f"round {kills}", chance.randrange(1, 15))
        put_all(s3, bucket, more)
        written |= more
        time.sleep(chance.random() * 2)
        if victim == "conduit":
            c.kill()
            c.wait_for_no_plugins()
            c.start()
        else:  # sometimes one of them, sometimes both
            victims = set(c.plugins()[: chance.randrange(1, 3)])
            for pid in victims:
                with contextlib.suppress(ProcessLookupError):  # it ended by itself: the pipeline is just beginning again
                    os.kill(pid, signal.SIGKILL)
            c.wait_until(lambda: not victims & set(c.plugins()), "the end of what was killed")
            revive(c, plugins)
        kills += 1

    def complete():
        revive(c, plugins)  # an architecture that never begins again may give up late
        return done() >= set(written)

    c.wait_until(complete, "every key", 90)


def kill_source(server, s3, make_bucket, conduit, tmp_path, arch, victim, seconds):
    bucket, out = make_bucket("Enabled"), tmp_path / "out"
    with conduit(pipeline("p", source(bucket_settings(server, bucket, **QUICK)), to_file(out)), arch=arch) as c:
        killing(c, s3, bucket, seconds, victim, 1, lambda: set(keys_of(out)))


def kill_both(server, s3, make_bucket, conduit, arch, victim, seconds):
    here, there = make_bucket("Enabled"), make_bucket()
    reads = source(bucket_settings(server, here, **QUICK))
    writes = destination(bucket_settings(server, there, format="json", file__max_idle="200ms"))
    with conduit(pipeline("p", reads, writes), arch=arch) as c:
        killing(c, s3, here, seconds, victim, 2, lambda: {r["Key"] for r in stored(s3, there)})


@ARCHS
@pytest.mark.parametrize("victim", ["conduit", "plugin"])
def test_kill_source(server, s3, make_bucket, conduit, tmp_path, arch, victim):
    kill_source(server, s3, make_bucket, conduit, tmp_path, arch, victim, SECONDS)


@ARCHS
@pytest.mark.parametrize("victim", ["conduit", "plugin"])
def test_kill_source_and_destination(server, s3, make_bucket, conduit, arch, victim):
    kill_both(server, s3, make_bucket, conduit, arch, victim, SECONDS)


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS * 3)
@pytest.mark.parametrize("victim", ["conduit", "plugin"])
def test_kill_soak(server, s3, make_bucket, conduit, victim):
    kill_both(server, s3, make_bucket, conduit, "v1", victim, SOAK_SECONDS)


def test_wrong_settings(server, make_bucket, conduit, tmp_path):
    """Everything that is wrong is in the pipeline's error, and in the answer of the API."""
    bucket = make_bucket()
    settings = bucket_settings(server, bucket, polling_period="soon", bufer_size=3)
    with conduit(pipeline("p", source(settings), to_file(tmp_path / "out"))) as c:
        c.wait_until(lambda: "polling-period" in c.log, "our message in the log")
        assert "bufer-size" in c.log and "soon" in c.log
        assert server.secret_key not in c.log
        c.call("POST", "pipelines", {"config": {"name": "q"}})
        made = c.call("GET", "pipelines?name=q")[1][0]["id"]
        body = {"type": "TYPE_SOURCE", "plugin": "standalone:s3", "pipelineId": made, "config": {"name": "x", "settings": settings}}
        status, answer = c.call("POST", "connectors", body)
        assert status >= 400 and "polling-period" in answer["message"] and "bufer-size" in answer["message"]
        body["config"]["settings"] = bucket_settings(server, "no-such-bucket-at-all")
        status, answer = c.call("POST", "connectors", body)
        assert status >= 400 and "no-such-bucket-at-all" in answer["message"]
        body["config"]["settings"] = bucket_settings(server, bucket)
        assert c.call("POST", "connectors", body)[0] == 200
        c.wait_for_no_plugins()


def test_specification(server, conduit):
    with conduit() as c:
        plugins = c.call("GET", "connectors/plugins?name=standalone:s3.*")[1]
        found = [p for p in plugins if p["name"].startswith("standalone:s3@v")]
        assert len(found) == 1, plugins
        assert {"aws.bucket", "polling-period", "pollingPeriod", "sdk.batch.size"} <= set(found[0]["sourceParams"])
        c.wait_for_no_plugins()


def test_deleted_connector(server, s3, make_bucket, conduit, tmp_path):
    """A pipeline that is gone from the files: Conduit starts the plugin once more, for LifecycleOnDeleted alone."""
    bucket, out = make_bucket(), tmp_path / "out"
    put_all(s3, bucket, objects("a", 3))
    c = conduit(pipeline("p", source(bucket_settings(server, bucket, **QUICK)), to_file(out)))
    with c:
        c.wait_until(lambda: len(keys_of(out)) >= 3, "3 records")
        c.stop()
    c.define()
    before = len(c.log)
    with c:
        c.wait_until(lambda: c.call("GET", "pipelines")[1] in ([], {}), "no pipeline")
        assert not [e for e in map(json.loads, filter(lambda t: t.startswith("{"), c.log[before:].splitlines())) if e["level"] == "error"]
        c.stop()
        c.wait_for_no_plugins()


def test_two_pipelines(server, s3, make_bucket, conduit, tmp_path):
    first, second, there = make_bucket("Enabled"), make_bucket(), make_bucket()
    put_all(s3, first, objects("a", 30))
    put_all(s3, second, objects("b", 30))
    one = pipeline("one", source(bucket_settings(server, first, **QUICK)), to_file(tmp_path / "out"))
    writes = destination(bucket_settings(server, there, format="json"))
    two = pipeline("two", source(bucket_settings(server, second, **QUICK)), writes)
    with conduit(one, two) as c:
        c.wait_until(lambda: len(keys_of(tmp_path / "out")) >= 30 and len(stored(s3, there)) >= 30, "30 records each")
        assert c.stop_pipeline("one")[0] == 200
        c.wait_for_state("one", "STATUS_STOPPED")
        put_all(s3, second, objects("c", 5))
        c.wait_until(lambda: len(stored(s3, there)) >= 35, "the other one goes on")
        c.stop()
        c.wait_for_no_plugins()
    assert sorted(keys_of(tmp_path / "out")) == sorted(objects("a", 30))
    assert {r["Key"] for r in stored(s3, there)} == set(objects("b", 30)) | set(objects("c", 5))


def test_log(server, s3, make_bucket, conduit, tmp_path):
    """Our lines arrive in Conduit's log with their level, message and fields."""
    bucket = make_bucket()
    put_all(s3, bucket, objects("a", 3))
    with conduit(pipeline("p", source(bucket_settings(server, bucket, **QUICK)), to_file(tmp_path / "out"))) as c:
        c.wait_until(lambda: len(keys_of(tmp_path / "out")) >= 3, "3 records")
        time.sleep(1.5)  # Conduit keeps positions once a second
        assert c.stop_pipeline("p")[0] == 200
        c.wait_for_state("p", "STATUS_STOPPED")
        assert c.call("POST", "pipelines/p/start", {})[0] == 200
        c.wait_until(lambda: any(e.get("bucket") == bucket for e in c.log_entries()), "a line on what a new start cannot see")
        c.stop()
        ours = [e for e in c.log_entries() if e.get("bucket") == bucket]
        assert all(e["message"] and e["level"] == "info" and e["component"].startswith("s3") for e in ours)
        assert {e["connector_id"] for e in ours} == {"p:in"}
