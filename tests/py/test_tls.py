# SPDX-License-Identifier: Apache-2.0
"""TLS (stunnel in front of the stand-in, with an authority of the test's own), virtual-host style, proxies."""

import shutil
import socket
import subprocess
import threading
import time

import pytest
from conftest import S3D, Buckets, put_all, s3d_server
from proxy import Proxy
from records import encode_line, final_state
from runner import Program
from s3d_client import S3d
from servers import free_port
from test_destination import acked

OBJECTS = {f"k{i} +%": b"%d" % i for i in range(30)}
EXPECTED = {k.encode(): v for k, v in OBJECTS.items()}


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A folder with ca.pem (trusts), server.pem (key and certificate for s3.localhost), other.pem (an authority that signed nothing)."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("ca", "other"):
        subject = ["-subj", f"/CN=test {name}", "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE"]
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", *subject, cwd=folder)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=s3.localhost", cwd=folder)
    (folder / "names").write_text("subjectAltName=DNS:s3.localhost,DNS:*.s3.localhost\n")
    sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    openssl("x509", "-req", "-in", "leaf.csr", "-out", "leaf.pem", *sign, cwd=folder)
    (folder / "server.pem").write_text((folder / "leaf.key").read_text() + (folder / "leaf.pem").read_text())
    return folder


@pytest.fixture(scope="module")
def secure(authority):
    """(stand-in, https endpoint): stunnel only unwraps TLS, so Host and signature arrive as they were sent."""
    stunnel = shutil.which("stunnel4") or shutil.which("stunnel")
    if not stunnel:
        pytest.skip("NO STUNNEL: stunnel4 is not installed (make deps)")
    port = free_port()
    with S3d(S3D, "--domain", "s3.localhost") as s3d:
        (authority / "stunnel.conf").write_text(
            "foreground = yes\npid =\nsyslog = no\n[s3]\n"
            f"accept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{s3d.endpoint.rsplit(':', 1)[1]}\n"
            f"cert = {authority / 'server.pem'}\n"
        )
        with open(authority / "stunnel.log", "wb") as log:
            process = subprocess.Popen([stunnel, authority / "stunnel.conf"], stdout=log, stderr=log)
        try:
            wait_for_port(port, process, authority / "stunnel.log")
            yield s3d, f"https://s3.localhost:{port}"
        finally:
            process.terminate()
            process.wait()


def wait_for_port(port, process, log):
    for _ in range(100):
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture
def stand(secure):
    """(program that talks TLS, bucket with OBJECTS, boto3 client without TLS)"""
    s3d, endpoint = secure
    server = s3d_server(s3d)
    s3 = server.client()
    bucket = Buckets(s3, "s3d")()
    put_all(s3, bucket, OBJECTS)
    return Program({**server.environment(), "AWS_ENDPOINT_URL_S3": endpoint}), bucket, s3


def test_an_authority_of_ones_own(stand, authority):
    program, bucket, _ = stand
    by_option = program.snapshot(bucket, "--ca-bundle", authority / "ca.pem")
    assert final_state(by_option) == EXPECTED
    by_environment = program.with_env(AWS_CA_BUNDLE=str(authority / "ca.pem")).snapshot(bucket)
    assert final_state(by_environment) == EXPECTED


@pytest.mark.parametrize("bundle", [None, "other.pem"])
def test_an_unknown_authority_is_refused(stand, authority, bundle):
    program, bucket, _ = stand
    more = ["--ca-bundle", authority / bundle] if bundle else []
    for command in (["source"], ["check", "source"], ["destination", "--format", "json"]):
        result = program.run(*command, "--bucket", bucket, *more)
        assert result.returncode == 1
        assert "TLS: " in result.last_line and "aws.ca-bundle" in result.last_line, result.stderr
        assert result.stdout == b"" or command[0] == "check"


def test_a_name_that_the_certificate_does_not_hold(stand, authority):
    program, bucket, _ = stand
    endpoint = program.environment["AWS_ENDPOINT_URL_S3"].replace("s3.localhost", "other.localhost")
    result = program.with_env(AWS_ENDPOINT_URL_S3=endpoint, AWS_CA_BUNDLE=str(authority / "ca.pem")).run("source", "--bucket", bucket)
    assert result.returncode == 1
    assert "TLS: " in result.last_line


def test_something_that_speaks_no_tls(stand):
    program, bucket, _ = stand

    def answer(listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, args=(listener,), daemon=True).start()
        plain = f"https://127.0.0.1:{listener.getsockname()[1]}"
        result = program.with_env(AWS_ENDPOINT_URL_S3=plain).run("check", "source", "--bucket", bucket)
    assert result.returncode == 1
    assert "TLS: " in result.last_line


def test_a_ca_bundle_that_is_not_there(stand):
    program, bucket, _ = stand
    result = program.run("source", "--bucket", bucket, "--ca-bundle", "/nonexistent/ca.pem")
    assert result.returncode in (1, 2)
    assert "/nonexistent/ca.pem" in result.stderr


def test_destination_over_tls(stand, authority):
    """Payloads are not signed over TLS; the server takes them."""
    program, bucket, s3 = stand
    program = program.with_env(AWS_CA_BUNDLE=str(authority / "ca.pem"))
    assert acked(program.destination(bucket, encode_line(position=b"p1"), "--acks", "--prefix", "out").ok()) == [b"p1"]
    assert s3.list_objects_v2(Bucket=bucket, Prefix="out/")["KeyCount"] == 1


def test_virtual_host_style(stand, secure, authority):
    program, bucket, _ = stand
    program = program.with_env(AWS_CA_BUNDLE=str(authority / "ca.pem"))
    records = program.snapshot(bucket, "--path-style", "false")
    assert final_state(records) == EXPECTED
    plain = secure[0].endpoint.replace("127.0.0.1", "s3.localhost")
    records = program.with_env(AWS_ENDPOINT_URL_S3=plain).snapshot(bucket, "--path-style", "false")
    assert final_state(records) == EXPECTED


def test_through_a_forwarding_proxy(secure):
    server = s3d_server(secure[0])
    s3 = server.client()
    bucket = Buckets(s3, "s3d")()
    put_all(s3, bucket, OBJECTS)
    with Proxy() as proxy:
        program = Program({**server.environment(), "http_proxy": proxy.url})
        assert final_state(program.snapshot(bucket)) == EXPECTED
        assert any(f"/{bucket}" in line for line in proxy.requests)
        seen = len(proxy.requests)
        assert final_state(program.with_env(no_proxy="127.0.0.1").snapshot(bucket)) == EXPECTED
        assert len(proxy.requests) == seen, "no_proxy holds"


def test_tls_through_a_tunnelling_proxy(stand, authority):
    program, bucket, _ = stand
    with Proxy() as proxy:
        program = program.with_env(AWS_CA_BUNDLE=str(authority / "ca.pem"), https_proxy=proxy.url)
        assert final_state(program.snapshot(bucket)) == EXPECTED
        assert proxy.requests and all(line.startswith("CONNECT s3.localhost:") for line in proxy.requests)


def test_a_proxy_that_is_not_there(stand, authority):
    program, bucket, _ = stand
    program = program.with_env(AWS_CA_BUNDLE=str(authority / "ca.pem"), https_proxy="http://127.0.0.1:1")
    result = program.run("check", "source", "--bucket", bucket)
    assert result.returncode == 1
    assert "connection: " in result.last_line
