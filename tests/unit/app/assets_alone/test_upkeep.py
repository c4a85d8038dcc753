from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.assets_alone import upkeep
from app.assets_alone.upkeep import Upkeep
from core.errors import Unavailable

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOUSE = cast("Any", SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW)))


def until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_step_that_fails_does_not_keep_the_others_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="labset.upkeep")

    def fail(*_: object) -> int:
        raise Unavailable("the store is away")

    swept: list[datetime] = []

    def sweep(older_than: datetime) -> int:
        swept.append(older_than)
        raise RuntimeError("unheard of")

    monkeypatch.setattr(upkeep, "collect_unnamed", fail)
    Upkeep(HOUSE, sweep, tmp_path).go_round()
    assert swept == [NOW - timedelta(hours=25)]
    assert "the store is away" in caplog.text
    assert "unheard of" in caplog.text


def test_what_is_more_than_one_round_can_take_is_collected_in_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [100, 7, 0]
    monkeypatch.setattr(upkeep, "collect_unnamed", lambda _house: answers.pop(0))
    Upkeep(HOUSE, lambda _moment: 0, tmp_path).go_round()
    assert answers == []


def test_of_several_processes_of_one_home_one_does_it_and_another_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "start_checks", lambda _house, _stop: None)
    monkeypatch.setattr(upkeep, "collect_unnamed", lambda _house: 0)
    monkeypatch.setattr(upkeep, "_TRY_AGAIN_SECONDS", 0.01)
    seen: list[str] = []

    def tell(name: str) -> int:
        seen.append(name)
        return 0

    def begin(name: str) -> tuple[threading.Event, threading.Thread]:
        stop = threading.Event()
        one = Upkeep(HOUSE, lambda _moment: tell(name), tmp_path)
        thread = threading.Thread(target=one.run, args=(stop,))
        thread.start()
        return stop, thread

    first, first_thread = begin("first")
    until(lambda: seen == ["first"])
    second, second_thread = begin("second")
    second_thread.join(0.1)
    assert seen == ["first"]
    first.set()
    first_thread.join(10)
    until(lambda: seen == ["first", "second"])
    second.set()
    second_thread.join(10)
