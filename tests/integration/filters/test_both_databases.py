"""Two compilers that share nothing but the tree, on documents as wild as JSON allows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import LabsetError
from ledger.engine import Ledger
from tests.integration.filters.shelf import Json, Shelf, keep
from tests.integration.filters.test_mongomock import QUIETLY

ODD_NAMES = ["00", "ä ", 'q"', "'", "\\", "*", "a$", "@", "type()"]
NAMES = st.sampled_from([*["a", "b", "0", "1"] * 6, *ODD_NAMES])
TEXTS = st.sampled_from(
    ["", "a", "A", "0", "\n", "a\nb", "[", "\\", '"', "\x01\x7f", "ß", "\U0001f600", "\ue000"]
)
NUMBERS = st.sampled_from([0, 1, -1, 0.5, -0.0, 1e-7, -1e300, 1e300, 2**53 + 1, 10**30, 0.1])
SCALARS = st.sampled_from(["a", 1, 0, True, None]) | st.one_of(
    TEXTS, NUMBERS, st.booleans(), st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, min_size=2, max_size=4)
PATHS = st.one_of(NAMES, st.lists(NAMES, min_size=1, max_size=3).map(".".join))
PATTERNS = st.sampled_from(
    [".", "^.$", "a.b", "[^a]", r"^\W$", r"[\\\]\[^-]", "ß|\U0001f600", r"\s", "^$", "(a|)b?$"]
)
BOUNDS = st.one_of(TEXTS, NUMBERS, st.booleans())
PLAIN_VALUES = VALUES.filter(lambda value: "$" not in str(value))


def operators(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    one = st.one_of(
        st.tuples(st.sampled_from(["$eq", "$ne"]), PLAIN_VALUES),
        st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), BOUNDS),
        st.tuples(st.sampled_from(["$in", "$nin", "$all"]), st.lists(PLAIN_VALUES, max_size=2)),
        st.tuples(st.just("$exists"), st.booleans()),
        st.tuples(st.just("$size"), st.integers(0, 3)),
        st.tuples(st.just("$regex"), PATTERNS),
        st.tuples(st.sampled_from(["$not", "$elemMatch"]), inner),
    )
    return st.lists(one, min_size=1, max_size=2).map(dict)


OPERATORS = operators(operators(st.just({"$exists": True})))


def clauses(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.dictionaries(PATHS, inner, min_size=1, max_size=2)


CLAUSES = clauses(OPERATORS | PLAIN_VALUES)
IN_LISTS = st.one_of(
    clauses(CLAUSES.map(lambda fields: {"$elemMatch": fields})),
    st.tuples(
        st.sampled_from(["$or", "$and", "$nor"]), st.lists(CLAUSES, min_size=1, max_size=2)
    ).map(lambda pair: dict([pair])),
)


def under_metadata(body: Json) -> Json:
    """Put a filter of documents' fields into words about assets."""
    return {
        key if key.startswith("$") else f"asset_metadata.{key}": [
            under_metadata(one) for one in value
        ]
        if key in {"$or", "$and", "$nor"}
        else value
        for key, value in body.items()
    }


@given(
    st.lists(DOCUMENTS, min_size=3, max_size=6),
    st.lists(st.one_of(CLAUSES, IN_LISTS), min_size=20, max_size=20),
    st.lists(st.sampled_from(["a", "b", "-a", "-a.b", "b.a"]), min_size=1, max_size=2),
)
@settings(QUIETLY, max_examples=100)
@pytest.mark.timeout(240)
def test_2_000_filters_and_orders_are_the_same_in_both(
    sqlite: Ledger, postgresql: Ledger, documents: list[Json], filters: list[Json], sort: list[str]
) -> None:
    one, other = keep(sqlite, documents), keep(postgresql, documents)
    order = ",".join(
        f"-asset_metadata.{word[1:]}" if word[0] == "-" else f"asset_metadata.{word}"
        for word in sort
    )
    for body in (under_metadata(body) for body in filters):
        assert answer(one, body, order) == answer(other, body, order), body


def answer(shelf: Shelf, body: Json, order: str) -> list[int] | str:
    try:
        found: list[int] = shelf.find(body, order)
    except LabsetError as error:
        return error.code
    return found


@given(
    st.lists(
        st.text(alphabet="ab1.[]^()|*+?{},-\\dwWsS\nÄß\u017f$", max_size=10),
        min_size=30,
        max_size=30,
    ),
    st.lists(st.text(alphabet="abAB1Ääß\u017fsS\n\r _-K", max_size=5), min_size=5, max_size=5),
    st.sampled_from(["", "i"]),
)
@settings(QUIETLY, max_examples=40)
@pytest.mark.timeout(240)
def test_patterns_mean_the_same_in_both(
    sqlite: Ledger, postgresql: Ledger, patterns: list[str], texts: list[str], options: str
) -> None:
    documents: list[Json] = [{"a": text} for text in texts]
    one, other = keep(sqlite, documents), keep(postgresql, documents)
    for pattern in patterns:
        body: Json = {"asset_metadata.a": {"$regex": pattern, "$options": options}}
        assert answer(one, body, "asset_id") == answer(other, body, "asset_id"), pattern
