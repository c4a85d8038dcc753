"""The order of the tests, and which of them share servers: one room is one process's work."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.turns import a_turn

_TESTS = Path(__file__).parent
_LONGEST_FIRST = (  # so that no process is left alone with one of them at the end
    "integration/faults",
    "integration/product",
    "integration/labset",
    "integration/git",
    "integration/storage",
    "integration/gitlab_bridge",
    "conformance/gitlab",
    "integration/browser",
)
_ALONE = frozenset({"integration/faults"})  # whose seconds mean something


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep each room together, since its tests use the same servers; xdist asks before all are there."""
    item.add_marker(pytest.mark.xdist_group(_room_of(item)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest rooms."""
    items.sort(key=lambda item: _rank(_room_of(item)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let a test begin when it is its turn; a process that is alone need not ask."""
    run = getattr(item.config, "workerinput", {}).get("testrunuid")
    if run is None:
        return (yield)
    folder = Path(tempfile.gettempdir()) / f"labset-tests-{run}"
    folder.mkdir(exist_ok=True)
    with a_turn(folder, alone=_room_of(item) in _ALONE):
        return (yield)


def _room_of(item: pytest.Item) -> str:
    return "/".join(item.path.relative_to(_TESTS).parts[:2])


def _rank(room: str) -> int:
    return _LONGEST_FIRST.index(room) if room in _LONGEST_FIRST else len(_LONGEST_FIRST)
