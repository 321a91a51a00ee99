#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The plugin's speed table: this connector and the reference, side by side, in turns, in one run.

CPU is that of the plugin's process alone (the scheduler's count, all threads). Most rows are taken by our host (tests/conduit/hostbench), which reads
or writes as fast as the plugin allows, those named "in Conduit" in a real one; records/s of pipelines are counted at their sink. The S3 work is measured by
itself in the same turns: a source's engine on the same objects (bench_source), the hashing and sending of the files that the destination made (bench_put).
Every figure is the median of --rounds, in brackets the least and the most. The server is the S3 stand-in."""

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


def settings_of(server, bucket):
    return [f"endpoint={server.endpoint}", f"bucket={bucket}", f"access-key-id={server.access_key}", f"secret-access-key={server.secret_key}"]


def bench(program, *arguments):
    """CPU microseconds a unit of one of our benchmark programs."""
    done = subprocess.run([BUILD / "tests" / "bench" / program, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{program}: {done.stderr}")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures["cpu_sec"] * 1e6 / figures["units"]


def values(runs, key, scale=1):
    return [run[key] / scale for run in runs]


class Table:
    """Rows of: figure, goal, ours, reference, ratio, verdict."""

    def __init__(self):
        self.line("figure", "goal", "ours (min..max)", "reference", "ratio", "")

    @staticmethod
    def line(figure, goal, ours, reference, ratio, verdict):
        print(f"{figure:62} {goal:>13} {ours:>26} {reference:>12} {ratio:>8} {verdict}".rstrip(), flush=True)

    @staticmethod
    def text(value):
        return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:,.0f}"

    def row(self, figure, ours, reference=(), less_is_better=True, goal="", met=None):
        """`met` is asked with the median and the ratio to the reference's (None where there is none)."""
        ours, reference = [v for v in ours if v is not None], [v for v in reference if v is not None]
        mine, theirs = (statistics.median(v) if v else None for v in (ours, reference))
        ratio = (theirs / mine if less_is_better else mine / theirs) if mine and theirs else None
        shown = f"{self.text(mine)} ({self.text(min(ours))}..{self.text(max(ours))})" if ours else "-"
        verdict = "" if met is None else "not measured" if mine is None else "met" if met(mine, ratio) else "MISSED"
        self.line(figure, goal, shown, self.text(theirs), "" if ratio is None else f"{ratio:.1f} x", verdict)
        return mine


def ten_times(_, ratio):
    return ratio is not None and ratio >= 10


def at_most(limit):
    return lambda value, _: value <= limit


def beside(table, runs, s3_work, batch):
    """What a record costs beside the S3 work of the same turn."""
    limit = 1.5 if batch > 1 else 4
    more = [run["cpu_us_per_record"] - alone for run, alone in zip(runs, s3_work)]
    table.row("  of that beside the S3 work", more, goal=f"<= {limit}", met=at_most(limit))


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
                alone.append(bench("bench_source", *settings_of(server, f"o{size}"), "settle=1s"))
            cpu = [values(runs[kind], "cpu_us_per_record") for kind in KINDS]
            table.row(f"source {size} B, batch {batch}: CPU us a record, S3 included", *cpu, goal=">= 10 x less", met=ten_times)
            beside(table, runs["ours"], alone, batch)
    table.row("source: RSS at most while reading 1 KiB objects, MiB", *(values(runs[kind], "rss_kib", 1024) for kind in KINDS))


def start_rows(table, server, s3, rounds):
    shakes = [[handshake(KINDS[kind]) for _ in range(5 * rounds)] for kind in KINDS]
    table.row("start to handshake, ms", *shakes, goal="< 15", met=lambda value, _: value < 15)
    s3.create_bucket(Bucket="start")
    for side in ("source", "destination"):
        bucket = "o75" if side == "source" else "start"
        runs = {kind: [host(server, kind, side=side, bucket=bucket, count=1) for _ in range(rounds)] for kind in KINDS}
        table.row(f"{side}: RSS idle, MiB", *(values(runs[kind], "idle_rss_kib", 1024) for kind in KINDS), goal="<= 16", met=at_most(16))


def take_away(s3, bucket):
    """Empties a bucket, because the server keeps it in memory. The number and the mean size of its objects."""
    sizes = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        entries = page.get("Contents", [])
        sizes += [entry["Size"] for entry in entries]
        if entries:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": entry["Key"]} for entry in entries], "Quiet": True})
    return len(sizes), sum(sizes) // max(len(sizes), 1)


def destination_run(server, s3, kind, size, batch, number):
    """Figures of one run, and what hashing and sending its files costs a record (ours only)."""
    bucket = f"d-{size}-{batch}-{kind}-{number}"
    s3.create_bucket(Bucket=bucket)
    found = host(server, kind, side="destination", bucket=bucket, count=WRITTEN, batch=batch, size=size)
    files, mean = take_away(s3, bucket)
    if kind != "ours":
        return found, None
    alone = bench("bench_put", files, mean, *settings_of(server, bucket), "format=json") * files / WRITTEN
    take_away(s3, bucket)
    return found, alone


def destination_rows(table, server, s3, rounds):
    for size in SIZES:
        for batch in BATCHES:
            runs, alone = {kind: [] for kind in KINDS}, []
            for number in range(rounds):
                for kind in KINDS:
                    found, s3_work = destination_run(server, s3, kind, size, batch, number)
                    runs[kind].append(found)
                    alone += [] if s3_work is None else [s3_work]
            cpu = [values(runs[kind], "cpu_us_per_record") for kind in KINDS]
            table.row(f"destination {size} B, batch {batch}: CPU us a record, S3 included", *cpu, goal=">= 10 x less", met=ten_times)
            table.row("  the S3 work alone: hashing and sending the same files", alone)
            beside(table, runs["ours"], alone, batch)


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


