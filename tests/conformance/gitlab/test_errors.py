"""How GitLab refuses: two shapes of bodies, by every kind of request."""

from __future__ import annotations

from pathlib import Path

import gitlab.exceptions
import httpx
import pytest

from tests.conformance.gitlab.conftest import Crew
from tests.conformance.gitlab.place import (
    Caller,
    Person,
    Place,
    create,
    of,
    repository,
    told,
    try_commit,
    unique,
    wrong,
)
from tests.servers import gitlab_server


def test_err_1_rights_and_lookups_are_told_by_message(
    place: Place, crew: Crew, stranger: Person
) -> None:
    assert told(place.nobody.get("/user")) == (401, "401 Unauthorized")
    assert told(stranger.get("/applications")) == (403, "403 Forbidden")
    assert told(stranger.get(of(crew.project))) == (404, "404 Project Not Found")
    body = {"user_id": crew.guest.id, "access_level": 10}
    answer = crew.owner.post(f"{of(crew.project)}/members", **body)
    assert told(answer) == (409, "Member already exists")


def test_err_2_parameters_are_told_by_error(crew: Crew) -> None:
    owner, path = crew.owner, of(crew.project)
    assert wrong(owner.post(f"{path}/members", user_id=1)) == "access_level is missing"
    assert wrong(owner.get(f"{repository(crew.project)}/files/a.txt")) == (
        "ref is missing, ref is empty"
    )
    assert wrong(owner.get("/projects", visibility="x")) == "visibility does not have a valid value"
    assert wrong(owner.post("/projects", name="x", namespace_id="x")) == "namespace_id is invalid"
    assert wrong(owner.post("/projects", description="x")) == (
        "name, path are missing, at least one parameter must be provided"
    )
    answer = try_commit(owner, crew.project, {"action": "paint", "file_path": "x"})
    assert wrong(answer) == "actions[0][action] does not have a valid value"


def test_err_3_a_model_tells_texts_by_field(crew: Crew) -> None:
    answer = crew.owner.post("/projects", name=crew.project["name"])
    status, fields = told(answer)
    assert status == 400
    assert isinstance(fields, dict)
    assert fields["path"] == ["has already been taken"]
    assert all(isinstance(texts, list) for texts in fields.values())


@pytest.mark.parametrize(
    ("method", "path"),
    (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/star"),
        ("POST", "/archive"),
        ("GET", "/members"),
        ("POST", "/members"),
        ("GET", "/hooks"),
        ("GET", "/repository/tree"),
        ("GET", "/repository/branches"),
        ("GET", "/repository/tags"),
        ("GET", "/repository/commits"),
        ("POST", "/repository/commits"),
        ("GET", "/repository/files/a.txt?ref=main"),
        ("GET", "/repository/archive"),
        ("GET", "/invitations"),
    ),
)
def test_err_4_the_unseen_is_404_by_every_verb(
    crew: Crew, stranger: Person, method: str, path: str
) -> None:
    body = {
        "name": "x",
        "user_id": 1,
        "access_level": 10,
        "branch": "main",
        "commit_message": "m",
        "actions": [create("x")],
    }
    answer = stranger(method, f"{of(crew.project)}{path}", json=body if method != "GET" else None)
    assert told(answer) == (404, "404 Project Not Found")


def test_err_5_an_unknown_route_is_an_error(owner: Person) -> None:
    answer = owner.get("/nowhere/at/all")
    assert (answer.status_code, answer.json()) == (404, {"error": "404 Not Found"})


def test_err_5_a_verb_that_a_route_lacks_is_405(owner: Person) -> None:
    """lib/grape/endpoint.rb: what is allowed stands in a header."""
    answer = owner("PATCH", "/version")
    assert answer.status_code == 405
    assert str(answer.json()["error"]).startswith("405 ")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ("/user/", "//user", "/projects//"))
def test_err_5_slashes_too_many_are_not_minded(owner: Person, path: str) -> None:
    """lib/grape/router.rb: a path is squeezed and loses its last slash before it is looked up."""
    assert owner.get(path).status_code == 200


def test_err_2_a_body_that_is_no_json_is_told(owner: Person) -> None:
    head = {"Content-Type": "application/json"}
    answer = owner("POST", "/projects", content=b"{", headers=head)
    assert "message body does not match declared format" in wrong(answer)


def test_page_4_a_page_of_nothing_is_refused(owner: Person) -> None:
    """lib/api/pagination_params.rb: per_page has 0 as an excepted value."""
    assert "per_page" in wrong(owner.get("/projects", per_page=0))


