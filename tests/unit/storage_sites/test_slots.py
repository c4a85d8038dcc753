from __future__ import annotations

from itertools import accumulate

from core.model.storage import BLOCK_BYTES
from storage_sites.s3_slots import part_bytes

GIB = 1024**3
MOST_PARTS = 10_000  # of one upload, as S3 has it


def test_parts_grow_so_that_a_file_of_unknown_length_has_enough_of_them() -> None:
    lengths = [part_bytes(parts) for parts in range(MOST_PARTS)]
    assert {length % BLOCK_BYTES for length in lengths} == {0}
    assert lengths[0] == lengths[3_999] == 8 * 1024**2
    assert max(lengths) == 32 * 1024**2
    assert list(accumulate(lengths))[-1] > 170 * GIB
