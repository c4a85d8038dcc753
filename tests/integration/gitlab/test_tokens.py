"""AUTH-1 … AUTH-13: headers, scopes, expiry, revocation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.integration.gitlab.world import World

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
NEXT_WEEK = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()


@pytest.mark.parametrize("path", ("/user", "/version"))
def test_without_a_token_the_account_and_the_version_are_401(world: World, path: str) -> None:
    answer = world.nobody.get(path)
    assert answer.status_code == 401
    assert answer.json() == {"message": "401 Unauthorized"}
    assert answer.headers["Content-Type"] == "application/json"


def test_the_version_has_version_and_revision(world: World) -> None:
    assert set(world.root.get("/version").json()) == {"version", "revision"}


def test_a_token_works_in_both_headers_and_in_the_query(world: World) -> None:
    person = world.person()
    assert person.get("/user").json()["username"] == person.username
    assert world.bearer(person.token).get("/user").json()["username"] == person.username
    assert (
        world.nobody.get("/user", private_token=person.token).json()["username"] == person.username
    )


def test_a_wrong_token_is_401_even_where_nobody_would_be_let_in(world: World) -> None:
    assert world.nobody.get("/projects").status_code == 200
    answer = world.nobody("GET", "/projects", headers={"PRIVATE-TOKEN": "wrong"})
    assert (answer.status_code, answer.json()) == (401, {"message": "401 Unauthorized"})


def test_only_administrators_make_tokens_for_others(world: World) -> None:
    person, other = world.person(), world.person()
    answer = person.post(f"/users/{other.id}/personal_access_tokens", name="x", scopes=["api"])
    assert (answer.status_code, answer.json()) == (403, {"message": "403 Forbidden"})


def test_a_new_token_shows_its_text_once_and_always_expires(world: World) -> None:
    person = world.person()
    made = world.root.made(
        f"/users/{person.id}/personal_access_tokens", name="x", scopes=["read_api"]
    )
    assert made["token"].startswith("glpat-")
    assert made["scopes"] == ["read_api"]
    assert made["expires_at"] > NEXT_WEEK
    listed = world.root.get("/personal_access_tokens", user_id=person.id).json()
    assert all("token" not in token for token in listed)


def test_a_token_describes_itself(world: World) -> None:
    person = world.person()
    token = world.token(person.id, "read_user", expires_at=NEXT_WEEK)
    body = world.bearer(token).get("/personal_access_tokens/self").json()
    assert (body["scopes"], body["expires_at"], body["user_id"]) == (
        ["read_user"],
        NEXT_WEEK,
        person.id,
    )
    assert (body["active"], body["revoked"]) == (True, False)


def test_a_revoked_token_says_so(world: World) -> None:
    person = world.person()
    assert person.delete("/personal_access_tokens/self").status_code == 204
    answer = person.get("/user")
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_token",
        "error_description": "Token was revoked. You have to re-authorize from the user.",
    }


def test_a_token_for_yesterday_is_made_dead(world: World) -> None:
    person = world.person()
    made = world.root.made(
        f"/users/{person.id}/personal_access_tokens", name="x", scopes=["api"], expires_at=YESTERDAY
    )
    assert made["active"] is False


def test_a_token_that_ends_today_is_expired(world: World) -> None:
    person = world.person()
    token = world.token(person.id, "api", expires_at=datetime.now(UTC).date().isoformat())
    answer = world.bearer(token).get("/user")
    assert answer.status_code == 401
    assert answer.json()["error_description"].startswith("Token is expired.")


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    (
        ("read_api", "GET", "/projects", 200),
        ("read_api", "POST", "/projects", 403),
        ("read_user", "GET", "/user", 200),
        ("read_user", "GET", "/projects", 403),
        ("read_repository", "GET", "/projects", 403),
        ("write_repository", "GET", "/user", 403),
    ),
)
def test_scopes_bound_what_a_token_opens(
    world: World, scope: str, method: str, path: str, status: int
) -> None:
    token = world.token(world.person().id, scope)
    answer = world.bearer(token)(method, path)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"] == "insufficient_scope"
        assert "api" in answer.json()["scope"]


def test_read_repository_opens_files_and_nothing_else(world: World) -> None:
    person = world.person()
    project = world.filled(person)
    reader = world.bearer(world.token(person.id, "read_repository"))
    assert (
        reader.get(f"/projects/{project['id']}/repository/files/a.txt", ref="main").status_code
        == 200
    )
    assert reader.get(f"/projects/{project['id']}/repository/tree").status_code == 403


def test_sudo_is_for_administrators(world: World) -> None:
    person, other = world.person(), world.person()
    answer = person("GET", "/user", headers={"Sudo": other.username})
    assert answer.json() == {"message": "403 Forbidden - Must be admin to use sudo"}
    assert world.root("GET", "/user", headers={"Sudo": other.username}).json()["id"] == other.id


def test_the_token_of_a_blocked_account_is_403(world: World) -> None:
    person = world.person()
    assert world.root.post(f"/users/{person.id}/block").json() is True
    answer = person.get("/user")
    assert answer.status_code == 403
    assert "blocked" in answer.json()["message"]
    world.root.post(f"/users/{person.id}/unblock")
    assert person.get("/user").status_code == 200


def test_unknown_routes_and_wrong_methods_are_told_in_json(world: World) -> None:
    assert world.root.get("/nothing/here").json() == {"error": "404 Not Found"}
    assert world.root.post("/nothing").json() == {"error": "404 Not Found"}
    assert world.root.delete("/version").status_code == 405


def test_health_answers_quickly_without_a_token(world: World) -> None:
    answer = requests.get(f"{world.url}/-/health", timeout=5)
    assert answer.status_code == 200
    assert answer.elapsed < timedelta(seconds=1)
