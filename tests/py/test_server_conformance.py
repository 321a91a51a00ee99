# SPDX-License-Identifier: Apache-2.0
"""What a server must do for the rest of the suites to mean anything: the stand-in is held against real ones, by boto3.

The expectations are AWS's. Where Ceph is known to differ, DIFFERENCES says so and the test expects exactly that instead. The stand-in can
be told to differ in the same way (its quirks), and then the same expectations hold for it.
"""

import datetime
import http.client
import re
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.exceptions import ClientError

from conftest import Buckets, put_all, s3d_server
from s3d_client import CEPH_QUIRKS

pytestmark = pytest.mark.servers("s3d", "s3d-like-ceph", "ceph")

CEPH = {*CEPH_QUIRKS, "--mpu-time completion", "--granularity 1ms"}
DIFFERENCES = {"s3d": set(), "external": set(), "ceph": CEPH, "s3d-like-ceph": CEPH}

ODD_KEYS = [
    "a b", "a+b", "a%b", "a%20b", "a&b", "a<b>", 'a"b', "a'b", "a=b", "a?b", "a#b", "a\\b", "~t*(')", "x_s1", "x_c2", "_", "x/../y",
    "x/./y", "x//y", "x/", "/x", "//", ".", "..", "\u00fc", "\u65e5\u672c", "\U0001f600", "\uffee", "k" * 1024,
]  # fmt: skip


@pytest.fixture
def differs(server):
    return DIFFERENCES[server.name].__contains__


def code_of(error):
    return error.value.response["Error"]["Code"]


def status_of(error):
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"]


def in_order(keys):
    return sorted(keys, key=lambda key: key.encode())


def raw(server, method, path, query=(), headers=None, body=b"", payload=None, age=0):
    """A signed request whose answer nobody interprets: (status, headers, body). Path and query values are plain text.

    `age`: seconds since it was signed."""
    encoded = "&".join(f"{name}={urllib.parse.quote(value, safe='')}" for name, value in sorted(query))
    target = urllib.parse.quote(path, safe="/~") + (f"?{encoded}" if encoded else "")
    request = botocore.awsrequest.AWSRequest(method, server.endpoint + target, headers=headers or {}, data=body)
    signer = botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(server.access_key, server.secret_key), "s3", server.region)
    signed = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
    request.context.update(timestamp=signed.strftime("%Y%m%dT%H%M%SZ"), payload_signing_enabled=True)
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    request.headers["X-Amz-Content-SHA256"] = payload or signer.payload(request)
    fields = signer.headers_to_sign(request)
    canonical = "\n".join([
        method, target.split("?")[0], encoded, signer.canonical_headers(fields) + "\n",
        signer.signed_headers(fields), request.headers["X-Amz-Content-SHA256"],
    ])  # fmt: skip
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={signer.signed_headers(fields)}, Signature={signature}"
    )
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.endpoint).netloc, timeout=30)
    try:
        connection.request(method, target, body, dict(request.headers))
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


def entries(page):
    """Versions and delete markers of a page: (key, version id, is marker)."""
    return [(e["Key"], e["VersionId"], False) for e in page.get("Versions", [])] + [
        (e["Key"], e["VersionId"], True) for e in page.get("DeleteMarkers", [])
    ]


