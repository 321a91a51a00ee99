# SPDX-License-Identifier: Apache-2.0
"""Objects, uploads, buckets and signatures of the stand-in and of real servers, held against the same expectations (conformance.py)."""

import dataclasses
import time

import pytest
from botocore.exceptions import ClientError

from conformance import SERVERS, code_of, differs_from_aws, entries, put_versions, raw, status_of

pytestmark = pytest.mark.servers(*SERVERS)


@pytest.fixture
def differs(server):
    return differs_from_aws(server)


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


def test_aborted_multipart_uploads(s3, make_bucket, differs):
    bucket = make_bucket()
    upload, parts = start_upload(s3, bucket, "k", b"a")
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    this = {"Bucket": bucket, "Key": "k", "UploadId": upload}

    def refused(call, **more):
        with pytest.raises(ClientError) as error:
            call(**this, **more)
        return status_of(error), code_of(error)

    of_list = "NoSuchKey" if differs("listing what was aborted is NoSuchKey") else "NoSuchUpload"
    assert refused(s3.abort_multipart_upload) == (404, "NoSuchUpload")
    assert refused(s3.list_parts) == (404, of_list)
    assert refused(s3.upload_part, PartNumber=2, Body=b"b") == (404, "NoSuchUpload")
    if not differs("completing what was aborted is 500"):
        assert refused(s3.complete_multipart_upload, MultipartUpload={"Parts": parts}) == (404, "NoSuchUpload")


def test_pages_of_multipart_uploads(s3, make_bucket):
    bucket = make_bucket()
    begun = [(key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in ("p/a", "p/b", "p/b", "q")]
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix="p/", PaginationConfig={"PageSize": 1})
    listed = [(u["Key"], u["UploadId"]) for page in pages for u in page.get("Uploads", [])]
    assert sorted(listed) == sorted(begun[:3])


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
    bucket = make_bucket()
    status, _, body = raw(dataclasses.replace(server, secret_key="wrong"), "GET", f"/{bucket}")
    assert status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in body
    status, _, body = raw(dataclasses.replace(server, access_key="AKNOBODY"), "GET", f"/{bucket}")
    assert status == 403 and b"<Code>InvalidAccessKeyId</Code>" in body
    for age in (-3600, 3600):
        status, _, body = raw(server, "GET", f"/{bucket}", age=age)
        assert status == 403 and b"<Code>RequestTimeTooSkewed</Code>" in body
