# SPDX-License-Identifier: Apache-2.0
"""Parquet and compressed JSON: what the destination wrote, read by pyarrow, DuckDB and Polars and compared value by value."""

import gzip
import io
import json
import random
import subprocess

import duckdb
import parquet_structure
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from records import encode_line
from servers import BUILD

pytestmark = pytest.mark.servers("s3d")
CODECS = ["zstd", "snappy", "gzip", "none"]
NAMES = {"zstd": "ZSTD", "snappy": "SNAPPY", "gzip": "GZIP", "none": "UNCOMPRESSED"}
OPERATIONS = ["create", "update", "delete", "snapshot"]
SCHEMA = pa.schema(
    [
        pa.field("operation", pa.string(), nullable=False),
        pa.field("position", pa.binary(), nullable=False),
        pa.field("payload", pa.binary()),
        pa.field("key", pa.binary()),
        pa.field("metadata", pa.map_(pa.string(), pa.field("value", pa.string(), nullable=False))),
    ]
)


def line_of(row):
    operation, position, payload, key, metadata = row
    line = encode_line(operation, key, position, payload, metadata=dict(metadata or ()))
    return line if metadata is not None else line.replace(b'"metadata": {}', b'"metadata": null')


def upload(s3, s3c, bucket, rows, *args):
    """Writes the rows; returns the objects (answers of GetObject with the bytes as "bytes"), in order of their names."""
    result = s3c.run("destination", "--bucket", bucket, *args, stdin=b"".join(map(line_of, rows)), timeout=120).ok()
    assert result.stdout == b""
    found = []
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        answer = s3.get_object(Bucket=bucket, Key=entry["Key"])
        found.append({**answer, "name": entry["Key"], "bytes": answer["Body"].read()})
    return found


def parquet(s3, s3c, bucket, rows, *args):
    return upload(s3, s3c, bucket, rows, "--format", "parquet", "--file.max-idle", "0", "--file.max-age", "0", *args)


def by_pyarrow(body):
    """With its checksums verified, and all statistics and the page index read."""
    file = pq.ParquetFile(io.BytesIO(body), page_checksum_verification=True)
    table = file.read()
    assert table.schema.remove_metadata().equals(SCHEMA), table.schema
    columns = [table.column(name).to_pylist() for name in SCHEMA.names]
    return [(o, p, a, k, m if m is None else tuple(m)) for o, p, a, k, m in zip(*columns)]


def query(text, parameters=()):
    with duckdb.connect() as connection:
        return connection.execute(text, parameters).fetchall()


def by_duckdb(body, path):
    path.write_bytes(body)
    found = query(f"select operation, position, payload, key, map_entries(metadata) from read_parquet('{path}')")
    return [(o, p, a, k, m if m is None else tuple((e["key"], e["value"]) for e in m)) for o, p, a, k, m in found]


def by_polars(body):
    """Its reader is in Rust and its own: the third that shares no code with the others."""
    rows = polars.read_parquet(io.BytesIO(body)).rows()
    return [(o, p, a, k, m if m is None else tuple(m.items())) for o, p, a, k, m in rows]


def same(found, rows):
    """Value by value, without printing megabytes when it fails."""
    assert len(found) == len(rows)
    for i, (one, other) in enumerate(zip(found, rows)):
        for name, a, b in zip(SCHEMA.names, one, other):
            assert a == b, f"row {i}, {name}: {repr(a)[:200]} instead of {repr(b)[:200]}"


def check(objects, rows, tmp_path):
    assert all(o["ContentType"] == "application/vnd.apache.parquet" and "ContentEncoding" not in o for o in objects)
    assert all(o["name"].endswith(".parquet") for o in objects)
    same([row for o in objects for row in by_pyarrow(o["bytes"])], rows)
    same([row for o in objects for row in by_duckdb(o["bytes"], tmp_path / "f.parquet")], rows)
    same([row for o in objects for row in by_polars(o["bytes"])], rows)


