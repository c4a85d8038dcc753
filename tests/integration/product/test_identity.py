"""Who one is, and what GitLab tells of the token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from bench.stack import Running
from tests.integration.product.conftest import Person


def made_token(stack: Running, who: Person, **facts: object) -> str:
    """Return a new personal token of somebody, made by the administrator."""
    base = f"{stack.ready['gitlab_url']}/api/v4"
    admin = {"PRIVATE-TOKEN": str(stack.ready["root_token"])}
    (user,) = httpx.get(f"{base}/users", params={"username": who.name}, headers=admin).json()
    url = f"{base}/users/{user['id']}/personal_access_tokens"
    made = httpx.post(url, json={"name": "made", **facts}, headers=admin)
    assert made.status_code == 201, made.text
    return str(made.json()["token"])


def told(stack: Running, token: str) -> dict[str, object]:
    answer = httpx.get(f"{stack.api}/user", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_user_hears_the_scopes_and_the_end_of_the_token(stack: Running, carol: Person) -> None:
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    scopes = ["read_repository", "read_api"]
    user = told(stack, made_token(stack, carol, scopes=scopes, expires_at=day))
    assert user["username"] == "carol"
    assert user["scopes"] == ["read_api", "read_repository"]
    assert user["expires_at"] == day


def test_what_gitlab_does_not_tell_of_a_token_is_null(stack: Running, carol: Person) -> None:
    gitlab = str(stack.ready["gitlab_url"])
    admin = {"PRIVATE-TOKEN": str(stack.ready["root_token"])}
    wanted = {"name": "made", "redirect_uri": "http://localhost/", "scopes": "api"}
    made = httpx.post(f"{gitlab}/api/v4/applications", json=wanted, headers=admin).json()
    asked = {
        "grant_type": "password",
        "username": "carol",
        "password": stack.ready["users"]["carol"]["password"],
    }
    client = (made["application_id"], made["secret"])
    granted = httpx.post(f"{gitlab}/oauth/token", data=asked, auth=client)
    user = told(stack, granted.json()["access_token"])
    assert (user["username"], user["scopes"], user["expires_at"]) == ("carol", None, None)
    assert carol.json("GET", "/user")["scopes"] == ["api"]
    assert httpx.get(f"{stack.api}/user").status_code == 401
