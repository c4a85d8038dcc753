"""One page of a table of documents: scope, filter, order and place put together into one statement.

What a document must have to be wanted is found by its terms. PostgreSQL knows how often each term
is there, and chooses by itself between their GIN index and the index of the order. SQLite does not:
terms are counted first, so that few documents are fetched and sorted, and of many the order's index
is walked until the page is full. What is left over is looked at: by jsonpath, or by Python.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    Select,
    Table,
    UnaryExpression,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.operators import custom_op

from core.errors import Unavailable
from core.model.filters.queries import DocumentQuery, SortField
from core.model.filters.tree import Condition, Every
from ledger.asking import Answer, Patience, asking
from ledger.database import AnyRow, Database
from ledger.filtering.jsonpath import jsonpath_of
from ledger.filtering.matching import compile_condition, forget_patterns
from ledger.filtering.ordering import (
    SortKey,
    bytes_key,
    column_key,
    is_after,
    key_of,
    read_cursor,
    write_cursor,
)
from ledger.filtering.paging import first_page, only_a_page
from ledger.filtering.rewriting import VERSION_KEY, with_versions
from ledger.filtering.terms import Group, required_terms

FEW = 1_000  # so many documents are rather looked at and sorted than found by walking along
MANY = 20_000  # beyond, it does not matter which term is the rarest
_MOST_GROUPS = 8
_ALIKE = 50  # documents; below, one that nobody may see would decide which term is the rarest
_FEW_TERMS = 16  # may be looked for at a document before it is known who may see it
_EVERYTHING = Every(())
_CANCELLED = "57014"  # an SQLSTATE
_STEADY = "SET plan_cache_mode = force_custom_plan; SET jit = off"


@dataclass(frozen=True, slots=True)
class Collection:
    """A table of documents.

    Shape:  `document` holds the JSON, `id` and `number` columns one value each that no two share;
            `sorted_columns` are those that hold a field of the same order; `terms` is the inverted
            index of SQLite (columns term and number) and the column `terms` that of PostgreSQL,
            where the collection has them.
    """

    table: Table
    sorted_columns: Mapping[str, Column[Any]]
    terms: Table | None = None

    @property
    def shown(self) -> list[Column[Any]]:
        """The columns that a page has."""
        return [column for column in self.table.c if column.name != "terms"]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the table and the cursor to the next page."""

    rows: Sequence[AnyRow]
    cursor: str | None


def search(
    database: Database, collection: Collection, query: DocumentQuery, scope: ColumnElement[bool]
) -> Page:
    """Return one page of the documents within the scope of which the condition holds.

    Raises:  Invalid, for a cursor that is none of this order; Unavailable, with the code
             `query_too_wide` where it takes too long.
    """
    condition = with_versions(query.condition, query.shape.version_field)
    plan = _Plan(collection, query, scope, _computed(collection, query), Patience())
    try:
        with database.reading() as connection:
            if database.is_sqlite:
                return _search_sqlite(connection, plan, condition)
            connection.exec_driver_sql(_STEADY)
            return _search_postgresql(connection, plan, condition)
    except Unavailable as error:
        if plan.patience.is_over or _was_cancelled(error.__cause__):
            raise _too_wide() from error
        raise


