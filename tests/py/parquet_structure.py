# SPDX-License-Identifier: Apache-2.0
"""
Reads a Parquet file down to its last byte, by the text of the format and with no reader's code: checksums, offsets, sizes, counts, levels, values; and
holds statistics and page index against the values. What readers never look at, or forgive, is found here. An AssertionError says what is wrong.
"""

import re
import struct
import zlib
from dataclasses import dataclass, field

import pyarrow as pa

BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTES, FIXED = 0, 1, 2, 4, 5, 6, 7
NUMBERS = {INT32: "i", INT64: "q", FLOAT: "f", DOUBLE: "d"}
DATA_PAGE, DICTIONARY_PAGE = 0, 2
PLAIN, RLE, RLE_DICTIONARY = 0, 3, 8
CODECS = {1: "snappy", 2: "gzip", 6: "zstd"}
STRING, MAP, LIST, ENUM, DECIMAL, DATE, TIME, TIMESTAMP, JSON, UUID = 1, 2, 3, 4, 5, 6, 7, 8, 12, 14
CONVERTED = {STRING: 0, MAP: 1, LIST: 3, ENUM: 4, DECIMAL: 5, DATE: 6, JSON: 19, UUID: None}
CONVERTED_TIMES = {TIME: {1: 7, 2: 8, 3: None}, TIMESTAMP: {1: 9, 2: 10, 3: None}}
CREATED_BY = re.compile(rb"(.*?)\s+version\s*(?:([^(]*?)\s*(?:\(\s*build\s*([^)]*?)\s*\))?)?")  # as parquet-java reads it
BOUND_MAX = 64 + 4


