"""Git over HTTP: the real program, and requests by hand where it hides too much."""

from __future__ import annotations

import gzip
import re
import secrets
from pathlib import Path

import httpx
import pytest

from tests.conformance.gitlab.conftest import Crew
from tests.conformance.gitlab.place import (
    PASSWORD,
    Git,
    Json,
    Person,
    Place,
    address,
    cloned,
    commit,
    content,
    create,
    join,
    of,
    repository,
    until,
)

UNSEEN = (
    "The project you were looking for could not be found or you don't have permission to view it."
)
FETCH, PUSH = "git-upload-pack", "git-receive-pack"
V2 = {"Git-Protocol": "version=2"}


def ask(
    project: Json, service: str = FETCH, token: str = "", login: str = "any", **headers: str
) -> httpx.Response:
    """Ask what a fetch or a push asks first."""
    url = f"{project['http_url_to_repo']}/info/refs"
    auth = (login, token) if token else None
    return httpx.get(url, params={"service": service}, auth=auth, headers=headers, timeout=30)


def test_git_1_nobody_is_asked_who_it_is_whether_a_project_exists_or_not(crew: Crew) -> None:
    none = crew.project["http_url_to_repo"].replace(crew.project["path"], "nothing")
    for project in (crew.project, {"http_url_to_repo": none}):
        answer = ask(project)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="GitLab"'


def test_git_2_a_public_project_is_fetched_by_everybody(
    place: Place, owner: Person, tmp_path: Path
) -> None:
    made = place.filled(owner, visibility="public")
    Git(tmp_path)("clone", "-q", address(made), "c")
    assert (tmp_path / "c" / "a.txt").read_text() == "one\n"
    assert ask(made, PUSH).status_code == 401


def test_git_3_wrong_credentials_are_denied(crew: Crew) -> None:
    answer = ask(crew.project, token="wrong")
    assert answer.status_code == 401
    assert answer.text.startswith("HTTP Basic: Access denied")
    assert ask(crew.project, login=crew.owner.token, token=" ").status_code == 401


def test_git_3_a_blocked_account_is_denied(place: Place) -> None:
    """spec/requests/git_http_spec.rb: 401, with the token and with the password."""
    person = place.person()
    made = place.filled(person)
    place.root.post(f"/users/{person.id}/block")
    for secret in (person.token, PASSWORD):
        assert ask(made, token=secret, login=person.username).status_code == 401


def test_git_4_whoever_has_no_access_finds_nothing(crew: Crew, stranger: Person) -> None:
    answer = ask(crew.project, token=stranger.token)
    assert (answer.status_code, answer.text.strip()) == (404, UNSEEN)


def test_git_5_a_guest_downloads_no_code(crew: Crew) -> None:
    answer = ask(crew.project, token=crew.guest.token)
    text = "You are not allowed to download code from this project."
    assert (answer.status_code, answer.text.strip()) == (403, text)


def test_git_6_a_reporter_fetches_and_does_not_push(crew: Crew, tmp_path: Path) -> None:
    git = cloned(crew.project, crew.reporter.token, tmp_path / "c")
    git.write("x", "1")
    refused = git("push", "origin", "main:refs/heads/mine", ok=False)
    assert refused.returncode != 0
    answer = ask(crew.project, PUSH, crew.reporter.token)
    text = "You are not allowed to push code to this project."
    assert (answer.status_code, answer.text.strip()) == (403, text)


def test_git_7_an_archived_project_is_only_fetched(place: Place, owner: Person) -> None:
    made = place.filled(owner)
    owner.post(f"{of(made)}/archive")
    answer = ask(made, PUSH, owner.token)
    text = "You can't push code to an archived project."
    assert (answer.status_code, answer.text.strip()) == (403, text)
    assert ask(made, FETCH, owner.token).status_code == 200


def test_git_8_a_personal_token_is_a_password_for_any_login(crew: Crew) -> None:
    for login in ("any", "oauth2", crew.owner.username, "x"):
        assert ask(crew.project, token=crew.owner.token, login=login).status_code == 200


