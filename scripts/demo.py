#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tour that demo.sh gives: a bucket becomes records, records become JSON files."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "py"))
from s3d_client import S3d  # noqa: E402

PROGRAM = ROOT / "build" / "conduit-connector-s3"
STAND_IN = ROOT / "build" / "release" / "tests" / "support" / "s3d" / "s3d"
PATIENCE = 20  # seconds that any single step may take


def title(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def say(text):
    print(f"   {text}", flush=True)


class Place:
    """Where the demo works: endpoint, bucket for sources and for files, prefixes, a boto3 client."""

    def __init__(self, endpoint, bucket, target, prefix, target_prefix):
        self.endpoint, self.bucket, self.target = endpoint, bucket, target
        self.prefix, self.target_prefix = prefix, target_prefix
        style = {"addressing_style": "path"} if endpoint else {}
        self.s3 = boto3.client("s3", endpoint_url=endpoint or None, config=Config(s3=style))

    def put(self, name, body, kind="text/plain", **more):
        self.s3.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=body, ContentType=kind, **more)

    def delete(self, name):
        self.s3.delete_object(Bucket=self.bucket, Key=self.prefix + name)

    def files(self):
        listing = self.s3.list_objects_v2(Bucket=self.target, Prefix=self.target_prefix).get("Contents", [])
        return [o["Key"] for o in listing if self.target != self.bucket or o["Key"].startswith(self.target_prefix)]

    def lines(self):
        """(file, line) of every record that has arrived."""
        for name in self.files():
            body = self.s3.get_object(Bucket=self.target, Key=name)["Body"].read()
            for line in body.splitlines():
                yield name, line.decode()

    def clean(self):
        """Removes every version of what was written below the prefixes."""
        for bucket, prefix in ((self.bucket, self.prefix), (self.target, self.target_prefix)):
            for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
                    self.s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


def fill(place):
    place.put("orders/2024.csv", "id,amount\n1,9.90\n2,12.00\n", "text/csv")
    place.put("orders/2025 (draft).csv", "id,amount\n", "text/csv")
    place.put("settings.json", '{"theme": "dark", "emoji": "\u2603"}', "application/json", Metadata={"owner": "ops"})
    place.put("logo.png", b"\x89PNG\r\n\x1a\n" + bytes(range(200)), "image/png")
    place.put("empty.flag", b"")
    place.put("video.bin", os.urandom(1 << 20), "application/octet-stream")


def shorten(line):
    """One record of a JSON file for the eye."""
    payload = line["Payload"]
    if payload is not None and len(payload) > 36:
        payload = f"{payload[:33]}... ({len(payload)} characters)"
    kind = ", base64" if "PayloadEncoding" in line else ""
    return f"{line['Operation']:<9} {line['Key']:<28} {payload!r}{kind}"


