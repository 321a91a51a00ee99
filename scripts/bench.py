#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The speed table: figure, goal, measured; side by side with s5cmd and rclone in the same run.

Server (the S3 stand-in) on one core, program on the other; CPU from the operating system's accounting of each finished
process; every figure is the median of `--rounds` rounds in which the programs take turns; our program runs twice in a round (A/A
control). Peers get fewer objects (`--peer-objects`), their CPU is scaled per object. Needs: the release build, the benchmark programs
(`ninja bench_source ...`), Go for the peers (without it their columns say so)."""
import argparse
import base64
import json
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KIB, MIB = 1024, 1024 * 1024
ENV = {
    "AWS_ACCESS_KEY_ID": "AKTEST",
    "AWS_SECRET_ACCESS_KEY": "sktest",
    "AWS_REGION": "us-east-1",
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
}
SERVER_CPU, CLIENT_CPU = 1, 0
# Each writes the rows of a finished table that is in its memory already: PATH CODEC.
PEER = """
import json, os, sys, time
out = sys.argv[1] + ".peer"
%s
print(json.dumps({"cpu_sec": time.process_time() - before, "bytes": os.path.getsize(out)}))
"""
PARQUET_PEERS = {
    "pyarrow": PEER
    % """
import pyarrow, pyarrow.parquet
pyarrow.set_cpu_count(1)
table = pyarrow.parquet.read_table(sys.argv[1]).combine_chunks()
before = time.process_time()
pyarrow.parquet.write_table(table, out, compression=sys.argv[2])
""",
    "duckdb": PEER
    % """
import duckdb
connection = duckdb.connect(config={"threads": 1})
connection.execute(f"create table t as select * from read_parquet('{sys.argv[1]}')")
level = ", compression_level 1" if sys.argv[2] == "zstd" else ""
before = time.process_time()
connection.execute(f"copy t to '{out}' (format parquet, compression {sys.argv[2]}{level})")
""",
}
# The same from rows as a program has them: dicts.
TYPED_PEERS = {
    "pyarrow from rows": PEER
    % """
import pyarrow, pyarrow.parquet
pyarrow.set_cpu_count(1)
table = pyarrow.parquet.read_table(sys.argv[1])
schema, rows = table.schema, table.to_pylist()
del table
before = time.process_time()
pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), out, compression=sys.argv[2])
""",
    "pyarrow's finished table": PARQUET_PEERS["pyarrow"],
}


class Server:
    """One stand-in with synthesised buckets, pinned to its own core."""

    def __init__(self, build, *args):
        command = [str(build / "tests/support/s3d/s3d"), "--port", "0", *args]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CPU})
        )
        self.url = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()


class Run:
    """A finished process: what it printed and what it cost."""

    def __init__(self, command, env=None, stdout=None, stdin=subprocess.DEVNULL):
        started = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                command,
                env={**ENV, **(env or {})},
                stdin=stdin,
                stdout=stdout if stdout is not None else out,
                stderr=err,
                preexec_fn=lambda: os.sched_setaffinity(0, {CLIENT_CPU}),
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.wall = time.monotonic() - started
            out.seek(0)
            err.seek(0)
            self.out, self.err = out.read().decode(errors="replace"), err.read().decode(errors="replace")
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}\n{self.err[-2000:]}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.user, self.sys = usage.ru_utime, usage.ru_stime
        self.rss_mib = usage.ru_maxrss / 1024


def order_lines(count, partitions):
    """Lines for the destination's standard input, spread over the partitions in turn."""
    chance = random.Random(1)
    for i in range(count):
        payload = {"id": i, "state": chance.choice(["new", "paid", "sent"]), "note": f"{chance.getrandbits(1200):0300x}"}
        record = {
            "position": base64.b64encode(b"lsn-%012d" % i).decode(),
            "operation": "create",
            "metadata": {"opencdc.version": "v1", "customer": f"c{i % partitions:04}"},
            "key": base64.b64encode(b"%d" % i).decode(),
            "payload": {"before": None, "after": base64.b64encode(json.dumps(payload).encode()).decode()},
        }
        yield json.dumps(record).encode() + b"\n"


def json_figures(run):
    return json.loads(run.out.strip().splitlines()[-1])


def median(values):
    return statistics.median(values)


def spread(values):
    return f"{min(values):.3g}..{max(values):.3g}"


