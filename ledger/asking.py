"""What SQLite asks Python about documents, while a query runs.

A query registers a function and names it by a number; `labset_ask(<number>, <document>)` calls it.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from core.model.json_values import JsonValue

Answer = Callable[[JsonValue], bytes | bool]

PATIENCE_SECONDS = 10  # the same as for a statement in PostgreSQL

_asked: dict[int, Callable[[str], bytes | bool]] = {}
_numbers = itertools.count(1)


def register_functions(connection: sqlite3.Connection) -> None:
    """Teach a new connection to ask."""
    connection.create_function("labset_ask", 2, _ask, deterministic=True)


@contextmanager
def asking(answers: Sequence[Answer]) -> Iterator[list[int]]:
    """Give the numbers of some functions, for as long as the block lasts."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    numbers = [next(_numbers) for _ in answers]
    for number, answer in zip(numbers, answers, strict=True):
        _asked[number] = _timed(answer, deadline)
    try:
        yield numbers
    finally:
        for number in numbers:
            del _asked[number]


def _timed(answer: Answer, deadline: float) -> Callable[[str], bytes | bool]:
    def ask(document: str) -> bytes | bool:
        if time.monotonic() > deadline:
            raise TimeoutError
        return answer(json.loads(document))

    return ask


def _ask(number: int, document: str) -> bytes | bool:
    return _asked[number](document)
