"""Tokens: headers, scopes, expiry, rotation and revocation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.conformance.gitlab.conftest import Crew
from tests.conformance.gitlab.place import (
    Person,
    Place,
    create,
    ids,
    of,
    repository,
    told,
    try_commit,
    wrong,
)

NEXT_WEEK, YESTERDAY, IN_TWO_YEARS = (
    (datetime.now(UTC) + timedelta(days=days)).date().isoformat() for days in (7, -1, 730)
)
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


def test_auth_10_an_expired_token_says_so(place: Place, stranger: Person) -> None:
    """GitLab has no check that a day lies ahead: app/models/personal_access_token.rb."""
    path = f"/users/{stranger.id}/personal_access_tokens"
    made = place.root.made(path, name="past", scopes=["api"], expires_at=YESTERDAY)
    assert (made["active"], made["revoked"]) == (False, False)
    answer = place.private(made["token"]).get("/user")
    text = "Token is expired. You can either do re-authorization or token refresh."
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_token", "error_description": text}
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert place.root.delete(f"/personal_access_tokens/{made['id']}").status_code == 204
    again = place.private(made["token"]).get("/user")
    assert again.json()["error_description"] == text


def test_auth_8_a_token_is_not_made_for_longer_than_allowed(place: Place, stranger: Person) -> None:
    path = f"/users/{stranger.id}/personal_access_tokens"
    answer = place.root.post(path, name="x", scopes=["api"], expires_at=IN_TWO_YEARS)
    assert answer.status_code in {400, 422}
    assert str(answer.json()["message"]).startswith("Expiration date must be before")
    assert wrong(place.root.post(path, scopes=["api"])) == "name is missing"
    assert "scopes is missing" in wrong(place.root.post(path, name="x"))
    assert wrong(place.root.post(path, name="x", scopes=["all"])) == (
        "scopes does not have a valid value"
    )


def test_auth_9_a_token_is_rotated_for_a_week(place: Place, stranger: Person) -> None:
    """doc/api/personal_access_tokens.md: Rotate, and automatic reuse detection."""
    first = place.private(place.token(stranger.id, "self_rotate", "read_user"))
    answer = first.post("/personal_access_tokens/self/rotate")
    second = answer.json()
    assert (answer.status_code, second["expires_at"]) == (200, NEXT_WEEK)
    assert second["scopes"] == ["self_rotate", "read_user"]
    caller = place.private(second["token"])
    assert caller.get("/user").status_code == 200
    assert first.get("/user").status_code == 401
    chosen = caller.post("/personal_access_tokens/self/rotate", expires_at=NEXT_WEEK).json()
    third = place.private(chosen["token"])
    old = second["id"]
    assert told(place.root.post(f"/personal_access_tokens/{old}/rotate")) == (
        400,
        "400 Bad request - Token already revoked",
    )
    assert third.get("/user").status_code == 401
    refused = place.private(place.token(stranger.id, "read_api"))
    assert refused.post("/personal_access_tokens/self/rotate").status_code == 403


def test_auth_9_the_tokens_of_others_are_not_shown(
    place: Place, owner: Person, stranger: Person
) -> None:
    """doc/api/personal_access_tokens.md: the status codes of each verb."""
    other = owner.read("/personal_access_tokens/self")["id"]
    path = f"/personal_access_tokens/{other}"
    assert told(stranger.get(path)) == (401, "401 Unauthorized")
    assert told(stranger.get("/personal_access_tokens/999999999")) == (401, "401 Unauthorized")
    assert told(stranger.post(f"{path}/rotate")) == (401, "401 Unauthorized")
    assert told(stranger.delete(path)) == (400, "400 Bad request")
    answer = stranger.get("/personal_access_tokens", user_id=owner.id)
    assert told(answer) == (401, "401 Unauthorized")
    assert place.root.read(path)["user_id"] == owner.id
    assert told(place.root.get("/personal_access_tokens/999999999")) == (404, "404 Not Found")
    assert told(place.root.get("/personal_access_tokens", user_id=999999999)) == (
        404,
        "404 Not Found",
    )


def test_auth_8_tokens_are_listed_by_state_time_and_name(place: Place) -> None:
    """doc/api/personal_access_tokens.md: the filters of the list."""
    person = place.person()
    path = f"/users/{person.id}/personal_access_tokens"
    body = {"scopes": ["read_api"]}
    week = place.root.made(path, name="week", expires_at=NEXT_WEEK, **body)["id"]
    past = place.root.made(path, name="past", expires_at=YESTERDAY, **body)["id"]
    own = person.read("/personal_access_tokens/self")["id"]

    def found(**query: object) -> list[int]:
        return ids(place.root.read("/personal_access_tokens", user_id=person.id, **query))

    assert found() == [own, week, past]
    assert found(state="inactive") == [past]
    assert found(state="active", sort="name_desc") == [week, own]
    assert found(search="WEE") == [week]
    assert found(expires_before=NEXT_WEEK) == [past]
    assert found(expires_after=NEXT_WEEK, sort="expires_asc") == [week, own]
    assert found(last_used_after="2020-01-01") == [own]
    assert found(created_after="2020-01-01T00:00:00Z") == [own, week, past]
    assert found(created_before="2020-01-01") == []
    assert wrong(place.root.get("/personal_access_tokens", state="asleep")) == (
        "state does not have a valid value"
    )
    assert wrong(place.root.get("/personal_access_tokens", revoked="asdf")) == "revoked is invalid"


def test_auth_8_one_makes_tokens_of_harmless_scopes_for_oneself(stranger: Person) -> None:
    """doc/api/user_tokens.md: Create a personal access token."""
    made = stranger.made("/user/personal_access_tokens", name="x", scopes=["self_rotate"])
    assert (made["user_id"], made["active"]) == (stranger.id, True)
    answer = stranger.post("/user/personal_access_tokens", name="x", scopes=["api"])
    assert wrong(answer) == "scopes does not have a valid value"


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


def test_auth_8_administrators_act_as_somebody_unseen(place: Place) -> None:
    """doc/api/user_tokens.md: impersonation tokens."""
    person = place.person()
    path = f"/users/{person.id}/impersonation_tokens"
    made = place.root.made(path, name="x", scopes=["read_user"], expires_at=NEXT_WEEK)
    assert (made["impersonation"], made["expires_at"]) == (True, NEXT_WEEK)
    assert place.private(made["token"]).read("/user")["id"] == person.id
    assert ids(place.root.read(path, state="active")) == [made["id"]]
    assert "token" not in place.root.read(f"{path}/{made['id']}")
    assert made["id"] not in ids(person.read("/personal_access_tokens"))
    assert told(person.get(path)) == (403, "403 Forbidden")
    assert place.root.delete(f"{path}/{made['id']}").status_code == 204
    assert place.root.read(path, state="active") == []
    assert told(place.root.get(f"{path}/999999999")) == (404, "404 Impersonation Token Not Found")
    assert told(place.root.post(path, name="", scopes=["api"]))[0] == 400
