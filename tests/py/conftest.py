# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all suites: servers (each test with `server` runs once per server), buckets, and the program under test."""

import dataclasses
import os
import pathlib
import shutil
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.register_assert_rewrite("records", "runner")

from runner import PROGRAM, Program  # noqa: E402
from s3d_client import LIKE_CEPH, S3d  # noqa: E402
from servers import BUILD, NAMES, Server, Unavailable, shared, stop_shared  # noqa: E402

RUN_DIR = "S3C_TEST_RUN_DIR"
S3D = pathlib.Path(os.environ.get("S3D_PROGRAM", BUILD / "tests" / "support" / "s3d" / "s3d"))


def pytest_addoption(parser):
    parser.addoption("--servers", default=",".join(NAMES), help="comma-separated: " + ", ".join((*NAMES, "external")))
    parser.addoption("--soak", action="store_true", help="run the long tests, and only those")


def chosen_servers(config):
    return config.getoption("--servers").split(",")


def pytest_configure(config):
    if not PROGRAM.exists():
        raise pytest.UsageError(f"{PROGRAM} is not there: run make first")
    if not hasattr(config, "workerinput"):  # the controlling process, or the only one
        os.environ[RUN_DIR] = tempfile.mkdtemp(prefix="s3c-tests-")


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput") and RUN_DIR in os.environ:
        run_dir = pathlib.Path(os.environ.pop(RUN_DIR))
        stop_shared(run_dir)
        shutil.rmtree(run_dir, ignore_errors=True)


def pytest_generate_tests(metafunc):
    if "server" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("servers")
    names = list(mark.args if mark else NAMES)
    if "external" in chosen_servers(metafunc.config) and "ceph" in names:  # whatever a real server is asked, it is asked too
        names.append("external")
    metafunc.parametrize("server", names, indirect=True, scope="session")


def pytest_collection_modifyitems(config, items):
    chosen = chosen_servers(config)
    keep, drop = [], []
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker("server")
            name = item.callspec.params["server"]
            wanted = name.removesuffix("-like-ceph") in chosen
        else:
            wanted = True
        is_soak = item.get_closest_marker("soak") is not None
        (keep if wanted and is_soak == config.getoption("--soak") else drop).append(item)
    items[:] = keep
    config.hook.pytest_deselected(items=drop)


@pytest.fixture(scope="session")
def run_dir():
    return pathlib.Path(os.environ[RUN_DIR])


@pytest.fixture(scope="session")
def s3d_process():
    """The stand-in of this worker, as AWS is: whole seconds, multipart uploads dated by their initiation."""
    with S3d(S3D) as process:
        yield process


@pytest.fixture
def s3d(s3d_process):
    """The same, with no fault, latency or quirk left over."""
    yield s3d_process
    s3d_process.reset_faults()


def s3d_server(process):
    return Server("s3d", process.endpoint, process.access_key, process.secret_key)


@pytest.fixture(scope="session")
def s3d_like_ceph_process():
    with S3d(S3D, *LIKE_CEPH) as process:
        yield process


@pytest.fixture(scope="session")
def server(request, run_dir):
    name = request.param
    if name == "s3d":
        return s3d_server(request.getfixturevalue("s3d_process"))
    if name == "s3d-like-ceph":
        return dataclasses.replace(s3d_server(request.getfixturevalue("s3d_like_ceph_process")), name=name)
    try:
        return shared(run_dir, name)
    except Unavailable as why:
        pytest.skip(f"NO {name.upper()}: {why}")


@pytest.fixture(scope="session")
def s3(server):
    """boto3, the judge."""
    return server.client()


@pytest.fixture
def s3c(server):
    """The program, told where the server is. versitygw renews its Date once a second only."""
    return Program(server.environment(), lag=1.1 if server.name == "versitygw" else 0)


class Buckets:
    """Makes buckets with random names; removes them where they would outlive the server."""

    def __init__(self, client, name):
        self.client = client
        self.keep = name != "external"
        self.made = []

    def __call__(self, versioning="", region=None):
        bucket = f"t-{uuid.uuid4().hex[:16]}"
        location = {} if not region or region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.client.create_bucket(Bucket=bucket, **location)
        self.made.append(bucket)
        for state in {"": [], "Enabled": ["Enabled"], "Suspended": ["Enabled", "Suspended"]}[versioning]:
            self.set_versioning(bucket, state)
        return bucket

    def set_versioning(self, bucket, state):
        self.client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": state})

    def remove_all(self):
        for bucket in self.made if not self.keep else ():
            for page in self.client.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
                    self.client.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
            self.client.delete_bucket(Bucket=bucket)


@pytest.fixture
def make_bucket(server, s3):
    region = server.region if server.name == "external" else None
    buckets = Buckets(s3, server.name)
    yield lambda versioning="": buckets(versioning, region)
    buckets.remove_all()


@pytest.fixture(scope="session")
def make_session_bucket(server, s3):
    region = server.region if server.name == "external" else None
    buckets = Buckets(s3, server.name)
    yield lambda versioning="": buckets(versioning, region)
    buckets.remove_all()


def put_all(client, bucket, objects, threads=12):
    """Puts key -> bytes, many at a time."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda item: client.put_object(Bucket=bucket, Key=item[0], Body=item[1]), objects.items()))
