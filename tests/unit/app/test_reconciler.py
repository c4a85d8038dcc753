from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app import reconciler
from app.reconciler import Upkeep
from core.errors import Unavailable

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def upkeep(home: Path) -> Upkeep:
    """Return one whose other steps fail at once."""
    (home / "worker").mkdir()
    no = cast("Any", SimpleNamespace())
    platform = cast("Any", SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW)))
    return Upkeep(platform, no, no, lambda _: 0, lambda: 0, lambda _: None, home)


def test_collecting_goes_on_in_the_next_rounds_and_then_waits_for_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [100, 7, 0, 100]
    monkeypatch.setattr(reconciler, "collect_unnamed", lambda _: answers.pop(0))
    rounds = upkeep(tmp_path)
    for _ in range(10):
        rounds.go_round()
    assert answers == [100]
    monkeypatch.setattr(reconciler, "_HOURLY_SECONDS", 0)
    rounds.go_round()
    assert answers == []


def test_collecting_that_fails_is_tried_again_in_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def fail(house: object) -> int:
        tried.append(house)
        raise Unavailable("The database is away.")

    monkeypatch.setattr(reconciler, "collect_unnamed", fail)
    rounds = upkeep(tmp_path)
    for _ in range(3):
        rounds.go_round()
    assert len(tried) == 1
