"""Accounts, their states, and the namespaces that they see."""

from __future__ import annotations

from tests.conformance.gitlab.place import (
    PASSWORD,
    Person,
    Place,
    ids,
    of,
    told,
    unique,
    until,
    wrong,
)


def test_auth_13_a_blocked_account_is_told_so(place: Place) -> None:
    person = place.person()
    assert place.root.post(f"/users/{person.id}/block").status_code == 201
    answer = person.get("/user")
    assert answer.status_code == 403
    assert "blocked" in answer.text


def test_auth_13_states_change_once(place: Place) -> None:
    """python-gitlab's test_users.py: null and false for what was so before; lib/api/users.rb."""
    person = place.person()
    path = f"/users/{person.id}"
    words = ("block", "block", "unblock", "unblock")
    answers = [place.root.post(f"{path}/{word}") for word in words]
    assert [answer.json() for answer in answers] == [True, None, True, False]
    assert {answer.status_code for answer in answers} == {201}
    assert place.root.post(f"{path}/ban").json() is True
    assert place.root.read(path)["state"] == "banned"
    assert person.get("/user").status_code == 403
    assert place.root.post(f"{path}/unban").json() is True
    assert place.root.post(f"{path}/block").json() is True
    answer = place.root.post(f"{path}/activate")
    assert told(answer) == (403, "403 Forbidden - A blocked user must be unblocked to be activated")
    own = place.root.read("/user")["id"]
    answer = place.root.post(f"/users/{own}/block")
    assert told(answer) == (
        403,
        "403 Forbidden - The API initiating user cannot be blocked by the API",
    )


def test_user_1_the_own_account_has_more(place: Place, owner: Person) -> None:
    own = owner.read("/user")
    assert own["email"] == owner.email
    for name in ("can_create_project", "can_create_group", "two_factor_enabled", "external"):
        assert isinstance(own[name], bool), name
    assert own["identities"] == []
    assert not {"is_admin", "namespace_id", "note"} & set(own)
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


def test_user_5_what_is_wrong_is_told_by_field(place: Place) -> None:
    """spec/requests/api/users_spec.rb: returns 400 error if user does not validate."""
    given = {"email": "test@example.org", "username": "test!", "name": "test", "password": "pass"}
    status, fields = told(place.root.post("/users", **given, bio="g" * 256, projects_limit=-1))
    assert status == 400
    assert isinstance(fields, dict)
    assert fields["password"] == ["is too short (minimum is 8 characters)"]
    assert fields["bio"] == ["is too long (maximum is 255 characters)"]
    assert fields["projects_limit"] == ["must be greater than or equal to 0"]
    assert fields["username"]
    told_by_error = wrong(place.root.post("/users", name="x", username="x", email="x@example.org"))
    assert told_by_error == (
        "password, reset_password, force_random_password are missing,"
        " at least one parameter must be provided"
    )
    assert wrong(place.root.post("/users", **given, provider="github")) == (
        "extern_uid, provider provide all or none of parameters"
    )


def test_user_5_user_6_parameters_are_checked_before_the_right(stranger: Person) -> None:
    """lib/api/users.rb asks for an administrator in the body of the endpoint, after Grape's checks."""
    assert "email is missing" in wrong(stranger.post("/users", name="x"))


def test_user_2_a_profile_keeps_what_it_is_given(place: Place) -> None:
    """doc/api/users.md: the attributes of POST and PUT."""
    person = place.person()
    more = {
        "bio": "Reads maps",
        "location": "Lund",
        "organization": "Lab",
        "job_title": "Reader",
        "website_url": "https://example.org",
        "note": "by hand",
        "private_profile": True,
        "provider": "github",
        "extern_uid": "67890",
    }
    changed = place.root("PUT", f"/users/{person.id}", json=more).json()
    kept = {name: changed[name] for name in more if name not in {"provider", "extern_uid"}}
    assert kept == {name: more[name] for name in kept}
    assert changed["identities"][0]["extern_uid"] == "67890"
    assert place.root.read(f"/users/{person.id}")["location"] == "Lund"
    assert person.read("/user")["organization"] == "Lab"
    assert told(place.root("PUT", "/users/999999999", json={"bio": "x"})) == (
        404,
        "404 User Not Found",
    )


def test_user_8_nobody_sees_accounts_by_number(place: Place, owner: Person) -> None:
    """lib/api/users.rb: nobody may look one account up by its name alone."""
    assert told(place.nobody.get(f"/users/{owner.id}")) == (403, "403 Forbidden - Not authorized!")
    assert told(place.nobody.get("/users")) == (
        403,
        "403 Forbidden - Not authorized to access /api/v4/users",
    )
    assert ids(place.nobody.read("/users", username=owner.username)) == [owner.id]


def test_user_7_administrators_filter_and_sort(place: Place, owner: Person) -> None:
    """doc/api/users.md: filters for administrators; others' order_by and sort are not looked at."""
    made = ids([place.root.read(f"/users/{place.person('sorted').id}") for _ in range(2)])
    found = place.root.read("/users", search="sorted", order_by="id", sort="asc")
    assert [number for number in ids(found) if number in made] == made
    found = owner.read("/users", search="sorted", order_by="id", sort="asc")
    assert [number for number in ids(found) if number in made] == made[::-1]
    assert place.root.read("/users", search="sorted", created_before="2001-01-01") == []
    assert owner.id not in ids(place.root.read("/users", without_projects=True, per_page=100))


def test_page_6_accounts_are_followed_by_their_key(place: Place) -> None:
    """doc/api/rest/_index.md: keyset pages of accounts."""
    made = [place.person("keyed").id for _ in range(3)]
    query = {"search": "keyed", "order_by": "id", "sort": "asc", "per_page": 2}
    answer = place.root.get("/users", pagination="keyset", **query)
    assert "X-Total" not in answer.headers
    after = place.root.client.get(answer.links["next"]["url"], headers=place.root.headers)
    assert ids(answer.json()) + ids(after.json()) == made
    assert "next" not in after.links


def test_grp_6_namespaces_are_those_of_members(place: Place, owner: Person) -> None:
    """spec/requests/api/namespaces_spec.rb: a public group of others is not found."""
    group = place.group(owner, visibility="public")
    stranger = place.person()
    assert told(stranger.get(f"/namespaces/{group['id']}")) == (404, "404 Namespace Not Found")
    assert owner.read(f"/namespaces/{group['path']}")["id"] == group["id"]
    inner = place.group(owner, parent_id=group["id"])
    search = {"search": group["path"]}
    assert ids(owner.read("/namespaces", **search)) == [group["id"]]
    wide = owner.read("/namespaces", **search, full_path_search=True)
    assert ids(wide) == [group["id"], inner["id"]]


def test_grp_7_a_path_is_taken_beside_its_siblings(place: Place, owner: Person) -> None:
    """spec/requests/api/namespaces_spec.rb: within the parent only, in any case of letters."""
    group = place.group(owner)
    inner = place.group(owner, parent_id=group["id"])

    def asked(path: str, **query: object) -> object:
        return owner.read(f"/namespaces/{path}/exists", **query)

    free = {"exists": False, "suggests": []}
    loud = group["path"].upper()
    assert asked(loud) == {"exists": True, "suggests": [f"{loud}1"]}
    assert asked(inner["path"]) == free
    taken = {"exists": True, "suggests": [f"{inner['path']}1"]}
    assert asked(inner["path"], parent_id=group["id"]) == taken
    assert asked(group["path"], parent_id=group["id"]) == free
    assert asked(group["path"], parent_id=999999999) == free
