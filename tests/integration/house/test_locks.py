from __future__ import annotations

import json
import re

import pytest

from tests.integration.house.checkout import PYPROJECT, ROOT, committed_files, locked

_NAME = re.compile(r"[A-Za-z0-9._-]+")
# Spelt so that the pattern does not find itself.
_REGISTRY = re.compile(r"py[p]i\.(org|io)|[p]ythonhosted\.|registry\.[n]pmjs|registry\.[y]arnpkg")


def test_the_server_runs_with_the_same_versions_that_are_tested() -> None:
    assert locked("run") <= locked("dev")


@pytest.mark.parametrize(
    ("group", "lock"),
    (("server", "run"), ("client", "run"), ("stack", "run"), ("dev", "dev")),
)
def test_everything_that_pyproject_asks_for_is_locked(group: str, lock: str) -> None:
    asked = [line for line in PYPROJECT["dependency-groups"][group] if isinstance(line, str)]
    assert names(asked) <= {name for name, _ in locked(lock)}


def names(lines: list[str]) -> set[str]:
    """Return the packages that lines of pyproject.toml ask for."""
    return {match[0].lower() for line in lines if (match := _NAME.match(line))}


def test_the_client_is_tested_with_what_it_asks_for() -> None:
    asked = PYPROJECT["project"]["dependencies"]
    assert names(asked) == names(PYPROJECT["dependency-groups"]["client"])


def test_the_lock_of_the_front_end_has_the_versions_of_package_json() -> None:
    asked = json.loads((ROOT / "package.json").read_text())["dependencies"]
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in asked} == asked


def test_no_committed_file_names_a_package_registry_or_this_checkout() -> None:
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in committed_files()}
    guilty = [
        str(path.relative_to(ROOT))
        for path, text in texts.items()
        if _REGISTRY.search(text) or f"{ROOT}/" in text
    ]
    assert guilty == []
