from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event

import pytest

from core.errors import Unavailable
from storage_sites import checking
from storage_sites.checking import Step, run_check

NOW = datetime(2024, 5, 17, tzinfo=UTC)


class Probing:
    """A probe of given steps."""

    def __init__(self, *steps: Step) -> None:
        self.steps: Sequence[Step] = steps
        self.cleaned = Event()

    def clean_up(self) -> None:
        self.cleaned.set()


def fine() -> None:
    """Find nothing wrong."""


def broken() -> None:
    raise Unavailable("It broke.")


def test_all_well_is_well_also_for_browsers() -> None:
    probe = Probing(Step("write", fine), Step("cors", fine, is_needed=False))
    health = run_check(probe, NOW, for_browsers=frozenset({"cors"}))
    assert (health.ok, health.browser_transfer, health.checked_at) == (True, True, NOW)
    assert [step.name for step in health.steps] == ["write", "cors"]
    assert probe.cleaned.wait(5)


def test_without_what_is_needed_nothing_else_is_tried() -> None:
    probe = Probing(Step("write", broken), Step("read", fine))
    health = run_check(probe, NOW, for_browsers=frozenset())
    assert not health.ok
    assert [(step.name, step.problem) for step in health.steps] == [("write", "It broke.")]
    assert probe.cleaned.wait(5)


def test_what_only_browsers_need_does_not_fail_a_site() -> None:
    probe = Probing(Step("write", fine), Step("cors", lambda: "No rules.", is_needed=False))
    health = run_check(probe, NOW, for_browsers=frozenset({"cors"}))
    assert (health.ok, health.browser_transfer) == (True, False)


def test_a_step_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "STEP_SECONDS", 0.05)
    monkeypatch.setattr(checking, "CHECK_SECONDS", 0.05)
    release = Event()

    def hang() -> None:
        release.wait(10)

    probe = Probing(Step("hang", hang, is_needed=False), Step("write", fine))
    health = run_check(probe, NOW, for_browsers=frozenset())
    release.set()
    assert not health.ok
    assert "longer" in (health.steps[0].problem or "")
    assert "no time left" in (health.steps[1].problem or "")
