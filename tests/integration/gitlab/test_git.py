"""GIT-1 … GIT-21: the real git program against the server."""

from __future__ import annotations

import gzip
import re
import secrets
from pathlib import Path

import pytest
import requests

from tests.integration.gitlab.world import Git, World, clone_url, cloned, commit, create

UNSEEN = (
    "The project you were looking for could not be found or you don't have permission to view it."
)
SERVICE = {"service": "git-upload-pack"}


def info_refs(
    url: str, service: str = "git-upload-pack", auth: tuple[str, str] | None = None
) -> requests.Response:
    return requests.get(f"{url}/info/refs", params={"service": service}, auth=auth, timeout=10)


def test_nobody_is_asked_for_credentials_whether_a_project_exists_or_not(world: World) -> None:
    made = world.filled(world.person())
    for url in (made["http_url_to_repo"], f"{world.url}/nobody/nothing.git"):
        answer = info_refs(url)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="GitLab"'


def test_a_public_project_is_fetched_by_everybody_and_pushed_by_nobody(world: World) -> None:
    url = world.filled(world.person(), visibility="public")["http_url_to_repo"]
    assert info_refs(url).status_code == 200
    assert info_refs(url, "git-receive-pack").status_code == 401


def test_wrong_credentials_are_401(world: World) -> None:
    answer = info_refs(world.filled(world.person())["http_url_to_repo"], auth=("x", "wrong"))
    assert answer.status_code == 401
    assert answer.text.startswith("HTTP Basic: Access denied")


def test_each_role_gets_its_answer(world: World) -> None:
    owner = world.person()
    made = world.filled(owner)
    people = {level: world.person() for level in (0, 10, 20, 30)}
    for level, person in people.items():
        if level:
            world.member(owner, f"projects/{made['id']}", person, level)

    def ask(level: int, service: str) -> tuple[int, str]:
        answer = info_refs(made["http_url_to_repo"], service, auth=("any", people[level].token))
        return answer.status_code, answer.text if answer.status_code != 200 else ""

    assert ask(0, "git-upload-pack") == (404, UNSEEN)
    assert ask(10, "git-upload-pack") == (
        403,
        "You are not allowed to download code from this project.",
    )
    assert ask(20, "git-upload-pack") == (200, "")
    assert ask(20, "git-receive-pack") == (403, "You are not allowed to push code to this project.")
    assert ask(30, "git-receive-pack") == (200, "")
    owner.post(f"/projects/{made['id']}/archive")
    assert ask(30, "git-receive-pack") == (403, "You can't push code to an archived project.")
    assert ask(30, "git-upload-pack") == (200, "")


@pytest.mark.parametrize(
    ("scope", "fetch", "push"),
    (
        ("read_api", 200, 403),
        ("read_repository", 200, 403),
        ("write_repository", 200, 200),
        ("api", 200, 200),
        ("read_user", 403, 403),
    ),
)
def test_scopes_bound_what_git_may(world: World, scope: str, fetch: int, push: int) -> None:
    person = world.person()
    url = world.filled(person)["http_url_to_repo"]
    token = world.token(person.id, scope)
    assert info_refs(url, auth=("any", token)).status_code == fetch
    answer = info_refs(url, "git-receive-pack", auth=("any", token))
    assert answer.status_code == push
    if fetch == 200 and push == 403:
        assert answer.text == "You are not allowed to upload code."


def test_the_password_works_for_git(world: World) -> None:
    person = world.person()
    url = world.filled(person)["http_url_to_repo"]
    assert info_refs(url, auth=(person.username, "correct horse battery")).status_code == 200
    assert info_refs(url, auth=(person.username, "incorrect horse")).status_code == 401


def test_an_address_without_suffix_leads_on(world: World) -> None:
    person = world.person()
    made = world.filled(person)
    answer = requests.get(
        f"{made['web_url']}/info/refs", params=SERVICE, timeout=10, allow_redirects=False
    )
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{made['web_url']}.git/info/refs?service=git-upload-pack"


