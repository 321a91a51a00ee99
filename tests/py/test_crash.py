# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at any moment, again and again, while a writer works: nothing is lost, and order per key is kept."""

import json
import os
import random
import resource
import signal
import subprocess
import threading
import time

import pytest
from conftest import put_all
from records import POSITION, parse_lines
from runner import QUICK

SECONDS = 8
QUIET_SECONDS = 40
SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "120"))


class Writer(threading.Thread):
    """Puts and deletes on few keys of a versioned bucket until told to stop; remembers every version it made, in order."""

    def __init__(self, s3, bucket):
        super().__init__(daemon=True)
        self.s3, self.bucket = s3, bucket
        self.made = {}
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        chance = random.Random(7)
        number = 0
        try:
            while not self.stopping.is_set():
                key = f"key {chance.randrange(12)}"
                if chance.random() < 0.2:
                    version = self.s3.delete_object(Bucket=self.bucket, Key=key).get("VersionId")
                else:
                    number += 1
                    version = self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"body %d" % number)["VersionId"]
                if version:  # Ceph makes no marker where one is already
                    self.made.setdefault(key, []).append(version)
                time.sleep(chance.random() * 0.03)
        except Exception as failure:  # handed to the test, which is another thread
            self.failure = failure

    def finish(self):
        self.stopping.set()
        self.join(30)
        assert self.failure is None, self.failure
        assert sum(map(len, self.made.values())) > 50


class Written:
    """The destination's JSON lines in the order of the objects' names, which is the order of their making; each object is read once."""

    def __init__(self, s3, bucket):
        self.s3, self.bucket = s3, bucket
        self.objects = {}

    def read(self):
        """The lines that are new."""
        fresh = []
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for name in (entry["Key"] for entry in page.get("Contents", [])):
                if name not in self.objects:
                    body = self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
                    self.objects[name] = [json.loads(line) for line in body.splitlines()]
                    fresh += self.objects[name]
        return fresh

    def lines(self):
        return [line for name in sorted(self.objects) for line in self.objects[name]]

    def wait_for(self, key, process):
        """Until a record of that key is there. After a long run much is left to write, so only standing still is a failure."""
        deadline = time.monotonic() + QUIET_SECONDS
        fresh = self.read()
        while not any(line["Key"] == key for line in fresh):
            assert time.monotonic() < deadline, f"{key} never arrives"
            assert process.poll() is None, "it ended by itself"
            time.sleep(0.3)
            fresh = self.read()
            if fresh:
                deadline = time.monotonic() + QUIET_SECONDS


def versions_after(s3, bucket, second):
    """Every version and marker that is later than this second, as S3 lists them."""
    found = set()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
            if int(entry["LastModified"].timestamp()) > second:
                found.add(entry["VersionId"])
    return found


def assert_all_versions(s3, bucket, made, arrived):
    """`arrived`: (operation, key, version, second of the position), in order. What is later than the last snapshot's date arrived at
    least once; first arrivals of a key are in the order of their making."""
    w0 = max(second for operation, _, _, second in arrived if operation == "snapshot")
    wanted = versions_after(s3, bucket, w0)
    assert len(wanted) > 50
    for key, versions in made.items():
        first_seen = list(dict.fromkeys(version for _, k, version, _ in arrived if k == key))
        missing = [v for v in versions if v in wanted and v not in first_seen]
        assert not missing, f"{len(missing)} of {len(versions)} versions of {key} are lost: {missing[:5]}"
        assert [v for v in first_seen if v in versions] == [v for v in versions if v in first_seen]


def fill(s3, bucket):
    """Something for the snapshot: it is cut short as well."""
    put_all(s3, bucket, {f"old {i:03d}": b"x" for i in range(150)})
    time.sleep(2.2)


def run_of_pipes(s3, s3c, source, target, file, seconds):
    """Kills a pipe after a random while, starts it again, for `seconds` under the writer; then lets it come to its end."""
    command = ["pipe", "--source.bucket", source, "--destination.bucket", target, "--destination.format", "json"]
    command += ["--position-file", file, "--destination.buffer-size", "10", "--destination.file.max-idle", "200ms"]
    command += [f"--source.{word[2:]}" if word.startswith("--") else word for word in QUICK]
    writer = Writer(s3, source)
    writer.start()
    deadline = time.monotonic() + seconds
    kills = 0
    chance = random.Random(11)
    while time.monotonic() < deadline:
        process = s3c.popen(*command, stderr=open(os.devnull, "wb"))
        time.sleep(0.2 + chance.random() * 1.2)
        assert process.poll() is None, "it ended by itself"
        process.kill()
        process.wait()
        kills += 1
    writer.finish()
    return writer, command, kills