class Thrift:
    """Compact protocol: structs are dicts of field numbers."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        result = shift = 0
        while True:
            byte = self.byte()
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result

    def zigzag(self):
        n = self.varint()
        return (n >> 1) ^ -(n & 1)

    def binary(self):
        length = self.varint()
        self.at += length
        assert self.at <= len(self.data)
        return bytes(self.data[self.at - length : self.at])

    def list(self):
        head = self.byte()
        count, kind = head >> 4, head & 15
        count = self.varint() if count == 15 else count
        return [self.byte() == 1 if kind in (1, 2) else self.value(kind) for _ in range(count)]

    def value(self, kind):
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self.byte()
        return {4: self.zigzag, 5: self.zigzag, 6: self.zigzag, 8: self.binary, 9: self.list, 12: self.struct}[kind]()

    def struct(self):
        fields, number = {}, 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            assert number not in fields
            fields[number] = self.value(head & 15)
        return fields


def runs(data, at, width, count):
    """The hybrid of runs and packed values. Returns the values and where they end."""
    found, reader = [], Thrift(data, at)
    while len(found) < count:
        head = reader.varint()
        size = (head >> 1) * width if head & 1 else (width + 7) // 8
        bits = int.from_bytes(data[reader.at : reader.at + size], "little")
        reader.at += size
        assert reader.at <= len(data)
        if head & 1:
            text = bin(bits)[2:].zfill(size * 8)
            found += [int(text[len(text) - i - width : len(text) - i], 2) for i in range(0, (head >> 1) * 8 * width, width)]
        else:
            found += [bits] * (head >> 1)
            assert len(found) <= count
    assert len(found) - count < 8
    return found[:count], reader.at


@dataclass
class Leaf:
    path: list
    element: dict
    max_def: int
    max_rep: int
    values: list = field(default_factory=list)  # of all row groups, without nulls
    defs: list = field(default_factory=list)
    reps: list = field(default_factory=list)

    @property
    def type(self):
        return self.element[1]

    @property
    def logical(self):
        return next(iter(self.element.get(10, {None: None})))

    def key(self, value):
        """What values are ordered by."""
        return int.from_bytes(value, "big", signed=True) if self.logical == DECIMAL and self.type == FIXED else value

    def plain(self, data, count):
        if self.type == BOOLEAN:
            return [bool(data[i >> 3] >> (i & 7) & 1) for i in range(count)], (count + 7) // 8
        if self.type in NUMBERS:
            form = f"<{count}{NUMBERS[self.type]}"
            return list(struct.unpack_from(form, data)), struct.calcsize(form)
        if self.type == FIXED:
            size = self.element[2]
            return [data[i * size : (i + 1) * size] for i in range(count)], count * size
        found, at = [], 0
        for _ in range(count):
            size = int.from_bytes(data[at : at + 4], "little")
            at += 4 + size
            found.append(data[at - size : at])
        return found, at


@dataclass
class Page:
    offset: int
    size: int
    reps: list
    defs: list
    values: list

    @property
    def nulls(self):
        return len(self.defs) - len(self.values)


def is_nan(value):
    return isinstance(value, float) and value != value


def is_negative_zero(value):
    return value == 0 and struct.pack("<d", value)[7] == 0x80


# ---- the schema ----


def check_annotation(element):
    (logical, details), *_ = element.get(10, {None: None}).items()
    if logical in CONVERTED_TIMES:
        (unit,) = details[2]
        assert element.get(6) == CONVERTED_TIMES[logical][unit]
        assert element[1] == (INT32 if logical == TIME and unit == 1 else INT64)
    else:
        assert element.get(6) == CONVERTED.get(logical)
    if logical == DECIMAL:
        assert element[7] == details[1] and element[8] == details[2] and 0 <= element[7] <= element[8] <= 38
        assert element[1] != FIXED or 10 ** element[8] - 1 < 2 ** (8 * element[2] - 1) <= 256 * 10 ** element[8]
    if logical == UUID:
        assert element[1] == FIXED and element[2] == 16


def check_nested(elements, at):
    """What LIST and MAP must have below them."""
    (logical, *_), below = elements[at].get(10, {None: None}), elements[at + 1 : at + 3]
    if logical in (LIST, MAP):
        assert elements[at][5] == 1 and below[0][3] == 2 and not below[0].keys() & {1, 6, 10}
    if logical == LIST:
        assert below[0][4] == b"list" and below[0][5] == 1 and below[1][4] == b"element"
    if logical == MAP:
        assert below[0][4] == b"key_value" and below[0][5] == 2 and below[1][4] == b"key" and below[1][3] == 0


def leaves_of(elements):
    leaves = []

    def walk(at, path, max_def, max_rep):
        element = elements[at]
        element[4].decode()
        check_annotation(element)
        check_nested(elements, at)
        if at > 0:
            path, max_def, max_rep = [*path, element[4]], max_def + (element[3] > 0), max_rep + (element[3] == 2)
        if 5 not in element:
            assert (2 in element) == (element[1] == FIXED)
            leaves.append(Leaf(path, element, max_def, max_rep))
            return at + 1
        assert 1 not in element and element[5] > 0
        at += 1
        for _ in range(element[5]):
            at = walk(at, path, max_def, max_rep)
        return at

    assert 3 not in elements[0] and walk(0, [], 0, 0) == len(elements)
    return leaves


# ---- statistics ----


def bound(leaf, data):
    if leaf.type == BOOLEAN:
        return {b"\0": False, b"\1": True}[data]
    if leaf.type in NUMBERS:
        return struct.unpack("<" + NUMBERS[leaf.type], data)[0]
    assert len(data) == leaf.element[2] if leaf.type == FIXED else len(data) <= BOUND_MAX
    if leaf.logical in (STRING, ENUM, JSON):
        data.decode()
    return leaf.key(data)


def check_bounds(leaf, values, low, high):
    """The two bounds are in order, and nothing lies outside. Returns whether each is a value itself."""
    keys = [leaf.key(v) for v in values if not is_nan(v)]
    low, high = bound(leaf, low), bound(leaf, high)
    assert not is_nan(low) and not is_nan(high) and low <= min(keys) and max(keys) <= high
    if leaf.type in (FLOAT, DOUBLE):
        assert (low != 0 or is_negative_zero(low)) and not is_negative_zero(high)
    return low == min(keys), high == max(keys)


def check_statistics(leaf, values, nulls, found):
    numbers = [v for v in values if not is_nan(v)]
    assert found[3] == nulls and not found.keys() & {1, 2} and (5 in found) == (6 in found)
    assert found.get(9) == (len(values) - len(numbers) if leaf.type in (FLOAT, DOUBLE) else None)
    if 5 in found:
        low, high = check_bounds(leaf, values, found[6], found[5])
        assert low or not found[8]
        assert high or not found[7]
    else:
        assert not numbers or leaf.type in (BYTES, FIXED)


def check_column_index(leaf, pages, index):
    assert index[1] == [not p.values for p in pages] and index[5] == [p.nulls for p in pages]
    assert index.get(8) == ([sum(map(is_nan, p.values)) for p in pages] if leaf.type in (FLOAT, DOUBLE) else None)
    bounds = []
    for page, low, high in zip(pages, index[2], index[3], strict=True):
        if page.values:
            check_bounds(leaf, page.values, low, high)
            bounds.append((bound(leaf, low), bound(leaf, high)))
        else:
            assert low == high == b""
    pairs = list(zip(bounds, bounds[1:]))
    rises = all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairs)
    falls = all(a[0] >= b[0] and a[1] >= b[1] for a, b in pairs)
    assert index[4] == (1 if rises else 2 if falls else 0)


def check_offset_index(pages, index):
    row = 0
    for page, location in zip(pages, index[1], strict=True):
        assert location == {1: page.offset, 2: page.size, 3: row}
        row += page.reps.count(0)


# ---- pages ----


def levels(data, at, most, count):
    if most == 0:
        return [0] * count, at
    end = at + 4 + int.from_bytes(data[at : at + 4], "little")
    found, stop = runs(data[:end], at + 4, most.bit_length(), count)
    assert stop == end and max(found) <= most
    return found, end


def data_page(leaf, head, body, dictionary, offset, size):
    count = head[1]
    assert head[3] == head[4] == RLE and 5 not in head
    reps, at = levels(body, 0, leaf.max_rep, count)
    defs, at = levels(body, at, leaf.max_def, count)
    there = defs.count(leaf.max_def)
    assert reps[0] == 0
    if head[2] == PLAIN:
        values, used = leaf.plain(body[at:], there)
        end = at + used
    else:
        assert head[2] == RLE_DICTIONARY and body[at] <= 32
        numbers, end = runs(body, at + 1, body[at], there)
        values = [dictionary[i] for i in numbers]
    assert end == len(body)
    return Page(offset, size, reps, defs, values)


def read_chunk(leaf, data, meta):
    """The chunk's pages, one behind the other from its first byte to its last."""
    at = start = meta.get(11, meta[9])
    dictionary, pages, uncompressed, counts = None, [], 0, {}
    while at < start + meta[7]:
        reader = Thrift(data, at)
        head = reader.struct()
        body = bytes(data[reader.at : reader.at + head[3]])
        uncompressed += reader.at - at + head[2]
        assert head[4] & 0xFFFFFFFF == zlib.crc32(body), f"checksum of {leaf.path} at {at}"
        body = pa.Codec(CODECS[meta[4]]).decompress(body, head[2]).to_pybytes() if meta[4] else body
        assert len(body) == head[2]
        size = reader.at + head[3] - at
        if head[1] == DICTIONARY_PAGE:
            assert at == start == meta[11] and dictionary is None and head[7][2] == PLAIN
            dictionary, used = leaf.plain(body, head[7][1])
            assert used == len(body) and (len(set(dictionary)) == len(dictionary) or leaf.type in (FLOAT, DOUBLE))
        else:
            assert head[1] == DATA_PAGE and (pages or at == meta[9])
            pages.append(data_page(leaf, head[5], body, dictionary, at, size))
        kind = (head[1], head[7 if head[1] == DICTIONARY_PAGE else 5][2])
        counts[kind] = counts.get(kind, 0) + 1
        at += size
    assert at == start + meta[7] and uncompressed == meta[6]
    assert {(c[1], c[2]): c[3] for c in meta[13]} == counts
    assert sorted(meta[2]) == sorted({RLE, *(encoding for _, encoding in counts), PLAIN})
    return pages


