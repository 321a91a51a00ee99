# SPDX-License-Identifier: Apache-2.0
"""Starts s3d, the S3 stand-in, and talks to its administration (tests/support/s3d/README.md)."""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request


# The command line that makes it differ from AWS as Ceph RGW 16.2 does.
CEPH_QUIRKS = (
    "rgw-raw-markers",
    "percent-space",
    "key-marker-inclusive",
    "version-id-marker-alone",
    "gone-marker-skips-key",
    "marks-once",
    "marker-is-404",
    "no-delete-marker-field",
    "invalid-version-id-is-unknown",
    "complete-without-etag",
)
LIKE_CEPH = ("--mpu-time", "completion", "--granularity", "1ms", *(f"--quirk={quirk}" for quirk in CEPH_QUIRKS))


class S3dError(Exception):
    """s3d did not start, or refused a command; the text says why."""


class S3d:
    """One process. Use it as a context manager, or call start and stop.

    `arguments` are those of the command line, for example "--clock", "virtual", "--quirk", "split-runs".
    """

    def __init__(self, program, *arguments):
        self.command = [str(program), *arguments]
        self.access_key = self._argument("--access-key", "AKTEST")
        self.secret_key = self._argument("--secret-key", "sktest")
        self.process = None
        self.endpoint = None

    def _argument(self, name, default):
        return self.command[self.command.index(name) + 1] if name in self.command else default

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()  # comes when the port is open
        if not line.startswith("s3d listening on "):
            raise S3dError(f"{self.command[0]} ended with status {self.process.wait()}")
        self.endpoint = line.split()[-1]
        return self

    def stop(self):
        """Returns the exit status: 0, or what a sanitizer made of it."""
        self.process.terminate()
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, error, *_):
        status = self.stop()
        if status and not error:
            raise S3dError(f"{self.command[0]} ended with status {status}")

    def _admin(self, method, command, **parameters):
        pairs = {name.replace("_", "-"): value for name, value in parameters.items()}
        data = urllib.parse.urlencode(pairs).encode() if pairs else None
        request = urllib.request.Request(f"{self.endpoint}/_s3d/{command}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as refused:
            raise S3dError(f"{command} {pairs}: {refused.read().decode()}") from None

    def add_fault(self, kind, **parameters):
        """Queues a fault; the parameters are op, bucket, key, key_prefix, skip, count (-1: for ever) and those of its kind.

        Returns its number."""
        return self._admin("POST", "fault", kind=kind, **parameters)["id"]

    def faults(self):
        """The queue: id, kind, op, left, skip, hits of each."""
        return self._admin("GET", "faults")

    def reset_faults(self):
        """No faults; latency and quirks as at the start."""
        self._admin("POST", "be-good")

    def reset(self):
        """Drops every bucket, fault and count."""
        self._admin("POST", "reset")

    def set_quirk(self, name, on=True):
        self._admin("POST", "quirk", name=name, on=int(on))

    def set_latency(self, p50, p99=None):
        """Durations in Go's syntax: "30ms". Without p99 every reply waits exactly p50."""
        self._admin("POST", "latency", latency=f"{p50},{p99}" if p99 else p50)

    def clock_ns(self):
        return self._admin("GET", "clock")["now_ns"]

    def set_clock(self, ns):
        return self._admin("POST", "clock", set_ns=ns)["now_ns"]

    def advance(self, duration):
        """Moves the virtual clock, back with a negative duration. Returns the new time in ns."""
        return self._admin("POST", "clock", advance=duration)["now_ns"]

    def stats(self):
        """Requests per operation, total, faults, bytes_in, bytes_out, connections, cpu_user_us, cpu_system_us, max_rss_kib."""
        return self._admin("GET", "stats")

    def reset_stats(self):
        self._admin("DELETE", "stats")
