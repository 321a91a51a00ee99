# SPDX-License-Identifier: Apache-2.0
"""key.template: folders that the readers of a lake understand, and that no record can leave."""

import base64
import collections
import datetime
import json
import pathlib

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from records import encode_line
from runner import Program

pytestmark = pytest.mark.servers("s3d", "ceph")
NONE = "__HIVE_DEFAULT_PARTITION__"
NS = 10**9
DAYS = ["2024-02-28", "2024-02-29", "2024-12-31", "1969-12-31"]
HOSTILE = ["eu", "..", ".", "../../up", "a/b", "a=b", "100%", "%2F", "Zürich", "東京 😀", "a\nb\x00", "'\"", "x" * 240, "\u202etxt", ""]


def at(day, second=1):
    moment = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc)
    return str(int(moment.timestamp()) * NS + second * NS)


def objects(s3, bucket):
    """Key -> bytes of all objects."""
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            found[entry["Key"]] = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
    return found


def folder(key):
    return key.rpartition("/")[0]


def json_lines(body):
    return [json.loads(line) for line in body.splitlines()]


def write(s3c, bucket, lines, template, *args):
    return s3c.run("destination", "--bucket", bucket, "--key.template", template, *args, stdin=b"".join(lines))


def hive_records():
    """Two of each day and region, in an order that changes the partition with each record."""
    rows = [(day, region) for _ in range(2) for region in HOSTILE for day in DAYS]
    lines = []
    for i, (day, region) in enumerate(rows):
        metadata = {"opencdc.createdAt": at(day, i), **({"region": region} if region else {})}
        lines.append(encode_line("create", b"k", b"p%03d" % i, b"v", metadata=metadata))
    return rows, lines


def below(root, found):
    """The objects as files, as a synchronised lake has them."""
    for key, body in found.items():
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return sorted(p for p in root.rglob("*.parquet"))


def wanted(rows):
    return sorted((b"p%03d" % i, day, region or None) for i, (day, region) in enumerate(rows))


@pytest.fixture(scope="module")
def lake(s3, server, make_session_bucket, tmp_path_factory):
    """Parquet files in Hive partitions of hostile values: (rows, root of the files)."""
    bucket, (rows, lines) = make_session_bucket(), hive_records()
    program = Program(server.environment())
    template = "{prefix}dt={record:%Y-%m-%d}/region={metadata:region}/{name}"
    result = write(program, bucket, lines, template, "--format", "parquet", "--prefix", "lake", "--acks").ok()
    assert [base64.b64decode(line) for line in result.stdout.split()] == [b"p%03d" % i for i in range(len(rows))], "in order"
    found = objects(s3, bucket)
    assert len(found) == len(set(rows)), "one file a partition"
    assert all(len(key.split("/")) == 4 and key.startswith("lake/dt=") for key in found)
    root = tmp_path_factory.mktemp("hive")
    assert len(below(root, found)) == len(found)
    return rows, root


def test_pyarrow_reads_the_partitions(server, lake):
    rows, root = lake
    schema = pa.schema([("dt", pa.string()), ("region", pa.string())])
    table = ds.dataset(root / "lake", partitioning=ds.partitioning(schema, flavor="hive")).to_table()
    columns = (table.column(name).to_pylist() for name in ("position", "dt", "region"))
    assert sorted(zip(*columns), key=lambda row: row[0]) == wanted(rows)


def test_duckdb_reads_the_partitions(server, lake):
    rows, root = lake
    text = "select position, dt::text, region from read_parquet(?, hive_partitioning = true, hive_types_autocast = false)"
    with duckdb.connect() as connection:
        found = connection.execute(text, [f"{root}/lake/**/*.parquet"]).fetchall()
        days = connection.execute(
            "select dt, count(*) from read_parquet(?, hive_partitioning = true) where dt = date '2024-02-29' group by dt",
            [f"{root}/lake/**/*.parquet"],
        ).fetchall()
    as_read = [(position, day, None if region == NONE else region) for position, day, region in found]
    assert sorted(as_read, key=lambda row: row[0]) == wanted(rows)
    assert days == [(datetime.date(2024, 2, 29), 2 * len(HOSTILE))]


def test_fields_of_the_payload(s3, s3c, make_bucket):
    bucket = make_bucket()
    payloads = {
        b"1": b'{"order": {"country": "CH", "n": 7}}',
        b"2": {"order": {"n": -1.5, "country": "../x"}},
        b"3": b"no JSON",
        b"4": None,
        b"5": b'{"order": {"country": null, "n": true}}',
        b"6": b'{"order": {"country": "\\u0043H", "n": 7}}',
    }
    lines = [encode_line("create" if after else "delete", b"k", position, after) for position, after in payloads.items()]
    write(s3c, bucket, lines, "{payload:order.country}/n={payload:order.n}/{name}", "--format", "json").ok()
    found = collections.defaultdict(list)
    for key, body in objects(s3, bucket).items():
        found[folder(key)] += [line["Position"] for line in json_lines(body)]
    assert found == {"CH/n=7": ["1", "6"], "..%2Fx/n=-1.5": ["2"], f"{NONE}/n={NONE}": ["3", "4"], f"{NONE}/n=true": ["5"]}


