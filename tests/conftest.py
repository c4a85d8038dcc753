"""The order of the tests, and which of them share servers: one room is one process's work."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

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


class Rooms(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Gives each room of tests to one process, since its tests use the same servers."""

    def _split_scope(self, nodeid: str) -> str:
        return "/".join(nodeid.partition("::")[0].split("/")[1:3])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Rooms:  # noqa: ANN401 - xdist's own
    """Let xdist hand out rooms."""
    return Rooms(config, log)


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