def kill_and_resume(s3, s3c, make_bucket, tmp_path, seconds):
    source, target = make_bucket("Enabled"), make_bucket()
    fill(s3, source)
    writer, command, kills = run_of_pipes(s3, s3c, source, target, tmp_path / "position", seconds)
    assert kills >= 3
    s3.put_object(Bucket=source, Key="~end", Body=b"")
    process = s3c.popen(*command)
    written = Written(s3, target)
    written.wait_for("~end", process)
    process.terminate()
    assert process.wait(20) == 0
    written.read()
    arrived = []
    for line in written.lines():
        second = int(POSITION.match(line["Position"].encode()).group(3))
        arrived.append((line["Operation"], line["Key"], line["Metadata"].get("s3.versionId"), second))
    assert {f"old {i:03d}" for i in range(150)} <= {key for _, key, _, _ in arrived}
    assert_all_versions(s3, source, writer.made, arrived)


@pytest.mark.servers("s3d", "ceph")
def test_killed_pipe_loses_nothing(s3, s3c, make_bucket, tmp_path):
    kill_and_resume(s3, s3c, make_bucket, tmp_path, SECONDS)


@pytest.mark.soak
@pytest.mark.timeout(4 * SOAK_SECONDS + 300)
@pytest.mark.servers("s3d", "ceph")
def test_killed_pipe_for_minutes(s3, s3c, make_bucket, tmp_path):
    kill_and_resume(s3, s3c, make_bucket, tmp_path, SOAK_SECONDS)


@pytest.mark.servers("s3d", "ceph")
def test_killed_source_loses_nothing(s3, s3c, make_bucket, tmp_path):
    """Records appended to a file, positions in another: the position is never ahead of what was written."""
    bucket = make_bucket("Enabled")
    fill(s3, bucket)
    output, file = tmp_path / "records", tmp_path / "position"
    command = ["source", "--bucket", bucket, *QUICK, "--position-file", file]
    writer = Writer(s3, bucket)
    writer.start()
    chance = random.Random(3)
    deadline = time.monotonic() + SECONDS
    seen = []

    def run(seconds):
        with open(output, "wb") as out:
            process = s3c.popen(*command, stdout=out, stderr=open(os.devnull, "wb"))
            time.sleep(seconds)
            assert process.poll() is None
            process.kill()
            process.wait()
        return parse_lines(output.read_bytes())

    while time.monotonic() < deadline:
        seen += run(0.2 + chance.random())
    writer.finish()
    while not seen or seen[-1].key != b"~end":
        if not any(r.key == b"~end" for r in seen):
            s3.put_object(Bucket=bucket, Key="~end", Body=b"")
        seen += run(4)
    assert_all_versions(s3, bucket, writer.made, [(r.operation, r.name, r.version, r.second) for r in seen])


@pytest.mark.servers("s3d")
@pytest.mark.parametrize("command", ["source", "pipe"])
def test_a_full_disk_for_the_position_file(s3, s3c, make_bucket, tmp_path, command):
    """No byte can be written to files: one clear line, status 1, the old position untouched."""
    bucket, target = make_bucket(), make_bucket()
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    file = tmp_path / "position"
    file.write_bytes(b"a_c5\n")
    arguments = {
        "source": ["source", "--bucket", bucket, *QUICK],
        "pipe": ["pipe", "--source.bucket", bucket, "--destination.bucket", target, "--format", "json"],
    }[command]

    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then the write fails with EFBIG, as it does with ENOSPC
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    process = s3c.popen(
        *arguments, "--position-file", file, "--limit", "1", stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=no_room
    )
    _, errors = process.communicate(timeout=30)
    last = errors.decode().strip().splitlines()[-1]
    assert process.returncode == 1, errors
    assert str(file) in last and "nothing is lost" in last
    assert file.read_bytes() == b"a_c5\n"
