"""USER-1 … USER-9."""

from __future__ import annotations

from tests.integration.gitlab.world import PASSWORD, World


def test_the_own_account_has_more_than_that_of_others(world: World) -> None:
    person, other = world.person("ada"), world.person()
    own = person.get("/user").json()
    assert {
        "email",
        "can_create_project",
        "can_create_group",
        "two_factor_enabled",
        "external",
        "identities",
    } <= set(own)
    assert "is_admin" not in own
    assert world.root.get("/user").json()["is_admin"] is True
    seen = other.get(f"/users/{person.id}").json()
    assert {"id", "username", "name", "state", "avatar_url", "web_url"} <= set(seen)
    assert not {"email", "is_admin"} & set(seen)


def test_every_account_has_a_namespace(world: World) -> None:
    person = world.person()
    spaces = person.get("/namespaces").json()
    assert [(space["kind"], space["path"]) for space in spaces] == [("user", person.username)]


def test_a_taken_name_or_address_is_a_conflict(world: World) -> None:
    person = world.person()
    body = {"name": "x", "password": PASSWORD}
    answer = world.root.post(
        "/users", **body, username="someoneelse", email=f"{person.username}@EXAMPLE.org"
    )
    assert (answer.status_code, answer.json()) == (409, {"message": "Email has already been taken"})
    answer = world.root.post(
        "/users", **body, username=person.username.upper(), email="fresh@example.org"
    )
    assert (answer.status_code, answer.json()) == (
        409,
        {"message": "Username has already been taken"},
    )


def test_what_is_missing_is_named(world: World) -> None:
    answer = world.root.post("/users", name="x", password=PASSWORD)
    assert answer.status_code == 400
    assert "email is missing" in answer.json()["error"]
    assert "username is missing" in answer.json()["error"]
    answer = world.root.post("/users", name="x", username="q1", email="q1@example.org")
    assert "password, reset_password, force_random_password are missing" in answer.json()["error"]


def test_only_administrators_make_accounts(world: World) -> None:
    answer = world.person().post(
        "/users", name="x", username="q2", email="q2@example.org", password=PASSWORD
    )
    assert (answer.status_code, answer.json()) == (403, {"message": "403 Forbidden"})


def test_a_user_name_is_found_exactly_and_text_fuzzily(world: World) -> None:
    person = world.person("grace")
    assert [user["id"] for user in person.get("/users", username=person.username).json()] == [
        person.id
    ]
    assert person.get("/users", username=person.username[:-1] + "x").json() == []
    assert person.id in [
        user["id"] for user in person.get("/users", search="GRAC", per_page=100).json()
    ]


def test_an_unknown_account_is_404(world: World) -> None:
    answer = world.root.get("/users/999999")
    assert (answer.status_code, answer.json()) == (404, {"message": "404 User Not Found"})


def test_a_short_password_and_a_bad_address_are_refused_by_field(world: World) -> None:
    answer = world.root.post("/users", name="x", username="q3", email="nonsense", password="short")
    assert answer.status_code == 400
    assert set(answer.json()["message"]) == {"email", "password"}


def test_renaming_an_account_moves_its_projects(world: World) -> None:
    person = world.person()
    project = world.project(person)
    world.root.put(f"/users/{person.id}", username=f"{person.username}new")
    moved = person.get(f"/projects/{project['id']}").json()
    assert moved["path_with_namespace"] == f"{person.username}new/{project['path']}"
