"""An installation that asks for no token: what browsers may do to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask

from app.factory import create_app
from app.settings import read_settings
from app.shell import Services

BASE = "http://labset.test:8000"


@pytest.fixture
def opened() -> Flask:
    told = {"LABSET_SECRET_KEY": "bYw3vQ7pZrT1xLk9sNf5uHd2gJc8mAe4", "LABSET_ASSETS_OPEN": "1"}
    told |= {"LABSET_GITLAB_URL": "http://gitlab.test", "LABSET_BASE_URL": BASE}
    no = cast("Any", SimpleNamespace(clock=None, directory=SimpleNamespace(check_answers=None)))
    services = Services(no, no, no, no, lambda: 0.0, lambda _id: None, lambda _moment: 0)
    return create_app(read_settings(told), services)


@pytest.mark.parametrize(
    ("headers", "status"),
    (
        ({}, 400),  # past every check: the body is no JSON
        ({"Origin": BASE}, 400),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 400),
        ({"Sec-Fetch-Site": "same-origin"}, 400),
        ({"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "http://evil.test", "Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://evil.test", "PRIVATE-TOKEN": "somebodys"}, 400),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.test", "Origin": "http://evil.test"}, 421),
    ),
)
def test_a_page_of_another_address_changes_nothing(
    opened: Flask, headers: dict[str, str], status: int
) -> None:
    answer = opened.test_client().post("/asset", data="[", headers=headers)
    assert answer.status_code == status
    assert answer.get_json()["success"] is False


@pytest.mark.parametrize("path", ("/assets", "/asset/lamp:1-t", "/health"))
def test_a_page_that_took_a_name_of_its_own_for_this_server_reads_nothing(
    opened: Flask, path: str
) -> None:
    headers = {"Host": "evil.test:8000", "Accept": "text/html"}
    answer = opened.test_client().get(path, headers=headers)
    assert answer.status_code == 421
    assert "LABSET_BASE_URL" in answer.get_data(as_text=True)


@pytest.mark.parametrize("host", ("labset.test", "127.0.0.1:9", "[::1]:8000", "localhost"))
def test_a_server_answers_to_its_name_and_its_addresses(opened: Flask, host: str) -> None:
    assert opened.test_client().get("/health", headers={"Host": host}).status_code == 200