def _was_cancelled(error: BaseException | None) -> bool:
    """Return whether PostgreSQL stopped a statement, for taking too long."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return getattr(cause, "sqlstate", None) == _CANCELLED


def _too_wide() -> Unavailable:
    return Unavailable(
        "The query looks at too many entries: add what few of them have, like a tag, a name or another "
        "value to be equal, or take out patterns, ranges and negations.",
        code="query_too_wide",
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is common to both databases; `computed` are the sort fields that have no column."""

    collection: Collection
    query: DocumentQuery
    scope: ColumnElement[bool]
    computed: Sequence[SortField]
    patience: Patience

    @property
    def order(self) -> str:
        return ",".join(f"{'-' * one.descending}{one.path}" for one in self.query.sort)

    def keys(self, computed: Sequence[ColumnElement[Any]]) -> list[SortKey]:
        """Return what to sort by: the asked fields, then the id, where rows may still be alike."""
        made = iter(computed)
        keys = [
            bytes_key(next(made), descending=field.descending)
            if field in self.computed
            else column_key(
                self.collection.sorted_columns[str(field.path)], descending=field.descending
            )
            for field in self.query.sort
        ]
        table = self.collection.table
        if any(key.expression is table.c.number for key in keys):
            return keys
        return [*keys, column_key(table.c.id, descending=keys[-1].descending)]

    def page(
        self, connection: Connection, where: ColumnElement[bool], keys: Sequence[SortKey]
    ) -> Page:
        """Ask for one row more than the page has, to know whether there is a next one."""
        names = [f"key_{place}" for place, _ in enumerate(keys)]
        labels = (key.expression.label(name) for key, name in zip(keys, names, strict=True))
        statement = select(*self.collection.shown, *labels).where(self.scope, where)
        if self.query.cursor:
            there = read_cursor(keys, self.order, self.query.cursor)
            after = is_after(keys, there)
            statement = statement.where(self.guarding(after) if self.computed else after)
        limit = self.query.limit
        statement = statement.order_by(*(key.ordering for key in keys)).limit(limit + 1)
        if connection.dialect.name == "postgresql":
            statement = only_a_page(statement, limit)
        with connection.execute(statement) as found:
            rows, has_more = first_page(found, limit)
        if not has_more:
            return Page(rows, None)
        last = [getattr(rows[-1], name) for name in names]
        return Page(rows, write_cursor(keys, self.order, last))

    def guarding(self, test: ColumnElement[bool]) -> ColumnElement[bool]:
        """Return a test that is made of nothing but documents within the scope.

        Of conditions beside each other a database makes whichever it likes first, and by the time it
        takes tells what is in documents that nobody may see.
        """
        return case((self.scope, test), else_=false())


def _computed(collection: Collection, query: DocumentQuery) -> list[SortField]:
    return [field for field in query.sort if str(field.path) not in collection.sorted_columns]


def _stored_names(field: SortField, query: DocumentQuery) -> tuple[str, ...]:
    is_version = str(field.path) == query.shape.version_field
    return (VERSION_KEY,) if is_version else field.path.names


def _search_postgresql(connection: Connection, plan: _Plan, condition: Condition) -> Page:
    document = plan.collection.table.c.document
    paths = [
        "$" + "".join(f".{_quoted(name)}" for name in _stored_names(field, plan.query)) + "[*]"
        for field in plan.computed
    ]
    keys = plan.keys(
        [func.labset_sort_key(document, cast(path, JSONPATH), type_=LargeBinary) for path in paths]
    )
    if condition == _EVERYTHING:
        return plan.page(connection, true(), keys)
    matches = document.op("@@", is_comparison=True)(cast(jsonpath_of(condition), JSONPATH))
    # A CASE, of which no index knows anything, leaves the estimate to the terms.
    wanted = plan.guarding(case((matches, true()), else_=false()))
    if plan.collection.terms is None:
        return plan.page(connection, wanted, keys)
    has_terms = _have_terms(plan.collection.table, required_terms(condition))
    return plan.page(connection, and_(*has_terms, wanted), keys)


def _have_terms(table: Table, groups: Sequence[Group]) -> list[ColumnElement[bool]]:
    every = sorted(set().union(*(group for group in groups if len(group) == 1)))
    has_every = [table.c.terms.op("@>", is_comparison=True)(_array(every))] if every else []
    several = [group for group in groups if len(group) > 1][:_MOST_GROUPS]
    overlaps = table.c.terms.op("&&", is_comparison=True)
    return [*has_every, *(overlaps(_array(sorted(group))) for group in several)]


def _array(terms: Sequence[int]) -> ColumnElement[Any]:
    return cast(list(terms), ARRAY(BigInteger))