class Table:
    def __init__(self):
        self.rows = []

    def add(self, figure, goal, measured, met):
        self.rows.append((figure, goal, measured, {True: "met", False: "MISSED", None: "-"}[met]))
        print(f"  {figure}: {measured} (goal {goal}) {self.rows[-1][3]}", file=sys.stderr, flush=True)

    def show(self):
        heads = ("figure", "goal", "measured", "")
        widths = [max(len(str(r[i])) for r in [heads, *self.rows]) for i in range(4)]
        for row in (heads, tuple("-" * w for w in widths), *self.rows):
            print("| " + " | ".join(str(c).ljust(w) for c, w in zip(row, widths)) + " |")


class Bench:
    def __init__(self, build, rounds, peer_objects, peers):
        self.build, self.rounds, self.peer_objects, self.peers = build, rounds, peer_objects, peers
        self.table = Table()
        self.cli = build / "src/cli/conduit-connector-s3"

    def program(self, name):
        return self.build / "tests/bench" / name

    # ---- commands ----
    def source(self, url, bucket, *more):
        command = [self.cli, "source", "--endpoint", url, "--bucket", bucket, "--snapshot-only", "--no-progress", *more]
        return Run([str(c) for c in command], stdout=subprocess.DEVNULL)

    def engine(self, url, bucket, *more):
        args = [self.program("bench_source"), f"aws.endpoint={url}", f"aws.bucket={bucket}", *more]
        return Run([str(a) for a in args])

    def s5cmd(self, url, *args, **kw):
        return Run([str(self.peers["s5cmd"]), "--endpoint-url", url, "--log", "error", *args], **kw)

    def rclone(self, url, *args):
        env = {
            "RCLONE_CONFIG_X_TYPE": "s3",
            "RCLONE_CONFIG_X_PROVIDER": "Other",
            "RCLONE_CONFIG_X_ENDPOINT": url,
            "RCLONE_CONFIG_X_REGION": "us-east-1",
            "RCLONE_CONFIG_X_ENV_AUTH": "true",
            "RCLONE_CONFIG_X_FORCE_PATH_STYLE": "true",
            "RCLONE_CONFIG": "/dev/null",
        }
        return Run([str(self.peers["rclone"]), *args], env=env)

    def copy_with(self, peer, url, bucket, transfers=64):
        folder = tempfile.mkdtemp(dir="/dev/shm")
        try:
            if peer == "s5cmd":
                return self.s5cmd(url, "cp", f"s3://{bucket}/*", folder + "/")
            return self.rclone(url, "copy", "--transfers", str(transfers), "--checkers", "16", f"x:{bucket}", folder)
        finally:
            shutil.rmtree(folder)

    # ---- figures ----
    def snapshot(self, objects):
        ours, control, rss = [], [], []
        peers = {name: [] for name in self.peers}
        few = self.peer_objects
        with Server(self.build, "--no-auth", "--synth", f"{objects},1024,many", "--synth", f"{few},1024,few") as s:
            self.source(s.url, "few")
            for _ in range(self.rounds):
                first, second = self.source(s.url, "many"), self.source(s.url, "many")
                ours.append(first.cpu / objects * 1e6)
                control.append(second.cpu / objects * 1e6)
                rss += [first.rss_mib, second.rss_mib]
                for name in self.peers:
                    peers[name].append(self.copy_with(name, s.url, "few").cpu / few * 1e6)
        us = median(ours)
        aa = median([a / b for a, b in zip(ours, control)])
        self.table.add(
            f"snapshot {objects:,} x 1 KiB, no latency: CPU us/object",
            "<= 45 where s5cmd needs 360",
            f"{us:.1f} ({spread(ours)}; A/A {aa:.2f})",
            None if "s5cmd" not in peers else us / median(peers["s5cmd"]) <= 45 / 360,
        )
        for name, figures in peers.items():
            ratios = [o / p for o, p in zip(ours, figures)]
            self.table.add(
                f"  of {name}'s {median(figures):.0f} us/object",
                "<= 1/8",
                f"1/{1 / median(ratios):.1f} ({few:,} objects)",
                median(ratios) <= 1 / 8,
            )
        self.table.add("  peak RSS MiB", "<= 32 + index", f"{max(rss):.1f}", max(rss) <= 32 + objects * 40 / MIB)

    def latency(self, objects):
        rates, rss = [], []
        with Server(self.build, "--no-auth", "--synth", f"{objects},1024,many", "--latency", "30ms") as s:
            for _ in range(self.rounds):
                run = self.engine(s.url, "many")
                f = json_figures(run)
                rates.append(f["units"] / f["wall_sec"])
                rss.append(run.rss_mib)
        bound = 256 / 0.030
        rate = median(rates)
        self.table.add(
            "the same at 30 ms a request: objects/s in key order", ">= 5,000", f"{rate:,.0f} ({spread(rates)})", rate >= 5000
        )
        self.table.add("  of in-flight / latency (256 / 30 ms)", ">= 90 %", f"{rate / bound * 100:.1f} %", rate >= 0.9 * bound)
        self.table.add("  peak RSS MiB", "<= 32 + index", f"{max(rss):.1f}", max(rss) <= 32 + objects * 40 / MIB)

    def listing(self, keys, peer_keys):
        kinds = {"objects": [], "versions": []}
        peers = {name: [] for name in self.peers}
        with Server(self.build, "--no-auth", "--synth", f"{keys},1,many", "--synth", f"{peer_keys},1,few") as s:
            for _ in range(self.rounds):
                for kind, figures in kinds.items():
                    run = Run([str(self.program("bench_list")), kind, f"aws.endpoint={s.url}", "aws.bucket=many"])
                    figures.append(json_figures(run)["cpu_sec"] / keys * 1e6)
                if "rclone" in peers:
                    peers["rclone"].append(self.rclone(s.url, "lsf", "-R", "--fast-list", "x:few").cpu / peer_keys * 1e6)
                if "s5cmd" in peers:
                    peers["s5cmd"].append(self.s5cmd(s.url, "ls", "s3://few/*").cpu / peer_keys * 1e6)
        beside = ", ".join(f"{n} {median(f):.1f}" for n, f in peers.items())
        for kind, figures in kinds.items():
            us = median(figures)
            self.table.add(
                f"listing {keys:,} keys ({kind}): CPU us/key", "<= 0.4", f"{us:.2f} ({spread(figures)}); {beside}", us <= 0.4
            )

    def large(self, count, size):
        ours, copy, cat = [], [], []
        total = count * size
        with Server(self.build, "--no-auth", "--synth", f"{count},{size},big") as s:
            for _ in range(self.rounds):
                f = json_figures(self.engine(s.url, "big"))
                ours.append(f["bytes"] / f["cpu_sec"] / 1e9)
                if "s5cmd" in self.peers:
                    copy.append(total / self.copy_with("s5cmd", s.url, "big").cpu / 1e9)
                    with open(os.devnull, "wb") as null:
                        cat.append(total / self.s5cmd(s.url, "cat", "s3://big/*", stdout=null).cpu / 1e9)
        rate = median(ours)
        self.table.add(
            f"{count} objects of {size // MIB} MiB, engine with a counting sink: GB per CPU-second",
            ">= 2",
            f"{rate:.2f} ({spread(ours)})",
            rate >= 2,
        )
        for what, figures, goal in (("cp into memory files", copy, 2), ("cat, spliced into /dev/null unseen", cat, None)):
            if figures:
                ratio = median([a / b for a, b in zip(ours, figures)])
                self.table.add(
                    f"  of s5cmd {what}: {median(figures):.2f}",
                    f">= {goal} x" if goal else "-",
                    f"{ratio:.1f} x",
                    ratio >= goal if goal else None,
                )

    def json(self):
        for payload, goal, total in ((75, 2_000_000, 4_000_000), (1024, 450_000, 1_000_000)):
            for entries in (4, 11):
                rates = []
                for _ in range(self.rounds):
                    run = Run([str(self.program("bench_json")), str(total), str(payload), str(entries)])
                    f = json_figures(run)
                    rates.append(f["units"] / f["cpu_sec"])
                rate = median(rates)
                self.table.add(
                    f"JSON, {payload} B payloads, {entries} metadata entries, null sink: records/s and core",
                    f">= {goal:,}" if entries == 4 else "-",
                    f"{rate:,.0f} ({spread(rates)})",
                    rate >= goal if entries == 4 else None,
                )
            self.json_puts(payload, total // 4)

    def json_puts(self, payload, total):
        rates = []
        for _ in range(self.rounds):  # a server each: it keeps what is written
            with Server(self.build, "--no-auth", "--synth", "1,1,out") as s:
                args = ["bench_dest", total, payload, 4, f"aws.endpoint={s.url}", "aws.bucket=out", "format=json"]
                f = json_figures(Run([str(self.program(args[0])), *map(str, args[1:])]))
                rates.append(f["units"] / f["cpu_sec"])
        self.table.add(
            f"  the same with the PUTs beside it ({payload} B)", "-", f"{median(rates):,.0f} ({spread(rates)}) a CPU-second", None
        )

    def json_compressed(self):
        for codec, goal in (("gzip", 200), ("zstd", None)):
            rates, packed = [], 0
            for _ in range(self.rounds):
                f = json_figures(Run([str(self.program("bench_json")), "1000000", "orders", "0", codec, "20000"]))
                rates.append(f["text"] / f["cpu_sec"] / 1e6)
                packed = f["bytes"] / f["text"]
            self.table.add(
                f"JSON + {codec}, orders of 480 B a line, encoding included: MB/s of JSON and core",
                f">= {goal}" if goal else "-",
                f"{median(rates):.0f} ({spread(rates)}); files of {packed * 100:.0f} %",
                median(rates) >= goal if goal else None,
            )

    def parquet(self, records):
        """The same records: ours as they arrive, the peers' from a table that is already in their memory."""
        python = ROOT / "build/venv/bin/python"
        peers = PARQUET_PEERS if python.exists() else {}
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = Path(folder) / "records.parquet"
            own = [str(self.program("bench_parquet")), str(records)]
            Run([*own, "none", str(path)])
            for codec in ("zstd", "snappy"):
                runs = {name: [] for name in ("ours", *peers)}
                for _ in range(self.rounds):
                    runs["ours"].append(Run([*own, codec, str(path) + ".ours"]))
                    for name, script in peers.items():
                        runs[name].append(Run([str(python), "-c", script, str(path), codec]))
                self.parquet_rows(f"Parquet, {records:,} records, {codec}", runs)

    def parquet_rows(self, what, runs):
        cpu = {name: [json_figures(run)["cpu_sec"] for run in found] for name, found in runs.items()}
        size = {name: json_figures(found[0])["bytes"] / MIB for name, found in runs.items()}
        rss = {name: max(run.rss_mib for run in found) for name, found in runs.items()}
        if len(runs) == 1:
            self.table.add(f"{what}: CPU seconds", "<= 0.7 x pyarrow", f"{median(cpu['ours']):.2f} (no pyarrow here)", None)
            return
        ratio = median([a / b for a, b in zip(cpu["ours"], cpu["pyarrow"])])
        beside = ", ".join(f"{name} {median(found):.2f}" for name, found in cpu.items() if name != "ours")
        self.table.add(
            f"{what}: CPU seconds", "<= 0.7 x pyarrow", f"{median(cpu['ours']):.2f} ({beside}): {ratio:.2f} x", ratio <= 0.7
        )
        for title, found, goal in (("file, MiB", size, 1.02), ("peak RSS, MiB", rss, 0.25)):
            ours = found.pop("ours")
            ratio = ours / min(found.values())
            beside = ", ".join(f"{name} {value:.1f}" for name, value in found.items())
            self.table.add(f"  {title}", f"<= {goal} x the smallest", f"{ours:.1f} ({beside}): {ratio:.3f} x", ratio <= goal)

    def typed(self, records):
        """Payloads of 20 fields: ours from Avro data and from JSON texts as they arrive, pyarrow from dicts and from a table that is in its memory already."""
        python = ROOT / "build/venv/bin/python"
        peers = TYPED_PEERS if python.exists() else {}
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = Path(folder) / "typed.parquet"
            own = [str(self.program("bench_typed")), str(records)]
            Run([*own, "none", "avro", str(path)])
            for codec in ("zstd", "snappy"):
                found = {name: [] for name in ("Avro", "JSON", *peers)}
                for _ in range(self.rounds):
                    for form in ("Avro", "JSON"):
                        found[form].append(json_figures(Run([*own, codec, form.lower(), str(path) + ".ours"]))["cpu_sec"])
                    for name, script in peers.items():
                        found[name].append(json_figures(Run([str(python), "-c", script, str(path), codec]))["cpu_sec"])
                self.typed_row(f"Parquet, {records:,} records of 20 typed fields, {codec}", found)

    def typed_row(self, what, found):
        cpu = {name: median(seconds) for name, seconds in found.items()}
        ratio = {name: median([a / b for a, b in zip(found["Avro"], seconds)]) for name, seconds in found.items() if name in TYPED_PEERS}
        beside = ", ".join(f"{name} {cpu[name]:.2f}: {r:.2f} x" for name, r in ratio.items()) or "no pyarrow here"
        ok = ratio["pyarrow from rows"] <= 0.7 if ratio else None
        self.table.add(f"{what}: CPU seconds", "<= 0.7 x pyarrow from rows", f"{cpu['Avro']:.2f} from Avro, {cpu['JSON']:.2f} from JSON ({beside})", ok)

    def partitions(self, count):
        """Records for so many partitions in turn, none of which is ever full: only the memory limit closes files."""
        limit, each = 64, 200
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = Path(folder) / "lines"
            with open(path, "wb") as file:
                file.writelines(order_lines(count * each, count))
            for name in ("json", "json gzip", "json zstd", "parquet zstd"):
                self.partitions_row(name, path, count, limit)

    def partitions_row(self, name, path, count, limit):
        format, compression = [*name.split(), "none"][:2]
        with Server(self.build, "--no-auth", "--synth", "1,1,out") as s, open(path, "rb") as lines:
            command = [self.cli, "destination", "--endpoint", s.url, "--bucket", "out", "--format", format]
            command += ["--compression", compression, "--key.template", "{metadata:customer}/{name}", "--memory.limit", f"{limit}MiB"]
            command += ["--buffer-size", "100000", "--file.max-age", "0", "--file.max-idle", "0"]
            run = Run([str(c) for c in command], stdin=lines)
        peak = float(re.search(r"([\d.]+) MiB peak memory", run.err).group(1))
        closed = re.search(r"closed by ([^)]*)", run.err).group(1)
        self.table.add(
            f"{count:,} partitions open, {name}: peak RSS MiB", f"<= {limit} (memory.limit)", f"{peak:.1f} (closed by {closed})", peak <= limit
        )

    def memory(self, objects):
        with Server(self.build, "--no-auth", "--synth", f"{objects},64,many") as s:
            run = self.engine(s.url, "many")
        index = int(run.err.split("index_bytes=")[1].split()[0]) / MIB
        self.table.add(
            f"peak RSS MiB with {objects:,} objects",
            f"<= 32 + index ({index:.1f})",
            f"{run.rss_mib:.1f}",
            run.rss_mib <= 32 + index,
        )

    def first_record(self):
        times = []
        with Server(self.build, "--synth", "1000,1024,few") as s:
            for _ in range(self.rounds * 2 + 1):
                command = [str(self.cli), "source", "--endpoint", s.url, "--bucket", "few", "--no-progress", "--limit", "1"]
                started = time.monotonic()
                process = subprocess.Popen(command, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                process.stdout.readline()
                times.append((time.monotonic() - started) * 1e3)
                process.stdout.read()
                process.wait()
        ms = median(times[1:])
        self.table.add("start to first record, local server: ms", "<= 20", f"{ms:.1f} ({spread(times[1:])})", ms <= 20)


def build_peers(folder):
    """s5cmd and rclone through the Go module proxy; {} where there is no Go."""
    peers = {}
    packages = {"s5cmd": "github.com/peak/s5cmd/v2", "rclone": "github.com/rclone/rclone"}
    if not shutil.which("go"):
        print("SKIPPED: the peers s5cmd and rclone (no Go here)", file=sys.stderr)
        return peers
    for name, package in packages.items():
        binary = folder / name
        if not binary.exists():
            print(f"building {name} ...", file=sys.stderr)
            env = {**os.environ, "GOSUMDB": "off", "GOFLAGS": "-mod=readonly"}
            subprocess.run(["go", "build", "-o", str(binary), package], cwd=ROOT / "tests/peers" / name, env=env, check=True)
        peers[name] = binary
    return peers


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--peer-objects", type=int, default=20_000)
    parser.add_argument("--only", help="comma list of: snapshot latency listing large json json-compressed parquet typed partitions memory first")
    parser.add_argument("--no-peers", action="store_true")
    a = parser.parse_args()
    a.build = a.build.resolve()
    folder = a.build / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(a.build, a.rounds, a.peer_objects, {} if a.no_peers else build_peers(folder))
    figures = {
        "first": bench.first_record,
        "snapshot": lambda: bench.snapshot(a.objects),
        "latency": lambda: bench.latency(a.objects),
        "listing": lambda: bench.listing(1_000_000, 100_000),
        "large": lambda: bench.large(64, 16 * MIB),
        "json": bench.json,
        "json-compressed": bench.json_compressed,
        "parquet": lambda: bench.parquet(1_000_000),
        "typed": lambda: bench.typed(200_000),
        "partitions": lambda: bench.partitions(1000),
        "memory": lambda: bench.memory(1_000_000),
    }
    wanted = a.only.split(",") if a.only else figures
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    print(f"{cpu}, {os.cpu_count()} CPUs, {a.rounds} rounds, medians (min..max)", file=sys.stderr)
    for name in wanted:
        figures[name]()
    bench.table.show()


if __name__ == "__main__":
    main()
