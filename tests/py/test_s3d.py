# SPDX-License-Identifier: Apache-2.0
"""What only the stand-in does: faults, its clock, delays, and the corners of HTTP. Without these no suite that relies on it means anything."""

import http.client
import json
import re
import socket
import statistics
import time
import urllib.parse

import pytest

from conformance import raw
from conftest import S3D, Buckets, s3d_server
from s3d_client import S3d, S3dError

BODY = bytes(range(256)) * 400
SMALL = b"0123456789"


@pytest.fixture(scope="module")
def open_s3d():
    """One that asks for no signature, with a virtual clock."""
    with S3d(S3D, "--no-auth", "--clock", "virtual") as process:
        assert http_call(process, "PUT", "/bucket")[0] == 200
        assert http_call(process, "PUT", "/bucket/large", BODY)[0] == 200
        assert http_call(process, "PUT", "/bucket/small", SMALL)[0] == 200
        yield process


@pytest.fixture
def stand(open_s3d):
    yield open_s3d
    open_s3d.reset_faults()


def address(process):
    host, port = urllib.parse.urlsplit(process.endpoint).netloc.split(":")
    return host, int(port)


def http_call(process, method, target, body=None, headers=None):
    connection = http.client.HTTPConnection(*address(process), timeout=20)
    try:
        connection.request(method, target, body, headers or {})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def exchange(process, *pieces):
    """Sends the pieces on one connection, which the last request closes; returns all that comes back."""
    with socket.create_connection(address(process), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.01)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return answer


# Faults

