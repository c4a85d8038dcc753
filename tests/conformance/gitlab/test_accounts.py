"""Tokens and users."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.conformance.gitlab.conftest import Crew
from tests.conformance.gitlab.place import (
    PASSWORD,
    Person,
    Place,
    create,
    ids,
    of,
    repository,
    told,
    try_commit,
    unique,
    until,
    wrong,
)

NEXT_WEEK = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@pytest.mark.parametrize("path", ("/user", "/version"))
def test_auth_1_without_a_token_account_and_version_are_401(place: Place, path: str) -> None:
    answer = place.nobody.get(path)
    assert (answer.status_code, answer.json()) == (401, {"message": "401 Unauthorized"})


def test_auth_2_the_version_has_two_fields(owner: Person) -> None:
    assert {"version", "revision"} <= set(owner.read("/version"))
    version, revision = owner.library.version()
    assert re.match(r"\d+\.\d+", version)
    assert revision


def test_auth_3_auth_4_a_personal_token_comes_in_either_header(place: Place, owner: Person) -> None:
    for caller in (place.private(owner.token), place.bearer(owner.token)):
        assert caller.read("/user")["id"] == owner.id


def test_auth_5_a_token_in_the_address_works(place: Place, owner: Person) -> None:
    assert place.nobody.read("/user", private_token=owner.token)["id"] == owner.id


def test_auth_6_a_wrong_token_is_401_where_nobody_is_let_in(place: Place) -> None:
    assert place.nobody.get("/projects").status_code == 200
    for caller in (place.private("wrong"), place.bearer("wrong")):
        assert caller.get("/projects").status_code == 401


def test_auth_7_writing_needs_a_token_and_the_unseen_stays_unseen(place: Place, crew: Crew) -> None:
    assert told(place.nobody.post("/projects", name="x")) == (401, "401 Unauthorized")
    for answer in (
        place.nobody.get(f"{repository(crew.project)}/tree"),
        place.nobody.get(f"{repository(crew.project)}/branches"),
    ):
        assert told(answer) == (404, "404 Project Not Found")


def test_auth_8_an_administrator_makes_tokens_for_others(place: Place, stranger: Person) -> None:
    path = f"/users/{stranger.id}/personal_access_tokens"
    made = place.root.made(path, name="x", scopes=["read_api"], expires_at=NEXT_WEEK)
    assert (made["name"], made["scopes"], made["expires_at"]) == ("x", ["read_api"], NEXT_WEEK)
    assert place.private(made["token"]).read("/user")["id"] == stranger.id
    endless = place.root.made(path, name="y", scopes=["read_api"])
    assert DAY.fullmatch(endless["expires_at"])
    listed = place.root.read("/personal_access_tokens", user_id=stranger.id)
    assert made["id"] in ids(listed)
    assert all("token" not in token for token in listed)
    assert told(stranger.post(path, name="x", scopes=["admin_mode"]))[0] == 403


def test_auth_9_a_token_describes_itself(place: Place, stranger: Person) -> None:
    token = place.token(stranger.id, "read_api")
    body = place.private(token).read("/personal_access_tokens/self")
    assert (body["user_id"], body["scopes"], body["name"]) == (
        stranger.id,
        ["read_api"],
        "conformance",
    )
    assert (body["active"], body["revoked"]) == (True, False)
    assert DAY.fullmatch(body["expires_at"])


def test_auth_10_a_revoked_token_says_so(place: Place, stranger: Person) -> None:
    caller = place.private(place.token(stranger.id, "api"))
    assert caller.delete("/personal_access_tokens/self").status_code == 204
    answer = caller.get("/user")
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_token",
        "error_description": "Token was revoked. You have to re-authorize from the user.",
    }


def test_auth_11_a_token_does_what_its_scopes_say(place: Place, crew: Crew) -> None:
    reading = place.private(place.token(crew.owner.id, "read_api"))
    assert reading.get(of(crew.project)).status_code == 200
    refused = try_commit(reading, crew.project, create("x"))
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    assert "api" in refused.json()["scope"].split()
    for scope, status in (("read_repository", 200), ("write_repository", 403)):
        caller = place.private(place.token(crew.owner.id, scope))
        answer = caller.get(of(crew.project))
        assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
        file = caller.get(f"{repository(crew.project)}/files/a.txt", ref="main")
        assert file.status_code == status


def test_auth_12_somebody_elses_name_is_for_administrators(place: Place, owner: Person) -> None:
    answer = owner("GET", "/user", headers={"Sudo": "root"})
    assert answer.status_code == 403
    assert "sudo" in answer.text
    assert place.root("GET", "/user", headers={"Sudo": owner.username}).json()["id"] == owner.id


def test_auth_13_a_blocked_account_is_told_so(place: Place) -> None:
    person = place.person()
    assert place.root.post(f"/users/{person.id}/block").status_code == 201
    answer = person.get("/user")
    assert answer.status_code == 403
    assert "blocked" in answer.text


def test_user_1_the_own_account_has_more(place: Place, owner: Person) -> None:
    own = owner.read("/user")
    assert own["email"] == owner.email
    for name in ("can_create_project", "can_create_group", "two_factor_enabled", "external"):
        assert isinstance(own[name], bool), name
    assert own["identities"] == []
    assert "is_admin" not in own
    assert place.root.read("/user")["is_admin"] is True


def test_user_2_an_administrator_makes_accounts(place: Place) -> None:
    for choice in ({"password": PASSWORD}, {"force_random_password": True}):
        name = unique("made")
        body = {"username": name, "name": "Made", "email": f"{name}@example.org"}
        made = place.root.made("/users", **body, **choice, skip_confirmation=True)
        place.users.append(made["id"])
        assert (made["username"], made["email"], made["state"]) == (name, body["email"], "active")
        assert made["confirmed_at"]


def test_user_3_every_account_has_a_namespace(stranger: Person) -> None:
    spaces = stranger.read("/namespaces")
    assert [(one["kind"], one["path"]) for one in spaces] == [("user", stranger.username)]
    assert stranger.library.namespaces.get(stranger.username).kind == "user"


def test_user_4_what_is_taken_is_a_conflict(place: Place, owner: Person) -> None:
    body = {"name": "x", "password": PASSWORD}
    name = unique("fresh")
    answer = place.root.post("/users", **body, username=name, email=owner.email)
    assert told(answer) == (409, "Email has already been taken")
    mail = f"{name}@example.org"
    answer = place.root.post("/users", **body, username=owner.username, email=mail)
    assert told(answer) == (409, "Username has already been taken")


def test_user_5_what_is_missing_is_named(place: Place) -> None:
    text = wrong(place.root.post("/users", name="x", password=PASSWORD))
    assert "email is missing" in text
    assert "username is missing" in text


def test_user_6_others_make_no_accounts(stranger: Person) -> None:
    body = {"name": "x", "username": "x", "email": "x@example.org", "password": PASSWORD}
    assert told(stranger.post("/users", **body)) == (403, "403 Forbidden")


def test_user_7_names_are_found_exactly_and_text_fuzzily(owner: Person, stranger: Person) -> None:
    assert ids(stranger.read("/users", username=owner.username)) == [owner.id]
    assert stranger.read("/users", username=owner.username[:-1]) == []
    assert owner.id in ids(stranger.read("/users", search=owner.username[:-1].upper()))
    assert [one.id for one in stranger.library.users.list(username=owner.username)] == [owner.id]


def test_user_8_others_see_the_public_half(owner: Person, stranger: Person) -> None:
    seen = stranger.read(f"/users/{owner.id}")
    assert {"id", "username", "name", "state", "avatar_url", "web_url"} <= set(seen)
    assert not {"email", "is_admin"} & set(seen)


def test_user_9_an_unknown_account_is_named(owner: Person) -> None:
    assert told(owner.get("/users/999999999")) == (404, "404 User Not Found")


def test_user_2_an_account_goes_with_its_projects_and_its_groups_on_request(place: Place) -> None:
    person = place.person()
    mine = place.project(person)
    group = place.group(person)
    assert place.root.delete(f"/users/{person.id}").status_code == 409
    assert place.root.delete(f"/users/{person.id}", hard_delete=True).status_code == 204
    gone = (f"/users/{person.id}", of(mine), f"/groups/{group['id']}")
    until(lambda: {place.root.get(path).status_code for path in gone} == {404})
