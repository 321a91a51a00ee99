# SPDX-License-Identifier: Apache-2.0
"""What the conformance suites share: how servers differ, signed requests whose answers nobody interprets, and small helpers.

The expectations are AWS's. Where Ceph is known to differ, DIFFERENCES says so and the tests expect exactly that instead. The stand-in
can be told to differ in the same way (its quirks), and then the same expectations hold for it.
"""

import datetime
import http.client
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from s3d_client import CEPH_QUIRKS

SERVERS = ("s3d", "s3d-like-ceph", "ceph")
LIKE_CEPH = {*CEPH_QUIRKS, "--mpu-time completion", "--granularity 1ms"}
DIFFERENCES = {
    "s3d": set(),
    "external": set(),
    "s3d-like-ceph": LIKE_CEPH,
    "ceph": LIKE_CEPH | {"completing what was aborted is 500", "listing what was aborted is NoSuchKey"},
}



def differs_from_aws(server):
    """A function that says whether the server has a difference of that name."""
    return DIFFERENCES[server.name].__contains__


def code_of(error):
    return error.value.response["Error"]["Code"]


def status_of(error):
    return error.value.response["ResponseMetadata"]["HTTPStatusCode"]


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


def put_versions(s3, bucket, key, count):
    """Newest first."""
    return [s3.put_object(Bucket=bucket, Key=key, Body=f"{key} {i}".encode())["VersionId"] for i in range(count)][::-1]