def check_chunk(leaf, data, chunk, rows):
    meta = chunk[3]
    assert chunk[2] == 0 and meta[1] == leaf.type and meta[3] == leaf.path
    pages = read_chunk(leaf, data, meta)
    values = [v for p in pages for v in p.values]
    assert sum(len(p.defs) for p in pages) == meta[5] and sum(p.reps.count(0) for p in pages) == rows
    check_statistics(leaf, values, sum(p.nulls for p in pages), meta[12])
    leaf.values += values
    leaf.defs += [d for p in pages for d in p.defs]
    leaf.reps += [r for p in pages for r in p.reps]
    return pages


# ---- the file ----


def check_groups(data, groups, leaves):
    """Returns where they end, and (chunk, leaf, pages) of all."""
    at, chunks = 4, []
    for number, group in enumerate(groups):
        start, sizes = at, [0, 0]
        for leaf, chunk in zip(leaves, group[1], strict=True):
            meta = chunk[3]
            assert meta.get(11, meta[9]) == at
            chunks.append((chunk, leaf, check_chunk(leaf, data, chunk, group[3])))
            at += meta[7]
            sizes = [sizes[0] + meta[6], sizes[1] + meta[7]]
        assert group[2] == sizes[0] and group[6] == sizes[1] and group[5] == start and group[7] == number
    return at, chunks


def check_index(data, at, chunks):
    for chunk, leaf, pages in (c for c in chunks if 6 in c[0]):
        reader = Thrift(data, at)
        check_column_index(leaf, pages, reader.struct())
        assert (chunk[6], chunk[7]) == (at, reader.at - at)
        at = reader.at
    for chunk, _, pages in chunks:
        reader = Thrift(data, at)
        check_offset_index(pages, reader.struct())
        assert (chunk[4], chunk[5]) == (at, reader.at - at)
        at = reader.at
    return at


def check(data):
    """Returns the leaves with all they hold, and the file's metadata."""
    assert data[:4] == data[-4:] == b"PAR1"
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    reader = Thrift(data, footer)
    meta = reader.struct()
    assert reader.at == len(data) - 8 and meta[1] == 1 and CREATED_BY.fullmatch(meta[6])
    leaves = leaves_of(meta[2])
    assert meta[7] == [{1: {}}] * len(leaves)
    assert meta[3] == sum(group[3] for group in meta[4])
    at, chunks = check_groups(data, meta[4], leaves)
    assert check_index(data, at, chunks) == footer
    return leaves, meta