def odd_rows():
    long_text = "ä" * 40 + "𐍈" * 40
    metadata = [None, (), (("a", "1"),), (("", ""), ("k", long_text), (long_text, "v")), tuple((f"n{i:03}", f"v{i}") for i in range(300))]
    values = [b"", b"\0", b"\xff\xfe\x80", b"\xff" * 200, bytes(range(256)), "grüße 𐍈".encode(), b"x" * 64, b"x" * 65, b'{"a":1}', b"\xc3"]
    rows = []
    for i in range(200):
        payload = None if i % 7 == 0 else values[i % len(values)]
        key = None if i % 11 == 0 else values[(i * 3) % len(values)]
        rows.append((OPERATIONS[i % 4], values[(i * 7) % len(values)] + b"_%d" % i, payload, key, metadata[i % len(metadata)]))
    return rows


def many_rows(count, seed=5):
    """Like a stream of a database: random keys, payloads that resemble each other, few deletes."""
    r = random.Random(seed)
    rows = []
    for i in range(count):
        payload = None if i % 20 == 19 else b'{"id":%d,"state":"%s","n":%d}' % (i, r.choice([b"new", b"paid", b"sent"]), r.getrandbits(40))
        metadata = (("opencdc.collection", "orders"), ("opencdc.createdAt", str(1795442400000000000 + i * 1003)), ("opencdc.version", "v1"))
        rows.append((OPERATIONS[i % 20 == 19 and 2], b"lsn-%012d" % i, payload, b"%032x" % r.getrandbits(128), metadata))
    return rows


@pytest.mark.parametrize("codec", CODECS)
def test_odd_values_with_every_codec(s3, s3c, make_bucket, tmp_path, codec):
    rows = odd_rows()
    objects = parquet(s3, s3c, make_bucket(), rows, "--compression", codec)
    assert len(objects) == 1
    check(objects, rows, tmp_path)
    metadata = pq.read_metadata(io.BytesIO(objects[0]["bytes"]))
    assert {metadata.row_group(0).column(i).compression for i in range(6)} == {NAMES[codec]}
    assert metadata.created_by.startswith("conduit-connector-s3 version ")
    assert metadata.format_version == "1.0"


@pytest.mark.parametrize(
    "row",
    [
        ("delete", b"p", None, None, None),
        ("create", b"", b"", b"", ()),
        ("snapshot", b"\xff" * 100, b"\xff" * 100, b"\xff" * 100, (("k", "v"),)),
    ],
    ids=["nothing", "empty", "highest bytes"],
)
def test_one_row(s3, s3c, make_bucket, tmp_path, row):
    check(parquet(s3, s3c, make_bucket(), [row]), [row], tmp_path)


@pytest.mark.parametrize("codec", CODECS)
def test_a_file_without_rows(tmp_path, codec):
    """The destination never writes one, but a writer can."""
    path = tmp_path / "empty.parquet"
    subprocess.run([BUILD / "tests/bench/bench_parquet", "0", codec, path], check=True, stdout=subprocess.DEVNULL)
    body = path.read_bytes()
    assert by_pyarrow(body) == by_duckdb(body, path) == by_polars(body) == []


def test_no_records_make_no_file(s3, s3c, make_bucket):
    assert parquet(s3, s3c, make_bucket(), []) == []


@pytest.mark.parametrize("count", [7, 8, 9, 19_999, 20_000, 20_001])
def test_counts_around_borders(s3, s3c, make_bucket, tmp_path, count):
    rows = [(OPERATIONS[i % 4], b"p%d" % i, None if i % 2 else b"v", b"k", ()) for i in range(count)]
    check(parquet(s3, s3c, make_bucket(), rows, "--buffer-size", "100000"), rows, tmp_path)


def test_a_large_value_between_small_ones(s3, s3c, make_bucket, tmp_path):
    large = random.Random(1).randbytes(16 << 20)
    rows = [("create", b"a", b"small", b"k", None), ("create", b"b", large, b"k", None), ("update", b"c", b"small", None, ())]
    check(parquet(s3, s3c, make_bucket(), rows), rows, tmp_path)