def _search_sqlite(connection: Connection, plan: _Plan, condition: Condition) -> Page:
    try:
        return _ask_sqlite(connection, plan, condition)
    finally:
        forget_patterns()


def _ask_sqlite(connection: Connection, plan: _Plan, condition: Condition) -> Page:
    collection = plan.collection
    document = collection.table.c.document
    answers: list[Answer] = [compile_condition(condition, plan.patience.check)]
    answers += [_sorting(_stored_names(field, plan.query)) for field in plan.computed]
    with asking(answers, plan.patience) as (match, *sorts):
        keys = plan.keys([func.labset_ask(one, document, type_=LargeBinary) for one in sorts])
        matches = func.labset_ask(match, document, type_=Integer) == 1
        groups = required_terms(condition)[:_MOST_GROUPS] if collection.terms is not None else []
        if collection.terms is None or not groups:
            wanted = plan.guarding(matches) if condition != _EVERYTHING else true()
            return plan.page(connection, wanted, keys)
        terms = _Terms(connection, plan, collection.terms, groups)
        if not plan.computed and not terms.are_few(connection):
            having = terms.guarding(matches, groups)
            return plan.page(connection, plan.guarding(having), keys)
        few = and_(terms.numbers(), plan.guarding(matches))
        return plan.page(connection, few, [_without_index(key) for key in keys])


class _Terms:
    """The groups of terms of one query, the rarest first."""

    def __init__(
        self, connection: Connection, plan: _Plan, terms: Table, groups: Sequence[Group]
    ) -> None:
        self._terms = terms
        self._scope = plan.scope
        self._number = plan.collection.table.c.number
        counts = [
            _count(connection, select(terms.c.number).where(terms.c.term.in_(group)), MANY)
            for group in groups
        ]
        self._fewest = min(counts)
        ranks = [
            (max(_ALIKE, count), len(group), group)
            for count, group in zip(counts, groups, strict=True)
        ]
        self._groups = [group for *_, group in sorted(ranks, key=itemgetter(0, 1))]

    def are_few(self, connection: Connection) -> bool:
        """Return whether few documents have a term of each group."""
        return self._fewest <= FEW or _count(connection, self._found(), FEW) <= FEW

    def numbers(self) -> ColumnElement[bool]:
        """Return the condition that a document is one of those."""
        return self._number.in_(self._found())

    def guarding(
        self, matches: ColumnElement[bool], groups: Sequence[Group]
    ) -> ColumnElement[bool]:
        """Return the condition that a document has the terms and matches, looked at in this order."""
        has_terms = (_has_term(self._terms, self._number, group) for group in groups)
        return case((and_(*has_terms), matches), else_=false())

    def _found(self) -> Select[int]:
        """Select the numbers of the documents that have a term of each group."""
        rarest, *others = self._groups
        number = self._terms.c.number
        has_others = and_(true(), *(_has_term(self._terms, number, group) for group in others))
        if sum(map(len, others)) > _FEW_TERMS:
            is_seen = exists().where(self._number == number, self._scope).correlate(self._terms)
            has_others = case((is_seen, has_others), else_=false())
        return select(number).where(self._terms.c.term.in_(rarest), has_others)


def _count(connection: Connection, numbers: Select[int], most: int) -> int:
    """Count rows, up to one more than `most`."""
    some = numbers.limit(most + 1).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def _has_term(terms: Table, number: Column[Any], group: Group) -> ColumnElement[bool]:
    other = terms.alias()
    return exists().where(other.c.number == number, other.c.term.in_(group))


def _without_index(key: SortKey) -> SortKey:
    """Return the key as an expression for which no index is looked up."""
    plain = UnaryExpression(key.expression, operator=custom_op("+"), type_=key.expression.type)
    return replace(key, expression=plain)


def _sorting(names: tuple[str, ...]) -> Answer:
    return lambda document: key_of(document, names)


def _quoted(name: str) -> str:
    return json.dumps(name)
