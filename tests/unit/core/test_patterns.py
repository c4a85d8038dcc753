from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.model.filters.patterns import (
    MAX_PATTERN_CHARACTERS,
    MAX_PATTERN_GROUPS,
    MAX_PATTERN_REPEATS,
    MAX_PATTERN_STEPS,
    plain_pattern,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    (
        ("a.b", r"a[^\n]b"),
        (r"^\d+$", "^[0-9]+$"),
        (r"(a|b)*?", "(?:a|b)*"),
        (r"(?:a)", "(?:a)"),
        (r"[^\w-]", r"[^0-9A-Z_a-z\-]"),
        (r"[]a]", r"[\]a]"),
        (r"\.\*\-\n", r"\.\*-\n"),
        ("x{2}y{0,3}z{1,}", "x{2}y{0,3}z{1,}"),
        ("ä|", "ä|"),
    ),
)
def test_a_pattern_is_written_with_nothing_implied(text: str, plain: str) -> None:
    assert plain_pattern(text, ignores_case=False)[0] == plain


def test_without_case_every_letter_becomes_its_class() -> None:
    assert plain_pattern("a1Ä", ignores_case=True)[0] == "[aA]1[Ää]"
    assert plain_pattern("[a-c]", ignores_case=True)[0] == "[a-cABC]"


@pytest.mark.parametrize(
    "text",
    (
        *("(?=a)", "(?!a)", "(?<=a)", "(?i)a", "(?P<n>a)", r"(a)\1", r"\b", r"\p{L}", r"\x41"),
        *("a**", "a{2}{3}", "a*+", "*a", "+", "?", "{2}", "^*", "a{", "a{2,1}", "a{,3}"),
        *("(a", "a)", "[a", "[]", "[z-a]", "[[:alpha:]]", r"[\D]", r"[\b]", "\\", "[\\"),
        *("[" + "\u0100-\uffff" + "]",),
    ),
)
def test_what_is_not_linear_or_not_the_same_everywhere_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        plain_pattern(text, ignores_case=True)
    assert "allowed are" in refused.value.message


@pytest.mark.parametrize(
    ("most", "more"),
    (
        ("a" * MAX_PATTERN_CHARACTERS, "a" * (MAX_PATTERN_CHARACTERS + 1)),
        (f"a{{{MAX_PATTERN_REPEATS}}}", f"a{{{MAX_PATTERN_REPEATS + 1}}}"),
        ("(" * 19 + "a" + ")" * 19, "(" * MAX_PATTERN_GROUPS + "a" + ")" * MAX_PATTERN_GROUPS),
        ("(a{30}){30}", "(a{40}){30}"),
    ),
)
def test_a_pattern_is_as_large_as_it_may_be(most: str, more: str) -> None:
    assert MAX_PATTERN_STEPS == 1_000
    plain_pattern(most, ignores_case=False)
    with pytest.raises(Invalid):
        plain_pattern(more, ignores_case=False)


@given(
    st.text(alphabet="ab.[]^()|*+?{},1-\\dw\nÄ", max_size=12),
    st.text(alphabet="abÄ1\n-", max_size=6),
)
def test_what_is_accepted_means_what_python_means(pattern: str, subject: str) -> None:
    try:
        plain, _ = plain_pattern(pattern, ignores_case=False)
        said = re.compile(pattern, re.ASCII)
    except (Invalid, re.error, FutureWarning):  # Python reads some classes in its own way
        return
    assert bool(re.search(plain, subject)) == bool(said.search(subject))


def test_reading_a_bomb_takes_no_time() -> None:
    began = time.thread_time()
    with pytest.raises(Invalid):
        plain_pattern("(" * 500, ignores_case=True)
    with pytest.raises(Invalid):
        plain_pattern("((((a{99}){99}){99}){99})", ignores_case=True)
    assert time.thread_time() - began < 0.5