def test_ten_thousand_metadata_entries(s3, s3c, make_bucket, tmp_path):
    many = tuple((f"name-{i:05}-ü", f"wert {i} 𐍈") for i in range(10_000))
    rows = [("create", b"a", b"v", b"k", ()), ("update", b"b", None, b"k", many), ("delete", b"c", None, None, None), ("create", b"d", b"v", b"k", many[:1])]
    check(parquet(s3, s3c, make_bucket(), rows), rows, tmp_path)


@pytest.mark.parametrize("codec", ["zstd", "snappy"])
def test_row_groups_of_64_mib(s3, s3c, make_bucket, tmp_path, codec):
    """Half of each payload is noise, so that the file is as large as its groups."""
    noise = random.Random(4).randbytes(1 << 20)
    rows = [("create", b"p%06d" % i, noise[i * 9 : i * 9 + 500] + b"text " * 100 + b"%d" % i, b"k%d" % i, ()) for i in range(90_000)]
    args = ["--buffer-size", "100000", "--compression", codec, "--memory.limit", "512MiB", "--file.max-bytes", "0"]
    (found,) = parquet(s3, s3c, make_bucket(), rows, *args)
    metadata = pq.read_metadata(io.BytesIO(found["bytes"]))
    assert metadata.num_row_groups == 2 and metadata.row_group(0).total_byte_size > 48 << 20
    check([found], rows, tmp_path)


@pytest.mark.parametrize("codec", CODECS)
def test_100000_rows_in_several_row_groups(s3, s3c, make_bucket, tmp_path, codec):
    rows = many_rows(100_000)
    args = ["--buffer-size", "100000", "--compression", codec, "--memory.limit", "32MiB"]
    objects = parquet(s3, s3c, make_bucket(), rows, *args)
    assert len(objects) == 1
    check(objects, rows, tmp_path)
    file = pq.ParquetFile(io.BytesIO(objects[0]["bytes"]))
    assert file.metadata.num_row_groups >= 2
    compression = [file.metadata.row_group(0).column(i).compression for i in range(4)]
    assert compression == [NAMES[codec]] * 3 + ["UNCOMPRESSED" if codec == "snappy" else NAMES[codec]], "snappy finds nothing in random keys"
    start = 0
    for g in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(g)
        part = rows[start : start + group.num_rows]
        start += group.num_rows
        assert group.column(0).has_dictionary_page and group.column(4).has_dictionary_page
        assert not group.column(3).has_dictionary_page, "random keys"
        assert all(group.column(i).has_offset_index and group.column(i).has_column_index for i in range(6))
        for column, field in ((1, 1), (2, 2), (3, 3)):
            values = [row[field] for row in part if row[field] is not None]
            statistics = group.column(column).statistics
            assert statistics.null_count == len(part) - len(values)
            assert statistics.min <= min(values) and statistics.max >= max(values)
            assert min(values).startswith(statistics.min)
            assert statistics.min == min(values) or len(statistics.min) == 64
    assert start == len(rows)


@pytest.mark.parametrize("codec", CODECS)
def test_structure(s3, s3c, make_bucket, codec):
    """Every page, offset, size, count, statistic and index, in several row groups; without any reader's code."""
    rows = odd_rows() + many_rows(21_000) + odd_rows()
    (found,) = parquet(s3, s3c, make_bucket(), rows, "--buffer-size", "100000", "--compression", codec, "--memory.limit", "8MiB")
    leaves, meta = parquet_structure.check(found["bytes"])
    assert meta[3] == len(rows) and len(meta[4]) > 1
    assert [leaf.path for leaf in leaves][:4] == [[b"operation"], [b"position"], [b"payload"], [b"key"]]
    for column in (1, 2, 3):
        assert leaves[column].values == [row[column] for row in rows if row[column] is not None]


