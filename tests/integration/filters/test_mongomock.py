"""What MongoDB's double in Python finds, we find.

Left out is where mongomock 4.3 itself leaves MongoDB's documentation; what the manual says of these
cases stands in test_manual.py:

- true equals 1 to it: no 0 and 1 beside booleans here;
- a path that ends at a scalar (`a.b` of `{"a": 5}`), an empty list, or beyond a list's end is not
  missing to it: null, `$not` and `$exists: false` are asked of other paths;
- `$size` counts the fields of objects, and 1 for a scalar: asked of lists only;
- lists in lists, and lists as values of `$in` and `$all`, are not looked into;
- several operators on a path through a list of objects must hold of one element to it;
- `$exists: false` is true to it, where one object of a list lacks the field;
- an empty `$all` is true to it, and a null in `$all` never matches what is missing;
- `$elemMatch` on fields takes scalars for empty objects; `$not` knows no `$options`.

Our own documented differences are said to it in its words: a bare list is `$all`, a bare object its
fields one by one. Versions are compared in test_versions.py.
"""

from __future__ import annotations

from typing import Any

import mongomock
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger.engine import Ledger
from tests.integration.filters.shelf import Json, keep

FILTERS = 20  # of each batch of documents

TEXTS = st.sampled_from(["", "a", "A", "ab", "ä", "10", "9", "it's; --", "$x", "z\U0001f600"])
NUMBERS = st.sampled_from([-3, 2, 2.5, 7, 1000.0, 2**60])
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
PATTERNS = st.sampled_from(["a", "^a", "b$", "^a?b", "[ab]{2}", "^(a|ä)", r"\d", "[^a]", "^$", "%"])


def some(strategies: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=strategies)


LISTS = st.lists(SCALARS, max_size=4)
FLAT = some({"s": TEXTS | st.none(), "n": NUMBERS | st.none(), "m": SCALARS})
INNER = some({"s": TEXTS, "n": NUMBERS, "l": LISTS, "o": some({"n": NUMBERS})})
DOCUMENTS = st.fixed_dictionaries(
    {"l": LISTS, "o": INNER, "os": st.lists(FLAT, min_size=1, max_size=3)},
    optional={"s": TEXTS | st.none(), "n": NUMBERS | st.none(), "m": SCALARS},
) | some({"s": TEXTS, "l": LISTS, "os": st.lists(FLAT, min_size=1, max_size=3)})

RANGES = st.sampled_from(["$gt", "$gte", "$lt", "$lte"])
BOUNDS = st.one_of(TEXTS, NUMBERS, st.booleans())


