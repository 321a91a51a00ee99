# SPDX-License-Identifier: Apache-2.0
"""Typed columns: payloads with a schema, read by pyarrow, DuckDB and Polars and compared value by value with what was sent."""

import base64
import datetime as dt
import decimal
import io
import json
import math
import random
import struct
import uuid

import duckdb
import parquet_structure
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.servers("s3d")
UTC = dt.timezone.utc
ARGS = ["--format", "parquet", "--parquet.columns", "typed", "--file.max-idle", "0", "--file.max-age", "0", "--buffer-size", "100000"]


def record_type(full_name, **fields):
    return {"type": "record", "name": full_name, "fields": [{"name": n, "type": t} for n, t in fields.items()]}


def logical(type_, logical_type, **more):
    return {"type": type_, "logicalType": logical_type, **more}


def line(number, payload, operation="create", raw=False):
    """`payload`: what json.dumps takes, or None; raw: as bytes of JSON text."""
    text = json.dumps(payload)
    after = base64.b64encode(text.encode()).decode() if raw and payload is not None else payload
    fields = {
        "position": base64.b64encode(b"p%d" % number).decode(),
        "operation": operation,
        "metadata": {"n": str(number)},
        "key": base64.b64encode(b"k").decode(),
        "payload": {"before": None, "after": after},
    }
    return json.dumps(fields).encode() + b"\n"


class Lake:
    """One bucket and the schema of what goes into it."""

    def __init__(self, s3, s3c, bucket, folder, schema):
        self.s3, self.s3c, self.bucket, self.folder = s3, s3c, bucket, folder
        self.schema = folder / "schema.avsc"
        self.schema.write_text(schema if isinstance(schema, str) else json.dumps(schema))

    def send(self, stdin, *args):
        return self.s3c.run("destination", "--bucket", self.bucket, *ARGS, "--schema", self.schema, *args, stdin=stdin, timeout=120)

    def write(self, payloads, *args, raw=False):
        """Writes the payloads, and gives the file, of which there must be one."""
        lines = [line(i, p, "delete" if p is None else "create", raw) for i, p in enumerate(payloads)]
        self.send(b"".join(lines), *args).ok()
        (path,) = self.files()
        return path

    def files(self):
        paths = []
        for entry in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", []):
            body = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read()
            paths.append(self.folder / entry["Key"])
            paths[-1].write_bytes(body)
        return paths


@pytest.fixture
def lake(s3, s3c, make_bucket, tmp_path):
    return lambda schema: Lake(s3, s3c, make_bucket(), tmp_path, schema)


# ---- the readers, whose values are made alike ----


def plain(value):
    """Maps are dicts, empty ones [] as for readers without a type for maps; floats carry their sign, and NaN is equal to itself."""
    if isinstance(value, dict) and set(value) == {"key", "value"}:
        return (plain(value["key"]), plain(value["value"]))
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()} or []
    if isinstance(value, list):
        items = [plain(v) for v in value]
        return dict(items) if items and all(isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) for v in items) else items
    if isinstance(value, tuple):
        return tuple(plain(v) for v in value)
    if isinstance(value, dt.datetime) and value.tzinfo:
        return value.astimezone(UTC)
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else (value, math.copysign(1, value))
    return value


def by_pyarrow(path):
    table = pq.ParquetFile(path, page_checksum_verification=True).read()
    return [plain(v) for v in table.column("payload").to_pylist()]


