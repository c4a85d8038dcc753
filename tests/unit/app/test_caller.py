from __future__ import annotations

import base64

import pytest
from flask import Flask

from app.caller import Door, actor, caller
from core.errors import Unauthenticated


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


ALL = {
    "Authorization": "Bearer t-bearer",
    "PRIVATE-TOKEN": "t-private",
    "Cookie": "tokenGitLab=t-cookie",
}


@pytest.mark.parametrize(
    ("headers", "token", "door"),
    (
        (ALL, "t-bearer", Door.BEARER),
        (
            {name: ALL[name] for name in ("PRIVATE-TOKEN", "Cookie")},
            "t-private",
            Door.PRIVATE_TOKEN,
        ),
        ({"Cookie": ALL["Cookie"]}, "t-cookie", Door.COOKIE),
        ({"Authorization": basic("anybody", "t-basic")}, "t-basic", Door.BASIC),
        ({"Authorization": basic("", "a:b")}, "a:b", Door.BASIC),
        ({"Authorization": "bearer t-bearer"}, "t-bearer", Door.BEARER),
        ({"Authorization": basic("x", "t"), "PRIVATE-TOKEN": "p"}, "p", Door.PRIVATE_TOKEN),
        ({"Authorization": basic("x", "t"), "Cookie": ALL["Cookie"]}, "t", Door.BASIC),
    ),
)
def test_the_first_present_decides(
    app: Flask, headers: dict[str, str], token: str, door: Door
) -> None:
    with app.test_request_context("/api/v1/datasets", headers=headers):
        known = actor().token
        assert known is not None
        assert (known.reveal(), caller().door) == (token, door)


@pytest.mark.parametrize(
    "headers",
    (
        {},
        {"Cookie": "tokenGitLab="},
        {"Authorization": "Bearer anonymous"},
        {"Authorization": basic("dvc", "anonymous")},
        {"PRIVATE-TOKEN": "anonymous"},
    ),
)
def test_nobody_asks_where_dvc_says_so(app: Flask, headers: dict[str, str]) -> None:
    with app.test_request_context("/dvc/1/files/md5", headers=headers):
        assert actor().is_anonymous


@pytest.mark.parametrize(
    "headers",
    (
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer two words"},
        {"Authorization": "Digest x"},
        {"Authorization": "t-bare"},
        {"Authorization": "Basic !!!"},
        {"Authorization": basic("user", "")},
        {"Authorization": "Bearer tok\u00e9n"},
        {"PRIVATE-TOKEN": ""},
        {"PRIVATE-TOKEN": "x" * 5000},
    ),
)
def test_a_credential_that_cannot_be_one_is_refused_whatever_else_was_sent(
    app: Flask, headers: dict[str, str]
) -> None:
    more = headers | {"Cookie": "tokenGitLab=right"}
    with (
        app.test_request_context("/api/v1/datasets", headers=more),
        pytest.raises(Unauthenticated),
    ):
        caller()


def test_a_bare_token_counts_for_dvc_alone(app: Flask) -> None:
    headers = {"Authorization": "glpat-bare"}
    with app.test_request_context("/dvc/1/files/md5", headers=headers):
        assert caller().door is Door.BEARER
    with app.test_request_context("/dvc/1/files/md5", headers={"Authorization": "anonymous"}):
        assert actor().is_anonymous


def test_only_what_browsers_send_by_themselves_is_ambient() -> None:
    assert {door for door in Door if door.is_ambient} == {Door.COOKIE, Door.SESSION}
