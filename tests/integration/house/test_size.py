from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.integration.house.checkout import ROOT, modules, packages

LINES_OF_A_FUNCTION = 40
LINES_OF_A_FILE = 400


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function with its number of lines, the docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            told = _lines(first) if ast.get_docstring(node) else 0
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", _lines(node) - told


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_function_is_too_long_to_be_read_at_once() -> None:
    sizes = [found for path in modules(*packages()) for found in functions(path)]
    assert [name for name, lines in sizes if lines > LINES_OF_A_FUNCTION] == []


def test_no_file_is_too_long_to_be_kept_in_mind() -> None:
    sizes = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n")
        for path in modules(*packages())
    }
    assert [name for name, lines in sizes.items() if lines >= LINES_OF_A_FILE] == []