def all_versions(s3, bucket, **more):
    """In pages, by both markers, as boto3's paginator does it."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, **more)
    return [entry for page in pages for entry in entries(page)]


# Listing


@pytest.fixture(scope="module")
def odd_bucket(s3, make_session_bucket):
    bucket = make_session_bucket("Enabled")
    put_all(s3, bucket, {key: key.encode() for key in ODD_KEYS})
    return bucket


def test_keys_come_in_byte_order(s3, odd_bucket):
    for call in (s3.list_objects, s3.list_objects_v2):
        assert [o["Key"] for o in call(Bucket=odd_bucket)["Contents"]] == in_order(ODD_KEYS)
    assert [e["Key"] for e in s3.list_object_versions(Bucket=odd_bucket)["Versions"]] == in_order(ODD_KEYS)


def test_odd_keys_are_read_back(s3, odd_bucket):
    for key in ODD_KEYS:
        assert s3.get_object(Bucket=odd_bucket, Key=key)["Body"].read() == key.encode()


@pytest.mark.parametrize("size", [1, 4, 29, 30, 1000])
@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2", "list_object_versions"])
def test_pages_make_up_the_whole(s3, odd_bucket, operation, size):
    # boto3 would decode the next markers that Ceph does not encode, so the markers are taken from the entries
    keys, marker, names = [], None, {
        "list_objects": ("Contents", "Marker"), "list_objects_v2": ("Contents", "StartAfter"), "list_object_versions": ("Versions", None),
    }[operation]  # fmt: skip
    while True:
        more = {} if marker is None else {names[1]: marker} if names[1] else {"KeyMarker": marker[0], "VersionIdMarker": marker[1]}
        page = getattr(s3, operation)(Bucket=odd_bucket, MaxKeys=size, **more)
        found = page.get(names[0], [])
        assert len(found) <= size
        keys += [o["Key"] for o in found]
        if not page["IsTruncated"]:
            break
        marker = found[-1]["Key"] if names[1] else (found[-1]["Key"], found[-1]["VersionId"])
    assert keys == in_order(ODD_KEYS)


def test_continuation_tokens_make_up_the_whole(s3, odd_bucket):
    for size in (1, 7):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=odd_bucket, PaginationConfig={"PageSize": size})
        assert [o["Key"] for page in pages for o in page["Contents"]] == in_order(ODD_KEYS)


def test_prefix_and_delimiter(s3, make_bucket):
    bucket = make_bucket()
    put_all(s3, bucket, {key: b"" for key in ("a", "d/1", "d/2", "d/s/3", "d0", "e/4")})
    page = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [o["Key"] for o in page["Contents"]] == ["a", "d0"]
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["d/", "e/"]
    page = s3.list_objects_v2(Bucket=bucket, Prefix="d/", Delimiter="/")
    assert [o["Key"] for o in page["Contents"]] == ["d/1", "d/2"]
    assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["d/s/"]
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="d", StartAfter="d/1")["Contents"]] == ["d/2", "d/s/3", "d0"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    found = [o.get("Key", o.get("Prefix")) for page in pages for o in page.get("Contents", []) + page.get("CommonPrefixes", [])]
    assert found == ["a", "d/", "d0", "e/"]


def test_an_empty_page(s3, make_bucket):
    bucket = make_bucket()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    page = s3.list_objects_v2(Bucket=bucket, Prefix="x")
    assert page["KeyCount"] == 0 and not page["IsTruncated"] and "Contents" not in page


def test_entries_say_size_etag_and_class(s3, make_bucket):
    bucket = make_bucket()
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"hello")["ETag"]
    assert etag == '"5d41402abc4b2a76b9719d911017c592"'
    (entry,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert (entry["Size"], entry["ETag"], entry["StorageClass"]) == (5, etag, "STANDARD")
    assert "Owner" not in entry
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentLength"], head["ETag"]) == (5, etag)
    assert head["LastModified"] == entry["LastModified"].replace(microsecond=0)


def test_times_are_as_the_server_prints_them(server, s3, make_bucket, differs):
    bucket = make_bucket()
    for i in range(5):
        s3.put_object(Bucket=bucket, Key=str(i), Body=b"")
    status, headers, body = raw(server, "GET", f"/{bucket}", [("list-type", "2")])
    times = re.findall(rb"<LastModified>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)</LastModified>", body)
    assert status == 200 and len(times) == 5
    assert "Date" in headers
    assert any(t[-5:] != b".000Z" for t in times) == differs("--granularity 1ms")


def test_encoding_type_url(server, s3, make_bucket, differs):
    bucket = make_bucket("Enabled")
    for key in ("a+b c", "z"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    query = [("versions", ""), ("encoding-type", "url"), ("max-keys", "1")]
    _, _, body = raw(server, "GET", f"/{bucket}", query)
    encoded = b"a%2Bb%20c" if differs("percent-space") else b"a%2Bb+c"
    assert b"<Key>" + encoded + b"</Key>" in body
    assert b"<EncodingType>url</EncodingType>" in body
    marker = b"a+b c" if differs("rgw-raw-markers") else encoded
    assert b"<NextKeyMarker>" + marker + b"</NextKeyMarker>" in body


def test_without_encoding_type_keys_are_escaped(server, s3, make_bucket):
    bucket = make_bucket()
    s3.put_object(Bucket=bucket, Key="a&<b>\x01 c", Body=b"")
    _, _, body = raw(server, "GET", f"/{bucket}", [("list-type", "2")])
    assert b"<EncodingType>" not in body
    assert re.search(rb"<Key>a&amp;&lt;b(&gt;|>)&#(x0?1|1); c</Key>", body)


# Versions


def put_versions(s3, bucket, key, count):
    """Newest first."""
    return [s3.put_object(Bucket=bucket, Key=key, Body=f"{key} {i}".encode())["VersionId"] for i in range(count)][::-1]


def test_versions_come_newest_first_and_are_readable(s3, make_bucket):
    bucket = make_bucket("Enabled")
    ids = put_versions(s3, bucket, "k", 5)
    assert len(set(ids)) == 5
    page = s3.list_object_versions(Bucket=bucket)
    assert [v["VersionId"] for v in page["Versions"]] == ids
    assert [v["IsLatest"] for v in page["Versions"]] == [True] + [False] * 4
    bodies = [s3.get_object(Bucket=bucket, Key="k", VersionId=i)["Body"].read() for i in ids]
    assert bodies == [b"k 4", b"k 3", b"k 2", b"k 1", b"k 0"]
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == ids[0]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pages_of_versions_make_up_the_whole(s3, make_bucket, size):
    bucket = make_bucket("Enabled")
    for key in ("a", "b", "c"):
        put_versions(s3, bucket, key, 3)
    s3.delete_object(Bucket=bucket, Key="b")
    whole = entries(s3.list_object_versions(Bucket=bucket))
    assert len(whole) == 10
    paged = all_versions(s3, bucket, PaginationConfig={"PageSize": size})
    assert sorted(paged) == sorted(whole)
    page = s3.list_object_versions(Bucket=bucket, MaxKeys=size)
    assert len(entries(page)) == size  # versions and delete markers count alike
    assert (page["NextKeyMarker"], page["NextVersionIdMarker"]) in [(key, version) for key, version, _ in entries(page)]


def test_a_key_marker_alone(s3, make_bucket, differs):
    bucket = make_bucket("Enabled")
    put_versions(s3, bucket, "a", 3)
    put_versions(s3, bucket, "b", 1)
    page = s3.list_object_versions(Bucket=bucket, KeyMarker="a")
    assert [key for key, _, _ in entries(page)] == (["a"] * 3 if differs("key-marker-inclusive") else []) + ["b"]


def test_a_version_id_marker_alone(server, s3, make_bucket, differs):
    bucket = make_bucket("Enabled")
    (version,) = put_versions(s3, bucket, "a", 1)
    status, _, body = raw(server, "GET", f"/{bucket}", [("versions", ""), ("version-id-marker", version)])
    if differs("version-id-marker-alone"):
        assert status == 200
    else:
        assert status == 400 and b"<Code>InvalidArgument</Code>" in body


def test_the_marker_of_a_deleted_version(s3, make_bucket, differs):
    bucket = make_bucket("Enabled")
    ids = put_versions(s3, bucket, "a", 4)
    next_key = put_versions(s3, bucket, "b", 1)
    s3.delete_object(Bucket=bucket, Key="a", VersionId=ids[1])
    page = s3.list_object_versions(Bucket=bucket, KeyMarker="a", VersionIdMarker=ids[1])
    assert [version for _, version, _ in entries(page)] == ([] if differs("gone-marker-skips-key") else ids[2:]) + next_key


def test_delete_markers(s3, make_bucket, differs):
    bucket = make_bucket("Enabled")
    (version,) = put_versions(s3, bucket, "k", 1)
    replies = [s3.delete_object(Bucket=bucket, Key="k") for _ in range(2)]
    if differs("marks-once"):
        assert "DeleteMarker" not in replies.pop()
    assert all(reply["DeleteMarker"] for reply in replies)
    markers = [reply["VersionId"] for reply in replies][::-1]
    page = s3.list_object_versions(Bucket=bucket)
    assert [m["VersionId"] for m in page["DeleteMarkers"]] == markers
    assert [m["IsLatest"] for m in page["DeleteMarkers"]] == [True, False][: len(markers)]
    assert [v["IsLatest"] for v in page["Versions"]] == [False]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == b"k 0"


def test_is_latest_flips_without_a_new_entry(s3, make_bucket):
    bucket = make_bucket("Enabled")
    newer, older = put_versions(s3, bucket, "k", 2)
    before = {v["VersionId"]: v["LastModified"] for v in s3.list_object_versions(Bucket=bucket)["Versions"]}
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    gone = s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    assert gone["DeleteMarker"] and gone["VersionId"] == marker
    page = s3.list_object_versions(Bucket=bucket)
    assert [(v["VersionId"], v["IsLatest"]) for v in page["Versions"]] == [(newer, True), (older, False)] and "DeleteMarkers" not in page
    s3.delete_object(Bucket=bucket, Key="k", VersionId=newer)
    (left,) = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert (left["VersionId"], left["IsLatest"], left["LastModified"]) == (older, True, before[older])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"k 0"


def test_a_bucket_that_was_never_versioned(s3, make_bucket):
    bucket = make_bucket()
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    (entry,) = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert (entry["VersionId"], entry["IsLatest"], entry["Size"]) == ("null", True, 1)
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"2"
    s3.delete_object(Bucket=bucket, Key="k")
    assert entries(s3.list_object_versions(Bucket=bucket)) == []


def test_suspended_replaces_the_null_version(s3, make_bucket):
    bucket = make_bucket("Enabled")
    (numbered,) = put_versions(s3, bucket, "k", 1)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    for body in (b"n1", b"n2"):
        s3.put_object(Bucket=bucket, Key="k", Body=body)
    assert entries(s3.list_object_versions(Bucket=bucket)) == [("k", "null", False), ("k", numbered, False)]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"n2"
    for _ in range(2):
        assert s3.delete_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    assert entries(s3.list_object_versions(Bucket=bucket)) == [("k", numbered, False), ("k", "null", True)]
    s3.put_object(Bucket=bucket, Key="k", Body=b"n3")
    assert entries(s3.list_object_versions(Bucket=bucket)) == [("k", "null", False), ("k", numbered, False)]


def test_null_versions_survive_enabling(s3, make_bucket):
    bucket = make_bucket()
    s3.put_object(Bucket=bucket, Key="k", Body=b"null")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    (version,) = put_versions(s3, bucket, "k", 1)
    assert entries(s3.list_object_versions(Bucket=bucket)) == [("k", version, False), ("k", "null", False)]
    assert [e[1] for e in all_versions(s3, bucket, PaginationConfig={"PageSize": 1})] == [version, "null"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert entries(s3.list_object_versions(Bucket=bucket)) == [("k", version, False)]


# Reading


def test_what_cannot_be_read(s3, make_bucket, differs):
    bucket = make_bucket("Enabled")
    (version,) = put_versions(s3, bucket, "k", 1)
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k")
    assert (status_of(error), code_of(error)) == (404, "NoSuchKey")
    headers = error.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert ("x-amz-delete-marker" in headers) != differs("no-delete-marker-field")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", VersionId=marker)
    assert (status_of(error), code_of(error)) == ((404, "NoSuchKey") if differs("marker-is-404") else (405, "MethodNotAllowed"))
    with pytest.raises(ClientError) as error:
        s3.head_object(Bucket=bucket, Key="k")
    assert status_of(error) == 404
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="never")
    assert code_of(error) == "NoSuchKey"
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", VersionId=version)
    assert status_of(error) == 404 and code_of(error) in ("NoSuchVersion", "NoSuchKey")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", VersionId="nonsense")
    assert status_of(error) == (404 if differs("invalid-version-id-is-unknown") else 400)


def test_ranges(s3, make_bucket):
    bucket = make_bucket()
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    for text, want in {"bytes=2-4": b"234", "bytes=8-": b"89", "bytes=-3": b"789", "bytes=5-99": b"56789", "bytes=0-0": b"0"}.items():
        reply = s3.get_object(Bucket=bucket, Key="k", Range=text)
        assert reply["Body"].read() == want
        start = b"0123456789".index(want)
        assert reply["ContentRange"] == f"bytes {start}-{start + len(want) - 1}/10"
        assert reply["ResponseMetadata"]["HTTPStatusCode"] == 206
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-")
    assert (status_of(error), code_of(error)) == (416, "InvalidRange")


def test_conditions_on_get(s3, make_bucket):
    bucket = make_bucket()
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag, Range="bytes=3-")["Body"].read() == b"3456789"
    s3.put_object(Bucket=bucket, Key="k", Body=b"changed")
    for more in ({}, {"Range": "bytes=3-"}):
        with pytest.raises(ClientError) as error:
            s3.get_object(Bucket=bucket, Key="k", IfMatch=etag, **more)
        assert (status_of(error), code_of(error)) == (412, "PreconditionFailed")
    changed = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=changed)
    assert status_of(error) == 304


def test_metadata_comes_back(s3, make_bucket):
    bucket = make_bucket()
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"x", Metadata={"One": "1", "two-words": "a b"}, ContentType="text/plain", ContentEncoding="gzip",
        ContentDisposition="attachment", CacheControl="no-cache",
    )  # fmt: skip
    for reply in (s3.get_object(Bucket=bucket, Key="k"), s3.head_object(Bucket=bucket, Key="k")):
        assert reply["Metadata"] == {"one": "1", "two-words": "a b"}
        assert (reply["ContentType"], reply["ContentEncoding"]) == ("text/plain", "gzip")
        assert (reply["ContentDisposition"], reply["CacheControl"]) == ("attachment", "no-cache")
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x")
    assert s3.head_object(Bucket=bucket, Key="plain")["ContentType"] == "binary/octet-stream"


def test_head_has_no_body(server, s3, make_bucket):
    bucket = make_bucket()
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    status, headers, body = raw(server, "HEAD", f"/{bucket}/k")
    assert (status, body) == (200, b"")
    assert headers.get("Content-Length", headers.get("content-length")) == "5"
    assert raw(server, "HEAD", f"/{bucket}/none")[0] == 404


# Writing


def test_put_can_be_conditional(s3, make_bucket):
    bucket = make_bucket()
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert (status_of(error), code_of(error)) == (412, "PreconditionFailed")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


def test_bodies_that_are_not_what_was_promised(server, make_bucket):
    bucket = make_bucket()
    status, _, body = raw(server, "PUT", f"/{bucket}/k", body=b"x", headers={"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})
    assert status == 400 and b"<Code>BadDigest</Code>" in body
    status, _, body = raw(server, "PUT", f"/{bucket}/k", body=b"x", payload="0" * 64)
    assert status == 400 and b"<Code>XAmzContentSHA256Mismatch</Code>" in body


@pytest.mark.parametrize("method", ["bytes", "stream"])
def test_empty_and_large_bodies(s3, make_bucket, tmp_path, method):
    bucket = make_bucket()
    for size in (0, 1, 4096, 3 << 20):
        body = bytes(i * 7 % 251 for i in range(1000)) * (size // 1000 + 1)
        (tmp_path / "body").write_bytes(body[:size])
        with open(tmp_path / "body", "rb") as stream:  # boto3 sends Expect: 100-continue for streams
            s3.put_object(Bucket=bucket, Key="k", Body=stream if method == "stream" else body[:size])
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body[:size]


def test_keys_are_limited(s3, make_bucket):
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=make_bucket(), Key="k" * 1025, Body=b"")
    assert status_of(error) == 400


def test_copies(s3, make_bucket):
    bucket = make_bucket("Enabled")
    s3.put_object(Bucket=bucket, Key="a b+c", Body=b"1", Metadata={"m": "1"}, ContentType="text/x")
    (version,) = [v["VersionId"] for v in s3.list_object_versions(Bucket=bucket)["Versions"]]
    s3.put_object(Bucket=bucket, Key="a b+c", Body=b"2")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b+c", "VersionId": version})
    reply = s3.get_object(Bucket=bucket, Key="copy")
    assert (reply["Body"].read(), reply["Metadata"], reply["ContentType"]) == (b"1", {"m": "1"}, "text/x")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/copy", Metadata={"m": "2"}, MetadataDirective="REPLACE")
    assert s3.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"m": "2"}
    with pytest.raises(ClientError) as error:
        s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/none")
    assert code_of(error) == "NoSuchKey"


def test_many_deletes_at_once(s3, make_bucket):
    bucket = make_bucket("Enabled")
    keys = ["a", "b & c", "d+e"]
    versions = {key: put_versions(s3, bucket, key, 1)[0] for key in keys}
    reply = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert {d["Key"]: d["DeleteMarker"] for d in reply["Deleted"]} == {key: True for key in keys}
    doomed = [{"Key": key, "VersionId": versions[key]} for key in keys]
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
    assert sorted(e[0] for e in entries(s3.list_object_versions(Bucket=bucket))) == keys
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


# Multipart uploads

PART = 5 << 20


def start_upload(s3, bucket, key, *bodies):
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, Metadata={"m": "1"})["UploadId"]
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=n, Body=body)["ETag"]}
        for n, body in enumerate(bodies, 1)
    ]
    return upload, parts


def test_multipart_uploads(s3, make_bucket, differs):
    bucket = make_bucket("Enabled")
    upload, parts = start_upload(s3, bucket, "k", b"a" * PART, b"tail")
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    assert [p["Size"] for p in s3.list_parts(Bucket=bucket, Key="k", UploadId=upload)["Parts"]] == [PART, 4]
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)
    reply = s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["ETag"].endswith('-2"')
    assert reply["ETag"] == ("" if differs("complete-without-etag") else got["ETag"])
    assert (got["Metadata"], got["VersionId"]) == ({"m": "1"}, reply["VersionId"])
    assert got["Body"].read() == b"a" * PART + b"tail"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_multipart_uploads_that_are_refused(s3, make_bucket):
    bucket = make_bucket()
    upload, parts = start_upload(s3, bucket, "k", b"a" * PART, b"small", b"b" * PART)

    def complete(wanted):
        with pytest.raises(ClientError) as error:
            s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": wanted})
        return code_of(error)

    assert complete(parts) == "EntityTooSmall"
    assert complete([parts[2], parts[0]]) in ("InvalidPartOrder", "InvalidPart")  # Ceph counts the parts first
    assert complete([dict(parts[0], ETag='"00000000000000000000000000000000"')]) == "InvalidPart"
    assert complete([dict(parts[0], PartNumber=7)]) == "InvalidPart"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_aborted_multipart_uploads(s3, make_bucket):
    bucket = make_bucket()
    upload, parts = start_upload(s3, bucket, "k", b"a")
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    calls = [
        lambda: s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload),
        lambda: s3.list_parts(Bucket=bucket, Key="k", UploadId=upload),
        lambda: s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=2, Body=b"b"),
        lambda: s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts}),
    ]
    for call in calls:
        with pytest.raises(ClientError) as error:
            call()
        assert status_of(error) == 404 and code_of(error) in ("NoSuchUpload", "NoSuchKey")  # Ceph says the latter of a part


def test_when_a_multipart_upload_was_modified(s3, make_bucket, differs):
    bucket = make_bucket("Enabled")
    upload, parts = start_upload(s3, bucket, "k", b"upload")
    time.sleep(1.1)
    s3.put_object(Bucket=bucket, Key="k", Body=b"between")
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    latest, other = s3.list_object_versions(Bucket=bucket)["Versions"]
    sizes = (latest["Size"], other["Size"])
    assert sizes == ((6, 7) if differs("--mpu-time completion") else (7, 6))
    assert latest["IsLatest"] and latest["LastModified"] > other["LastModified"]


# Buckets and signatures


def test_buckets(s3, make_bucket):
    bucket = make_bucket()
    assert bucket in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    for status in ("Enabled", "Suspended"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == status
    s3.head_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket=bucket)
    assert (status_of(error), code_of(error)) == (409, "BucketNotEmpty")


def test_a_bucket_that_is_not_there(s3):
    absent = "no-such-bucket-5d41402abc"
    calls = [
        lambda: s3.list_objects_v2(Bucket=absent), lambda: s3.list_object_versions(Bucket=absent),
        lambda: s3.get_bucket_versioning(Bucket=absent), lambda: s3.get_object(Bucket=absent, Key="k"),
        lambda: s3.put_object(Bucket=absent, Key="k", Body=b""), lambda: s3.delete_bucket(Bucket=absent),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ClientError) as error:
            call()
        assert (status_of(error), code_of(error)) == (404, "NoSuchBucket")
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket=absent)
    assert status_of(error) == 404


def test_signatures_are_checked(server, make_bucket):
    import dataclasses

    bucket = make_bucket()
    status, _, body = raw(dataclasses.replace(server, secret_key="wrong"), "GET", f"/{bucket}")
    assert status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in body
    status, _, body = raw(dataclasses.replace(server, access_key="AKNOBODY"), "GET", f"/{bucket}")
    assert status == 403 and b"<Code>InvalidAccessKeyId</Code>" in body
    for age in (-3600, 3600):
        status, _, body = raw(server, "GET", f"/{bucket}", age=age)
        assert status == 403 and b"<Code>RequestTimeTooSkewed</Code>" in body


# The stand-in's other quirks


def test_split_runs(s3d):
    s3 = s3d_server(s3d).client()
    bucket = Buckets(s3, "s3d")("Enabled")
    put_versions(s3, bucket, "a", 1)
    s3.delete_object(Bucket=bucket, Key="b")
    s3d.set_quirk("split-runs")
    _, _, body = raw(s3d_server(s3d), "GET", f"/{bucket}", [("versions", "")])
    assert body.index(b"<DeleteMarker>") < body.index(b"<Version>")


def test_a_server_without_versions(s3d):
    s3 = s3d_server(s3d).client(parameter_validation=True)
    bucket = Buckets(s3, "s3d")()
    s3d.set_quirk("no-versions")
    for query in ([("versions", "")], [("versioning", "")]):
        status, _, body = raw(s3d_server(s3d), "GET", f"/{bucket}", query)
        assert status == 501 and b"<Code>NotImplemented</Code>" in body