def test_an_old_path_still_serves_git(world: World, tmp_path: Path) -> None:
    person = world.person()
    made = world.filled(person)
    person.put(f"/projects/{made['id']}", path="elsewhere")
    Git(tmp_path)("clone", "-q", clone_url(world, made, person.token), "x")
    assert (tmp_path / "x" / "a.txt").read_text() == "one\n"


def test_the_first_push_names_and_protects_the_default_branch(world: World, tmp_path: Path) -> None:
    owner = world.person()
    made = world.project(owner)
    git = cloned(world, made, owner.token, tmp_path / "c")
    git.write("x.txt", "1")
    git("push", "-q", "origin", "HEAD:refs/heads/trunk")
    assert owner.get(f"/projects/{made['id']}").json()["default_branch"] == "trunk"
    rules = owner.get(f"/projects/{made['id']}/protected_branches").json()
    assert [rule["name"] for rule in rules] == ["trunk"]
    assert (
        Git(tmp_path)("ls-remote", "--symref", clone_url(world, made, owner.token), "HEAD").stdout
    ).startswith("ref: refs/heads/trunk")


def test_a_rule_made_before_the_first_push_lets_developers_begin(
    world: World, tmp_path: Path
) -> None:
    owner, dev = world.person(), world.person()
    made = world.project(owner)
    owner.made(f"/projects/{made['id']}/protected_branches", name="main", push_access_level=30)
    world.member(owner, f"projects/{made['id']}", dev, 30)
    git = cloned(world, made, dev.token, tmp_path / "c")
    git.write("x.txt", "1")
    git("push", "-q", "origin", "main")
    git.write("y.txt", "1")
    git("push", "-q", "origin", "main")
    rules = owner.get(f"/projects/{made['id']}/protected_branches").json()
    assert [rule["push_access_levels"][0]["access_level"] for rule in rules] == [30]


def test_pushes_and_api_commits_see_each_other(world: World, tmp_path: Path) -> None:
    owner = world.person()
    made = world.filled(owner)
    git = cloned(world, made, owner.token, tmp_path / "c")
    git.write("pushed.txt", "1")
    git("push", "-q", "origin", "main")
    answer = owner.get(f"/projects/{made['id']}/repository/files/pushed.txt", ref="main")
    assert answer.json()["commit_id"] == git("rev-parse", "HEAD").stdout.strip()
    sha = commit(owner, made["id"], create("api.txt"))["id"]
    git("pull", "-q")
    assert git("rev-parse", "HEAD").stdout.strip() == sha


def test_tags_travel_both_ways(world: World, tmp_path: Path) -> None:
    owner = world.person()
    made = world.filled(owner)
    git = cloned(world, made, owner.token, tmp_path / "c")
    git("tag", "-a", "v1", "-m", "a note")
    git("push", "-q", "origin", "v1")
    assert owner.get(f"/projects/{made['id']}/repository/tags/v1").json()["message"] == "a note"
    owner.made(f"/projects/{made['id']}/repository/tags", tag_name="v2", ref="main", message="more")
    git("fetch", "-q", "--tags")
    assert git("cat-file", "-t", "v2").stdout.strip() == "tag"
    git("fsck", "--strict")


def test_a_developer_is_refused_on_the_protected_branch(world: World, tmp_path: Path) -> None:
    owner, dev = world.person(), world.person()
    made = world.filled(owner)
    world.member(owner, f"projects/{made['id']}", dev, 30)
    git = cloned(world, made, dev.token, tmp_path / "c")
    git.write("x.txt", "1")
    refused = git("push", "origin", "main", ok=False)
    assert refused.returncode != 0
    assert (
        "GitLab: You are not allowed to push code to protected branches on this project."
        in refused.stderr
    )
    assert "pre-receive hook declined" in refused.stderr
    git("push", "-q", "origin", "main:topic")
    git("push", "-q", "origin", ":topic")


def test_nobody_forces_or_deletes_the_default_branch(world: World, tmp_path: Path) -> None:
    owner = world.person()
    made = world.filled(owner)
    git = cloned(world, made, owner.token, tmp_path / "c")
    git("commit", "-q", "--amend", "-m", "rewritten")
    refused = git("push", "-f", "origin", "main", ok=False).stderr
    assert (
        "You are not allowed to force push code to a protected branch on this project." in refused
    )
    refused = git("push", "origin", ":main", ok=False).stderr
    assert "The default branch of a project cannot be deleted." in refused


