from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.model.versions import version_key


def test_versions_sort_as_people_count_them() -> None:
    ordered = ["", "0.9", "1", "1.0-alpha", "1.0", "1.0+b", "1.0.1", "1.2", "1.10", "1.10a", "v2"]
    assert sorted(ordered, key=version_key) == ordered


def test_what_counts_the_same_goes_by_its_text() -> None:
    assert sorted(["1.1", "1.01", "01.1"], key=version_key) == ["01.1", "1.01", "1.1"]


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_versions_are_never_the_same_one(one: str, other: str) -> None:
    assert (version_key(one) == version_key(other)) == (one == other)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_count_as_numbers(one: int, other: int) -> None:
    assert (version_key(f"1.{one}") < version_key(f"1.{other}")) == (one < other)
