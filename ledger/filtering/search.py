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
from sqlalchemy.sql.operators import custom_op

from core.model.filters.queries import DocumentQuery, SortField
from core.model.filters.tree import Condition, Every
from ledger.asking import Answer, asking
from ledger.database import AnyRow, Database
from ledger.filtering.jsonpath import jsonpath_of
from ledger.filtering.matching import compile_condition
from ledger.filtering.ordering import (
    SortKey,
    bytes_key,
    column_key,
    is_after,
    key_of,
    read_cursor,
    write_cursor,
)
from ledger.filtering.rewriting import VERSION_KEY, with_versions
from ledger.filtering.terms import Group, required_terms

FEW = 1_000  # so many documents are rather looked at and sorted than found by walking along
MANY = 20_000  # beyond, it does not matter which term is the rarest
_MOST_GROUPS = 8
_EVERYTHING = Every(())
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
    """Return one page of the documents within the scope of which the condition holds."""
    condition = with_versions(query.condition, query.shape.version_field)
    is_sqlite = database.is_sqlite
    plan = _Plan(collection, query, scope, _computed(collection, query))
    with database.reading() as connection:
        if is_sqlite:
            return _search_sqlite(connection, plan, condition)
        connection.exec_driver_sql(_STEADY)
        return _search_postgresql(connection, plan, condition)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is common to both databases; `computed` are the sort fields that have no column."""

    collection: Collection
    query: DocumentQuery
    scope: ColumnElement[bool]
    computed: Sequence[SortField]

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
        statement = select(
            *self.collection.shown, *(key.expression.label(None) for key in keys)
        ).where(self.scope, where)
        if self.query.cursor:
            there = read_cursor(keys, self.order, self.query.cursor)
            statement = statement.where(is_after(keys, there))
        limit = self.query.limit
        statement = statement.order_by(*(key.ordering for key in keys)).limit(limit + 1)
        rows = connection.execute(statement).all()
        if len(rows) <= limit:
            return Page(rows, None)
        return Page(rows[:limit], write_cursor(keys, self.order, rows[limit - 1]))


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
    wanted = case((matches, true()), else_=false())
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
    collection = plan.collection
    document = collection.table.c.document
    answers: list[Answer] = [compile_condition(condition)]
    answers += [_sorting(_stored_names(field, plan.query)) for field in plan.computed]
    with asking(answers) as (match, *sorts):
        keys = plan.keys([func.labset_ask(one, document, type_=LargeBinary) for one in sorts])
        matches = func.labset_ask(match, document, type_=Integer) == 1
        groups = required_terms(condition)[:_MOST_GROUPS] if collection.terms is not None else []
        if collection.terms is None or not groups:
            return plan.page(connection, matches if condition != _EVERYTHING else true(), keys)
        terms = _Terms(connection, collection.terms, collection.table, groups)
        if not plan.computed and not terms.are_few(connection):
            return plan.page(connection, terms.guarding(matches, groups), keys)
        few = and_(terms.numbers(), matches)
        return plan.page(connection, few, [_without_index(key) for key in keys])


class _Terms:
    """The groups of terms of one query, the rarest first."""

    def __init__(
        self, connection: Connection, terms: Table, table: Table, groups: Sequence[Group]
    ) -> None:
        self._terms = terms
        self._number = table.c.number
        counts = [
            _count(connection, select(terms.c.number).where(terms.c.term.in_(group)), MANY)
            for group in groups
        ]
        self._fewest = min(counts)
        self._groups = [
            group for _, group in sorted(zip(counts, groups, strict=True), key=itemgetter(0))
        ]

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
        has_others = (_has_term(self._terms, number, group) for group in others)
        return select(number).where(self._terms.c.term.in_(rarest), *has_others)


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
