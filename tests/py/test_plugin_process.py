# SPDX-License-Identifier: Apache-2.0
"""The plugin as a process, seen by whoever starts it: handshake, signals, and what is left behind. What it says over its socket is for tests/conduit."""

import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import time

import pytest
from runner import PROGRAM, Program

COOKIE = "204e8e812c3a1bb73b838928c575b42a105dd2e9aa449be481bc4590486df53f"
PATIENCE = 30


@pytest.fixture
def tmp(tmp_path_factory):
    """A folder whose path is short enough for a socket."""
    folder = pathlib.Path(os.path.realpath(tmp_path_factory.mktemp("p", numbered=True)))
    if len(str(folder)) > 80:
        pytest.fail(f"{folder}: too long a path for a unix socket; set TMPDIR")
    return folder


def environment(tmp, **more):
    return {"CONDUIT_PLUGIN_MAGIC_COOKIE": COOKIE, "PLUGIN_PROTOCOL_VERSIONS": "2,1", "TMPDIR": str(tmp), **more}


class Plugin:
    def __init__(self, tmp, preexec_fn=None, **more):
        self.process = Program(environment(tmp, **more)).popen(stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=preexec_fn)
        self.line = self.process.stdout.readline().decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    @property
    def fields(self):
        return self.line.rstrip("\n").split("|")

    def end(self, number):
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE)


def refused(**more):
    result = Program({"CONDUIT_PLUGIN_MAGIC_COOKIE": COOKIE, "PLUGIN_PROTOCOL_VERSIONS": "1,2", **more}).run(timeout=PATIENCE)
    assert result.returncode == 1
    assert result.stdout == b""
    assert result.stderr.startswith("[ERROR] ") and result.stderr.count("\n") == 1
    return result.stderr


def test_handshake_is_one_line(tmp):
    with Plugin(tmp) as plugin:
        assert plugin.fields[:3] == ["1", "2", "unix"] and plugin.fields[4:] == ["grpc", ""]
        path = pathlib.Path(plugin.fields[3])
        assert path.parent == tmp and path.is_socket()
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(path))
        out, _ = plugin.end(signal.SIGTERM)
        assert out == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_in_an_orderly_way(tmp, number):
    # Under nohup the tests themselves ignore it, and so would what they start.
    with Plugin(tmp, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)) as plugin:
        _, errors = plugin.end(number)
        assert plugin.process.returncode == 0
        assert b'"@level":"info","@message":"ending: signal' in errors
        assert list(tmp.iterdir()) == []


def assert_serves(plugin):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(plugin.fields[3])
        s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        assert s.recv(9)[3] == 4  # SETTINGS


def test_ctrl_c_is_for_the_host(tmp):
    with Plugin(tmp) as plugin:
        plugin.process.send_signal(signal.SIGINT)
        assert_serves(plugin)
        plugin.end(signal.SIGTERM)


def test_a_host_without_a_terminal_keeps_its_plugins(tmp):
    with Plugin(tmp, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as plugin:
        plugin.process.send_signal(signal.SIGHUP)
        assert_serves(plugin)
        plugin.end(signal.SIGTERM)


def test_tcp_where_no_unix_socket_can_be(tmp):
    with Plugin(tmp, TMPDIR=str(tmp / "nonexistent"), PLUGIN_MIN_PORT="23000", PLUGIN_MAX_PORT="23999") as plugin:
        assert plugin.fields[2] == "tcp" and re.fullmatch(r"127\.0\.0\.1:23\d\d\d", plugin.fields[3])
        host, port = plugin.fields[3].split(":")
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()


def test_other_hosts_are_told_what_is_wrong():
    assert "CONDUIT_PLUGIN_MAGIC_COOKIE" in refused(CONDUIT_PLUGIN_MAGIC_COOKIE="some other plugin system")
    assert 'protocol versions "1"' in refused(PLUGIN_PROTOCOL_VERSIONS="1")
    assert "TLS" in refused(PLUGIN_CLIENT_CERT="-----BEGIN CERTIFICATE-----")


def test_a_standard_output_that_nobody_reads_ends_it(tmp):
    read, write = os.pipe()
    os.close(read)
    process = Program(environment(tmp)).popen(stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and b"handshake" in errors
    assert list(tmp.iterdir()) == []


HOST = """
import subprocess, sys
p = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
print(p.pid, p.stdout.readline().decode().strip(), flush=True)
sys.stdin.read()
"""


def gone(descriptor):
    return bool(select.select([descriptor], [], [], PATIENCE)[0])


def test_it_leaves_when_its_host_was_killed(tmp):
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(PROGRAM)],
        env={**os.environ, **environment(tmp)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    pid = int(host.stdout.readline().split()[0])
    descriptor = os.pidfd_open(pid)
    try:
        time.sleep(2)  # longer than it takes to look: a host that lives is not taken for dead
        assert not select.select([descriptor], [], [], 0)[0]
        host.kill()
        host.communicate()
        assert gone(descriptor)
        assert list(tmp.iterdir()) == []
    finally:
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.close(descriptor)