class Pipe:
    """The program between the two: source to destination, position file beside it."""

    def __init__(self, place, folder):
        self.place, self.seen = place, 0
        command = [PROGRAM, "pipe", "--source.bucket", place.bucket, "--destination.bucket", place.target]
        command += ["--destination.format", "json", "--destination.prefix", place.target_prefix]
        command += ["--source.prefix", place.prefix] if place.prefix else []
        command += ["--source.settle", "1s", "--source.polling-period", "200ms", "--destination.file.max-idle", "300ms"]
        command += ["--position-file", folder / "position"]
        if place.endpoint:
            command += ["--endpoint", place.endpoint]
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen([str(c) for c in command], stderr=self.log, stdin=subprocess.DEVNULL)
        say("$ " + " ".join(str(c) for c in command[1:]).replace("pipe", "conduit-connector-s3 pipe", 1))

    def show(self, count):
        """Waits until `count` more records have arrived in files, and shows them."""
        deadline = time.monotonic() + PATIENCE
        while True:
            lines = list(self.place.lines())
            if len(lines) >= self.seen + count:
                break
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                sys.exit(f"demo: the records do not arrive: {self.log.read()[-500:]}")
            time.sleep(0.1)
        for _, line in lines[self.seen : self.seen + count]:
            say(shorten(json.loads(line)))
        self.seen += count

    def finish(self):
        """Stops it cleanly: exit status, its last words, peak memory in KiB (the kernel's word, not its own)."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status).group(1))
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE)
        self.log.seek(0)
        return code, self.log.read(), peak


def tour(place, folder, requests=None):
    begun = time.monotonic()
    title("A bucket with files of several kinds")
    fill(place)
    say(f"s3://{place.bucket}/{place.prefix}: 6 objects, and two seconds of patience: a snapshot takes what is settled")
    time.sleep(2.2)

    title("The snapshot: every object becomes a record, every batch of records a JSON file")
    pipe = Pipe(place, folder)
    pipe.show(6)

    title("Changes, made while it watches: a new file, a new version of one, one removed")
    place.put("orders/2026.csv", "id,amount\n3,1.50\n", "text/csv")
    pipe.show(1)
    place.put("settings.json", '{"theme": "light"}', "application/json")
    pipe.show(1)
    place.delete("logo.png")
    pipe.show(1)

    title(f"What is in s3://{place.target}/{place.target_prefix} now")
    by_operation, total = {}, 0
    names = place.files()
    for name in names:
        say(name)
    for _, line in place.lines():
        operation = json.loads(line)["Operation"]
        by_operation[operation] = by_operation.get(operation, 0) + 1
        total += 1
    name, line = list(place.lines())[-2]
    say(f"one line of {name}:")
    print(line, flush=True)

    status, log, peak = pipe.finish()
    title("Stopped with Ctrl-C; its own last words")
    for line in log.strip().splitlines()[-6:]:
        say(line)
    title("Summary")
    sizes = sum(place.s3.head_object(Bucket=place.target, Key=n)["ContentLength"] for n in names)
    say("records     " + ", ".join(f"{n} {op}" for op, n in by_operation.items()) + f": {total} in all")
    say(f"files       {len(names)} JSON objects, {sizes:,} bytes")
    if requests:
        say(f"requests    {requests():,} answered by the server, those of this script among them")
    say(f"time        {time.monotonic() - begun:.1f} s")
    say(f"memory      {peak / 1024:.1f} MiB at most")
    return status


def look(bucket, endpoint):
    """Someone's own bucket, read only."""
    where = ["--bucket", bucket] + (["--endpoint", endpoint] if endpoint else [])
    title(f"check source --bucket {bucket}")
    status = subprocess.call([PROGRAM, "check", "source", *where])
    if status:
        return status
    title("The first records of a snapshot (payloads cut)")
    command = [PROGRAM, "source", *where, "--raw", "text", "--limit", "20", "--snapshot-only", "--object.too-large", "skip"]
    process = subprocess.Popen(command + ["--object.max-bytes", "1MiB", "--object.archived", "skip"], stdout=subprocess.PIPE)
    signal.signal(signal.SIGALRM, lambda *_: process.send_signal(signal.SIGINT))
    signal.alarm(40)
    count = 0
    for line in process.stdout:
        record = json.loads(line)
        after = record["payload"]["after"] or ""
        say(f"{record['operation']:<9} {record['key']:<50} {len(after):>9} characters  {after[:40]!r}")
        count += 1
    status = process.wait()
    title("Summary")
    say(f"{count} records shown, nothing was written. DEMO_WRITE=1 shows changes as well.")
    return status


def own_server():
    """The stand-in with a versioned bucket and one for the files."""
    os.environ.update(AWS_ACCESS_KEY_ID="AKTEST", AWS_SECRET_ACCESS_KEY="sktest", AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1")
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        os.environ.pop(name, None)
    server = S3d(STAND_IN).start()
    place = Place(server.endpoint, "files", "records", "", "from-files/")
    for bucket in (place.bucket, place.target):
        place.s3.create_bucket(Bucket=bucket)
    place.s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    return server, place


def main(folder):
    bucket, endpoint = os.environ.get("BUCKET"), os.environ.get("ENDPOINT", "")
    if not bucket:
        server, place = own_server()
        try:
            return tour(place, folder, lambda: server.stats()["total"])
        finally:
            server.stop()
    if os.environ.get("DEMO_WRITE") != "1":
        return look(bucket, endpoint)
    run = f"s3c-demo-{uuid.uuid4().hex[:8]}"
    place = Place(endpoint, bucket, bucket, f"{run}/files/", f"{run}/records/")
    try:
        return tour(place, folder)
    finally:
        place.clean()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="s3c-demo-") as scratch:
        sys.exit(main(pathlib.Path(scratch)))
