from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from core.model.names import Md5
from core.model.storage import BLOCK_BYTES, ObjectFacts
from storage_sites.blocks import CheckedBlocks, WrongBlock
from storage_sites.intake import Intake, facts_of

DATA = bytes(range(251)) * (2 * BLOCK_BYTES // 251 + 100)


def known() -> ObjectFacts:
    intake = Intake([DATA], expected=None, size_bytes=None)
    while not intake.ended:
        intake.take(BLOCK_BYTES)
    return facts_of(intake.finish())


def cut(data: bytes, piece_bytes: int) -> Iterator[bytes]:
    return iter([data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)])


@pytest.mark.parametrize("piece_bytes", (100_001, 1 << 20, BLOCK_BYTES, 3 * BLOCK_BYTES))
def test_blocks_hold_all_bytes_however_the_stream_is_cut(piece_bytes: int) -> None:
    blocks = CheckedBlocks(cut(DATA, piece_bytes), known())
    taken = [b"".join(block) for block in iter(blocks.take, [])]
    assert b"".join(taken) == DATA
    assert [len(one) for one in taken[:-1]] == [BLOCK_BYTES] * 2


@pytest.mark.parametrize("at", (0, BLOCK_BYTES - 1, BLOCK_BYTES, len(DATA) - 1))
def test_no_block_with_a_wrong_byte_is_given(at: int) -> None:
    wrong = DATA[:at] + bytes([DATA[at] ^ 1]) + DATA[at + 1 :]
    blocks = CheckedBlocks(cut(wrong, 1 << 18), known())
    for _ in range(at // BLOCK_BYTES):
        blocks.take()
    with pytest.raises(WrongBlock, match="is wrong between"):
        blocks.take()


def test_a_stream_that_ends_too_early_is_wrong() -> None:
    blocks = CheckedBlocks(cut(DATA[:-1], 1 << 18), known())
    blocks.take()
    blocks.take()
    with pytest.raises(WrongBlock, match=f"ended after {len(DATA) - 1} bytes"):
        blocks.take()


def test_the_table_is_of_sha256() -> None:
    facts = known()
    first = hashlib.sha256(DATA[:BLOCK_BYTES]).hexdigest()
    assert (facts.block_sha256[0], len(facts.block_sha256)) == (first, 3)
    assert facts.md5 == Md5(hashlib.md5(DATA, usedforsecurity=False).hexdigest())
