# SPDX-License-Identifier: Apache-2.0
"""What the program holds in memory: `memory.limit`, three times the largest object, the index, and itself."""

import random
import re

import pytest
from conftest import put_all

MIB = 1 << 20
ITSELF = 16 * MIB  # code, libraries, connections
LARGEST = 8 * MIB


@pytest.mark.servers("s3d")
@pytest.mark.parametrize("limit", [1 * MIB, 32 * MIB])
def test_objects_of_all_sizes_stay_within_the_limit(s3, s3c, make_bucket, limit):
    """Buffers kept for reuse and the allocator's holes count as well."""
    bucket = make_bucket()
    chance = random.Random(5)
    objects = {f"{i:03d}": bytes(chance.randrange(LARGEST)) for i in range(30)}
    put_all(s3, bucket, objects, threads=2)
    done = s3c.source(bucket, "--snapshot-only", "--memory.limit", str(limit)).ok()
    assert len(done.records) == len(objects)
    peak = float(re.search(r"([\d.]+) MiB peak memory", done.stderr).group(1)) * MIB
    assert peak <= limit + 3 * LARGEST + ITSELF
