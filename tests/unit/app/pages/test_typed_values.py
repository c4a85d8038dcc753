from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.assets.typed_values import read_value, write_value
from core.errors import Invalid
from core.model.json_values import JsonValue


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("Leica", "Leica"),
        ("  two words ", "two words"),
        ("", ""),
        ("640", 640),
        ("-1.5e3", -1500.0),
        ("00123", "00123"),
        ("1.2.3", "1.2.3"),
        ("9007199254740993", "9007199254740993"),
        ("true", True),
        ("True", "True"),
        ("null", None),
        ('"640"', "640"),
        ('""', ""),
        ("[1, 2]", [1, 2]),
        ('{"a": {"b": null}}', {"a": {"b": None}}),
        ("NaN", "NaN"),
    ),
)
def test_text_stays_text_and_json_is_what_it_says(text: str, expected: JsonValue) -> None:
    value = read_value(text)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("text", ('{"a": 1', "[draft] one", '"he" said', '{"a": 1, "a": 2}'))
def test_what_begins_like_json_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="begins like JSON and is none"):
        read_value(text)


def test_nesting_without_end_is_refused_and_breaks_nothing() -> None:
    with pytest.raises(Invalid, match=r"out of bounds|no JSON"):
        read_value("[" * 100_000)


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text())
def test_what_a_field_shows_is_read_back_as_it_was(value: JsonValue) -> None:
    written = write_value(value)
    if written is None:
        assert not isinstance(value, str)
        return
    back = read_value(written)
    assert back == value
    assert type(back) is type(value)
    assert "\n" not in written
