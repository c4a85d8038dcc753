"""Which bytes are asked for: few for a jump, more and more for a walk, none twice."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labset.filesystem.read_ahead import ReadAhead

SIZE = 8_000_000
KIB = 1024


BODY = random.Random(1).randbytes(SIZE)


class Remote:
    """Bytes that can be told from each other, and what was asked of them."""

    def __init__(self, size: int = SIZE) -> None:
        self.body = BODY[:size]
        self.asked: list[tuple[int, int]] = []
        self.fails = 0
        self._lock = threading.Lock()

    def fetch(self, start: int, end: int) -> bytes:
        with self._lock:
            self.asked.append((start, end))
            if self.fails:
                self.fails -= 1
                raise ConnectionError("broken")
        return self.body[start:end]


@pytest.fixture
def remote() -> Remote:
    return Remote()


@pytest.fixture
def cache(remote: Remote) -> Iterator[ReadAhead]:
    made = ReadAhead(2 * KIB * KIB, remote.fetch, SIZE)
    yield made
    made.close()


def test_a_jump_fetches_little(cache: ReadAhead, remote: Remote) -> None:
    for start in (5_000_000, 1_000_000, 7_000_000):
        assert cache._fetch(start, start + 10) == remote.body[start : start + 10]
    assert [end - start for start, end in remote.asked] == [64 * KIB] * 3


def test_a_large_jump_fetches_what_is_asked(cache: ReadAhead, remote: Remote) -> None:
    cache._fetch(3_000_000, 4_500_000)
    assert remote.asked == [(3_000_000, 4_500_000)]


def test_a_small_file_comes_whole() -> None:
    remote = Remote(200_000)
    cache = ReadAhead(2 * KIB * KIB, remote.fetch, 200_000)
    assert cache._fetch(0, 16) == remote.body[:16]
    assert cache._fetch(16, None) == remote.body[16:]
    assert cache._fetch(100, 200) == remote.body[100:200]
    assert remote.asked == [(0, 200_000)]


def test_a_walk_asks_for_each_byte_once_and_for_more_each_time(
    cache: ReadAhead, remote: Remote
) -> None:
    for start in range(0, SIZE, 50_000):
        assert cache._fetch(start, start + 50_000) == remote.body[start : start + 50_000]
    asked = sorted(remote.asked)
    assert asked[0] == (0, 256 * KIB)
    assert [end for _, end in asked[:-1]] == [start for start, _ in asked[1:]]
    assert asked[-1][1] == SIZE
    assert max(end - start for start, end in asked) == 2 * KIB * KIB


def test_what_is_held_stays_small_in_a_long_walk(cache: ReadAhead) -> None:
    for start in range(0, SIZE, 10_000):
        cache._fetch(start, start + 10_000)
        assert sum(one.end - one.start for one in cache._pieces) <= 5 * 2 * KIB * KIB


def test_many_jumps_hold_few_bytes(cache: ReadAhead) -> None:
    for number in range(60):
        start = (number * 3_456_789) % 7_900_000
        cache._fetch(start, start + 1000)
    assert sum(one.end - one.start for one in cache._pieces) <= 2 * KIB * KIB


def test_reading_all_at_once_keeps_nothing(cache: ReadAhead, remote: Remote) -> None:
    assert cache._fetch(0, None) == remote.body
    assert remote.asked == [(0, SIZE)]
    assert not cache._pieces


def test_a_failure_is_told_and_the_next_read_tries_again(cache: ReadAhead, remote: Remote) -> None:
    remote.fails = 1
    with pytest.raises(ConnectionError):
        cache._fetch(0, 10)
    assert cache._fetch(0, 10) == remote.body[:10]


def test_a_failure_ahead_is_told_when_it_is_reached(cache: ReadAhead, remote: Remote) -> None:
    position = 0
    while len(remote.asked) < 5:
        cache._fetch(position, position + 100_000)
        position += 100_000
    remote.fails = 1000
    with pytest.raises(ConnectionError):
        cache._fetch(position, SIZE)
    remote.fails = 0
    assert cache._fetch(position, SIZE) == remote.body[position:]


def test_outside_is_nothing(cache: ReadAhead, remote: Remote) -> None:
    assert cache._fetch(SIZE, SIZE + 10) == b""
    assert cache._fetch(10, 10) == b""
    assert cache._fetch(SIZE - 3, SIZE + 10) == remote.body[-3:]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-300_000, SIZE + 10),
            st.integers(0, 400_000) | st.integers(0, SIZE),
            st.booleans(),
        ),
        max_size=25,
    )
)
def test_whatever_is_read_is_right(reads: list[tuple[int, int, bool]]) -> None:
    remote = Remote()
    cache = ReadAhead(512 * KIB, remote.fetch, SIZE)
    position = 0
    for start, size, walks in reads:
        position = position if walks else max(start, 0)
        found = cache._fetch(position, position + size)
        assert found == remote.body[position : position + size]
        position += len(found)
    cache.close()
