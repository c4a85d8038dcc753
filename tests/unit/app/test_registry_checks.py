from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import cast

import pytest

from app import registry_checks
from app.registry_checks import run_checks
from core.errors import Unavailable
from core.ports import AssetPlatform
from core.usecases.registry.health import CHECKS_AT_ONCE

HOUSE = cast("AssetPlatform", None)


class Turns(threading.Event):
    """Is told to stop by its second pause, and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses = 0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout == registry_checks.EVERY_SECONDS
        self.pauses += 1
        if self.pauses == 2:
            self.set()
        return self.is_set()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int | Exception]]:
    """Let each turn end as a test says; what is left was never reached."""

    def plan(*steps: int | Exception) -> list[int | Exception]:
        left = list(steps)

        def check_due(house: AssetPlatform) -> int:
            assert house is HOUSE
            step = left.pop(0)
            if isinstance(step, Exception):
                raise step
            return step

        monkeypatch.setattr(registry_checks, "check_due", check_due)
        return left

    return plan


def test_there_is_no_pause_while_more_are_due(checks: Callable[..., list[object]]) -> None:
    left, turns = checks(CHECKS_AT_ONCE, CHECKS_AT_ONCE, 3, 0), Turns()
    run_checks(HOUSE, turns)
    assert (left, turns.pauses) == ([], 2)


@pytest.mark.parametrize("problem", (Unavailable("the database is busy"), ValueError("a mistake")))
def test_a_turn_that_fails_is_followed_by_another(
    checks: Callable[..., list[object]], problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="labset.registry")
    left = checks(problem, 0)
    run_checks(HOUSE, Turns())
    assert left == []
    assert "looking at registered databases failed" in caplog.text