@pytest.mark.parametrize(
    ("scope", "push"),
    (("read_api", 403), ("read_repository", 403), ("write_repository", 200), ("api", 200)),
)
def test_git_10_scopes_bound_what_git_may(place: Place, crew: Crew, scope: str, push: int) -> None:
    token = place.token(crew.owner.id, scope)
    assert ask(crew.project, FETCH, token).status_code == 200
    answer = ask(crew.project, PUSH, token)
    assert answer.status_code == push
    if push == 403:
        assert answer.text.strip() == "You are not allowed to upload code."


def test_git_9_an_address_without_its_suffix_leads_on(crew: Crew) -> None:
    answer = ask({"http_url_to_repo": crew.project["web_url"]}, token=crew.owner.token)
    assert answer.status_code == 301
    assert ".git/info/refs?service=git-upload-pack" in answer.headers["Location"]


def test_git_11_pushes_and_the_api_see_each_other_at_once(
    place: Place, owner: Person, tmp_path: Path
) -> None:
    made = place.filled(owner)
    git = cloned(made, owner.token, tmp_path / "c")
    pushed = git.write("pushed.txt", "1")
    git("push", "-q", "origin", "main")
    assert owner.read(f"{repository(made)}/branches/main")["commit"]["id"] == pushed
    assert content(owner, made, "pushed.txt") == b"1"
    by_api = commit(owner, made, create("api.txt"))["id"]
    git("pull", "-q")
    assert git.out("rev-parse", "HEAD") == by_api


def test_git_12_the_first_push_names_and_protects_the_default_branch(
    place: Place, owner: Person, tmp_path: Path
) -> None:
    made = place.project(owner)
    git = cloned(made, owner.token, tmp_path / "c")
    git.write("x", "1")
    git("push", "-q", "origin", "HEAD:refs/heads/trunk")
    until(lambda: owner.read(of(made))["default_branch"] == "trunk")
    until(lambda: owner.read(f"{of(made)}/protected_branches"))
    assert owner.read(f"{repository(made)}/branches/trunk")["protected"] is True
    shown = git.out("ls-remote", "--symref", "origin", "HEAD")
    assert shown.startswith("ref: refs/heads/trunk")


def test_git_13_tags_travel_both_ways(place: Place, owner: Person, tmp_path: Path) -> None:
    made = place.filled(owner)
    git = cloned(made, owner.token, tmp_path / "c")
    git("tag", "-a", "v1", "-m", "a note")
    git("push", "-q", "origin", "v1")
    assert owner.read(f"{repository(made)}/tags/v1")["message"] == "a note"
    owner.made(f"{repository(made)}/tags", tag_name="v2", ref="main", message="more")
    git("fetch", "-q", "--tags")
    assert git.out("cat-file", "-t", "v2") == "tag"
    git("push", "-q", "origin", ":v1")
    assert owner.get(f"{repository(made)}/tags/v1").status_code == 404


def test_git_14_a_developer_is_refused_on_the_protected_branch_alone(
    place: Place, owner: Person, tmp_path: Path
) -> None:
    developer = place.person()
    made = place.filled(owner)
    join(owner, of(made), developer, 30)
    git = cloned(made, developer.token, tmp_path / "c")
    git.write("x", "1")
    refused = git("push", "origin", "main", "main:topic", ok=False)
    assert refused.returncode != 0
    assert "pre-receive hook declined" in refused.stderr
    text = "GitLab: You are not allowed to push code to protected branches on this project."
    assert text in refused.stderr
    git("push", "-q", "origin", "main:topic")
    git("push", "-q", "origin", ":topic")


def test_git_14_names_are_refused_alone(crew: Crew, tmp_path: Path) -> None:
    """lib/gitlab/checks/branch_check.rb and tag_check.rb."""
    git = cloned(crew.project, crew.maintainer.token, tmp_path / "c")
    for ref, text in (
        (f"refs/heads/{'e' * 40}", "40-character hexadecimal branch name."),
        (f"refs/tags/{'e' * 40}", "SHA-1 or SHA-256 tag name."),
        ("refs/tags/main", "You cannot use default branch name to create a tag"),
    ):
        assert text in git("push", "origin", f"HEAD:{ref}", ok=False).stderr
    rules = f"{of(crew.project)}/protected_branches"
    crew.maintainer.made(rules, name="held/*", push_access_level=0)
    refused = git("push", "origin", "HEAD:refs/heads/held/1", ok=False).stderr
    assert "GitLab: You are not allowed to create protected branches on this project." in refused
    assert crew.maintainer.delete(f"{rules}/held%2F%2A").status_code == 204


