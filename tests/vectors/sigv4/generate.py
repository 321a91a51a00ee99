#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the signature vectors of this folder, one folder a case, with botocore as the independent implementation.

    python3 tests/vectors/sigv4/generate.py        (needs botocore; the result is committed, tests do not run this)

request           method, path and query (percent-encoded), headers, an empty line, body
context           name=value lines: form (s3, generic, query), normalize, keys, region, service, time, payload, expires
canonical, string-to-sign, signature, url         what signing has to give
chunks            (chunked upload) size, byte, signature of each chunk
"""
import hashlib
import hmac
import pathlib
import shutil
import urllib.parse

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

HERE = pathlib.Path(__file__).resolve().parent
EMPTY = hashlib.sha256(b"").hexdigest()
S3 = dict(access_key="AKIAIOSFODNN7EXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region="us-east-1",
          service="s3", time="20130524T000000Z", form="s3")
GENERIC = dict(access_key="AKIDEXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region="us-east-1",
               service="service", time="20150830T123600Z", form="generic")
TOKEN = ("AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"
         "qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT"
         "38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==")

# Signatures that AWS has published: botocore has to agree with them before a vector is written.
PUBLISHED = {
    "s3-get-object": "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    "s3-put-object": "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    "s3-get-lifecycle": "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    "s3-list-objects": "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    "s3-presigned-get": "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    "s3-chunked-put": "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "get-vanilla": "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    "get-header-key-duplicate": "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
}

CASES = {}


def case(name, method, target, headers=(), body="", base=GENERIC, **context):
    """target: path?query; the path is raw text for S3 (a key) and as it is signed for others."""
    CASES[name] = (method, target, list(headers), body, {**base, **context})


def s3(name, method, target, headers=(), body="", host="examplebucket.s3.amazonaws.com", **context):
    context.setdefault("payload", hashlib.sha256(body.encode()).hexdigest())
    case(name, method, target, [("Host", host), *headers], body, S3, **context)


def generic(name, method, target, headers=(), body="", **context):
    case(name, method, target, [("Host", "example.amazonaws.com"), *headers], body,
         payload=hashlib.sha256(body.encode()).hexdigest(), **context)


def both(name, target):
    generic(name + "-normalized", "GET", target, normalize="1")
    generic(name + "-unnormalized", "GET", target)


s3("s3-get-object", "GET", "/test.txt", [("Range", "bytes=0-9")])
s3("s3-put-object", "PUT", "/test$file.text", [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
   "Welcome to Amazon S3.")
s3("s3-get-lifecycle", "GET", "/?lifecycle")
s3("s3-list-objects", "GET", "/?max-keys=2&prefix=J")
s3("s3-presigned-get", "GET", "/test.txt", form="query", expires="86400", payload="UNSIGNED-PAYLOAD")
s3("s3-chunked-put", "PUT", "/examplebucket/chunkObject.txt",
   [("Content-Encoding", "aws-chunked"), ("Content-Length", "66824"), ("x-amz-decoded-content-length", "66560"),
    ("x-amz-storage-class", "REDUCED_REDUNDANCY")], host="s3.amazonaws.com", payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
   chunks=((65536, "a"), (1024, "a"), (0, "a")))
s3("s3-odd-key", "GET", "/a b+c%d&e=f/ü/~t*('!)/%41.txt")
s3("s3-dot-segments", "GET", "/x/../y//z/./.")
s3("s3-control-characters", "GET", "/\x01\x1f\x7f\t")
s3("s3-session-token", "GET", "/key", token=TOKEN)
s3("s3-presigned-session-token", "GET", "/key", form="query", expires="60", payload="UNSIGNED-PAYLOAD", token=TOKEN)
s3("s3-version-id", "GET", "/key?versionId=3%2FL4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY%2BMTRCxf3vjVBH40Nr8X8gdRQBpUMLUo")
s3("s3-list-versions", "GET", "/?versions&encoding-type=url&prefix=a%2Fb%20c&key-marker=a%2Fb%20c%2B1&version-id-marker=null")
s3("s3-list-v2-page", "GET", "/?list-type=2&encoding-type=url&continuation-token=1%2Bx%2F%3D%3D&prefix=")
s3("s3-port-and-base-path", "PUT", "/base/bucket/key", [("Content-Type", "application/json")], "{}", host="127.0.0.1:9000",
   region="eu-central-1", payload="UNSIGNED-PAYLOAD")

generic("get-vanilla", "GET", "/")
generic("get-vanilla-with-session-token", "GET", "/", token=TOKEN)
generic("get-vanilla-empty-query-key", "GET", "/?Param1=value1")
generic("get-vanilla-query", "GET", "/")
generic("get-vanilla-query-order-key", "GET", "/?Param1=value2&Param1=Value1")
generic("get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1")
generic("get-vanilla-query-order-value", "GET", "/?Param1=value2&Param1=value1")
generic("get-vanilla-query-order-encoded", "GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1")
generic("get-vanilla-query-unreserved", "GET", "/?" + "&".join(2 * ["-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"])
        .replace("&", "="))
generic("get-vanilla-utf8-query", "GET", "/?ሴ=bar")
generic("get-header-key-duplicate", "GET", "/", [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")])
generic("get-header-value-multiline", "GET", "/", [("My-Header1", "value1\n  value2\n     value3")])
generic("get-header-value-order", "GET", "/", [("My-Header1", "value4"), ("My-Header1", "value1"), ("My-Header1", "value3"),
                                               ("My-Header1", "value2")])
generic("get-header-value-trim", "GET", "/", [("My-Header1", " value1"), ("My-Header2", ' "a   b   c"')])
generic("get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
generic("get-utf8", "GET", "/ሴ")
both("get-relative", "/example/..")
both("get-relative-relative", "/example1/example2/../..")
both("get-slash", "//")
both("get-slash-dot-slash", "/./")
both("get-slash-pointless-dot", "/./example")
both("get-slashes", "//example//")
both("get-space", "/example space/")
generic("post-vanilla", "POST", "/")
generic("post-vanilla-query", "POST", "/?Param1=value1")
generic("post-vanilla-empty-query-value", "POST", "/?Param1=")
generic("post-header-key-case", "POST", "/")
generic("post-header-key-sort", "POST", "/", [("My-Header1", "value1")])
generic("post-header-value-case", "POST", "/", [("My-Header1", "VALUE1")])
generic("post-sts-header-before", "POST", "/", token=TOKEN)
generic("post-sts-header-after", "POST", "/")
generic("post-x-www-form-urlencoded", "POST", "/", [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "13"),
                                                    ("x-amz-content-sha256", hashlib.sha256(b"Param1=value1").hexdigest())],
        "Param1=value1")
generic("post-x-www-form-urlencoded-parameters", "POST", "/",
        [("Content-Type", "application/x-www-form-urlencoded; charset=utf8"), ("Content-Length", "13"),
         ("x-amz-content-sha256", hashlib.sha256(b"Param1=value1").hexdigest())], "Param1=value1")


def split_target(target):
    path, _, query = target.partition("?")
    pairs = [tuple((p.split("=", 1) + [""])[:2]) for p in query.split("&") if p]
    return path, [(urllib.parse.unquote(k), urllib.parse.unquote(v)) for k, v in pairs]


def presign_pairs(ctx):
    scope = f"{ctx['time'][:8]}/{ctx['region']}/{ctx['service']}/aws4_request"
    pairs = [("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", ctx["access_key"] + "/" + scope),
             ("X-Amz-Date", ctx["time"]), ("X-Amz-Expires", ctx["expires"]), ("X-Amz-SignedHeaders", "host")]
    return pairs + ([("X-Amz-Security-Token", ctx["token"])] if "token" in ctx else [])


def build(method, target, headers, body, ctx):
    path, pairs = split_target(target)
    wire = path if ctx["form"] == "generic" else urllib.parse.quote(path, safe="/-_.~")
    if ctx["form"] == "query":
        pairs += presign_pairs(ctx)
    request = AWSRequest(method=method, url="https://" + headers[0][1] + wire, params=pairs, data=body.encode())
    for name, value in headers:
        request.headers[name] = value.replace("\n", " ")
    if ctx["form"] != "query":
        request.headers["X-Amz-Date"] = ctx["time"]
        if "token" in ctx:
            request.headers["X-Amz-Security-Token"] = ctx["token"]
    if ctx["form"] == "s3":
        request.headers["X-Amz-Content-SHA256"] = ctx["payload"]
    request.context["timestamp"] = ctx["time"]
    return request, wire, pairs


class Unnormalized(SigV4Auth):
    def _normalize_url_path(self, path):
        return urllib.parse.quote(path, safe="/~")


class Presigned(S3SigV4Auth):
    def payload(self, request):
        return "UNSIGNED-PAYLOAD"


def signer(ctx):
    kind = {"s3": S3SigV4Auth, "query": Presigned, "generic": SigV4Auth if ctx.get("normalize") else Unnormalized}[ctx["form"]]
    return kind(Credentials(ctx["access_key"], ctx["secret_key"], ctx.get("token")), ctx["service"], ctx["region"])


def quote(text):
    return urllib.parse.quote(text, safe="-_.~")


def chunk_signatures(ctx, seed):
    def mac(key, text):
        return hmac.new(key, text.encode(), hashlib.sha256).digest()
    key = ("AWS4" + ctx["secret_key"]).encode()
    for part in (ctx["time"][:8], ctx["region"], ctx["service"], "aws4_request"):
        key = mac(key, part)
    scope = f"{ctx['time'][:8]}/{ctx['region']}/{ctx['service']}/aws4_request"
    lines = []
    for size, byte in ctx["chunks"]:
        data = hashlib.sha256(byte.encode() * size).hexdigest()
        seed = mac(key, "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", ctx["time"], scope, seed, EMPTY, data])).hex()
        lines.append(f"{size} {byte} {seed}\n")
    return "".join(lines)


def write(name):
    method, target, headers, body, ctx = CASES[name]
    request, wire, pairs = build(method, target, headers, body, ctx)
    auth = signer(ctx)
    canonical = auth.canonical_request(request)
    to_sign = auth.string_to_sign(request, canonical)
    signature = auth.signature(to_sign, request)
    assert signature == PUBLISHED.get(name, signature), name
    query = "&".join(f"{k}={v}" for k, v in sorted((quote(k), quote(v)) for k, v in pairs))
    url = wire + ("?" + query if query else "") + ("&X-Amz-Signature=" + signature if ctx["form"] == "query" else "")
    folder = HERE / name
    folder.mkdir()
    path, _, raw_query = target.partition("?")
    line = urllib.parse.quote(path, safe="/-_.~") + ("?" + raw_query if raw_query else "")
    (folder / "request").write_text(f"{method} {line}\n" + "".join(f"{k}:{v}\n" for k, v in headers) + "\n" + body)
    (folder / "context").write_text("".join(f"{k}={v}\n" for k, v in ctx.items() if k != "chunks"))
    (folder / "canonical").write_text(canonical)
    (folder / "string-to-sign").write_text(to_sign)
    (folder / "signature").write_text(signature)
    (folder / "url").write_text(url)
    if "chunks" in ctx:
        (folder / "chunks").write_text(chunk_signatures(ctx, signature))


for old in HERE.iterdir():
    if old.is_dir():
        shutil.rmtree(old)
for each in CASES:
    write(each)
print(len(CASES), "vectors")
