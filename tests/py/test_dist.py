# SPDX-License-Identifier: Apache-2.0
"""The release archive is laid out so that Conduit's registry takes it, and what is in it runs."""

import hashlib
import os
import subprocess
import tarfile

from runner import clean_environment
from servers import ROOT


def make(folder):
    done = subprocess.run([ROOT / "scripts" / "dist.sh", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / os.path.basename(done.stdout.strip().splitlines()[-1])


def test_archive(tmp_path):
    archive = make(tmp_path / "a")
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        assert [m.name for m in members if "/" not in m.name and m.isreg()] == ["conduit-connector-s3"]
        assert all(m.isreg() or m.isdir() for m in members) and all(m.uid == m.gid == 0 for m in members)
        assert "doc/LICENSE" in [m.name for m in members]
        tar.extractall(tmp_path / "x")  # looked at above; Debian 12's Python knows no filter
    digest, name = (tmp_path / "a" / "checksums.txt").read_text().split()
    assert name == archive.name and digest == hashlib.sha256(archive.read_bytes()).hexdigest()
    program = tmp_path / "x" / "conduit-connector-s3"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, env=clean_environment({}), check=True)
    assert done.stdout.split()[1] in archive.name
    assert b".debug_info" not in program.read_bytes()


def test_the_same_twice(tmp_path):
    assert make(tmp_path / "a").read_bytes() == make(tmp_path / "b").read_bytes()