ANSWERS = {
    "status": ({"status": 418, "code": "Teapot", "message": "short"}, 418, b"<Code>Teapot</Code><Message>short</Message>"),
    "slowdown": ({}, 503, b"<Code>SlowDown</Code>"),
    "error-200": ({}, 200, b"<Error><Code>InternalError</Code>"),
    "garbage-xml": ({}, 200, b"<ListBucketResult><Contents><Key>"),
    "redirect": ({"region": "eu-west-3"}, 301, b"<Region>eu-west-3</Region>"),
    "vanish": ({}, 404, b"<Code>NoSuchKey</Code>"),
    "precondition": ({}, 412, b"<Code>PreconditionFailed</Code>"),
    "expired-token": ({}, 400, b"<Code>ExpiredToken</Code>"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_faults_that_answer(stand, kind):
    parameters, want, text = ANSWERS[kind]
    stand.add_fault(kind, op="GetObject", count=2, **parameters)
    for _ in range(2):
        status, headers, body = http_call(stand, "GET", "/bucket/small")
        assert status == want and text in body
        assert headers.get("x-amz-bucket-region") == parameters.get("region")
    assert http_call(stand, "GET", "/bucket/small")[2] == SMALL
    (fault,) = stand.faults()
    assert (fault["hits"], fault["left"]) == (2, 0)


def test_a_temporary_redirect(stand):
    stand.add_fault("redirect", status=307)
    assert http_call(stand, "GET", "/bucket/small")[0] == 307


@pytest.mark.parametrize("key,whole", [("large", BODY), ("small", SMALL)])
def test_faults_that_break_the_body(stand, key, whole):
    stand.add_fault("truncate", bytes=7, op="GetObject")
    with pytest.raises(http.client.IncompleteRead) as error:
        http_call(stand, "GET", f"/bucket/{key}", headers={"Connection": "keep-alive"})
    assert error.value.partial == whole[:7]
    stand.add_fault("reset-inside", op="GetObject")
    with pytest.raises(ConnectionResetError):
        http_call(stand, "GET", f"/bucket/{key}")
    stand.add_fault("reset-before", op="GetObject")
    with pytest.raises(ConnectionResetError):
        http_call(stand, "GET", f"/bucket/{key}")


@pytest.mark.parametrize("kind", ["stall", "delay"])
@pytest.mark.parametrize("method,key", [("GET", "large"), ("GET", "small"), ("HEAD", "large")])
def test_faults_that_take_time(stand, kind, method, key):
    stand.add_fault(kind, ms=150)
    before = time.monotonic()
    _, headers, body = http_call(stand, method, f"/bucket/{key}")
    if (kind, method) != ("stall", "HEAD"):  # there is no body to stall in
        assert time.monotonic() - before >= 0.15
    whole = BODY if key == "large" else SMALL
    assert body == (whole if method == "GET" else b"")
    assert headers["Content-Length"] == str(len(whole))


@pytest.mark.parametrize("query", ["list-type=2&start-after=large", "versions&key-marker=large"])
def test_lying_markers(stand, query):
    def page(mode):
        stand.add_fault("lying-markers", mode=mode)
        return http_call(stand, "GET", f"/bucket?{query}&max-keys=1")[2]

    assert b"<Key>large</Key>" in page("repeat")
    same = page("same")
    assert b"<Key>small</Key>" in same and b"<IsTruncated>true</IsTruncated>" in same
    assert b"<NextKeyMarker>large<" in same or b"<NextContinuationToken>+" + b"large".hex().encode() in same
    missing = page("missing")
    assert b"<IsTruncated>true</IsTruncated>" in missing and b"<Next" not in missing


def test_faults_choose_their_requests(stand):
    stand.add_fault("slowdown", op="GetObject", bucket="bucket", key_prefix="la", skip=1, count=1)
    stand.add_fault("vanish", op="GetObject", key="small", count=-1)
    got = [http_call(stand, "GET", f"/bucket/{key}")[0] for key in ("large", "small", "large", "large", "small")]
    assert got == [200, 404, 503, 200, 404]
    assert http_call(stand, "HEAD", "/bucket/small")[0] == 200
    stand.reset_faults()
    assert stand.faults() == []


@pytest.mark.parametrize("wrong", [{"kind": "nonsense"}, {"kind": "delay", "mss": 1}, {"kind": "delay", "ms": "x"}, {"kind": "vanish", "op": "Get"}])
def test_faults_that_are_none(stand, wrong):
    with pytest.raises(S3dError, match="unknown name or value"):
        stand.add_fault(**wrong)
    assert stand.faults() == []


def test_a_skewed_date_and_the_signatures(s3d):
    server = s3d_server(s3d)
    bucket = Buckets(server.client(), "s3d")()
    s3d.add_fault("skew-date", seconds=3600, count=-1)
    assert raw(server, "GET", f"/{bucket}")[0] == 403
    assert raw(server, "GET", f"/{bucket}", age=-3600)[0] == 200


# Clock, delays, counts


def test_the_virtual_clock(stand):
    start = stand.clock_ns()
    assert start == stand.clock_ns()
    assert stand.advance("1h1s") == start + 3601 * 10**9
    assert http_call(stand, "HEAD", "/bucket/small")[1]["Date"] == "Thu, 01 Jan 2026 01:00:01 GMT"
    assert stand.advance("-1h") == start + 10**9
    assert stand.set_clock(start) == start
    http_call(stand, "PUT", "/bucket/clock", b"")
    _, _, body = http_call(stand, "GET", "/bucket?list-type=2&prefix=clock")
    assert b"<LastModified>2026-01-01T00:00:00.000Z</LastModified>" in body
    http_call(stand, "DELETE", "/bucket/clock")


def test_the_real_clock_does_not_move_on_command(s3d):
    assert abs(s3d.clock_ns() / 1e9 - time.time()) < 5
    with pytest.raises(S3dError, match="the clock is real"):
        s3d.advance("1s")


def test_latency(stand):
    def times(count):
        spent = []
        for _ in range(count):
            before = time.monotonic()
            assert http_call(stand, "GET", "/bucket/small")[2] == SMALL
            spent.append(time.monotonic() - before)
        return spent

    stand.set_latency("30ms")
    assert min(times(5)) >= 0.029
    stand.set_latency("20ms", "60ms")
    drawn = times(40)
    assert statistics.pstdev(drawn) > 0 and min(drawn) < statistics.median(drawn) and statistics.median(drawn) >= 0.012


def test_counts(stand):
    stand.reset_stats()
    for _ in range(3):
        http_call(stand, "GET", "/bucket/small")
    http_call(stand, "GET", "/bucket?versions")
    stats = stand.stats()
    assert (stats["requests"]["GetObject"], stats["requests"]["ListObjectVersions"], stats["total"]) == (3, 1, 4)
    assert stats["bytes_out"] > 3 * len(SMALL) and stats["max_rss_kib"] > 0


def test_reset_brings_back_only_what_the_command_line_made():
    with S3d(S3D, "--no-auth", "--synth", "1500,10,made") as process:
        assert http_call(process, "PUT", "/other")[0] == 200
        assert http_call(process, "DELETE", "/made/synth/00000000")[0] == 204
        process.reset()
        assert http_call(process, "HEAD", "/other")[0] == 404
        assert http_call(process, "GET", "/made/synth/00001499")[2] == b"abcdefghij"
        page = http_call(process, "GET", "/made?list-type=2")[2]
        assert page.count(b"<Contents>") == 1000 and b"<Key>synth/00000000</Key>" in page
        assert process.stop() == 0


# HTTP


def test_requests_in_a_row_are_answered_in_order(stand):
    one = b"GET /bucket/%s HTTP/1.1\r\nHost: x\r\n%s\r\n"
    answer = exchange(stand, one % (b"small", b"") + one % (b"none", b"") + one % (b"small", b"Connection: close\r\n"))
    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"200", b"404", b"200"]
    assert answer.count(SMALL) == 2


def test_a_request_in_single_bytes(stand):
    request = b"PUT /bucket/bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    with socket.create_connection(address(stand), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request:
            connection.sendall(bytes([byte]))
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    assert http_call(stand, "GET", "/bucket/bytes")[2] == b"hello"
    http_call(stand, "DELETE", "/bucket/bytes")


def test_chunked_bodies(stand):
    assert http_call(stand, "PUT", "/bucket/chunked", iter([b"abc" * 1000] * 50))[0] == 200
    assert http_call(stand, "GET", "/bucket/chunked")[2] == b"abc" * 50000
    http_call(stand, "DELETE", "/bucket/chunked")


def test_aws_chunked_bodies(s3d):
    server = s3d_server(s3d)
    s3 = server.client()
    bucket = Buckets(s3, "s3d")()
    body = b"5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
    headers = {"Content-Encoding": "aws-chunked,gzip", "X-Amz-Decoded-Content-Length": "11", "X-Amz-Trailer": "x-amz-checksum-crc32"}
    payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert raw(server, "PUT", f"/{bucket}/k", headers=headers, body=body, payload=payload)[0] == 200
    reply = s3.get_object(Bucket=bucket, Key="k")
    assert (reply["Body"].read(), reply["ContentEncoding"]) == (b"hello world", "gzip")
    status, _, answer = raw(server, "PUT", f"/{bucket}/k", headers=headers, body=body[:-9], payload=payload)
    assert status == 400 and b"<Code>IncompleteBody</Code>" in answer


def test_expect_100_continue(stand):
    head = b"PUT /bucket/expect HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    answer = exchange(stand, head, b"hello")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    http_call(stand, "DELETE", "/bucket/expect")


@pytest.mark.parametrize("text", [b"\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"GET x HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"x" * 20000])
def test_what_is_no_http(stand, text):
    try:
        answer = exchange(stand, text)
    except ConnectionResetError:  # what was sent too much is thrown away with the connection
        answer = b"HTTP/1.1 400 "
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert http_call(stand, "GET", "/bucket/small")[2] == SMALL


def test_archived_objects(stand):
    assert http_call(stand, "PUT", "/bucket/cold", b"ice", {"x-amz-storage-class": "GLACIER"})[0] == 200
    status, _, body = http_call(stand, "GET", "/bucket/cold")
    assert status == 403 and b"<Code>InvalidObjectState</Code>" in body
    assert http_call(stand, "HEAD", "/bucket/cold")[1]["x-amz-storage-class"] == "GLACIER"
    assert b"<StorageClass>GLACIER</StorageClass>" in http_call(stand, "GET", "/bucket?prefix=cold")[2]
    http_call(stand, "DELETE", "/bucket/cold")


def test_virtual_host_style():
    with S3d(S3D, "--no-auth", "--domain", "s3.test") as process:
        host = {"Host": "bucket.s3.test:1234"}
        assert http_call(process, "PUT", "/", headers=host)[0] == 200
        assert http_call(process, "PUT", "/a/b", b"x", host)[0] == 200
        assert http_call(process, "GET", "/bucket/a/b")[2] == b"x"


def test_unknown_commands_say_where_to_look(stand):
    status, _, body = http_call(stand, "GET", "/_s3d/nonsense")
    assert status == 400 and "README" in json.loads(body)["error"]


@pytest.mark.parametrize("quirk, status", [(None, 412), ("no-if-none-match", 200), ("if-none-match-is-501", 501)])
def test_conditions_of_writing(stand, quirk, status):
    if quirk:
        stand.set_quirk(quirk)
    only_new = {"If-None-Match": "*"}
    assert http_call(stand, "PUT", "/bucket/small", SMALL, only_new)[0] == status
    upload = re.search(b"<UploadId>(.*)</UploadId>", http_call(stand, "POST", "/bucket/small?uploads")[2])[1].decode()
    target = "/bucket/small?uploadId=" + urllib.parse.quote(upload, safe="")
    etag = http_call(stand, "PUT", target + "&partNumber=1", SMALL)[1]["ETag"]
    parts = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    assert http_call(stand, "POST", target, parts.encode(), only_new)[0] == status