def test_git_13_a_developer_moves_tags_that_nothing_protects(crew: Crew, tmp_path: Path) -> None:
    git = cloned(crew.project, crew.developer.token, tmp_path / "c")
    git("push", "-q", "origin", "HEAD:refs/tags/movable")
    git("commit", "-q", "--allow-empty", "-m", "later")
    git("push", "-q", "-f", "origin", "HEAD:refs/tags/movable")
    git("push", "-q", "origin", ":refs/tags/movable")


def test_git_21_the_dumb_protocol_is_not_spoken(crew: Crew) -> None:
    url = f"{crew.project['http_url_to_repo']}/info/refs"
    assert httpx.get(url, auth=("any", crew.owner.token), timeout=30).status_code == 403


def test_git_15_nobody_forces_a_protected_branch(
    place: Place, owner: Person, tmp_path: Path
) -> None:
    made = place.filled(owner)
    git = cloned(made, owner.token, tmp_path / "c")
    before = git.out("rev-parse", "HEAD")
    git("commit", "-q", "--amend", "-m", "rewritten")
    refused = git("push", "-f", "origin", "main", ok=False).stderr
    text = "You are not allowed to force push code to a protected branch on this project."
    assert text in refused
    assert owner.read(f"{repository(made)}/branches/main")["commit"]["id"] == before


def test_git_16_the_default_branch_is_not_deleted(
    place: Place, owner: Person, tmp_path: Path
) -> None:
    made = place.filled(owner)
    git = cloned(made, owner.token, tmp_path / "c")
    refused = git("push", "origin", ":main", ok=False).stderr
    assert "The default branch of a project cannot be deleted." in refused


def test_git_17_a_large_push_comes_in_chunks(place: Place, owner: Person, tmp_path: Path) -> None:
    made = place.project(owner)
    git = cloned(made, owner.token, tmp_path / "c")
    data = secrets.token_bytes(3_000_000)
    git.write("large.bin", data)
    git("push", "-q", "origin", "main")
    raw = owner.get(f"{repository(made)}/files/large.bin/raw", ref="main")
    assert raw.content == data


def test_git_18_a_zipped_request_is_understood(crew: Crew) -> None:
    answer = httpx.post(
        f"{crew.project['http_url_to_repo']}/{FETCH}",
        content=gzip.compress(b"0014command=ls-refs\n0000"),
        auth=("any", crew.owner.token),
        headers={
            "Content-Encoding": "gzip",
            "Content-Type": f"application/x-{FETCH}-request",
            **V2,
        },
        timeout=30,
    )
    assert answer.status_code == 200
    assert re.search(rb"[0-9a-f]{40} refs/heads/main", answer.content)


def test_git_19_git_20_a_shallow_clone_is_shallow_and_deepens(
    place: Place, owner: Person, tmp_path: Path
) -> None:
    made = place.filled(owner)
    commit(owner, made, create("more"))
    commit(owner, made, create("most"))
    git = cloned(made, owner.token, tmp_path / "c", "--depth", "1")
    assert git.out("rev-list", "--count", "HEAD") == "1"
    git("fetch", "-q", "--deepen", "1")
    assert git.out("rev-list", "--count", "HEAD") == "2"
    git("fetch", "-q", "--unshallow")
    assert git.out("rev-list", "--count", "HEAD") == "3"


def test_git_21_the_second_protocol_is_spoken(crew: Crew) -> None:
    answer = ask(crew.project, FETCH, crew.owner.token, **V2)
    assert b"version 2" in answer.content
    assert answer.headers["Content-Type"] == f"application/x-{FETCH}-advertisement"
    first = ask(crew.project, FETCH, crew.owner.token)
    assert b"version 2" not in first.content
