from __future__ import annotations

import pytest
from flask import Flask

from app.assets_alone.foreign_pages import register_foreign_pages_check
from app.errors import register_errors
from app.headers import register_headers
from app.urls import register_url_check

BASE = "http://assets.test:8010"
TOKEN = {"Authorization": "Bearer a-token-of-somebody"}


@pytest.fixture
def app() -> Flask:
    app = Flask("app")
    register_url_check(app)
    register_foreign_pages_check(app, BASE)
    register_errors(app)
    register_headers(app, is_https=False)
    app.add_url_rule("/asset", view_func=lambda: "done", methods=["GET", "POST"])
    return app


@pytest.mark.parametrize(
    ("headers", "status"),
    (
        ({}, 200),
        ({"Origin": BASE}, 200),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.test", **TOKEN}, 200),
        ({"Cookie": "tokenGitLab=a-token-of-somebody"}, 403),
        ({"Cookie": "tokenGitLab=a-token-of-somebody", **TOKEN}, 200),
        ({"Authorization": "Basic ???"}, 200),  # no credential: its route refuses it
    ),
)
def test_a_browser_writes_nothing_by_itself(
    app: Flask, headers: dict[str, str], status: int
) -> None:
    client = app.test_client(use_cookies=False)
    assert client.post("/asset", headers=headers).status_code == status
    assert client.get("/asset", headers=headers).status_code == 200


def test_the_refusal_says_what_to_do_in_the_seeds_shape(app: Flask) -> None:
    told = app.test_client().post("/asset", headers={"Origin": "http://evil.test"}).get_json()
    assert told["success"] is False
    assert told["error"] == "csrf"
    assert "token" in told["message"]
