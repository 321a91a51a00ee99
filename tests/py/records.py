# SPDX-License-Identifier: Apache-2.0
"""Records as the program prints them (OpenCDC JSON, one a line), and what the suites say about runs of them."""

import base64
import json
import re
from dataclasses import dataclass

POSITION = re.compile(rb"\A(.*)_([sc])(\d+)(?:\.(\d+))?\Z", re.S)


def _raw(value):
    """Raw data is base64 text, structured data an object, nil null."""
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


@dataclass(frozen=True)
class Record:
    operation: str
    key: bytes
    position: bytes
    before: object
    after: object
    metadata: dict

    @classmethod
    def parse(cls, line):
        """Strict: exactly the fields that Conduit writes."""
        fields = json.loads(line)
        assert set(fields) == {"position", "operation", "metadata", "key", "payload"}, fields.keys()
        assert set(fields["payload"]) == {"before", "after"}
        return cls(
            fields["operation"],
            _raw(fields["key"]),
            _raw(fields["position"]),
            _raw(fields["payload"]["before"]),
            _raw(fields["payload"]["after"]),
            fields["metadata"],
        )

    @property
    def name(self):
        return self.key.decode()

    @property
    def version(self):
        return self.metadata.get("s3.versionId")

    @property
    def phase(self):
        return POSITION.match(self.position).group(2).decode()

    @property
    def order(self):
        """What positions are ordered by: snapshot before changes; by key there; by second, key and countdown here."""
        key, phase, second, following = POSITION.match(self.position).groups()
        if phase == b"s":
            return (0, 0, key, 0)
        return (1, int(second), key, -int(following or 0))

    @property
    def second(self):
        return int(POSITION.match(self.position).group(3))

    def same_event(self, other):
        """Equal in everything but the moment of reading."""
        return (self.operation, self.key, self.position, self.before, self.after) == (
            other.operation,
            other.key,
            other.position,
            other.before,
            other.after,
        )

    def __repr__(self):
        size = "-" if self.after is None else len(self.after)
        return f"<{self.operation} {self.key!r} {self.position!r} v={self.version} {size} B>"


def parse_lines(data):
    """Records of a whole output; a last line without its LF (the writer was killed) is left out."""
    lines = data.split(b"\n")
    return [Record.parse(line) for line in lines[:-1]]


def assert_run_in_order(records):
    """Positions of a run are unique and increasing. The last snapshot record carries `c` with W0 and sorts by its key there."""
    snapshot = [r for r in records if r.operation == "snapshot"]
    changes = [r for r in records if r.operation != "snapshot"]
    assert records == snapshot + changes, "a snapshot record after a change"
    keys = [r.key for r in snapshot]
    assert keys == sorted(set(keys)), "snapshot keys are not in byte order, or one came twice"
    orders = [r.order for r in changes]
    assert orders == sorted(set(orders)), "change positions are not unique and increasing"
    assert len({r.position for r in records}) == len(records), "a position came twice"


def final_state(records):
    """Key -> bytes after applying every record; what a reader of the stream knows of the bucket."""
    state = {}
    for record in records:
        if record.operation == "delete":
            state.pop(record.key, None)
        else:
            state[record.key] = record.after
    return state


def encode_line(operation="create", key=b"k", position=b"p", after=b"", before=None, metadata=None):
    """A line as Conduit writes it, for the destination to read."""

    def raw(value):
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    fields = {
        "position": raw(position),
        "operation": operation,
        "metadata": metadata if metadata is not None else {"opencdc.version": "v1"},
        "key": raw(key),
        "payload": {"before": raw(before), "after": raw(after)},
    }
    return json.dumps(fields).encode() + b"\n"
