# SPDX-License-Identifier: Apache-2.0
"""Runs a real Conduit with the plugin in its connectors folder: pipelines as files, states over its HTTP API."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

from runner import PROGRAM, clean_environment
from servers import ROOT, free_port, wait_for_http

CONDUIT = pathlib.Path(os.environ.get("S3C_CONDUIT", ROOT / "build" / "conduit" / "conduit"))


def source(settings, plugin="standalone:s3"):
    return {"id": "in", "type": "source", "plugin": plugin, "settings": settings}


def destination(settings, plugin="standalone:s3"):
    return {"id": "out", "type": "destination", "plugin": plugin, "settings": settings}


def bucket_settings(server, bucket, **more):
    """The options of an S3 bucket; keyword `sdk__batch__size` means sdk.batch.size, `file__max_age` file.max-age."""
    settings = {
        "aws.access-key-id": server.access_key,
        "aws.secret-access-key": server.secret_key,
        "aws.region": server.region,
        "aws.bucket": bucket,
        "aws.endpoint": server.endpoint,
    }
    settings.update({name.replace("__", ".").replace("_", "-"): str(value) for name, value in more.items()})
    return settings


def generated(count, **more):
    """The built-in generator: structured records, so that they come with an Avro schema."""
    settings = {"recordCount": str(count), "operations": "create", "format.type": "structured"}
    settings |= {"format.options.id": "int", "format.options.name": "string"}
    return source(settings | more, "builtin:generator")


def to_file(path):
    return destination({"path": str(path)}, "builtin:file")


def pipeline(name, *connectors):
    return {"id": name, "status": "running", "connectors": list(connectors)}


class Conduit:
    """One Conduit with a database of its own; start, kill and start again."""

    def __init__(self, folder, arch="v1", arguments=(), environment=None, program=PROGRAM, log_level="debug"):
        self.folder = pathlib.Path(folder)
        self.arguments = [*arguments, *(["--preview.pipeline-arch-v2"] if arch == "v2" else [])]
        self.environment = environment or {}
        self.log_level = log_level
        self.process = None
        self.api = None
        for name in ("connectors", "pipelines", "processors", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # A copy, so that the processes of this Conduit can be told from all others by their executable.
        self.plugin = self.folder / "connectors" / "conduit-connector-s3"
        shutil.copy(program, self.plugin)

    def define(self, *pipelines):
        """The pipelines of the next start; JSON is YAML."""
        for old in (self.folder / "pipelines").glob("*.yml"):
            old.unlink()
        for one in pipelines:
            text = json.dumps({"version": "2.2", "pipelines": [one]})
            (self.folder / "pipelines" / f"{one['id']}.yml").write_text(text)

    def start(self):
        port = free_port()
        self.api = f"http://127.0.0.1:{port}"
        command = [CONDUIT, "run", "--api.http.address", f"127.0.0.1:{port}", "--api.grpc.address", "127.0.0.1:0"]
        for option, name in (("connectors", "connectors"), ("pipelines", "pipelines"), ("processors", "processors")):
            command += [f"--{option}.path", self.folder / name]
        command += ["--db.type", "sqlite", "--db.sqlite.path", self.folder / "conduit.db", "--log.format", "json"]
        command += ["--log.level", self.log_level, "--pipelines.error-recovery.min-delay", "100ms", *self.arguments]
        environment = clean_environment({"TMPDIR": str(self.folder / "tmp"), **self.environment})
        with open(self.folder / "conduit.log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self.folder, start_new_session=True
            )
        wait_for_http(f"{self.api}/healthz", self.process)
        return self

    @property
    def log(self):
        return (self.folder / "conduit.log").read_text(errors="replace")

    def log_entries(self):
        for line in self.log.splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                yield json.loads(line)

    def call(self, method, path, body=None):
        """(status, JSON) of the HTTP API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}/v1/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}")

    def state(self, name):
        """("STATUS_RUNNING", error text)"""
        state = self.call("GET", f"pipelines/{name}")[1].get("state", {})
        return state.get("status"), state.get("error", "")

    def wait_for_state(self, name, wanted, seconds=60):
        self.wait_until(lambda: self.state(name)[0] == wanted, f"{name} in {wanted}, it is {self.state(name)}", seconds)

    def wait_until(self, condition, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"Conduit ended with status {self.process.returncode}\n{self.log[-3000:]}"
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{self.log[-3000:]}"
            time.sleep(0.1)

    def stop_pipeline(self, name, force=False):
        return self.call("POST", f"pipelines/{name}/stop", {"force": force})

    def plugins(self):
        """The processes of the plugin that this Conduit has started."""
        pids = []
        for entry in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and os.readlink(entry / "exe") == str(self.plugin):
                    pids.append(int(entry.name))
        return sorted(pids)

    def wait_for_no_plugins(self, seconds=20):
        deadline = time.monotonic() + seconds
        while self.plugins():
            assert time.monotonic() < deadline, f"plugins still run: {self.plugins()}"
            time.sleep(0.1)
        assert not list((self.folder / "tmp").iterdir()), "sockets were left behind"

    def stop(self, timeout=60):
        """As Ctrl-C on a terminal does it: the signal reaches Conduit and its plugins."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        for pid in self.plugins():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
