"""What the examination of the documentation reads: its pages, tables, links, and the constants of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.integration.house.checkout import ROOT, modules

PRODUCT = ("app", "core", "gitlab_bridge", "ledger", "outgoing", "storage_sites")
PAGES = tuple(sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]))

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells as they are written, and the head of the table."""

    head: tuple[str, ...]
    cells: tuple[str, ...]

    def code(self, column: str) -> str:
        """Return what the cell of a column has between backticks, "" if it has nothing."""
        found = _CODE.search(self[column])
        return found[1] if found else ""

    def __getitem__(self, column: str) -> str:
        return self.cells[self.head.index(column)]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", text_of(page))


def tables_with(page: Path, *columns: str) -> list[Row]:
    """Return the rows of all tables of a page that have these columns."""
    return [row for row in _rows(prose_of(page)) if set(columns) <= set(row.head)]


def anchors_of(page: Path) -> set[str]:
    """Return the names by which GitLab and GitHub link to the headings of a page."""
    words = (
        re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose_of(page))
    )
    return {word.strip().replace(" ", "-") for word in words}


def code_in(text: str) -> list[str]:
    """Return everything between backticks."""
    return _CODE.findall(text)


def nodes_of(*packages: str) -> Iterator[tuple[Path, ast.AST]]:
    """Yield every node of the source files of these packages."""
    for path in modules(*packages):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.relative_to(ROOT), node


def _rows(text: str) -> Iterator[Row]:
    head: tuple[str, ...] | None = None
    for line in text.splitlines():
        if not line.startswith("|"):
            head = None
            continue
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
        if head is None:
            head = cells
        elif not set(line) <= set("|-: "):
            yield Row(head, cells)
