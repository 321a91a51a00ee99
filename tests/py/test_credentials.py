# SPDX-License-Identifier: Apache-2.0
"""Where key pairs, region and endpoint come from, and which of two wins: options, config file, environment, profile."""

import pytest
from conftest import S3D, Buckets, s3d_server
from runner import Program
from s3d_client import S3d

KEYS = {"AWS_ACCESS_KEY_ID": "AKTEST", "AWS_SECRET_ACCESS_KEY": "sktest"}
WRONG = {"AWS_ACCESS_KEY_ID": "AKNOBODY", "AWS_SECRET_ACCESS_KEY": "wrong"}


@pytest.fixture(scope="module")
def stand():
    """(endpoint, bucket) of a server that wants a session token and one region."""
    with S3d(S3D, "--session-token", "t0ken", "--region", "eu-test-1") as process:
        server = s3d_server(process)
        server.session_token, server.region = "t0ken", "eu-test-1"
        s3 = server.client()
        bucket = Buckets(s3, "s3d")()
        s3.put_object(Bucket=bucket, Key="k", Body=b"1")
        yield process.endpoint, bucket


def write_profile(folder, endpoint, name="lake"):
    """The two AWS files; the environment that points to them."""
    (folder / "credentials").write_text(
        f"[default]\naws_access_key_id = AKNOBODY\naws_secret_access_key = wrong\n"
        f"[{name}]\naws_access_key_id = AKTEST\naws_secret_access_key = sktest\naws_session_token = t0ken\n"
    )
    (folder / "config").write_text(
        f"[profile {name}]\nregion = eu-test-1\nservices = local\n[services local]\ns3 =\n  endpoint_url = {endpoint}\n"
    )
    return {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"), "AWS_CONFIG_FILE": str(folder / "config")}


def reads(environment, bucket, *args):
    result = Program(environment).source(bucket, "--snapshot-only", *args).ok()
    return [record.key for record in result.records] == [b"k"]


def refused(environment, bucket, *args):
    result = Program(environment).source(bucket, "--snapshot-only", *args)
    assert result.returncode == 1, result.stderr
    assert "credentials: " in result.last_line
    assert "sktest" not in result.stderr and "t0ken" not in result.stderr
    return True


def test_a_profile_brings_everything(stand, tmp_path):
    files = write_profile(tmp_path, stand[0])
    assert reads({**files, "AWS_PROFILE": "lake"}, stand[1])
    assert reads(files, stand[1], "--profile", "lake")
    assert reads({**files, "AWS_PROFILE": "default"}, stand[1], "--aws.profile", "lake")
    assert reads({"HOME": str(tmp_path), **dict.fromkeys(files, "")}, stand[1], "--config", in_home(tmp_path, stand))


def in_home(folder, stand):
    """The files where everybody looks for them, and a config file that names the profile."""
    (folder / ".aws").mkdir()
    for name in ("credentials", "config"):
        (folder / ".aws" / name).write_text((folder / name).read_text())
    (folder / "settings").write_text("aws.profile = lake\n")
    return folder / "settings"


def test_the_environment_beats_the_profile_and_options_beat_both(stand, tmp_path):
    endpoint, bucket = stand
    files = {**write_profile(tmp_path, endpoint), "AWS_PROFILE": "lake"}
    assert refused({**files, **WRONG}, bucket)
    settings = tmp_path / "settings"
    settings.write_text("aws.access-key-id = AKTEST\naws.secret-access-key = sktest\naws.session-token = t0ken\n")
    assert reads({**files, **WRONG}, bucket, "--config", settings)
    assert reads({**files, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, bucket, "--endpoint", endpoint)
    assert reads({**files, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": endpoint}, bucket)
    assert reads({**files, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, bucket, "--endpoint", endpoint)
    assert reads({**files, "AWS_REGION": "eu-test-1", "AWS_DEFAULT_REGION": "us-west-2"}, bucket)


def test_session_tokens(stand):
    endpoint, bucket = stand
    environment = {**KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "eu-test-1"}
    assert reads({**environment, "AWS_SESSION_TOKEN": "t0ken"}, bucket)
    assert refused(environment, bucket)
    assert refused({**environment, "AWS_SESSION_TOKEN": "stale"}, bucket)


@pytest.mark.parametrize("missing", KEYS)
def test_half_a_key_pair_in_the_environment(stand, missing):
    environment = {**KEYS, "AWS_ENDPOINT_URL": stand[0], missing: ""}
    result = Program(environment).source(stand[1], "--snapshot-only")
    assert result.returncode == 1
    assert f"not {missing}" in result.last_line


def test_on_aws_a_region_is_required():
    result = Program(KEYS).run("source", "--bucket", "b")
    assert result.returncode == 2
    assert "aws.region" in result.last_line and "AWS_REGION" in result.last_line


def test_a_directory_bucket_is_refused():
    result = Program(KEYS).run("source", "--bucket", "b--euw1-az1--x-s3", "--region", "eu-west-1")
    assert result.returncode == 2
    assert "directory bucket" in result.last_line
