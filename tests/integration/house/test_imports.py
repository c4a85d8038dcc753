from __future__ import annotations

import ast
import sys
from pathlib import Path

from tests.integration.house.checkout import PYPROJECT, ROOT, modules, packages


def imported(path: Path) -> set[str]:
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_every_package_is_under_the_import_contracts() -> None:
    assert set(PYPROJECT["tool"]["importlinter"]["root_packages"]) == packages()


def test_the_core_imports_the_standard_library_alone() -> None:
    allowed = sys.stdlib_module_names | {"core"}
    strangers = {
        str(path.relative_to(ROOT)): names
        for path in modules("core")
        if (names := imported(path) - allowed)
    }
    assert strangers == {}
