#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The work of scripts/demo-conduit.sh: a pipeline file, a Conduit that runs it, and what comes out of it."""

import base64
import json
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "py"))
from conduit_host import Conduit, bucket_settings, destination, pipeline, source, to_file  # noqa: E402
from s3d_client import S3d  # noqa: E402
from servers import BUILD, Server  # noqa: E402

LIMIT = 40  # seconds; the demo ends whatever happens


def say(text):
    print(f"demo: {text}", flush=True)


def show_definition(conduit):
    for file in sorted((conduit.folder / "pipelines").glob("*.yml")):
        shown = json.loads(file.read_text())
        for connector in shown["pipelines"][0]["connectors"]:
            for name in connector["settings"]:
                if "secret" in name:
                    connector["settings"][name] = "***"
        say(f"the pipeline file (JSON is YAML):\n{json.dumps(shown, indent=2)}")


def show_status(conduit, name):
    status, error = conduit.state(name)
    say(f"pipeline {name}: {status}{' ' + error if error else ''}")


def show_record(record):
    key = base64.b64decode(record["key"]).decode(errors="replace")
    body = base64.b64decode(record["payload"]["after"] or "")[:40].decode(errors="replace")
    say(f"  {record['operation']:8} {key}  {body!r}")


def follow(path, seen):
    """Prints what was added to the file destination's output; returns how many records it holds."""
    lines = path.read_text().splitlines() if path.exists() else []
    for line in lines[seen:]:
        show_record(json.loads(line))
    return len(lines)


def follow_until(path, count, deadline):
    seen = 0
    while seen < count and time.monotonic() < deadline:
        seen = follow(path, seen)
        time.sleep(0.2)
    return seen


def own_server(folder):
    """Two pipelines on the stand-in: bucket to file, and bucket to the JSON files of another."""
    with S3d(BUILD / "tests" / "support" / "s3d" / "s3d") as process:
        server = Server("s3d", process.endpoint, process.access_key, process.secret_key)
        s3 = server.client()
        for bucket in ("orders", "lake"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="orders", VersioningConfiguration={"Status": "Enabled"})
        for i in range(5):
            s3.put_object(Bucket="orders", Key=f"2026/{i}.json", Body=b'{"id":%d}' % i)
        time.sleep(2)  # the last second of writing must be over before it counts as what was there

        out = folder / "records.jsonl"
        reads = source(bucket_settings(server, "orders", settle="1s"))
        writes = destination(bucket_settings(server, "lake", format="json", prefix="orders"))
        conduit = Conduit(folder)
        conduit.define(pipeline("to-file", reads, to_file(out)), pipeline("to-lake", reads, writes))
        show_definition(conduit)
        with conduit:
            say(f"Conduit runs (its API and UI: {conduit.api}); records as they come:")
            deadline = time.monotonic() + LIMIT
            follow_until(out, 5, deadline)
            say("now an update, a new object and a delete")
            s3.put_object(Bucket="orders", Key="2026/0.json", Body=b'{"id":0,"paid":true}')
            s3.put_object(Bucket="orders", Key="2026/5.json", Body=b'{"id":5}')
            s3.delete_object(Bucket="orders", Key="2026/1.json")
            seen = 5
            while seen < 8 and time.monotonic() < deadline:
                seen = follow(out, seen)
                time.sleep(0.2)
            for name in ("to-file", "to-lake"):
                show_status(conduit, name)
            time.sleep(2)  # the destination closes its file when nothing has come for a second
            conduit.stop()
        for entry in s3.list_objects_v2(Bucket="lake").get("Contents", []):
            say(f"lake/{entry['Key']}: {entry['Size']} bytes")
    return seen == 8


def your_bucket(folder, bucket):
    env = os.environ
    server = Server("yours", env.get("ENDPOINT", ""), env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"])
    server.region = env.get("AWS_REGION", "us-east-1")
    settings = {name: value for name, value in bucket_settings(server, bucket, prefix=env.get("PREFIX", "")).items() if value}
    out = folder / "records.jsonl"
    conduit = Conduit(folder)
    conduit.define(pipeline("to-file", source(settings), to_file(out)))
    show_definition(conduit)
    with conduit:
        seen = follow_until(out, 20, time.monotonic() + LIMIT)
        show_status(conduit, "to-file")
        conduit.stop()
    say(f"{seen} records")
    return True


def main():
    with tempfile.TemporaryDirectory(prefix="demo-conduit-") as name:
        folder = pathlib.Path(name)
        bucket = os.environ.get("BUCKET")
        done = your_bucket(folder, bucket) if bucket else own_server(folder)
        if not done:
            say(f"not everything came within {LIMIT} s; the end of Conduit's log:")
            print((folder / "conduit.log").read_text()[-3000:])
    return 0 if done else 1


sys.exit(main())
