# SPDX-License-Identifier: Apache-2.0
"""Opening, and `check`: the class of a failure is named within ten seconds, with what to do."""

import concurrent.futures
import contextlib
import http.server
import socket
import threading
import time
import uuid

import pytest
from conftest import Buckets, s3d_server
from records import encode_line
from runner import Program

DESTINATION = ["--format", "json"]


@pytest.fixture
def stand(s3d):
    """(program, boto3 client, bucket) on the stand-in."""
    server = s3d_server(s3d)
    s3 = server.client()
    return Program(server.environment()), s3, Buckets(s3, "s3d")("Enabled")


@pytest.fixture
def website():
    """Something that speaks HTTP and is no S3."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = b"<html><body>Welcome</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def silent():
    """Takes connections and never says a word."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(64)
        yield f"http://127.0.0.1:{s.getsockname()[1]}"


@pytest.fixture
def blackhole():
    """Packets get lost on the way there: its queue of connections is full."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def fails(program, bucket, *words, within=15):  # ten, and patience with a busy machine
    """Both faces and `check` fail alike; the class is in the last line."""
    commands = [
        ["source", "--bucket", bucket],
        ["destination", "--bucket", bucket, *DESTINATION],
        ["check", "source", "--bucket", bucket],
        ["check", "destination", "--bucket", bucket, *DESTINATION],
    ]

    def run(command):
        begun = time.monotonic()
        return program.run(*command, timeout=30), time.monotonic() - begun

    with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
        for command, (result, took) in zip(commands, pool.map(run, commands)):
            assert result.returncode == 1, f"{command}: {result.stderr}"
            assert took <= within, f"{command} took {took:.1f} s"
            for word in words:
                assert word in result.last_line, f"{command}: no '{word}' in: {result.stderr}"


def test_check_source(server, s3, s3c, make_bucket):
    bucket = make_bucket("Enabled")
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    result = s3c.run("check", "source", "--bucket", bucket).ok()
    text = result.stdout.decode() + result.stderr
    for step in ("endpoint", "credentials", "bucket", "versioning", "list", "read"):
        assert step in text


def test_check_destination_leaves_nothing(server, s3, s3c, make_bucket):
    bucket = make_bucket()
    s3c.run("check", "destination", "--bucket", bucket, *DESTINATION).ok()
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    if server.name in ("s3d", "ceph"):
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


@pytest.mark.servers("s3d", "ceph")
def test_wrong_secret(server, s3c, make_bucket):
    program = s3c.with_env(AWS_SECRET_ACCESS_KEY="wr0ng-s3cret")
    fails(program, make_bucket(), "credentials: ")


@pytest.mark.servers("s3d", "ceph")
def test_unknown_key(server, s3c, make_bucket):
    fails(s3c.with_env(AWS_ACCESS_KEY_ID="AKNOBODY"), make_bucket(), "credentials: ")


@pytest.mark.servers("s3d", "ceph", "moto", "versitygw")
def test_missing_bucket(server, s3c):
    bucket = f"no-such-{uuid.uuid4().hex[:8]}"
    fails(s3c, bucket, "bucket missing: ", bucket)


def test_no_credentials_at_all():
    result = Program({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}).run("source", "--bucket", "b")
    assert result.returncode == 1
    assert "credentials" in result.last_line and "AWS_ACCESS_KEY_ID" in result.last_line


def test_nothing_listens(stand):
    program, _, bucket = stand
    fails(program.with_env(AWS_ENDPOINT_URL_S3="http://127.0.0.1:1"), bucket, "connection: ", "127.0.0.1:1")


def test_no_such_host(stand):
    program, _, bucket = stand
    fails(program.with_env(AWS_ENDPOINT_URL_S3="http://no-such-host.invalid"), bucket, "name resolution: ", "no-such-host.invalid")


def test_a_web_site_is_no_s3(stand, website):
    program, _, bucket = stand
    fails(program.with_env(AWS_ENDPOINT_URL_S3=website), bucket, "no S3 there: ", website)


def test_no_answer_in_ten_seconds(stand, silent):
    program, _, bucket = stand
    fails(program.with_env(AWS_ENDPOINT_URL_S3=silent), bucket, "connection: ", silent, "before an answer came")


def test_no_handshake_in_ten_seconds(stand, silent):
    program, _, bucket = stand
    tls = silent.replace("http:", "https:")
    fails(program.with_env(AWS_ENDPOINT_URL_S3=tls), bucket, "TLS: ", tls, "before TLS was agreed on")


def test_no_connection_in_ten_seconds(stand, blackhole):
    program, _, bucket = stand
    fails(program.with_env(AWS_ENDPOINT_URL_S3=blackhole), bucket, "connection: ", blackhole, "before there was a connection")


def test_a_server_in_trouble_is_given_up(stand, s3d):
    """Until the first listing, transient errors are retried within the ten seconds only."""
    program, _, bucket = stand
    s3d.add_fault(kind="status", status=503, code="SlowDown", count=-1)
    fails(program, bucket, "server: ", "503", bucket)


@pytest.mark.parametrize(
    "denied, call, command",
    [
        (["HeadBucket", "GetBucketVersioning", "ListObjectVersions", "ListObjectsV2"], "ListObjectsV2", ["source"]),
        (["ListObjectVersions"], "ListObjectVersions", ["source"]),
        (["ListObjectVersions"], "ListObjectVersions", ["check", "source"]),
        (["GetObject"], "GetObject", ["check", "source"]),
        (["PutObject"], "PutObject", ["destination", *DESTINATION]),
        (["CreateMultipartUpload"], "CreateMultipartUpload", ["check", "destination", *DESTINATION]),
        (["AbortMultipartUpload"], "AbortMultipartUpload", ["check", "destination", *DESTINATION]),
    ],
)
def test_denied(stand, s3d, denied, call, command):
    """The call that is not allowed is named in the last line."""
    program, s3, bucket = stand
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    for op in denied:
        s3d.add_fault(kind="status", status=403, code="AccessDenied", op=op, count=-1)
    result = program.run(*command, "--bucket", bucket, stdin=encode_line())
    assert result.returncode == 1
    for word in (call, "AccessDenied", bucket):
        assert word in result.last_line, result.stderr


@pytest.mark.parametrize("versions_too", [False, True])
def test_versioning_may_not_be_asked(stand, s3d, versions_too):
    """Denied GetBucketVersioning: versions are listed where that is allowed, else objects, with a warning."""
    program, s3, bucket = stand
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op="GetBucketVersioning", count=-1)
    if versions_too:
        s3d.add_fault(kind="status", status=403, code="AccessDenied", op="ListObjectVersions", count=-1)
    result = program.source(bucket, "--snapshot-only").ok()
    (record,) = result.records
    assert ("s3.versionId" in record.metadata) != versions_too
    assert ("read as if it were not versioned" in result.stderr) == versions_too


def test_denied_get_ends_the_source(stand, s3d):
    """Permissions may be mended: three tries, five seconds apart."""
    program, s3, bucket = stand
    s3.put_object(Bucket=bucket, Key="secret thing", Body=b"1")
    s3d.add_fault(kind="status", status=403, code="AccessDenied", op="GetObject", count=-1)
    s3d.reset_stats()
    begun = time.monotonic()
    result = program.source(bucket, "--snapshot-only")
    assert result.returncode == 1
    assert "GetObject" in result.last_line and "secret thing" in result.last_line
    assert s3d.stats()["requests"]["GetObject"] == 3
    assert time.monotonic() - begun >= 10


def test_another_region_is_followed(stand, s3d):
    """301 with x-amz-bucket-region: signed for that region from then on."""
    program, s3, bucket = stand
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    s3d.add_fault(kind="redirect", region="us-east-1", op="HeadBucket", count=1)
    wrong = program.with_env(AWS_REGION="eu-west-1")
    assert [r.key for r in wrong.snapshot(bucket)] == [b"k"]
