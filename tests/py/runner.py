# SPDX-License-Identifier: Apache-2.0
"""Runs the program: to its end, or as a stream of records that is read while a test goes on changing the bucket."""

import os
import pathlib
import queue
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

from records import Record, parse_lines
from servers import ROOT

PROGRAM = pathlib.Path(os.environ.get("S3C_PROGRAM", ROOT / "build" / "conduit-connector-s3"))
QUICK = ["--settle", "1s", "--polling-period", "100ms"]


def clean_environment(extra):
    """Nothing of the caller's AWS settings or proxies may reach the program."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(extra)
    return env


@dataclass
class Result:
    returncode: int
    stdout: bytes
    stderr: str

    @property
    def records(self):
        return parse_lines(self.stdout)

    @property
    def last_line(self):
        """The last line of standard error: what failed, on what, why, and what to do."""
        lines = self.stderr.strip().splitlines()
        return lines[-1] if lines else ""

    def ok(self):
        assert self.returncode == 0, f"exit status {self.returncode}\n{self.stderr}"
        return self


class Program:
    """The program with one environment. `lag`: seconds by which the server's Date may be behind its own LastModified."""

    def __init__(self, environment=None, lag=0):
        self.environment = dict(environment or {})
        self.lag = lag

    def with_env(self, **more):
        return Program({**self.environment, **more}, self.lag)

    def command(self, *args):
        return [str(PROGRAM), *(str(a) for a in args)]

    def popen(self, *args, **kwargs):
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(self.command(*args), env=clean_environment(self.environment), **kwargs)

    def run(self, *args, stdin=b"", timeout=60):
        process = self.popen(*args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, errors = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
            raise AssertionError(
                f"{args} did not end within {timeout} s; {len(out)} B written; standard error:\n{errors.decode(errors='replace')[-2000:]}"
            ) from None
        return Result(process.returncode, out, errors.decode(errors="replace"))

    def source(self, bucket, *args, **kwargs):
        return self.run("source", "--bucket", bucket, *QUICK, *args, **kwargs)

    def snapshot(self, bucket, *args, **kwargs):
        """The records of a whole `--snapshot-only` run: everything that is in the bucket now."""
        time.sleep(self.lag)
        return self.source(bucket, "--snapshot-only", *args, **kwargs).ok().records

    def destination(self, bucket, lines, *args, **kwargs):
        return self.run("destination", "--bucket", bucket, "--format", "json", *args, stdin=lines, **kwargs)

    def stream(self, bucket, *args):
        return Stream(self.popen("source", "--bucket", bucket, *QUICK, *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE))


class Stream:
    """A running source. Use as a context manager: what is still running at its end is killed."""

    def __init__(self, process):
        self.process = process
        self.records = []
        self.errors = []
        self._queue = queue.Queue()
        self._threads = [
            threading.Thread(target=self._read_records, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_records(self):
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                self._queue.put(Record.parse(line))
        self._queue.put(None)

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line.decode(errors="replace"))

    def next(self, timeout=30):
        """The next record; fails when none comes in time or the program ends."""
        try:
            record = self._queue.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no record within {timeout} s after {self.records[-3:]}\n{self.stderr}") from None
        if record is None:
            self._queue.put(None)
            raise AssertionError(f"the program ended, status {self.process.wait()}\n{self.stderr}")
        self.records.append(record)
        return record

    def take(self, count, timeout=30):
        return [self.next(timeout) for _ in range(count)]

    def until(self, wanted, timeout=30):
        """All records up to and including the first that `wanted` accepts."""
        deadline = time.monotonic() + timeout
        found = []
        while True:
            found.append(self.next(max(0.01, deadline - time.monotonic())))
            if wanted(found[-1]):
                return found

    def until_key(self, key, timeout=30):
        return self.until(lambda r: r.key == key, timeout)

    def drain(self):
        """What was printed after the program was told to end."""
        rest = []
        while True:
            record = self._queue.get(timeout=30)
            if record is None:
                self._queue.put(None)
                self.records += rest
                return rest
            rest.append(record)

    @property
    def stderr(self):
        return "".join(self.errors)

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGINT, timeout=20):
        """Ends it cleanly; returns the records that still came."""
        self.send(number)
        status = self.process.wait(timeout)
        for thread in self._threads:
            thread.join(10)
        assert status == 0, f"exit status {status} after signal {number}\n{self.stderr}"
        return self.drain()

    def kill(self):
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()
