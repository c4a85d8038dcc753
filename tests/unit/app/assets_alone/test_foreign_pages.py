from __future__ import annotations

import pytest
from flask import Flask

from app.assets_alone.foreign_pages import register_foreign_pages_check
from app.errors import register_errors
from app.headers import register_headers
from app.urls import register_url_check

BASE = "http://assets.test:8010"
TOKEN = {"Authorization": "Bearer a-token-of-somebody"}


def make_app(*, is_open: bool) -> Flask:
    app = Flask("app")
    register_url_check(app)
    register_foreign_pages_check(app, BASE, is_open=is_open)
    register_errors(app)
    register_headers(app, is_https=False)
    app.add_url_rule("/asset", view_func=lambda: "done", methods=["GET", "POST"])
    return app


@pytest.fixture
def app() -> Flask:
    return make_app(is_open=False)


@pytest.mark.parametrize(
    ("headers", "status"),
    (
        ({}, 200),
        ({"Origin": BASE}, 200),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "http://evil.test", "Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://localhost"}, 200),  # a page of this server, called otherwise
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
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


@pytest.mark.parametrize(
    ("host", "is_ours"),
    (
        ("assets.test:8010", True),
        ("ASSETS.test", True),
        ("localhost:8010", True),
        ("192.168.1.7:8010", True),
        ("[fd00::7]:8010", True),
        ("evil.test:8010", False),
        ("assets.test.evil.test", False),
        ("192.168.1.7.evil.test", False),
        ("localhost.evil.test", False),
    ),
)
@pytest.mark.parametrize("method", ("GET", "HEAD", "POST"))
def test_an_open_server_is_called_by_its_own_name(method: str, host: str, *, is_ours: bool) -> None:
    client = make_app(is_open=True).test_client()
    answer = client.open("/asset", method=method, headers={"Host": host})
    assert answer.status_code == (200 if is_ours else 421)
    if method == "POST" and not is_ours:
        told = answer.get_json()
        assert (told["success"], told["error"]) == (False, "misdirected_request")
        assert "LABSET_BASE_URL" in told["message"]


def test_a_server_with_tokens_may_be_called_anything(app: Flask) -> None:
    assert app.test_client().get("/asset", headers={"Host": "evil.test"}).status_code == 200