def operators(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    """One operator that any path may be asked with."""
    return st.one_of(
        st.tuples(st.sampled_from(["$eq", "$ne"]), values),
        st.tuples(RANGES, BOUNDS),
        st.tuples(st.sampled_from(["$in", "$nin"]), st.lists(values, max_size=3)),
        st.tuples(st.just("$regex"), PATTERNS),
    )


def negated(one: tuple[str, Any]) -> Json:
    return {"$not": dict([one])}


ONE = operators(SCALARS)
SEVERAL = st.lists(ONE, min_size=1, max_size=3).map(dict)
FLAGS = st.booleans().map(lambda flag: {"$exists": flag})
WITH_CASE = PATTERNS.map(lambda pattern: {"$regex": pattern, "$options": "i"})
SINGLE = st.one_of(
    SCALARS, SEVERAL, FLAGS, WITH_CASE, SEVERAL.map(lambda several: {"$not": several})
)
BESIDE = st.one_of(SCALARS, ONE.map(lambda one: dict([one])), ONE.map(negated))
AT_INDEX = operators(BOUNDS).map(lambda one: dict([one]))
OF_LIST = st.one_of(
    SINGLE,
    st.integers(0, 4).map(lambda size: {"$size": size}),
    st.lists(BOUNDS, min_size=1, max_size=2).map(lambda several: {"$all": several}),
    st.lists(BOUNDS, min_size=1, max_size=2),
    LISTS.map(lambda exactly: {"$eq": exactly}),
    LISTS.map(lambda exactly: {"$ne": exactly}),
    SEVERAL.map(lambda several: {"$elemMatch": several}),
    SEVERAL.map(lambda several: {"$not": {"$elemMatch": several}}),
)
FIELDS = st.dictionaries(st.sampled_from(["s", "n", "m"]), SINGLE, min_size=1, max_size=2)
OF_OBJECTS = st.one_of(
    st.integers(0, 4).map(lambda size: {"$size": size}),
    FIELDS.map(lambda fields: {"$elemMatch": fields}),
    st.lists(FIELDS, min_size=1, max_size=2).map(lambda either: {"$elemMatch": {"$or": either}}),
    FLAT.map(lambda exactly: {"$eq": exactly}),
)


def clause(paths: list[str], test: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    names = st.sampled_from([f"asset_metadata.{path}" for path in paths])
    return st.tuples(names, test).map(lambda pair: dict([pair]))


CLAUSES = st.one_of(
    clause(["s", "n", "m", "o.s", "o.n", "o.o.n", "none"], SINGLE),
    clause(["l", "o.l"], OF_LIST),
    clause(["os.s", "os.n", "os.m"], BESIDE),
    clause(["os"], OF_OBJECTS),
    clause(["l.0", "l.2", "os.0.s", "os.1.n", "o.l.1"], AT_INDEX),
    clause(["o"], st.dictionaries(st.sampled_from(["s", "n"]), BOUNDS, min_size=1)),
)
JOINED = st.tuples(
    st.sampled_from(["$and", "$or", "$nor"]), st.lists(CLAUSES, min_size=1, max_size=3)
).map(lambda pair: dict([pair]))
FILTERS_OF_ANY_KIND = st.one_of(
    CLAUSES,
    CLAUSES,
    JOINED,
    st.tuples(CLAUSES, JOINED).map(lambda pair: pair[0] | pair[1]),
    st.lists(JOINED, min_size=1, max_size=2).map(lambda several: {"$or": several}),
)


def in_its_words(body: Json) -> Json:
    """Return the filter as MongoDB means it: bare lists and objects say less there."""
    said: Json = {}
    for key, value in body.items():
        if key in {"$and", "$or", "$nor"}:
            said[key] = [in_its_words(one) for one in value]
        elif isinstance(value, list):
            said[key] = {"$all": value}
        elif isinstance(value, dict) and not any(name.startswith("$") for name in value):
            said |= {f"{key}.{name}": one for name, one in value.items()}
        else:
            said[key] = value
    return said


def check_batch(ledger: Ledger, documents: list[Json], filters: list[Json]) -> None:
    shelf = keep(ledger, documents)
    collection = mongomock.MongoClient().db.collection
    collection.insert_many([{"_id": n} | one for n, one in enumerate(shelf.documents())])
    for body in filters:
        wanted = sorted(one["_id"] for one in collection.find(in_its_words(body)))
        assert shelf.find(body) == wanted, body


BATCH = {
    "documents": st.lists(DOCUMENTS, min_size=4, max_size=8),
    "filters": st.lists(FILTERS_OF_ANY_KIND, min_size=FILTERS, max_size=FILTERS),
}
QUIETLY = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@given(**BATCH)
@settings(QUIETLY, max_examples=250)
@pytest.mark.timeout(240)
def test_5_000_filters_find_the_same_in_sqlite(
    sqlite: Ledger, documents: list[Json], filters: list[Json]
) -> None:
    check_batch(sqlite, documents, filters)


@given(**BATCH)
@settings(QUIETLY, max_examples=50)
@pytest.mark.timeout(240)
def test_1_000_filters_find_the_same_in_postgresql(
    postgresql: Ledger, documents: list[Json], filters: list[Json]
) -> None:
    check_batch(postgresql, documents, filters)
