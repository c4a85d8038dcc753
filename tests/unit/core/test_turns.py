from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack

import pytest

from core.errors import Unavailable
from core.model.turns import Turns


def test_so_many_pass_and_the_next_hears_at_once_that_it_is_busy() -> None:
    turns = Turns(2, "Too many at once.")
    with ExitStack() as held:
        held.enter_context(turns.turn())
        held.enter_context(turns.turn())
        with (
            pytest.raises(Unavailable, match=r"Too many at once\. Try again") as told,
            turns.turn(),
        ):
            pass
        assert told.value.code == "busy"
    with turns.turn(), turns.turn():
        pass


def test_who_may_wait_has_his_turn_when_another_ends() -> None:
    turns = Turns(1, "Too many at once.", waiting=1, wait_seconds=20)

    def pass_through() -> str:
        with turns.turn():
            return "passed"

    with ThreadPoolExecutor(2) as pool:
        with turns.turn():
            others = [pool.submit(pass_through) for _ in range(2)]
            done, [waits] = wait(others, return_when=FIRST_COMPLETED)
            assert [type(one.exception()) for one in done] == [Unavailable]
        assert waits.result(20) == "passed"


def test_who_waited_in_vain_leaves_his_place() -> None:
    turns = Turns(1, "Too many at once.", waiting=1, wait_seconds=0.01)
    with turns.turn():
        for _ in range(3):
            with pytest.raises(Unavailable), turns.turn():
                pass
