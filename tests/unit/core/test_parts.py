from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.parts import MAX_PARTS, PART_BYTES, plan_parts
from core.usecases.uploading.announce import MAX_FILE_BYTES

S3_SMALLEST, S3_LARGEST = 5 * 1024**2, 5 * 1024**3


@given(st.integers(1, MAX_FILE_BYTES))
def test_the_parts_make_up_the_file_and_are_as_s3_wants_them(size_bytes: int) -> None:
    plan = plan_parts(size_bytes)
    assert plan.count <= MAX_PARTS
    assert S3_SMALLEST <= plan.part_bytes <= S3_LARGEST
    assert plan.bytes_of(1) == min(plan.part_bytes, size_bytes)
    assert 0 < plan.bytes_of(plan.count) <= plan.part_bytes
    assert (plan.count - 1) * plan.part_bytes + plan.bytes_of(plan.count) == size_bytes


@pytest.mark.parametrize(
    ("size_bytes", "count"),
    ((1, 1), (PART_BYTES, 1), (PART_BYTES + 1, 2), (MAX_PARTS * PART_BYTES, MAX_PARTS)),
)
def test_parts_are_of_8_mib_as_long_as_they_can_be(size_bytes: int, count: int) -> None:
    plan = plan_parts(size_bytes)
    assert (plan.part_bytes, plan.count) == (PART_BYTES, count)


def test_the_first_missing_parts_are_named() -> None:
    plan = plan_parts(5 * PART_BYTES)
    assert plan.missing({1, 3}, 2) == [2, 4]
    assert plan.missing(range(1, 6), 9) == []
    assert not plan.has(0)
    assert not plan.has(6)