def by_duckdb(path):
    """Its reader, its values; Arrow only carries them."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        table = connection.sql(f"select payload from read_parquet('{path}')").to_arrow_table()
    return [plain(v) for v in table.column("payload").to_pylist()]


def by_polars(path):
    return [plain(v) for v in polars.read_parquet(path, columns=["payload"])["payload"].to_list()]


READERS = {"pyarrow": by_pyarrow, "duckdb": by_duckdb, "polars": by_polars}


def check(path, expected, like=lambda reader, value: value):
    """like: what a reader makes of an expected value where it has no type of its own for it."""
    for name, read in READERS.items():
        found = read(path)
        assert len(found) == len(expected), name
        for i, (value, sent) in enumerate(zip(found, expected)):
            wanted = plain(like(name, sent))
            assert value == wanted, f"{name}, row {i}: {repr(value)[:300]} instead of {repr(wanted)[:300]}"


# ---- types ----

D = decimal.Decimal
BIG = "99999999999999999999999999999999999999"  # 38 digits
# field: (type, [(what is sent, what is read)])
TYPES = {
    "boolean": ("boolean", [(True, True), (False, False)]),
    "int": ("int", [(0, 0), (2**31 - 1, 2**31 - 1), (-(2**31), -(2**31)), (7.0, 7)]),
    "long": ("long", [(0, 0), (2**63 - 1, 2**63 - 1), (-(2**63), -(2**63)), (1e3, 1000)]),
    "float": ("float", [(1.5, 1.5), (-0.0, -0.0), (3.4028234663852886e38, 3.4028234663852886e38), ("NaN", math.nan), ("-Infinity", -math.inf), (1e-45, struct.unpack("f", b"\1\0\0\0")[0])]),
    "double": ("double", [(0.1, 0.1), (-0.0, -0.0), (1.7976931348623157e308,) * 2, (5e-324, 5e-324), ("NaN", math.nan), ("Infinity", math.inf), (2**53, 2.0**53)]),
    "bytes": ("bytes", [("", b""), (base64.b64encode(bytes(range(256))).decode(), bytes(range(256))), ([255, 0], b"\xff\0")]),
    "string": ("string", [("", ""), ("grüße 𐍈 \u0000\u2028\"\\", "grüße 𐍈 \u0000\u2028\"\\")]),
    "uuid": (logical("string", "uuid"), [("123e4567-e89b-12d3-a456-426614174000",) * 2]),
    "enumeration": ({"type": "enum", "name": "E", "symbols": ["RED", "GREEN"]}, [("RED", "RED"), ("GREEN", "GREEN")]),
    "fixed": ({"type": "fixed", "name": "F", "size": 3}, [("AAEC", b"\0\1\2"), ([255, 255, 255], b"\xff" * 3)]),
    "uuid_fixed": (logical("fixed", "uuid", name="U", size=16), [("123e4567-e89b-12d3-a456-426614174000", uuid.UUID("123e4567-e89b-12d3-a456-426614174000"))]),
    "duration": (logical("fixed", "duration", name="Du", size=12), [({"Months": 1, "Days": 2, "Milliseconds": 3}, struct.pack("<III", 1, 2, 3))]),
    "decimal": (logical("bytes", "decimal", precision=9, scale=2), [("1.5", D("1.50")), (-9999999.99, D("-9999999.99")), ("1/4", D("0.25")), (0, D("0.00"))]),
    "decimal_wide": (logical("bytes", "decimal", precision=38, scale=0), [(BIG, D(BIG)), ("-" + BIG, D("-" + BIG)), ("0", D(0)), ("-1", D(-1))]),
    "decimal_fixed": (logical("fixed", "decimal", name="DF", size=8, precision=18, scale=18), [("0.000000000000000001", D("0.000000000000000001")), ("-0.999999999999999999", D("-0.999999999999999999"))]),
    "date": (logical("int", "date"), [("1970-01-01", dt.date(1970, 1, 1)), ("9999-12-31", dt.date(9999, 12, 31)), (-1, dt.date(1969, 12, 31)), ("2026-11-23T00:00:00Z", dt.date(2026, 11, 23))]),
    "time_millis": (logical("int", "time-millis"), [("00:00:00", dt.time()), ("23:59:59.999", dt.time(23, 59, 59, 999000)), (1000, dt.time(0, 0, 1))]),
    "time_micros": (logical("long", "time-micros"), [("12:34:56.789012", dt.time(12, 34, 56, 789012)), (0, dt.time())]),
    "timestamp_millis": (logical("long", "timestamp-millis"), [("2026-11-23T18:30:00.123+01:00", dt.datetime(2026, 11, 23, 17, 30, 0, 123000, UTC)), (-1, dt.datetime(1969, 12, 31, 23, 59, 59, 999000, UTC))]),
    "timestamp_micros": (logical("long", "timestamp-micros"), [("0001-01-01T00:00:00Z", dt.datetime(1, 1, 1, tzinfo=UTC)), ("9999-12-31T23:59:59.999999Z", dt.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC))]),
    "local_millis": (logical("long", "local-timestamp-millis"), [("2026-11-23T18:30:00.5", dt.datetime(2026, 11, 23, 18, 30, 0, 500000))]),
    "local_micros": (logical("long", "local-timestamp-micros"), [("2026-11-23T18:30:00.000001Z", dt.datetime(2026, 11, 23, 18, 30, 0, 1))]),
}


@pytest.mark.parametrize("codec", ["zstd", "snappy", "gzip", "none"])
@pytest.mark.parametrize("raw", [False, True], ids=["structured", "raw"])
def test_every_type_and_null(lake, codec, raw):
    """Each type as it is and nullable; row i has the i-th value of each."""
    fields = {n: t for n, (t, _) in TYPES.items()}
    names = {"E", "F", "U", "Du", "DF"}
    nullable = {f"n_{n}": ["null", t["name"] if isinstance(t, dict) and t.get("name") in names else t] for n, t in fields.items()}
    sent, wanted = [], []
    for i in range(8):
        row = {n: values[i % len(values)] for n, (_, values) in TYPES.items()}
        sent.append({n: v[0] for n, v in row.items()} | {f"n_{n}": None if i % 2 else v[0] for n, v in row.items()})
        wanted.append({n: v[1] for n, v in row.items()} | {f"n_{n}": None if i % 2 else v[1] for n, v in row.items()})
    path = lake(record_type("Row", **fields, **nullable)).write([*sent, None], "--compression", codec, raw=raw)

    def like(reader, row):
        """Arrow has no type for ENUM, and pyarrow reads it as bytes; DuckDB hands UUIDs on as text."""
        kinds = {"pyarrow": ("enumeration", str.encode), "duckdb": ("uuid_fixed", str)}
        name, convert = kinds.get(reader, ("", None))
        if row is None or not convert:
            return row
        return {n: convert(v) if n.endswith(name) and v is not None else v for n, v in row.items()}

    check(path, [*wanted, None], like)
    assert pq.read_metadata(path).metadata[b"opencdc.payload.schema"]


@pytest.mark.parametrize("codec", ["zstd", "snappy", "gzip", "none"])
def test_structure(lake, codec):
    """Pages, statistics (NaN counted), index; runs of nulls and of NaN that fill whole pages."""
    fields = {n: ["null", t] for n, (t, _) in TYPES.items()} | {"list": {"type": "array", "items": ["null", "double"]}, "id": "int"}
    names, rows = list(TYPES), []
    for i in range(41_000):
        row = {"list": [None, "NaN", -0.0, i][: i % 5], "id": i}
        if i < 100 or i % 1000 == 0:
            row |= {n: TYPES[n][1][i % len(TYPES[n][1])][0] for n in names}
        elif 20_000 <= i < 40_000:
            row |= {"double": "NaN", "float": "NaN" if i % 2 else 0.0}
        rows.append(row)
    path = lake(record_type("Row", **fields)).write(rows, "--compression", codec, "--memory.limit", "64MiB")
    leaves, meta = parquet_structure.check(path.read_bytes())
    assert meta[3] == len(rows)
    (ids,) = (leaf for leaf in leaves if leaf.path[-1] == b"id")
    assert ids.values == list(range(len(rows)))


def test_types_of_the_columns(lake):
    path = lake(record_type("Row", **{n: t for n, (t, _) in TYPES.items()})).write([None])
    schema = {f.name: f.type for f in pq.read_schema(path).field("payload").type}
    assert schema["int"] == pa.int32() and schema["long"] == pa.int64() and schema["float"] == pa.float32()
    assert schema["decimal"] == pa.decimal128(9, 2) and schema["decimal_wide"] == pa.decimal128(38, 0)
    assert schema["time_millis"] == pa.time32("ms") and schema["time_micros"] == pa.time64("us")
    assert schema["timestamp_millis"] == pa.timestamp("ms", "UTC") and schema["local_micros"] == pa.timestamp("us")
    assert schema["fixed"] == pa.binary(3) and schema["uuid"] == pa.string()
    leaf = {c.path: c for c in (pq.ParquetFile(path).schema.column(i) for i in range(len(pq.ParquetFile(path).schema)))}
    assert leaf["payload.decimal"].length == 4 and leaf["payload.decimal_wide"].length == 16
    assert leaf["payload.enumeration"].logical_type.type == "ENUM"


def test_nanoseconds(lake):
    schema = record_type("Row", at=logical("long", "timestamp-nanos"), local=logical("long", "local-timestamp-nanos"))
    path = lake(schema).write([{"at": "2026-11-23T18:30:00.123456789Z", "local": 1}])
    table = pq.read_table(path)["payload"].chunk(0)
    assert table.field("at").type == pa.timestamp("ns", "UTC") and table.field("local").type == pa.timestamp("ns")
    assert table.field("at").cast(pa.int64()).to_pylist() == [1795458600123456789]
    frame = polars.read_parquet(path)["payload"].struct.unnest()
    assert frame["at"].dt.timestamp("ns").to_list() == [1795458600123456789] and frame["local"].dt.timestamp("ns").to_list() == [1]
    assert duckdb.sql(f"select epoch_ns(payload.at), epoch_ns(payload.local) from read_parquet('{path}')").fetchall() == [(1795458600123456789, 1)]


def test_decimals_wider_than_what_readers_take(lake):
    """Beyond 38 digits DuckDB would give a double, Polars and Spark nothing of the file: bytes are the honest type."""
    wide, wider = "9" * 39, "9" * 200
    schema = record_type("Row", a=logical("bytes", "decimal", precision=39, scale=1), b=logical("bytes", "decimal", precision=200))
    path = lake(schema).write([{"a": "-" + wide[:-1] + ".9", "b": wider}, {"a": 0, "b": -1}])
    check(path, [{"a": (-int(wide)).to_bytes(17, "big", signed=True), "b": int(wider).to_bytes(84, "big")}, {"a": bytes(17), "b": b"\xff" * 84}])


# ---- nesting ----


def test_lists_of_maps_of_records(lake):
    inner = record_type("Inner", x="int", y=["null", "string"])
    maps = {"type": "map", "values": ["null", inner]}
    lists = {"type": "array", "items": ["null", maps]}
    r = random.Random(3)

    def some(depth, make):
        return None if r.random() < 0.2 else [make() for _ in range(r.choice([0, 1, 2, 5]))]

    def entry():
        return None if r.random() < 0.2 else {"x": r.randrange(-9, 9), "y": None if r.random() < 0.5 else r.choice(["", "a", "bb"])}

    def one_map():
        return None if r.random() < 0.2 else {f"k{i}": entry() for i in range(r.choice([0, 1, 3]))}

    sent = [{"lists": some(1, one_map), "lone": one_map() or {}, "empty": []} for _ in range(500)]

    schema = record_type("Row", lists=["null", lists], lone={"type": "map", "values": ["null", "Inner"]}, empty={"type": "array", "items": "int"})
    path = lake(schema).write(sent)
    check(path, sent)


def test_deep_nesting(lake):
    """Records in lists in records, 20 levels; row n ends n levels below the top, where a null stands beside it."""
    schema = record_type("L0", v="int")
    for level in range(1, 21):
        schema = record_type(f"L{level}", v="int", down=["null", {"type": "array", "items": ["null", schema]}])

    def row(level, end):
        below = None if level == end else [row(level - 1, end), None]
        return {"v": level} if level == 0 else {"v": level, "down": below}

    rows = [row(20, end) for end in (20, 19, 12, 1, 0)]
    check(lake(schema).write(rows), rows)


def test_unions(lake):
    other = {"type": "record", "name": "a.b.Other", "fields": [{"name": "z", "type": "boolean"}]}
    schema = record_type("Row", u=["null", "long", "double", "string", "boolean", {"type": "array", "items": "int"}, other, {"type": "map", "values": "string"}])
    values = [
        (None, None),
        (5, {"long": 5}),
        (1.5, {"double": 1.5}),
        ("s", {"string": "s"}),
        (True, {"boolean": True}),
        ([1, 2], {"array": [1, 2]}),
        ([], {"array": []}),
        ({"z": False}, {"Other": {"z": False}}),
        ({"z": "text"}, {"map": {"z": "text"}}),
        ({"double": 7}, {"double": 7.0}),
        ({"a.b.Other": {"z": True}}, {"Other": {"z": True}}),
        ({"map": {"k": "v"}}, {"map": {"k": "v"}}),
    ]
    nothing = dict.fromkeys(["long", "double", "string", "boolean", "array", "Other", "map"])
    path = lake(schema).write([{"u": sent} for sent, _ in values])
    check(path, [{"u": None if read is None else nothing | read} for _, read in values])


def test_recursion_nulls_and_records_without_fields(lake):
    tree = record_type("Tree", v="int", kids={"type": "array", "items": "Tree"})
    schema = record_type("Row", tree=tree, nothing="null", nulls={"type": "array", "items": "null"}, hollow=record_type("Hollow"))
    sent = {"tree": {"v": 1, "kids": [{"v": 2, "kids": [{"v": 3, "kids": []}]}]}, "nothing": None, "nulls": [None, None], "hollow": {}}
    path = lake(schema).write([sent])
    kid = '{"kids":[{"kids":[],"v":3}],"v":2}'

    def like(reader, row):
        """Polars reads JSON columns as bytes."""
        return row if reader != "polars" else {**row, "tree": {"v": 1, "kids": [kid.encode()]}, "hollow": b"{}"}

    check(path, [{"tree": {"v": 1, "kids": [kid]}, "nulls": [None, None], "hollow": "{}"}], like)


def test_a_schema_that_is_no_record(lake):
    check(lake({"type": "map", "values": "int"}).write([{"a": 1}, {}, None]), [{"a": 1}, {}, None])


# ---- sizes ----


def test_many_rows_in_several_row_groups(lake):
    schema = record_type("Row", id="long", name="string", tags={"type": "array", "items": "string"}, price=["null", "double"])
    r = random.Random(8)
    rows = [{"id": i, "name": f"name {i % 97}", "tags": [f"t{r.randrange(9)}" for _ in range(i % 4)], "price": None if i % 5 == 0 else r.random()} for i in range(60_000)]
    path = lake(schema).write(rows, "--memory.limit", "8MiB")
    assert pq.read_metadata(path).num_row_groups >= 2
    check(path, rows)
    want = sum(row["id"] > 59_000 for row in rows)
    assert duckdb.sql(f"select count(*) from read_parquet('{path}') where payload.id > 59000").fetchall() == [(want,)]
    assert polars.scan_parquet(path).filter(polars.col("payload").struct.field("id") > 59_000).collect().height == want


@pytest.mark.parametrize("count", [1, 7, 8, 9, 20_000, 20_001])
def test_counts_around_borders(lake, count):
    rows = [{"i": i, "l": list(range(i % 3))} for i in range(count)]
    check(lake(record_type("Row", i="int", l={"type": "array", "items": "int"})).write(rows), rows)


def test_ten_thousand_columns(lake):
    names = [f"c{i}" for i in range(10_000)]
    path = lake(record_type("Row", **{n: ["null", "int"] for n in names})).write([{n: i for i, n in enumerate(names)}, {}, {"c9999": 5, "c0": 1}])
    rows = [dict(zip(names, range(10_000))), dict.fromkeys(names), dict.fromkeys(names) | {"c0": 1, "c9999": 5}]
    check(path, rows)


def test_a_value_of_16_mib(lake):
    text = random.Random(1).randbytes(12 << 20).hex()[: 16 << 20]
    rows = [{"s": "small", "b": "AA=="}, {"s": text, "b": base64.b64encode(text[: 4 << 20].encode()).decode()}, {"s": "", "b": ""}]
    path = lake(record_type("Row", s="string", b="bytes")).write(rows)
    check(path, [{"s": row["s"], "b": base64.b64decode(row["b"])} for row in rows])


# ---- what does not fit ----

MISFITS = [
    ("int", 1.5, "payload.f: 1.5 is no whole number"),
    ("int", 2**31, "payload.f: 2147483648 is too large for an int"),
    ("long", 2**63, "payload.f: 9223372036854775808 is too large for a long"),
    ("long", "5", "payload.f: it is a string, but its type is long"),
    ("double", 2**53 + 1, "payload.f: 9007199254740993 has digits that a double cannot hold"),
    ("float", 0.1234567890123, "has digits that a float cannot hold"),
    ("double", "a", "payload.f: a string that is neither NaN, Infinity nor -Infinity is no number"),
    ("string", 5, "payload.f: it is a number, but its type is string"),
    ("bytes", "!!", "payload.f: a string that is not base64 is no bytes"),
    ("boolean", None, "payload.f: it is null, but its type is boolean"),
    (logical("bytes", "decimal", precision=4, scale=2), "1.234", "payload.f: 1.234 has more digits behind the point than its scale"),
    (logical("bytes", "decimal", precision=4, scale=2), 100, "payload.f: 100 has more digits than its precision"),
    (logical("int", "date"), "2026-02-30", "payload.f: 2026-02-30 is no date"),
    (logical("int", "time-millis"), 86_400_000, "payload.f: a time of the day is not within a day"),
    (logical("long", "timestamp-millis"), "2026-01-01T00:00:00.0001Z", "has more digits than the unit of its type"),
    ({"type": "enum", "name": "E", "symbols": ["A"]}, "B", "payload.f: its text is no symbol of the enum E"),
    ({"type": "fixed", "name": "F", "size": 2}, "AA==", "payload.f: it has 1 bytes, but its type F has 2"),
    ({"type": "array", "items": ["null", record_type("R", price="int")]}, [None, None, None, {"price": "x"}], "payload.f[3].price: it is a string, but its type is int"),
    ({"type": "map", "values": "int"}, {"a": 1, "b": {}}, 'payload.f["b"]: it is an object, but its type is int'),
    (["int", "string"], True, "payload.f: it fits none of the 2 types of its union"),
    (record_type("R", a="int"), {"a": 1, "b": 2}, "payload.f.b: its schema does not have this field"),
    (record_type("R", a="int"), {}, "payload.f.a: it is missing"),
]


@pytest.mark.parametrize("type_, value, message", MISFITS, ids=[m[2][-30:] for m in MISFITS])
def test_a_misfit_fails_its_record_with_the_path(lake, type_, value, message):
    place = lake(record_type("Row", f=type_))
    result = place.send(line(0, {"f": value}))
    assert result.returncode == 1 and message in result.last_line, result.stderr
    assert 'the record with position "p0"' in result.last_line
    assert place.files() == []


def test_a_misfit_leaves_no_trace_of_its_record(lake):
    """What stands before it in the row is in no column."""
    place = lake(record_type("Row", a="int", l={"type": "array", "items": "string"}, z="int"))
    good = {"a": 1, "l": ["x", "y"], "z": 2}
    result = place.send(line(0, good) + line(1, {"a": 2, "l": ["w"], "z": "bad"}) + line(2, good))
    assert result.returncode == 1 and "payload.z: it is a string" in result.last_line
    (path,) = place.files()
    check(path, [good])


def test_defaults_and_missing_fields(lake):
    schema = {
        "type": "record",
        "name": "Row",
        "fields": [
            {"name": "a", "type": "int", "default": 7},
            {"name": "b", "type": ["null", "string"]},
            {"name": "c", "type": "bytes", "default": "\u00ff\u0001"},
            {"name": "d", "type": {"type": "array", "items": "int"}, "default": [1, 2]},
        ],
    }
    check(lake(schema).write([{}, {"d": [], "c": "AA==", "b": "x", "a": 1}]), [{"a": 7, "b": None, "c": b"\xff\1", "d": [1, 2]}, {"a": 1, "b": "x", "c": b"\0", "d": []}])


def test_no_json_and_no_schema(lake, s3c, make_bucket):
    place = lake(record_type("Row", a="int"))
    bad = line(0, None).replace(b'"after": null', b'"after": "%s"' % base64.b64encode(b"{oops"))
    result = place.send(bad)
    assert result.returncode == 1 and "payload: it is no JSON" in result.last_line
    result = s3c.run("destination", "--bucket", make_bucket(), *ARGS, stdin=line(0, {"a": 1}))
    assert result.returncode == 1 and "has no schema to make columns from: give one with the option schema" in result.last_line


def test_deletes_need_no_schema(s3, s3c, make_bucket, tmp_path):
    bucket = make_bucket()
    s3c.run("destination", "--bucket", bucket, *ARGS, stdin=line(0, None, "delete") + line(1, None, "delete")).ok()
    (entry,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    table = pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()))
    assert table.column_names == ["operation", "position", "key", "metadata"] and table["position"].to_pylist() == [b"p0", b"p1"]


def test_schemas_that_cannot_be_used(lake):
    for text, message in (
        ("{", "could not parse avro schema"),
        ('{"type":"record","name":"R","fields":[{"name":"a","type":"Nowhere"}]}', "unknown type: Nowhere"),
        ('["null",{"type":"fixed","name":"F","size":0}]', "a fixed of no bytes cannot be a column"),
    ):
        result = lake(text).send(line(0, None, "delete"))
        assert result.returncode == 2 and message in result.last_line and "schema.avsc" in result.last_line, result.stderr


def test_the_same_records_give_the_same_bytes(lake):
    schema = record_type("Row", a="int", l={"type": "array", "items": "string"})
    rows = [{"a": i, "l": ["x"] * (i % 3)} for i in range(3000)]
    assert lake(schema).write(rows).read_bytes() == lake(schema).write(rows).read_bytes()
