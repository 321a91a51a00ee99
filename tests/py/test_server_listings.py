# SPDX-License-Identifier: Apache-2.0
"""The listings of the stand-in and of real servers, held against the same expectations (conformance.py), by boto3."""

import re

import pytest

from conformance import SERVERS, all_versions, differs_from_aws, entries, put_versions, raw
from conftest import Buckets, put_all, s3d_server

pytestmark = pytest.mark.servers(*SERVERS)


@pytest.fixture
def differs(server):
    return differs_from_aws(server)


ODD_KEYS = [
    "a b", "a+b", "a%b", "a%20b", "a&b", "a<b>", 'a"b', "a'b", "a=b", "a?b", "a#b", "a\\b", "~t*(')", "x_s1", "x_c2", "_", "x/../y",
    "x/./y", "x//y", "x/", "/x", "//", ".", "..", "\u00fc", "\u65e5\u672c", "\U0001f600", "\uffee", "k" * 1024,
]  # fmt: skip


def in_order(keys):
    return sorted(keys, key=lambda key: key.encode())


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
