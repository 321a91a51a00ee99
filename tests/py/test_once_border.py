# SPDX-License-Identifier: Apache-2.0
"""write.once: what `pipe` notes as its position when it is stopped, or fails, in the middle of things; a replay from there repeats nothing."""

import collections
import json
import signal
import subprocess
import time

import pytest
from conftest import put_all
from test_once import all_objects, keys_written

COUNT = 600
NO_TIME = ("--destination.file.max-age", "0", "--destination.file.max-idle", "0")


@pytest.fixture
def pipe(s3, s3c, make_bucket, tmp_path):
    source, target = make_bucket(), make_bucket()
    put_all(s3, source, {f"k{i:05d}": json.dumps({"r": "ab"[i % 2]}).encode() for i in range(COUNT)})
    time.sleep(2.2)
    arguments = ["pipe", "--source.bucket", source, "--destination.bucket", target, "--destination.format", "json", "--snapshot-only"]
    arguments += ["--destination.write.once", "true", "--destination.key.template", "r={payload:r}/{name}", "--source.settle", "1s"]
    arguments += ["--position-file", tmp_path / "position"]

    def start(*options):
        return s3c.popen(*arguments, *options, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    start.source, start.target = source, target
    return start


def assert_each_once(s3, pipe):
    assert keys_written(s3, pipe.target) == collections.Counter(f"k{i:05d}" for i in range(COUNT))


def end(process, status=0):
    errors = process.communicate(timeout=60)[1].decode()
    assert process.returncode == status, errors
    return errors


@pytest.mark.servers("s3d")
def test_a_file_that_fails_among_others(s3, s3d, pipe):
    """Those of another partition behind it are there already: the position must not lie inside of one of them. Those behind it in its own must
    not be written, or they would be parts of the files that the next run makes."""
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op="PutObject", bucket=pipe.target, key_prefix="r=b/", skip=2)
    assert "AccessDenied" in end(pipe("--destination.buffer-size", "20", *NO_TIME), status=1)
    end(pipe("--destination.buffer-size", "33"))
    assert_each_once(s3, pipe)


def kill_when_there_is_a_file(s3, s3d, pipe):
    """Of the one partition one large file is there, of the other nothing is."""
    s3d.add_fault(kind="delay", ms=60000, op="PutObject", bucket=pipe.target, key_prefix="r=b/", count=-1)
    process = pipe("--destination.buffer-size", str(COUNT // 2), *NO_TIME)
    deadline = time.monotonic() + 30
    while not any(key.startswith("r=a/") for key in all_objects(s3, pipe.target)):
        assert time.monotonic() < deadline, "nothing is written"
        time.sleep(0.02)
    process.kill()
    process.communicate()
    s3d.reset_faults()


@pytest.mark.servers("s3d")
@pytest.mark.parametrize("ending", ["stopped", "slow"])
def test_a_replay_that_does_not_come_at_once(s3, s3d, pipe, ending):
    """Stopped, or held up by the source, before the last record of what is there has come again."""
    kill_when_there_is_a_file(s3, s3d, pipe)
    s3d.add_fault(kind="delay", ms=3000, op="GetObject", bucket=pipe.source, skip=COUNT // 3, count=-1 if ending == "stopped" else 300)
    process = pipe("--destination.file.max-age", "0", "--destination.file.max-idle", "50ms")
    if ending == "stopped":
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
    end(process)
    s3d.reset_faults()
    end(pipe())
    assert_each_once(s3, pipe)