def test_damage_is_noticed(s3, s3c, make_bucket):
    """What the test above would be worth if it could not fail."""
    (found,) = parquet(s3, s3c, make_bucket(), many_rows(300), "--compression", "none")
    body = found["bytes"]
    lowest = body.rindex(b"lsn-000000000000")  # in the footer's statistics, behind the column index and the values
    for at, new in ((100, bytes([body[100] ^ 1])), (lowest + 15, b"1"), (len(body) - 9, b"\1")):
        with pytest.raises((AssertionError, IndexError, KeyError, UnicodeDecodeError)):
            parquet_structure.check(body[:at] + new + body[at + 1 :])
    parquet_structure.check(body)


def test_filters_find_what_is_there(s3, s3c, make_bucket, tmp_path):
    """Wrong statistics or indexes would lose rows here: DuckDB skips what they exclude."""
    rows = many_rows(60_000, seed=9) + odd_rows()
    (body,) = (o["bytes"] for o in parquet(s3, s3c, make_bucket(), rows, "--buffer-size", "100000", "--memory.limit", "16MiB"))
    path = tmp_path / "f.parquet"
    path.write_bytes(body)
    pick = random.Random(2)
    for _ in range(60):
        row = pick.choice(rows)
        ((count,),) = query(f"select count(*) from read_parquet('{path}') where position = ?", [row[1]])
        assert count == sum(r[1] == row[1] for r in rows)
        if row[3] is not None:
            found = pq.read_table(path, columns=["key"], filters=[("key", "=", row[3])]).num_rows
            assert found == sum(r[3] == row[3] for r in rows)


def test_the_same_records_give_the_same_bytes(s3, s3c, make_bucket):
    rows = odd_rows() + many_rows(5000)
    first, second = (parquet(s3, s3c, make_bucket(), rows, "--buffer-size", "100000") for _ in range(2))
    assert [o["bytes"] for o in first] == [o["bytes"] for o in second]


def test_files_end_by_their_bytes(s3, s3c, make_bucket, tmp_path):
    rows = many_rows(20_000)
    objects = parquet(s3, s3c, make_bucket(), rows, "--buffer-size", "100000", "--file.max-bytes", "256KiB", "--compression", "none")
    assert len(objects) > 5
    check(objects, rows, tmp_path)


@pytest.mark.parametrize("codec, extension, encoding", [("gzip", ".json.gz", "gzip"), ("zstd", ".json.zst", "zstd")])
def test_compressed_json(s3, s3c, make_bucket, tmp_path, codec, extension, encoding):
    rows = many_rows(5000)
    args = ["--format", "json", "--buffer-size", "5000", "--file.max-idle", "0", "--file.max-age", "0"]
    (plain,) = upload(s3, s3c, make_bucket(), rows, *args)
    assert plain["name"].endswith(".json") and "ContentEncoding" not in plain
    (packed,) = upload(s3, s3c, make_bucket(), rows, *args, "--compression", codec)
    assert packed["name"].endswith(extension)
    assert packed["ContentType"] == "application/json" and packed["ContentEncoding"] == encoding
    assert len(packed["bytes"]) < len(plain["bytes"]) / 3
    if codec == "gzip":
        assert gzip.decompress(packed["bytes"]) == plain["bytes"]
    else:
        assert pa.input_stream(io.BytesIO(packed["bytes"]), compression="zstd").read() == plain["bytes"]
    path = tmp_path / ("f" + extension)
    path.write_bytes(packed["bytes"])
    found = query(f"select Position, Payload from read_json('{path}', format='newline_delimited')")
    assert [(p.encode(), None if a is None else json.loads(a)) for p, a in found] == [
        (row[1], None if row[2] is None else json.loads(row[2])) for row in rows
    ]


def test_refusals(s3c):
    for args, message in (
        (["--format", "json", "--compression", "snappy"], "compression: snappy goes with format parquet"),
        (["--format", "parquet", "--compression", "lz4"], "allowed: none, gzip, zstd, snappy"),
        (["--format", "orc"], "allowed: json, parquet"),
    ):
        result = s3c.run("destination", "--bucket", "b", *args)
        assert result.returncode == 2 and message in result.last_line
