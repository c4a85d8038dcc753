from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.model.refusals import Refusal
from core.usecases.access.refusals import says_more

AT = datetime(2026, 5, 17, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "new", "seconds", "more"),
    (
        ("GET", "GET", 4, False),
        ("GET", "GET", 5, True),
        ("GET", "POST", 0, True),
        ("POST", "GET", 4, False),
        ("POST", "GET", 60, True),
        ("PUT", "POST", 1, False),
    ),
)
def test_a_hundred_refusals_a_second_are_one_and_a_push_outweighs_its_questions(
    *, known: str, new: str, seconds: int, more: bool
) -> None:
    before = Refusal(AT, known, "forbidden", "needs Developer.")
    after = Refusal(AT + timedelta(seconds=seconds), new, "forbidden", "needs Developer.")
    assert says_more(after, before) is more
