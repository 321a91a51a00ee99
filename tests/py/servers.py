# SPDX-License-Identifier: Apache-2.0
"""The S3 servers that the suites run against: how each is started, reached and stopped.

Ceph, moto and versitygw are started once for a whole run and shared by its pytest workers: the first that asks starts one (under a
file lock), the controlling process stops all of them at the end. The stand-in (s3d) belongs to one worker: its faults and its clock are global.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass, field

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("S3C_BUILD", ROOT / "build" / "release"))
NAMES = ("s3d", "ceph", "moto", "versitygw")


class Unavailable(Exception):
    """This server cannot be had on this machine; the text says why."""


@dataclass
class Server:
    name: str
    endpoint: str
    access_key: str = "AKTEST"
    secret_key: str = "sktest"
    session_token: str = ""
    region: str = "us-east-1"
    pids: list = field(default_factory=list)

    def client(self, **config):
        """A boto3 client; safe to use from several threads."""
        settings = {"addressing_style": "path" if self.endpoint else "auto"}
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint or None,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.session_token or None,
            config=Config(s3=settings, max_pool_connections=32, retries={"max_attempts": 5}, **config),
        )

    def environment(self):
        """What the program needs to reach it, besides the bucket's name."""
        env = {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
        }
        if self.session_token:
            env["AWS_SESSION_TOKEN"] = self.session_token
        if self.endpoint:
            env["AWS_ENDPOINT_URL_S3"] = self.endpoint
        return env


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_http(url, process, seconds=30):
    """Any HTTP answer will do. Fails at once if the process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"it ended with status {process.returncode} before it answered at {url}")
        with contextlib.suppress(OSError):
            try:
                urllib.request.urlopen(url, timeout=2).close()
            except urllib.error.HTTPError:
                pass
            return
        time.sleep(0.05)
    raise Unavailable(f"nothing answers at {url} after {seconds} s")


def _daemon(run_dir, name, command, **kwargs):
    log = open(run_dir / f"{name}.log", "wb")
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **kwargs)


def start_ceph(run_dir):
    for tool in ("radosgw", "ceph-mon", "ceph-osd", "ceph"):
        if not shutil.which(tool):
            raise Unavailable(f"{tool} is not installed (make deps)")
    folder = run_dir / "ceph"
    done = subprocess.run([ROOT / "scripts" / "ceph.sh", "start", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(done.stderr.strip())
    pids = [int(f.read_text()) for f in folder.glob("*.pid")]
    return Server("ceph", done.stdout.strip().splitlines()[-1], pids=pids)


def start_moto(run_dir):
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    process = _daemon(run_dir, "moto", [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)])
    wait_for_http(endpoint, process)
    return Server("moto", endpoint, pids=[process.pid])


def start_versitygw(run_dir):
    binary = ROOT / "build" / "versitygw"
    if not binary.exists():
        raise Unavailable("build/versitygw is not there (scripts/versitygw.sh builds it where Go >= 1.25 is installed)")
    data = run_dir / "versitygw"
    (data / "versions").mkdir(parents=True)
    (data / "buckets").mkdir()
    port = free_port()
    command = [binary, "--access", "AKTEST", "--secret", "sktest", "--port", f"127.0.0.1:{port}", "--quiet"]
    command += ["posix", "--versioning-dir", data / "versions", data / "buckets"]
    process = _daemon(run_dir, "versitygw", command)
    endpoint = f"http://127.0.0.1:{port}"
    wait_for_http(endpoint, process)
    return Server("versitygw", endpoint, pids=[process.pid])


def external(_run_dir):
    """Whatever the AWS_* variables name; its buckets are removed after use."""
    env = os.environ
    if not env.get("AWS_ACCESS_KEY_ID") or not env.get("AWS_SECRET_ACCESS_KEY"):
        raise Unavailable("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
    return Server(
        "external",
        env.get("AWS_ENDPOINT_URL_S3", env.get("AWS_ENDPOINT_URL", "")),
        env["AWS_ACCESS_KEY_ID"],
        env["AWS_SECRET_ACCESS_KEY"],
        env.get("AWS_SESSION_TOKEN", ""),
        env.get("AWS_REGION", env.get("AWS_DEFAULT_REGION", "us-east-1")),
    )


STARTERS = {"ceph": start_ceph, "moto": start_moto, "versitygw": start_versitygw, "external": external}


def once(run_dir, name, make):
    """What make() gives (JSON data), made by the first worker that asks and handed to all."""
    kept = run_dir / f"{name}.json"
    with open(run_dir / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(make()))
        return json.loads(kept.read_text())


def shared(run_dir, name):
    """The server of this name for the whole run, started by whoever asks first. Raises Unavailable, each time alike."""

    def start():
        try:
            return asdict(STARTERS[name](run_dir))
        except Unavailable as why:
            return {"unavailable": str(why)}

    found = once(run_dir, f"server-{name}", start)
    if "unavailable" in found:
        raise Unavailable(found["unavailable"])
    return Server(**found)


def stop_shared(run_dir):
    """Ends every server of the run; their data was scratch, so nothing is saved."""
    for state in run_dir.glob("server-*.json"):
        for pid in json.loads(state.read_text()).get("pids", []):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
