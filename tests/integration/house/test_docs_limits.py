from __future__ import annotations

import ast
import importlib
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.house.checkout import ROOT
from tests.integration.house.writing import PRODUCT, Row, nodes_of, tables_with

ROWS = tables_with(ROOT / "docs" / "limits.md", "limit", "module", "constant")
HELD = [row for row in ROWS if row.code("constant")]

_TOLD = re.compile(r"([\d,]+(?:\.\d+)?) ?([A-Za-z]*)")
_UNITS = {
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "TiB": 1024**4,
    "minutes": 60,
    "hours": 3600,
    "days": 24 * 3600,
}
_IN_MINUTES = {"_MINUTES_AT_GITLAB"}


def named(row: Row) -> tuple[str, str]:
    return row.code("module"), row.code("constant")


def told(row: Row) -> float:
    """Return the number that a row tells, in bytes, seconds or pieces."""
    found = _TOLD.match(row["limit"])
    assert found, row
    return float(found[1].replace(",", "")) * _UNITS.get(found[2], 1)


def held(module: str, constant: str) -> float:
    """Return what the constant holds, in the same units."""
    value = getattr(importlib.import_module(module.removesuffix(".py").replace("/", ".")), constant)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value) * (60 if constant in _IN_MINUTES else 1)


def limits_of_the_code() -> set[tuple[str, str]]:
    """Return every constant that calls itself a maximum, with its module."""
    return {
        (path.as_posix(), name)
        for path, node in nodes_of(*PRODUCT)
        for name in _assigned(path, node)
        if re.match(r"_?MAX_", name)
    }


def _assigned(path: Path, node: ast.AST) -> list[str]:
    assert path.suffix == ".py"
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


@pytest.mark.parametrize("row", HELD, ids=lambda row: ".".join(named(row)))
def test_a_limit_is_what_the_code_holds(row: Row) -> None:
    assert told(row) == held(*named(row))


def test_every_maximum_of_the_code_is_on_the_page() -> None:
    assert limits_of_the_code() - {named(row) for row in HELD} == set()


def test_a_row_without_a_constant_names_modules_that_exist() -> None:
    others = [row for row in ROWS if not row.code("constant")]
    assert [row for row in others if not (ROOT / row.code("module")).is_file()] == []
