from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.model.names import Md5
from core.model.storage import BLOCK_BYTES
from storage_sites.intake import Intake


def md5_of(data: bytes) -> Md5:
    return Md5(hashlib.md5(data, usedforsecurity=False).hexdigest())


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(min_value=1, max_value=50))
def test_pieces_are_as_long_as_asked_and_nothing_is_lost(chunks: list[bytes], wanted: int) -> None:
    intake = Intake(chunks, expected=None, size_bytes=None)
    pieces = []
    while not intake.ended:
        pieces.append(intake.take(wanted))
    data = b"".join(chunks)
    assert b"".join(pieces) == data
    assert {len(piece) for piece in pieces[:-1]} <= {wanted}
    assert intake.size_bytes == len(data)


def test_blocks_are_hashed_where_they_lie() -> None:
    data = bytes(range(256)) * (BLOCK_BYTES // 256) + b"second" * 700_000
    intake = Intake([data], expected=md5_of(data), size_bytes=len(data))
    while not intake.ended:
        intake.take(2 * BLOCK_BYTES)
    stored = intake.finish()
    starts = range(0, len(data), BLOCK_BYTES)
    assert list(stored.block_sha256) == [
        hashlib.sha256(data[start : start + BLOCK_BYTES]).hexdigest() for start in starts
    ]
    assert stored.sha256 == hashlib.sha256(data).hexdigest()


def test_hashing_beside_changes_nothing() -> None:
    pieces = [bytes([number]) * BLOCK_BYTES for number in range(5)] + [b"tail"]
    plain, beside = (Intake(pieces, expected=None, size_bytes=None) for _ in range(2))
    with ThreadPoolExecutor(3) as threads:
        beside.take(BLOCK_BYTES)
        beside.hash_beside(threads)
        for intake in (plain, beside):
            while not intake.ended:
                intake.take(BLOCK_BYTES)
        assert beside.finish(slot="s") == replace(plain.finish(), slot="s")


def test_too_much_is_refused_while_it_arrives() -> None:
    intake = Intake(repeat(b"x" * 100), expected=None, size_bytes=150)
    intake.take(100)
    with pytest.raises(Invalid) as refused:
        intake.take(100)
    assert refused.value.code == "wrong_size"


def test_one_block_needs_no_table() -> None:
    intake = Intake([b"x" * BLOCK_BYTES], expected=None, size_bytes=None)
    intake.take(2 * BLOCK_BYTES)
    assert intake.finish().block_sha256 == ()
