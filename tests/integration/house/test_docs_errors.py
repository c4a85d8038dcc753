from __future__ import annotations

import ast
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, cast

import pytest

from app.api import dvc_remote
from app.errors import STATUS, status_of
from core import errors
from core.errors import LabsetError
from tests.integration.house.application import make_app
from tests.integration.house.checkout import ROOT
from tests.integration.house.writing import PRODUCT, nodes_of, tables_with

DOCUMENTED = {
    row.code("code"): row for row in tables_with(ROOT / "docs" / "errors.md", "code", "status")
}
CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, LabsetError)
}
NOT_OF_A_CLASS = {"internal": HTTPStatus.INTERNAL_SERVER_ERROR}


def codes_of_the_code() -> Iterator[tuple[str, HTTPStatus | None]]:
    """Yield each code with its status; None where the error is made further away."""
    for kind in CLASSES.values():
        yield kind.code, _status(kind)
    for _, node in nodes_of(*PRODUCT):
        if isinstance(node, ast.Call):
            yield from _codes_of_a_call(node)


def _codes_of_a_call(call: ast.Call) -> Iterator[tuple[str, HTTPStatus | None]]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    for keyword in call.keywords:
        value = keyword.value
        if keyword.arg == "code" and isinstance(value, ast.Constant) and type(value.value) is str:
            yield value.value, _status(CLASSES[name]) if name in CLASSES else None


def _status(kind: type[LabsetError]) -> HTTPStatus:
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


FOUND = tuple(codes_of_the_code())


def test_every_code_that_the_code_can_raise_is_documented_and_no_other() -> None:
    assert set(DOCUMENTED) == {code for code, _ in FOUND} | set(NOT_OF_A_CLASS)


def test_every_code_has_the_status_that_the_page_tells() -> None:
    told = {code: int(row["status"]) for code, row in DOCUMENTED.items()}
    wrong = {code: (status, told.get(code)) for code, status in FOUND if status != told.get(code)}
    assert {code: pair for code, pair in wrong.items() if pair[0] is not None} == {}
    assert {code: told[code] for code in NOT_OF_A_CLASS} == NOT_OF_A_CLASS


def test_every_class_of_errors_has_a_status_of_its_own_or_inherits_one() -> None:
    assert {status_of(_made(kind)) for kind in CLASSES.values()} == set(STATUS.values())


def test_every_code_says_what_it_means_and_what_to_do() -> None:
    empty = [
        code
        for code, row in DOCUMENTED.items()
        if min(len(row["means"]), len(row["what to do"])) < len("Nothing.")
    ]
    assert empty == []


def test_dvc_is_told_about_codes_that_exist() -> None:
    reasons = cast("dict[str, str]", vars(dvc_remote)["_REASONS"])
    assert set(reasons) <= set(DOCUMENTED)


@pytest.mark.parametrize(
    ("method", "path", "status"), (("DELETE", "/health", 405), ("GET", "/api/v1/nowhere", 404))
)
def test_what_the_web_server_refuses_is_called_as_the_page_says(
    method: str, path: str, status: int
) -> None:
    answer = make_app().test_client().open(path, method=method)
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert answer.status_code == status
    assert f"`{answer.get_json()['error']}`" in page


def _made(kind: type[LabsetError]) -> LabsetError:
    argument: Any = 1 if kind is errors.RangeUnsatisfiable else "sentence"
    return kind(argument)
