from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import read_settings
from devstack.launcher import read_plan
from tests.integration.house.application import ENVIRONMENT
from tests.integration.house.checkout import ROOT
from tests.integration.house.writing import PAGES, PRODUCT, nodes_of, tables_with, text_of

OPERATIONS = ROOT / "docs" / "operations.md"
CLIENT = ROOT / "docs" / "client.md"
SETTINGS = {row.code("variable"): row for row in tables_with(OPERATIONS, "variable", "default")}
OF_THE_CLIENT = {row.code("variable") for row in tables_with(CLIENT, "variable", "default")}

_NAME = re.compile(r"LABSET_[A-Z0-9_]+")
_OF_A_GUIDE = {  # what a reader's shell or CI gives, and the server never asks for
    "LABSET_CONFORMANCE_GITLAB_TOKEN",
    "LABSET_CONFORMANCE_GITLAB_URL",
    "LABSET_DATASET_TOKEN",
}


def read_names() -> set[str]:
    """Return the variables that the code asks for: texts that are nothing but such a name."""
    found = {text for text in texts(*PRODUCT, "devstack") if _NAME.fullmatch(text)}
    for script in ("wsgi.py", "gunicorn.conf.py"):
        source = (ROOT / script).read_text(encoding="utf-8")
        found |= {text for text in _texts_in(ast.parse(source)) if _NAME.fullmatch(text)}
    return found


def names_of_the_client() -> set[str]:
    """Return the variables that the client asks for."""
    return {text for text in texts("labset") if _NAME.fullmatch(text)}


def texts(*packages: str) -> Iterator[str]:
    for _, node in nodes_of(*packages):
        yield from _texts_at(node)


def _texts_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        yield from _texts_at(node)


def _texts_at(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_variable_that_the_code_reads_is_in_the_table_and_no_other() -> None:
    assert set(SETTINGS) == read_names()


def test_every_variable_that_the_client_reads_is_in_its_table_and_no_other() -> None:
    assert names_of_the_client() == OF_THE_CLIENT


def test_sentences_of_the_code_name_only_variables_that_are_read() -> None:
    sentences = texts(*PRODUCT, "devstack", "labset")
    named = {name for text in sentences for name in _NAME.findall(text)}
    assert named - read_names() - names_of_the_client() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_variables_that_are_read(page: Path) -> None:
    named = {name.rstrip("_") for name in _NAME.findall(text_of(page))}
    assert named - read_names() - names_of_the_client() - _OF_A_GUIDE == set()


@pytest.mark.parametrize(
    ("variable", "field"),
    (
        ("LABSET_HOME", "home"),
        ("LABSET_BIND", "bind"),
        ("LABSET_PORT", "app_port"),
        ("LABSET_GITLAB_PORT", "gitlab_port"),
        ("LABSET_S3_PORT", "s3_port"),
        ("LABSET_DEMO", "demo"),
    ),
)
def test_the_stack_has_the_default_that_the_table_tells(variable: str, field: str) -> None:
    told = SETTINGS[variable].code("default")
    assert getattr(read_plan({}), field) == getattr(read_plan({variable: told}), field)


@pytest.mark.parametrize(
    ("variable", "field"),
    (
        ("LABSET_HOME", "home"),
        ("LABSET_BASE_URL", "base_url"),
        ("LABSET_BROKER_URL", "broker_url"),
        ("LABSET_ACCESS_LOG", "access_log"),
    ),
)
def test_the_server_has_the_default_that_the_table_tells(variable: str, field: str) -> None:
    told = SETTINGS[variable].code("default")
    found = getattr(read_settings(ENVIRONMENT), field)
    assert found == getattr(read_settings(ENVIRONMENT | {variable: told}), field)


def test_gunicorn_has_the_defaults_that_the_table_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in read_names():
        monkeypatch.delenv(variable, raising=False)
    found = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
    told = {name: SETTINGS[f"LABSET_{name}"].code("default") for name in ("BIND", "PORT")}
    assert found["bind"] == f"{told['BIND']}:{told['PORT']}"
    assert str(found["workers"]) == SETTINGS["LABSET_WEB_PROCESSES"].code("default")
    assert str(found["threads"]) == SETTINGS["LABSET_WEB_THREADS"].code("default")


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_what_has_no_default_stops_the_start_by_its_name(variable: str) -> None:
    rest = {name: text for name, text in ENVIRONMENT.items() if name != variable}
    with pytest.raises(Exception, match=f"{variable} is not set"):
        read_settings(rest)
