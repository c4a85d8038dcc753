from __future__ import annotations

import json
import re

import pytest

from app.api.openapi import description_text
from tests.integration.house.application import make_app
from tests.integration.house.checkout import ROOT
from tests.integration.house.writing import code_in, prose_of, tables_with

GUIDE = ROOT / "docs" / "api.md"
FOR_PROGRAMS = re.compile(
    r"/(api|dvc|hooks)/|/health|/metrics|/datasets/<namespace>/"
    r"|/(asset|upload_asset|asset-object|asset_registry|asset_registries|check_health)(/|$)"
)
A_PAGE_AS_WELL = "/assets"  # read by people, asked by programs
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

Route = tuple[str, str]

_PART = re.compile(r"<[^>]*>|\{[^}]*\}")
_NAMED = re.compile(rf"(?:({'|'.join(METHODS)}) )?(/\S*)")


def plain(path: str) -> str:
    """Return a path whose variable parts have no names."""
    return _PART.sub("*", path).rstrip("/").removesuffix("[.dir]") or "/"


def served() -> set[Route]:
    """Return the routes for programs that the application has."""
    return {
        (method, plain(rule.rule))
        for rule in make_app().url_map.iter_rules()
        if rule.rule == A_PAGE_AS_WELL or FOR_PROGRAMS.match(rule.rule)
        for method in set(rule.methods or ()) - {"OPTIONS"}
        if rule.rule != A_PAGE_AS_WELL or method == "POST"
    }


def told() -> set[Route]:
    """Return the routes of the guide's tables; a path shares the methods that stand before it."""
    found = set[Route]()
    for row in tables_with(GUIDE, "route", "does"):
        methods: list[str] = []
        for code in code_in(row["route"]):
            method, _, path = code.partition(" ") if not code.startswith("/") else ("", "", code)
            methods = [*methods, method] if method in METHODS else methods
            if path:
                found |= {(one, plain(path)) for one in methods}
                methods = []
    return found


def test_every_route_for_programs_stands_in_a_table_of_the_guide() -> None:
    heads = {("HEAD", path) for method, path in served() if method == "GET"}
    assert served() - told() - heads == set()


def test_the_tables_of_the_guide_name_no_route_that_is_not_there() -> None:
    assert told() - served() == set()


def test_sentences_of_the_guide_name_no_route_that_is_not_there() -> None:
    paths = {path for _, path in served()}
    named = [match for code in code_in(prose_of(GUIDE)) if (match := _NAMED.fullmatch(code))]
    of_ours = [match[2].partition("?")[0] for match in named if FOR_PROGRAMS.match(match[2])]
    assert [path for path in of_ours if plain(path) not in paths] == []


@pytest.mark.parametrize("path", ("tree", "tree/", "tree/a/b", "files", "files/a"))
def test_no_route_for_programs_answers_with_a_redirect_to_another_spelling(path: str) -> None:
    routes = make_app().url_map.bind("labset.test")
    method = "POST" if path == "files" else "GET"
    endpoint, arguments = routes.match(f"/api/v1/datasets/7/{path}", method)
    assert endpoint.startswith("api_")
    assert arguments["dataset_id"] == 7


def test_every_route_is_in_the_description_for_programs() -> None:
    described = {
        (method.upper(), plain(path))
        for path, item in json.loads(description_text())["paths"].items()
        for method in item
        if method.upper() in METHODS
    }
    heads = {route for route in described if route[0] == "HEAD"}  # those that tell more than GET
    assert heads <= served()
    assert {route for route in served() if route[0] != "HEAD"} == described - heads
