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

PATIENCE_SECONDS = 8  # for a query in SQLite, which works in this process

_asked: dict[int, Callable[[str], bytes | bool]] = {}
_numbers = itertools.count(1)


class Patience:
    """How long one query may take, asked again and again while it runs."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + PATIENCE_SECONDS
        self.is_over = False

    def check(self) -> None:
        """Stop a query that takes too long.

        Raises:  TimeoutError, which SQLite tells on as a failure of the statement.
        """
        if time.monotonic() > self._ends:
            self.is_over = True
            raise TimeoutError


def register_functions(connection: sqlite3.Connection) -> None:
    """Teach a new connection to ask."""
    connection.create_function("labset_ask", 2, _ask, deterministic=True)


@contextmanager
def asking(answers: Sequence[Answer], patience: Patience) -> Iterator[list[int]]:
    """Give the numbers of some functions, for as long as the block lasts."""
    numbers = [next(_numbers) for _ in answers]
    for number, answer in zip(numbers, answers, strict=True):
        _asked[number] = _patient(answer, patience)
    try:
        yield numbers
    finally:
        for number in numbers:
            del _asked[number]


def _patient(answer: Answer, patience: Patience) -> Callable[[str], bytes | bool]:
    def ask(document: str) -> bytes | bool:
        patience.check()
        return answer(json.loads(document))

    return ask


def _ask(number: int, document: str) -> bytes | bool:
    return _asked[number](document)
