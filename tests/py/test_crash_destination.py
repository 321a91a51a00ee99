# SPDX-License-Identifier: Apache-2.0
"""SIGKILL of a destination at any moment while records stream in: whatever it acknowledged is in S3."""

import base64
import contextlib
import os
import random
import subprocess
import threading
import time

import pytest
from test_sizes import FORMATS, Reader, files

COUNT = 200_000
SOAK_COUNT = 1_000_000
KILLS = 12
KINDS = {**FORMATS, "50 partitions": ["--format", "json", "--key.template", "p={metadata:p}/{name}"]}


def line_of(number):
    position = base64.b64encode(b"%012d" % number)
    return b'{"position":"%s","operation":"create","metadata":{"p":"%d"},"key":"aw==","payload":{"before":null,"after":"%s"}}\n' % (
        position,
        number % 50,
        position,
    )


def send(pipe, start, count):
    """All records from `start` on, unless the other side is killed before."""
    try:
        for first in range(start, count, 500):
            pipe.write(b"".join(map(line_of, range(first, min(first + 500, count)))))
    except BrokenPipeError:
        pass
    with contextlib.suppress(BrokenPipeError):  # of what it still holds
        pipe.close()


def run(s3c, bucket, arguments, start, count, until):
    """Sends the records from `start` on; kills the program once until(its output) says so. Returns the acknowledgements and how it ended."""
    command = ["destination", "--bucket", bucket, "--acks", *arguments]
    with s3c.popen(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(os.devnull, "wb")) as process:
        out = Reader(process.stdout)
        sender = threading.Thread(target=send, args=(process.stdin, start, count), daemon=True)
        sender.start()
        while process.poll() is None and not until(out.data):
            time.sleep(0.001)
        process.kill()
        status = process.wait()
        sender.join(30)
        out.join(30)
    return out.acks(), status


def moment(chance):
    """Early ones, before anything was acknowledged, and ones in the middle of the work."""
    if chance.random() < 0.3:
        deadline = time.monotonic() + chance.random() * 0.08
        return lambda _: time.monotonic() > deadline
    size = chance.randrange(20_000 * 17)
    return lambda data: len(data) > size


def kill_and_resume(s3, s3c, bucket, kind, count):
    arguments = [*KINDS[kind], "--buffer-size", "700", "--file.max-idle", "50ms"]
    chance = random.Random(count)
    done, kills = 0, 0
    while done < count:
        until = moment(chance) if kills < KILLS else lambda _: False
        acks, status = run(s3c, bucket, arguments, done, count, until)
        assert acks == [b"%012d" % i for i in range(done, done + len(acks))], "in order, from where it was started"
        done += len(acks)
        kills += status != 0
        assert status in (0, -9)
    assert kills >= 5
    stored = [p for _, positions in files(s3, bucket) for p in positions]
    missing = {b"%012d" % i for i in range(count)} - set(stored)
    assert not missing, f"{len(missing)} acknowledged records are lost: {sorted(missing)[:5]}"


@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize("kind", ["json.gz", "parquet", "50 partitions"])
def test_what_was_acknowledged_is_there(s3, s3c, make_bucket, kind):
    kill_and_resume(s3, s3c, make_bucket(), kind, COUNT)


@pytest.mark.soak
@pytest.mark.servers("s3d", "ceph")
@pytest.mark.parametrize("kind", KINDS)
def test_of_a_million_records(s3, s3c, make_bucket, kind):
    kill_and_resume(s3, s3c, make_bucket(), kind, SOAK_COUNT)
