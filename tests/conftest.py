"""The order of the tests, and which of them share servers: one room is one process's work."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest rooms, and keep each together: its tests use the same servers."""
    items.sort(key=lambda item: _rank(_room_of(item)))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_room_of(item)))


def _room_of(item: pytest.Item) -> str:
    return "/".join(item.path.relative_to(_TESTS).parts[:2])


def _rank(room: str) -> int:
    return _LONGEST_FIRST.index(room) if room in _LONGEST_FIRST else len(_LONGEST_FIRST)
