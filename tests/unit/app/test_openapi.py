from __future__ import annotations

import json
import re

from flask import Flask
from openapi_spec_validator import validate

from app.api.openapi import description_text

DESCRIBED = re.compile(
    r"/(api|dvc|hooks)/|/health|/metrics|/datasets/<namespace>/"
    r"|/(asset|upload_asset|asset-object|asset_registry|asset_registries|check_health)(/|$)"
)
METHODS = {"get", "put", "post", "delete", "patch"}


def routes(app: Flask) -> set[tuple[str, str]]:
    found = set()
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule).rstrip("/")
        methods = {m.lower() for m in rule.methods or ()} & METHODS
        if rule.rule == "/assets":
            methods -= {"get"}  # a page
        elif not DESCRIBED.match(rule.rule):
            continue
        found |= {(path, method) for method in methods}
    return found


def test_the_description_names_every_route_and_no_other(app: Flask) -> None:
    paths = json.loads(description_text())["paths"]
    described = {(path, m) for path, item in paths.items() for m in item if m in METHODS}
    assert described == routes(app)


def test_the_description_is_valid_openapi() -> None:
    validate(json.loads(description_text()))


def test_every_path_parameter_is_declared() -> None:
    paths = json.loads(description_text())
    parameters = paths["components"]["parameters"]
    for path, item in paths["paths"].items():
        declared = {
            parameters[one["$ref"].rsplit("/", 1)[1]]["name"] if "$ref" in one else one["name"]
            for one in item.get("parameters", ())
        }
        assert set(re.findall(r"{(\w+)}", path)) <= declared, path