def test_a_rule_may_allow_force_and_patterns_match(world: World, tmp_path: Path) -> None:
    owner, dev = world.person(), world.person()
    made = world.filled(owner)
    world.member(owner, f"projects/{made['id']}", dev, 30)
    rules = f"/projects/{made['id']}/protected_branches"
    owner.made(rules, name="release/*", push_access_level=40)
    owner.made(rules, name="loose", push_access_level=30, allow_force_push=True)
    git = cloned(world, made, dev.token, tmp_path / "c")
    refused = git("push", "origin", "main:release/1", ok=False).stderr
    assert "pre-receive hook declined" in refused
    git("push", "-q", "origin", "main:loose")
    git("commit", "-q", "--amend", "-m", "rewritten")
    git("push", "-q", "-f", "origin", "main:loose")
    refused = git("push", "origin", ":loose", ok=False).stderr
    assert "Only a project maintainer or owner can delete a protected branch." in refused


def test_a_large_push_comes_in_chunks(world: World, tmp_path: Path) -> None:
    owner = world.person()
    made = world.project(owner)
    git = cloned(world, made, owner.token, tmp_path / "c")
    git.write("large.bin", secrets.token_bytes(6_000_000))
    traced = git("-c", "http.postBuffer=65536", "push", "origin", "main")
    assert "main -> main" in traced.stderr
    answer = owner.get(f"/projects/{made['id']}/repository/files/large.bin/raw", ref="main")
    assert answer.content == (tmp_path / "c" / "large.bin").read_bytes()


def test_a_gzipped_request_is_understood(world: World) -> None:
    owner = world.person()
    made = world.filled(owner)
    body = gzip.compress(b"0014command=ls-refs\n0000")
    answer = requests.post(
        f"{made['http_url_to_repo']}/git-upload-pack",
        data=body,
        auth=("any", owner.token),
        headers={
            "Content-Encoding": "gzip",
            "Content-Type": "application/x-git-upload-pack-request",
            "Git-Protocol": "version=2",
        },
        timeout=10,
    )
    assert answer.status_code == 200
    assert re.search(rb"[0-9a-f]{40} refs/heads/main", answer.content)


def test_protocol_two_is_spoken(world: World) -> None:
    owner = world.person()
    made = world.filled(owner)
    answer = requests.get(
        f"{made['http_url_to_repo']}/info/refs",
        params=SERVICE,
        auth=("any", owner.token),
        headers={"Git-Protocol": "version=2"},
        timeout=10,
    )
    assert b"version 2" in answer.content
    assert answer.headers["Content-Type"] == "application/x-git-upload-pack-advertisement"
    assert "no-cache" in answer.headers["Cache-Control"]


def test_a_shallow_clone_is_shallow(world: World, tmp_path: Path) -> None:
    owner = world.person()
    made = world.filled(owner)
    commit(owner, made["id"], create("more.txt"))
    Git(tmp_path)("clone", "-q", "--depth", "1", clone_url(world, made, owner.token), "c")
    assert Git(tmp_path / "c")("rev-list", "--count", "HEAD").stdout.strip() == "1"


def test_a_broken_object_is_refused(world: World, tmp_path: Path) -> None:
    owner = world.person()
    made = world.filled(owner)
    git = cloned(world, made, owner.token, tmp_path / "c")
    tree = git("rev-parse", "HEAD^{tree}").stdout.strip()
    raw = f"tree {tree}\nauthor A <a@x> 1 +0000\ncommitter no address 1 +0000\n\nbroken\n"
    (tmp_path / "raw").write_text(raw)
    sha = git(
        "hash-object", "-t", "commit", "-w", "--literally", str(tmp_path / "raw")
    ).stdout.strip()
    assert git("push", "origin", f"{sha}:refs/heads/broken", ok=False).returncode != 0
    assert owner.get(f"/projects/{made['id']}/repository/branches/broken").status_code == 404