def plugin_cpu(conduit):
    """Seconds of all threads of the plugin's processes."""
    total = 0
    for pid in conduit.plugins():
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total / 1e9


def run_pipeline(folder, kind, arch, server, connectors, sink, count):
    """Records a second at the sink, and the plugin's CPU microseconds a record; None where they did not all come."""
    environment = {"AWS_ENDPOINT_URL_S3": server.endpoint}
    conduit = Conduit(folder, arch, environment=environment, program=KINDS[kind], log_level="warn")
    conduit.define(pipeline("p", *connectors))
    with conduit:
        found = rate(sink, count)
        cpu = plugin_cpu(conduit) * 1e6 / count
        conduit.kill()
    if found is None:
        print(f"{kind}, {arch}: only {sink.count} of {count} records came\n{conduit.log[-1000:]}", file=sys.stderr)
        return None, None
    return found, cpu


def settings_for(kind, server, bucket, **more):
    if kind == "ours":
        return bucket_settings(server, bucket, **more)
    settings = {"aws.accessKeyId": server.access_key, "aws.secretAccessKey": server.secret_key, "aws.region": server.region, "aws.bucket": bucket}
    return settings | {name.replace("__", "."): str(value) for name, value in more.items()}


BATCHED = {"sdk.batch.size": "1000", "sdk.batch.delay": "1s"}
PLAIN = {"sdk.schema.extract.payload.enabled": "false", "sdk.schema.extract.key.enabled": "false", "format.type": "raw"}


def written(server, s3, kind, arch, count, number):
    """generator -> S3, or the built-in file ("file")."""
    with tempfile.TemporaryDirectory(prefix="bench-conduit-") as folder:
        folder, bucket = pathlib.Path(folder), f"pipe-{number}"
        if kind == "file":
            sink, to = Sink(path=folder / "out"), to_file(folder / "out")
        else:
            s3.create_bucket(Bucket=bucket)
            sink = Sink(s3=s3, bucket=bucket)
            to = destination(settings_for(kind, server, bucket, format="json", sdk__batch__size=1000, sdk__batch__delay="100ms"))
        connectors = (generated(count, **PLAIN, **BATCHED), to)
        found = run_pipeline(folder / "c", "ours" if kind == "file" else kind, arch, server, connectors, sink, count)
        if kind != "file":
            take_away(s3, bucket)
        return found


def read(server, kind, arch):
    """S3 -> the built-in file."""
    count = OBJECTS if kind == "ours" else REFERENCE_OBJECTS
    with tempfile.TemporaryDirectory(prefix="bench-conduit-") as folder:
        folder = pathlib.Path(folder)
        connectors = (source(settings_for(kind, server, "o1024", sdk__batch__size=1000, sdk__batch__delay="100ms")), to_file(folder / "out"))
        return run_pipeline(folder / "c", kind, arch, server, connectors, Sink(path=folder / "out"), count)


def pipeline_rows(table, server, s3, rounds):
    number = 0
    for arch, count, messages in (("v2", 200000, "messages of 1000"), ("v1", 60000, "messages of 1")):
        written_by, read_by = {kind: [] for kind in ("file", *KINDS)}, {kind: [] for kind in KINDS}
        for _ in range(rounds):
            for kind, found in written_by.items():
                number += 1
                found.append(written(server, s3, kind, arch, count, number))
            for kind, found in read_by.items():
                found.append(read(server, kind, arch))
        name = f"in Conduit, {arch} ({messages})"
        reference = table.row(f"{name}, generator -> file: records/s", [r for r, _ in written_by["file"]])
        ours = table.row(f"{name}, generator -> s3: records/s", *([r for r, _ in written_by[kind]] for kind in KINDS), less_is_better=False)
        if arch == "v2":
            share = [100 * ours / reference] if ours and reference else []
            table.row("  of generator -> file, %", share, goal=">= 95", met=lambda value, _: value >= 95)
        table.row("  CPU us a record, S3 included", *([cpu for _, cpu in written_by[kind]] for kind in KINDS), goal=">= 10 x less", met=ten_times)
        table.row(f"{name}, s3 (1 KiB) -> file: records/s", *([r for r, _ in read_by[kind]] for kind in KINDS), less_is_better=False)
        table.row("  CPU us a record, S3 included", *([cpu for _, cpu in read_by[kind]] for kind in KINDS), goal=">= 10 x less", met=ten_times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["start", "source", "destination", "pipelines"])
    options = parser.parse_args()
    synth = [argument for size in SIZES for argument in ("--synth", f"{OBJECTS},{size},o{size}")]
    with S3d(BUILD / "tests" / "support" / "s3d" / "s3d", *synth) as process:
        server = Server("s3d", process.endpoint, process.access_key, process.secret_key)
        table = Table()
        if options.only in (None, "start"):
            start_rows(table, server, server.client(), options.rounds)
        if options.only in (None, "source"):
            source_rows(table, server, options.rounds)
        if options.only in (None, "destination"):
            destination_rows(table, server, server.client(), options.rounds)
        if options.only in (None, "pipelines"):
            pipeline_rows(table, server, server.client(), options.rounds)


main()