def test_names_without_records_values(s3, s3c, make_bucket):
    bucket = make_bucket()
    first = datetime.datetime.now(datetime.timezone.utc)
    template = "{collection}/{time:%Y/%m/%d/%H}/s{shard}-{position}"
    lines = [encode_line("create", b"k", position, b"v", metadata={"opencdc.collection": "c"}) for position in (b"a/b", b"c")]
    write(s3c, bucket, lines, template, "--format", "json", "--shard.index", "3", "--buffer-size", "1").ok()
    last = datetime.datetime.now(datetime.timezone.utc)
    hours = {f"c/{moment:%Y/%m/%d/%H}" for moment in (first, last)}
    names = {key.rpartition("/")[2] for key in objects(s3, bucket)}
    assert names == {"s3-a%2Fb.json", "s3-c.json"}
    assert {folder(key) for key in objects(s3, bucket)} <= hours


def test_a_value_that_is_too_long_is_refused(s3, s3c, make_bucket):
    bucket = make_bucket()
    lines = [encode_line("create", b"k", position, b"v", metadata={"r": value}) for position, value in ((b"1", "x"), (b"2", "x" * 2048))]
    result = write(s3c, bucket, lines, "{metadata:r}/{name}", "--format", "json")
    assert result.returncode == 1
    assert "key.template: with the value of {metadata:r}" in result.last_line
    (key,) = objects(s3, bucket)
    assert folder(key) == "x", "what came before is written"


@pytest.mark.parametrize(
    "template, more, says",
    [
        ("{prefix}dt={recrod:%F}/{name}", [], "key.template: column 12: unknown field {recrod}; did you mean {record:%Y-%m-%d}?"),
        ("{prefix}dt={record:%F}", [], "add {name} or {position}"),
        ("/{name}", [], "begin or end with '/'"),
        ("{time:%F}/{name}", ["--write.once", "true"], "{time} with write.once"),
        ("{record:%Y-%b}/{name}", [], '"%b" is no part of a time'),
        ("../{name}", [], '".."'),
    ],
)
def test_wrong_templates_are_refused_before_the_network(server, template, more, says):
    program = Program({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    result = program.run("destination", "--bucket", "b", "--format", "json", "--key.template", template, *more)
    assert result.returncode == 2
    assert says in result.stderr


def test_check_shows_a_name(s3c, make_bucket):
    arguments = ["--prefix", "p", "--format", "json", "--compression", "gzip", "--key.template", "{prefix}v={metadata:v}/{name}"]
    result = s3c.run("check", "destination", "--bucket", make_bucket(), *arguments).ok()
    assert "names" in result.stdout.decode()
    assert "p/v=<metadata:v>/<time>-<writer>-<number>.json.gz" in result.stdout.decode()


def test_pipe_finds_loops_through_templates(s3, s3c, make_bucket):
    bucket = make_bucket()
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"1")

    def pipe(template, *more):
        both = ["--source.bucket", bucket, "--destination.bucket", bucket, "--source.prefix", "in/"]
        return s3c.run("pipe", *both, "--destination.format", "json", "--destination.key.template", template, "--limit", "1", *more)

    assert "would write where the source reads" in pipe("in/{name}").stderr
    assert "would write where the source reads" in pipe("{collection}/{name}").stderr
    pipe("out/{collection}/{name}").ok()
    pipe("{name}").ok()
    keys = [pathlib.PurePosixPath(key) for key in objects(s3, bucket)]
    assert sorted(str(key.parent) for key in keys) == [".", "in", f"out/{bucket}"]


def test_partitions_of_typed_columns(s3, s3c, make_bucket, tmp_path):
    """The field that divides is a column of its own and a folder; with write.once the folder's date is the record's alone."""
    bucket, schema = make_bucket(), tmp_path / "schema.avsc"
    fields = [{"name": "country", "type": ["null", "string"]}, {"name": "n", "type": "long"}]
    schema.write_text(json.dumps({"type": "record", "name": "order", "fields": fields}))
    rows = [(i, ["CH", "DE", None][i % 3]) for i in range(30)]
    lines = [
        encode_line("create", b"k", b"p%02d" % i, {"country": country, "n": i}, metadata={"opencdc.createdAt": at(DAYS[i % 2])})
        for i, country in rows
    ]
    template = "{prefix}dt={record:%F}/c={payload:country}/{name}"
    typed = ["--format", "parquet", "--parquet.columns", "typed", "--schema", schema, "--write.once", "true", "--prefix", "t"]
    write(s3c, bucket, lines, template, *typed).ok()
    below(tmp_path / "lake", objects(s3, bucket))
    text = "select payload.n, payload.country, dt::text, c from read_parquet(?, hive_partitioning = true, hive_types_autocast = false) order by 1"
    with duckdb.connect() as connection:
        found = connection.execute(text, [f"{tmp_path}/lake/t/**/*.parquet"]).fetchall()
    assert found == [(i, country, DAYS[i % 2], country) for i, country in rows]
