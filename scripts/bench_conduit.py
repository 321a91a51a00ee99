#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The plugin's speed table: this connector and the reference, side by side, in turns, in one run.

CPU is that of the plugin's process alone (scheduler's count, all threads), by our host (tests/conduit/hostbench): it reads or writes
as fast as the plugin allows. What a source costs beside the S3 work is the difference to the engine alone (bench_source on the same objects, in turns). Records/s of pipelines are counted at the sink of a real Conduit. Every figure is the median of --rounds. The server is the S3 stand-in."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "py"))
from conduit_host import CONDUIT, Conduit, bucket_settings, destination, generated, pipeline, source, to_file  # noqa: E402
from runner import PROGRAM  # noqa: E402
from s3d_client import S3d  # noqa: E402
from servers import BUILD, Server  # noqa: E402

REFERENCE = CONDUIT.with_name("reference")
HOSTBENCH = CONDUIT.with_name("hostbench")
KINDS = {"ours": PROGRAM, "reference": REFERENCE}
SIZES = (75, 1024)
BATCHES = (1, 1000)
OBJECTS = 20000
REFERENCE_OBJECTS = 1500  # it fetches one after the other
WRITTEN = 100000


def host(server, kind, **options):
    """One run of hostbench; its figures."""
    command = [HOSTBENCH, "-kind", kind]
    for name, value in options.items():
        command += [f"-{name}", str(value)]
    env = {**os.environ, "AWS_ENDPOINT_URL_S3": server.endpoint, "S3C_PLUGIN": str(PROGRAM), "S3C_REFERENCE_PLUGIN": str(REFERENCE)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return json.loads(done.stdout)


def engine(server, bucket):
    """CPU microseconds a record of the engine with nothing around it; None where the program was not built."""
    path = BUILD / "tests" / "bench" / "bench_source"
    if not path.exists():
        return None
    settings = [f"endpoint={server.endpoint}", f"bucket={bucket}", f"access-key-id={server.access_key}", f"secret-access-key={server.secret_key}"]
    done = subprocess.run([path, *settings, "settle=1s"], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures["cpu_sec"] * 1e6 / figures["units"]


def median(rounds, key):
    values = [r[key] for r in rounds]
    return statistics.median(values)


class Table:
    """Rows of: figure, goal, ours, reference, ratio."""

    def __init__(self):
        print(f"{'figure':58} {'goal':>14} {'ours':>12} {'reference':>12} {'ratio':>8}", flush=True)

    def row(self, figure, goal, ours, reference=None, unit="", less_is_better=True):
        ratio = ""
        if ours and reference:
            ratio = f"{(reference / ours if less_is_better else ours / reference):.1f} x"
        shown = [f"{v:.2f}{unit}" if v is not None and v < 100 else "-" if v is None else f"{v:,.0f}{unit}" for v in (ours, reference)]
        print(f"{figure:58} {goal:>14} {shown[0]:>12} {shown[1]:>12} {ratio:>8}", flush=True)


def handshake(program):
    """Milliseconds from the start of the process to its line on standard output."""
    env = {
        "PATH": os.environ["PATH"],
        "CONDUIT_PLUGIN_MAGIC_COOKIE": "204e8e812c3a1bb73b838928c575b42a105dd2e9aa449be481bc4590486df53f",
        "PLUGIN_PROTOCOL_VERSIONS": "1,2",
        "CONDUIT_CONNECTOR_UTILITIES_GRPC_TARGET": "127.0.0.1:1",
        "CONDUIT_CONNECTOR_TOKEN": "bench",
        "CONDUIT_CONNECTOR_ID": "bench",
    }
    with tempfile.TemporaryDirectory(prefix="bench-conduit-") as folder:
        begun = time.perf_counter()
        process = subprocess.Popen([program], env=env | {"TMPDIR": folder}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = process.stdout.readline()
        took = time.perf_counter() - begun
        process.terminate()
        process.wait()
        process.stdout.close()
    if not line.startswith(b"1|2|"):
        sys.exit(f"{program}: no handshake, but {line!r}")
    return took * 1e3


def source_rows(table, server, rounds):
    runs = {}
    for size in SIZES:
        for batch in BATCHES:
            runs, alone = {kind: [] for kind in KINDS}, []
            for _ in range(rounds):
                for kind in KINDS:
                    count = OBJECTS if kind == "ours" else REFERENCE_OBJECTS
                    runs[kind].append(host(server, kind, side="source", bucket=f"o{size}", count=count, batch=batch))
                alone.append(engine(server, f"o{size}"))
            ours, theirs = (median(runs[kind], "cpu_us_per_record") for kind in KINDS)
            table.row(f"source {size} B, batch {batch}: CPU us a record, S3 included", ">= 10 x less", ours, theirs)
            if None not in alone:
                noise = max(max(alone) - min(alone), max(r["cpu_us_per_record"] for r in runs["ours"]) - min(r["cpu_us_per_record"] for r in runs["ours"]))
                figure = f"  of that beside the S3 work (rounds differ by {noise:.1f})"
                table.row(figure, "<= 1.5" if batch > 1 else "<= 4", ours - statistics.median(alone))
    table.row("start to handshake, ms", "< 15", *(statistics.median(handshake(KINDS[kind]) for _ in range(5 * rounds)) for kind in KINDS))
    for figure, goal, key, scale in (
        ("start to first call (go-plugin, connection), ms", "", "handshake_ms", 1),
        ("RSS idle, MiB", "<= 16", "idle_rss_kib", 1024),
        ("RSS at most while reading 1 KiB objects, MiB", "", "rss_kib", 1024),
    ):
        table.row(figure, goal, *(median(runs[kind], key) / scale for kind in KINDS))


def destination_rows(table, server, s3, rounds):
    for size in SIZES:
        for batch in BATCHES:
            runs = {kind: [] for kind in KINDS}
            for i in range(rounds):
                for kind in KINDS:
                    bucket = f"d-{size}-{batch}-{kind}-{i}"
                    s3.create_bucket(Bucket=bucket)
                    runs[kind].append(host(server, kind, side="destination", bucket=bucket, count=WRITTEN, batch=batch, size=size))
            ours, theirs = (median(runs[kind], "cpu_us_per_record") for kind in KINDS)
            table.row(f"destination {size} B, batch {batch}: CPU us a record, S3 included", ">= 10 x less", ours, theirs)


class Sink:
    """Counts records as they arrive at the end of a pipeline."""

    def __init__(self, path=None, s3=None, bucket=None):
        self.path, self.s3, self.bucket = path, s3, bucket
        self.at, self.count, self.seen = 0, 0, set()

    def records(self):
        if self.path:
            if self.path.exists():
                with open(self.path, "rb") as file:
                    file.seek(self.at)
                    more = file.read()
                self.at += len(more)
                self.count += more.count(b"\n")
            return self.count
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for entry in page.get("Contents", []):
                if entry["Key"] not in self.seen:
                    self.seen.add(entry["Key"])
                    body = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read()
                    self.count += body.count(b"\n")
        return self.count


def rate(sink, count, seconds=120):
    """Records per second between the first that were seen and the last."""
    first = at_first = None
    deadline = time.monotonic() + seconds
    while (now := sink.records()) < count:
        if now and first is None:
            first, at_first = time.monotonic(), now
        if time.monotonic() > deadline:
            return None
        time.sleep(0.02)
    took = time.monotonic() - (first or deadline - seconds)
    return (now - (at_first or 0)) / took if took > 0 and at_first != now else None


def run_pipeline(folder, kind, arch, server, connectors, sink, count):
    environment = {"AWS_ENDPOINT_URL_S3": server.endpoint}
    conduit = Conduit(folder, arch, environment=environment, program=KINDS[kind], log_level="warn")
    conduit.define(pipeline("p", *connectors))
    with conduit:
        found = rate(sink, count)
        conduit.kill()
    return found


def settings_for(kind, server, bucket, **more):
    if kind == "ours":
        return bucket_settings(server, bucket, **more)
    settings = {"aws.accessKeyId": server.access_key, "aws.secretAccessKey": server.secret_key, "aws.region": server.region, "aws.bucket": bucket}
    return settings | {name.replace("__", "."): str(value) for name, value in more.items()}


def pipeline_rows(table, server, s3, rounds):
    batched = {"sdk.batch.size": "1000", "sdk.batch.delay": "1s"}
    plain = {"sdk.schema.extract.payload.enabled": "false", "sdk.schema.extract.key.enabled": "false", "format.type": "raw"}
    number = 0
    for arch, options in (("v2", batched), ("v1", batched)):
        count = 200000 if arch == "v2" else 60000
        found = {"file": [], "ours": [], "reference": []}
        reads = {"ours": [], "reference": []}
        for _ in range(rounds):
            for name in found:
                number += 1
                with tempfile.TemporaryDirectory(prefix="bench-conduit-") as folder:
                    folder = pathlib.Path(folder)
                    if name == "file":
                        sink = Sink(path=folder / "out")
                        to, kind = to_file(folder / "out"), "ours"
                    else:
                        s3.create_bucket(Bucket=f"pipe-{number}")
                        sink = Sink(s3=s3, bucket=f"pipe-{number}")
                        kind = name
                        to = destination(settings_for(kind, server, f"pipe-{number}", format="json", sdk__batch__size=1000, sdk__batch__delay="100ms"))
                    found[name].append(run_pipeline(folder / "c", kind, arch, server, (generated(count, **plain, **options), to), sink, count))
            for kind in reads:
                with tempfile.TemporaryDirectory(prefix="bench-conduit-") as folder:
                    folder = pathlib.Path(folder)
                    count_read = OBJECTS if kind == "ours" else REFERENCE_OBJECTS
                    connectors = (source(settings_for(kind, server, "o1024", sdk__batch__size=1000, sdk__batch__delay="100ms")), to_file(folder / "out"))
                    reads[kind].append(run_pipeline(folder / "c", kind, arch, server, connectors, Sink(path=folder / "out"), count_read))
        value = {name: statistics.median(v for v in values if v) if any(values) else None for name, values in (found | {}).items()}
        table.row(f"generator -> file, {arch}, batch 1000: records/s", "", value["file"], None)
        goal = ">= 95 % of it" if arch == "v2" else ""
        table.row(f"generator -> s3, {arch}, batch 1000: records/s", goal, value["ours"], value["reference"], less_is_better=False)
        value = {name: statistics.median(v for v in values if v) if any(values) else None for name, values in reads.items()}
        table.row(f"s3 (1 KiB) -> file, {arch}, batch 1000: records/s", "", value["ours"], value["reference"], less_is_better=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["source", "destination", "pipelines"])
    options = parser.parse_args()
    synth = [argument for size in SIZES for argument in ("--synth", f"{OBJECTS},{size},o{size}")]
    with S3d(BUILD / "tests" / "support" / "s3d" / "s3d", *synth) as process:
        server = Server("s3d", process.endpoint, process.access_key, process.secret_key)
        table = Table()
        if options.only in (None, "source"):
            source_rows(table, server, options.rounds)
        if options.only in (None, "destination"):
            destination_rows(table, server, server.client(), options.rounds)
        if options.only in (None, "pipelines"):
            pipeline_rows(table, server, server.client(), options.rounds)


main()
