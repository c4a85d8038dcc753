from __future__ import annotations

from datetime import UTC, datetime

import pytest

from labset.doctor import (
    Check,
    Outcome,
    check_clock,
    check_permission,
    check_proxy,
    check_token,
    find_probe,
    next_step,
)
from labset.model import Entry, Permission
from labset.transport.connection import Connection

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_first_failure_names_the_next_step_before_any_warning() -> None:
    checks = [
        Check("clock", Outcome.WARNING, "late", "Set the clock."),
        Check("token", Outcome.FAILED, "refused", "Sign in."),
        Check("dataset", Outcome.FAILED, "none", "Ask."),
    ]
    assert next_step(checks) == "Sign in."
    assert next_step(checks[:1]) == "Set the clock."
    assert next_step([]) == "Nothing to do: all is well."


def test_a_token_that_is_for_another_server_is_told() -> None:
    note = "LABSET_TOKEN is that of LABSET_URL (https://own.test) and not sent here."
    check = check_token(Connection("https://labset.test", None, note))
    assert check.outcome is Outcome.WARNING
    assert check.message == f"none: only public datasets open. {note[:-1]}"
    assert "set LABSET_URL and LABSET_TOKEN" in check.next_step
    plain = check_token(Connection("https://labset.test", None))
    assert plain.message == "none: only public datasets open"


@pytest.mark.parametrize(
    ("seconds", "outcome", "word"),
    ((0, Outcome.OK, "apart"), (300, Outcome.WARNING, "ahead"), (-300, Outcome.WARNING, "behind")),
)
def test_a_clock_that_is_wrong_is_told(seconds: int, outcome: Outcome, word: str) -> None:
    check = check_clock(NOON, NOON.timestamp() + seconds)
    assert check.outcome is outcome
    assert word in check.message


def test_a_proxy_is_told_without_its_password() -> None:
    check = check_proxy("https://labset.test", {"https": "http://me:secret@proxy.test:3128"})
    assert "proxy.test:3128" in check.message
    assert "secret" not in check.message
    assert check_proxy("https://labset.test", {}).outcome is Outcome.OK


def test_a_missing_right_says_whom_to_ask() -> None:
    refused = Permission(allowed=False, why="needs Developer on lab-s3", ask=("carol",))
    needed = check_permission("read", refused, needed=True)
    assert needed.exit_code == 3
    assert needed.next_step == "Ask carol: needs Developer on lab-s3."
    assert check_permission("write", refused, needed=False).outcome is Outcome.NOTE
    assert check_permission("read", Permission(allowed=True), needed=True).outcome is Outcome.OK


def test_the_smallest_file_at_the_site_is_tried() -> None:
    def entry(path: str, size: int, stored: str) -> Entry:
        return Entry.parse(
            {"path": path, "type": "file", "size": size, "md5": "0" * 32, "stored": stored}
        )

    found = [entry("a", 1, "git"), entry("b", 30, "site"), entry("c", 20, "site")]
    folder = Entry("d", "directory", None, None, None)
    assert find_probe([*found, folder]) == found[2]
    assert find_probe([found[0], folder]) == found[0]
    assert find_probe([folder]) is None
