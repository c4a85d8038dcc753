from __future__ import annotations

import json

from flask import Flask

from app.assets_alone.description import describe_served
from app.flask_app import TEMPLATES, new_flask

BASE = "http://assets.test"


def described(*rules: tuple[str, str]) -> dict[str, dict[str, object]]:
    app: Flask = new_flask(TEMPLATES)
    for number, (method, rule) in enumerate(rules):
        app.add_url_rule(rule, str(number), lambda **_: "", methods=[method])
    return dict(json.loads(describe_served(app, BASE)))


def test_only_routes_that_are_served_are_described_with_only_what_they_refer_to() -> None:
    told = described(("GET", "/asset/<whole:uri>"), ("DELETE", "/asset/<whole:uri>"))
    assert list(told["paths"]) == ["/asset/{uri}"]
    methods = set(told["paths"]["/asset/{uri}"]) & {"get", "put", "delete", "post"}  # type: ignore[call-overload]
    assert methods == {"get", "delete"}
    assert "GitLab" not in json.dumps(told["info"])
    text = json.dumps(told)
    for kind, names in told["components"].items():
        for name in names if kind != "securitySchemes" else ():  # type: ignore[attr-defined]
            assert f"#/components/{kind}/{name}" in text


def test_nothing_that_is_referred_to_is_missing() -> None:
    told = described(("POST", "/upload_asset"), ("POST", "/assets"), ("GET", "/health"))
    components = told["components"]
    for reference in set(json.dumps(told).split('"#/components/')[1:]):
        kind, name = reference.partition('"')[0].split("/")
        assert name in components[kind]  # type: ignore[operator]