def test_page_6_far_offsets_are_for_keys(place: Place) -> None:
    """doc/administration/instance_limits.md: 50,000 rows by offset; lib/api/helpers/pagination_strategies.rb."""
    answer = place.root.get("/projects", page=600, per_page=100)
    assert answer.status_code == 405
    assert answer.json()["error"].startswith("Offset pagination has a maximum allowed offset")
    answer = place.root.get("/projects", pagination="keyset", order_by="name")
    assert answer.status_code == 405


def test_err_8_who_asks_too_often_is_told_when_to_return(tmp_path: Path) -> None:
    """doc/administration/settings/user_and_ip_rate_limits.md: headers, and text for a body.

    Always on a look-alike of its own: a real installation is not throttled for a test.
    """
    name = "throttle_authenticated_api"
    limits = {f"{name}_requests_per_period": 3, f"{name}_enabled": True}
    with gitlab_server(tmp_path) as server, httpx.Client(timeout=60) as client:
        root = Caller(client, server.url, {"PRIVATE-TOKEN": server.root_token})
        person = Place(server.url, root).person()
        assert "RateLimit-Limit" not in person.get("/user").headers
        assert person("PUT", "/application/settings", json=limits).status_code == 403
        assert root("PUT", "/application/settings", json=limits).json()[f"{name}_enabled"] is True
        answers = [person.get("/user") for _ in range(4)]
        nobody = Caller(client, server.url).get("/projects")
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    left = [answer.headers["RateLimit-Remaining"] for answer in answers]
    assert left == ["2", "1", "0", "0"]
    last = answers[-1]
    assert last.text.strip() == "Retry later"
    assert last.headers["Content-Type"].startswith("text/plain")
    assert last.headers["RateLimit-Name"] == name
    assert 0 < int(last.headers["Retry-After"]) <= 3600
    for more in ("Limit", "Observed", "Reset", "ResetTime"):
        assert f"RateLimit-{more}" in last.headers
    assert nobody.status_code == 200


def test_err_6_errors_are_json_and_204_and_304_are_empty(place: Place, owner: Person) -> None:
    for answer in (place.nobody.get("/user"), owner.get("/projects/0"), owner.post("/projects")):
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    project = place.project(owner)
    owner.made(f"{of(project)}/star")
    again = owner.post(f"{of(project)}/star")
    assert (again.status_code, again.content) == (304, b"")
    person = place.person()
    gone = person.delete("/personal_access_tokens/self")
    assert (gone.status_code, gone.content) == (204, b"")


def test_err_7_parameters_come_as_json_form_or_query(place: Place, owner: Person) -> None:
    topics = [place.topic("one"), place.topic("two")]
    by_form = {"name": unique("form"), "topics[]": topics}
    made = owner("POST", "/projects", data=by_form).json()
    assert made["topics"] == topics
    by_query = owner("POST", "/projects", params={"name": unique("query")})
    assert by_query.status_code == 201
    changed = owner("PUT", of(made), params={"description": "by query"})
    assert changed.json()["description"] == "by query"
    project = place.filled(owner)
    query = {"branch": "main", "commit_message": "gone"}
    assert owner.delete(f"{repository(project)}/files/a.txt", **query).status_code == 204
    body = {"branch": "main", "commit_message": "gone"}
    answer = owner("DELETE", f"{repository(project)}/files/docs%2Fb.txt", json=body)
    assert answer.status_code == 204


def test_err_1_err_2_err_3_the_library_reads_each_shape(crew: Crew, stranger: Person) -> None:
    with pytest.raises(gitlab.exceptions.GitlabGetError) as unseen:
        stranger.library.projects.get(crew.project["id"])
    assert (unseen.value.response_code, unseen.value.error_message) == (
        404,
        "404 Project Not Found",
    )
    with pytest.raises(gitlab.exceptions.GitlabCreateError) as missing:
        crew.owner.library.projects.create({"description": "x"})
    assert "name, path are missing" in str(missing.value.error_message)
    with pytest.raises(gitlab.exceptions.GitlabCreateError) as taken:
        crew.owner.library.projects.create({"name": crew.project["name"]})
    assert taken.value.response_code == 400
    with pytest.raises(gitlab.exceptions.GitlabAuthenticationError):
        gitlab.Gitlab(crew.owner.url, private_token="wrong").auth()
