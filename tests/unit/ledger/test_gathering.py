from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import Conflict, LabsetError, Unavailable
from ledger.gathering import Gathering

WAIT_SECONDS = 20


class Slow:
    """Writes numbers; the first call lasts until it is let go. Odd ones are refused."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self.fails_with: BaseException | None = None

    def write(self, items: Sequence[int]) -> None:
        self.calls.append(list(items))
        self.has_begun.set()
        assert self.may_go_on.wait(WAIT_SECONDS)
        if self.fails_with is not None:
            error, self.fails_with = self.fails_with, None
            raise error
        if any(item % 2 for item in items):
            raise Conflict("odd")


def submit_all(slow: Slow, items: Sequence[int]) -> list[BaseException | None]:
    """Submit the first alone, the others while it is being written."""
    gathering: Gathering[int] = Gathering(slow.write)

    def submit(item: int) -> BaseException | None:
        try:
            gathering.submit(item)
        except (LabsetError, SystemExit) as error:
            return error
        return None

    with ThreadPoolExecutor(len(items)) as pool:
        first = pool.submit(submit, items[0])
        assert slow.has_begun.wait(WAIT_SECONDS)
        others = [pool.submit(submit, item) for item in items[1:]]
        while len(gathering._waiting) < len(others):
            threading.Event().wait(0.001)
        slow.may_go_on.set()
        return [first.result(), *(other.result() for other in others)]


def test_what_comes_while_one_is_written_is_written_together() -> None:
    slow = Slow()
    assert submit_all(slow, [0, 2, 4, 6, 8]) == [None] * 5
    assert slow.calls[0] == [0]
    assert sorted(slow.calls[1]) == [2, 4, 6, 8]
    assert len(slow.calls) == 2


def test_each_hears_of_its_own_refusal_only() -> None:
    slow = Slow()
    problems = submit_all(slow, [0, 1, 2, 3, 4])
    assert [problem is None for problem in problems] == [True, False, True, False, True]


def test_a_database_that_does_not_answer_is_asked_once_for_all() -> None:
    slow = Slow()
    slow.fails_with = Unavailable("down")
    problems = submit_all(slow, [0, 2, 4])
    assert [type(problem) for problem in problems] == [Unavailable, type(None), type(None)]
    assert len(slow.calls) == 2


def test_an_interrupted_leader_takes_nobody_else_with_it() -> None:
    slow = Slow()
    slow.fails_with = SystemExit()
    problems = submit_all(slow, [0, 2, 4])
    assert [type(problem) for problem in problems] == [SystemExit, type(None), type(None)]


def test_one_alone_is_refused_once() -> None:
    slow = Slow()
    slow.may_go_on.set()
    with pytest.raises(Conflict):
        Gathering(slow.write).submit(1)
    assert slow.calls == [[1]]
