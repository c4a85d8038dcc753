"""Commits by the API: actions, refusals, history, differences."""

from __future__ import annotations

import base64

import gitlab.exceptions
import pytest

from tests.conformance.gitlab.place import (
    Json,
    Person,
    Place,
    commit,
    content,
    create,
    of,
    paths,
    repository,
    told,
    try_commit,
    unique,
    until,
    update,
    wrong,
)

EXISTS, MISSING = "A file with this name already exists", "A file with this name doesn't exist"
NO_BRANCH = "You can only create or edit files when you are on a branch"
CLIMBS = "Path cannot include directory traversal"
BYTES = bytes(range(256))


@pytest.fixture
def project(place: Place, owner: Person) -> Json:
    return place.filled(owner)


@pytest.fixture(scope="module")
def untouched(place: Place, owner: Person) -> Json:
    """A project for what is refused or only read."""
    return place.filled(owner)


def titles(owner: Person, project: Json, **query: object) -> list[str]:
    return [one["title"] for one in owner.read(f"{repository(project)}/commits", **query)]


def test_comm_1_a_commit_describes_itself(owner: Person, project: Json) -> None:
    more = {"commit_message": "title\n\nbody"}
    made = commit(owner, project, create("c.txt", "1\n2\n"), **more)
    assert (made["title"], made["message"]) == ("title", "title\n\nbody")
    assert made["stats"] == {"additions": 2, "deletions": 0, "total": 2}
    assert (made["project_id"], made["status"]) == (project["id"], None)
    assert made["web_url"] == f"{project['web_url']}/-/commit/{made['id']}"
    assert made["id"].startswith(made["short_id"])
    assert len(made["parent_ids"]) == 1
    names = {"author_name", "author_email", "authored_date", "committer_name", "committed_date"}
    assert names <= set(made)


def test_comm_2_every_action_does_what_it_says(owner: Person, project: Json) -> None:
    commit(
        owner,
        project,
        create("run.sh", "x"),
        update("a.txt", "new"),
        {"action": "move", "file_path": "docs/c.txt", "previous_path": "docs/b.txt"},
    )
    chmod = {"action": "chmod", "file_path": "run.sh", "execute_filemode": True}
    commit(owner, project, chmod)
    moved = {"action": "move", "file_path": "bin/run.sh", "previous_path": "run.sh"}
    commit(owner, project, moved, {"action": "delete", "file_path": "a.txt"})
    assert paths(owner, project) == {"bin", "bin/run.sh", "docs", "docs/c.txt"}
    assert content(owner, project, "docs/c.txt") == b"two\n"
    (run,) = owner.read(f"{repository(project)}/tree", path="bin")
    assert run["mode"] == "100755"


def test_comm_2_the_library_commits(owner: Person, project: Json) -> None:
    there = owner.library.projects.get(project["id"])
    body = {"branch": "main", "commit_message": "m", "actions": [create("by/library", "x")]}
    made = there.commits.create(body)
    assert there.commits.get(made.id).title == "m"
    assert content(owner, project, "by/library") == b"x"


def test_comm_3_all_is_done_or_nothing(owner: Person, untouched: Json) -> None:
    before = paths(owner, untouched)
    answer = try_commit(owner, untouched, create("fine"), update("none", "x"), create("more"))
    assert told(answer) == (400, MISSING)
    assert paths(owner, untouched) == before
    assert len(titles(owner, untouched)) == 1


@pytest.mark.parametrize(
    ("action", "text"),
    (
        (create("a.txt"), EXISTS),
        (create("docs"), "A directory with this name already exists"),
        (update("none", "x"), MISSING),
        ({"action": "delete", "file_path": "none"}, MISSING),
        ({"action": "move", "file_path": "x", "previous_path": "none"}, MISSING),
        ({"action": "move", "file_path": "docs/b.txt", "previous_path": "a.txt"}, EXISTS),
        ({"action": "chmod", "file_path": "none", "execute_filemode": True}, MISSING),
    ),
)
def test_comm_4_what_is_there_or_not_is_told(
    owner: Person, untouched: Json, action: Json, text: str
) -> None:
    assert told(try_commit(owner, untouched, action)) == (400, text)


def test_comm_4_the_library_raises(owner: Person, untouched: Json) -> None:
    body = {"branch": "main", "commit_message": "m", "actions": [create("a.txt")]}
    with pytest.raises(gitlab.exceptions.GitlabCreateError) as refused:
        owner.library.projects.get(untouched["id"]).commits.create(body)
    assert (refused.value.response_code, refused.value.error_message) == (400, EXISTS)


def test_comm_5_bytes_travel_in_base64(owner: Person, project: Json) -> None:
    text = base64.b64encode(BYTES).decode()
    commit(owner, project, create("bytes", text, encoding="base64"))
    assert content(owner, project, "bytes") == BYTES


def test_comm_6_start_branch_makes_the_branch(owner: Person, project: Json) -> None:
    made = commit(owner, project, create("x"), branch="topic", start_branch="main")
    tip = owner.read(f"{repository(project)}/branches/main")["commit"]["id"]
    assert made["parent_ids"] == [tip]
    assert "x" in paths(owner, project, "topic")
    assert "x" not in paths(owner, project)


def test_comm_7_a_branch_is_not_started_twice(owner: Person, project: Json) -> None:
    commit(owner, project, create("x"), branch="topic", start_branch="main")
    answer = try_commit(owner, project, create("y"), branch="topic", start_branch="main")
    text = "A branch called 'topic' already exists. Switch to that branch in order to make changes"
    assert told(answer) == (400, text)
    tip = owner.read(f"{repository(project)}/branches/main")["commit"]["id"]
    answer = try_commit(owner, project, create("y"), branch="topic", start_sha=tip)
    assert told(answer) == (400, text)
    commit(owner, project, create("y"), branch="topic", start_branch="main", force=True)
    assert paths(owner, project, "topic") == {"a.txt", "docs", "docs/b.txt", "y"}


def test_comm_8_a_branch_needs_a_start(owner: Person, untouched: Json) -> None:
    answer = try_commit(owner, untouched, create("x"), branch="nowhere")
    assert told(answer) == (400, NO_BRANCH)
    answer = try_commit(owner, untouched, create("x"), branch="new", start_branch="nowhere")
    assert told(answer) == (400, NO_BRANCH)


@pytest.mark.parametrize(
    ("sha", "text"),
    (("main", "Invalid start_sha 'main'"), ("d" * 40, f"Cannot find start_sha '{'d' * 40}'")),
)
def test_comm_8_a_start_is_a_whole_commit_id(
    owner: Person, untouched: Json, sha: str, text: str
) -> None:
    """app/services/commits/create_service.rb."""
    assert told(try_commit(owner, untouched, create("x"), branch="new", start_sha=sha)) == (
        400,
        text,
    )
    tip = owner.read(f"{repository(untouched)}/commits/main")["id"]
    both = try_commit(owner, untouched, create("x"), branch="n", start_sha=tip, start_branch="main")
    assert wrong(both) == "start_branch, start_sha are mutually exclusive"


def test_comm_6_a_start_sha_makes_the_branch(owner: Person, project: Json) -> None:
    first = owner.read(f"{repository(project)}/commits/main")["id"]
    commit(owner, project, create("later"))
    made = commit(owner, project, create("x"), branch="topic", start_sha=first)
    assert made["parent_ids"] == [first]
    wanted = try_commit(owner, project, create("x"), branch="a b", start_branch="main")
    text = "Something went wrong when we tried to create 'a b' for you: Branch name is invalid"
    assert told(wanted) == (400, text)
    below = try_commit(owner, project, create("x"), branch="main/below", start_branch="main")
    assert below.status_code == 400


def test_comm_6_a_fork_starts_from_its_origin(place: Place, owner: Person, project: Json) -> None:
    """doc/api/commits.md: `start_project`."""
    source = place.filled(owner, visibility="public")
    other = place.person()
    fork = other.made(f"/projects/{source['id']}/fork")
    until(lambda: other.read(f"/projects/{fork['id']}")["import_status"] == "finished")
    tip = commit(owner, source, create("newer"))["id"]
    start = {"start_project": source["id"], "start_branch": "main"}
    made = commit(other, fork, create("x"), branch="topic", **start)
    assert made["parent_ids"] == [tip]
    assert {"newer", "x"} <= paths(other, fork, "topic")
    refused = try_commit(owner, project, create("x"), branch="topic", **start)
    assert refused.status_code == 403
    assert "Project is not included in the fork network for " in refused.text


def test_comm_9_the_first_commit_makes_the_default_branch(place: Place, owner: Person) -> None:
    made = place.project(owner)
    first = commit(owner, made, create("x"), branch="trunk")
    assert first["parent_ids"] == []
    until(lambda: owner.read(of(made))["default_branch"] == "trunk")


def test_comm_10_a_stale_commit_is_400_for_each_file(owner: Person, project: Json) -> None:
    first = commit(owner, project, create("x", "1"), create("y", "1"))["id"]
    commit(owner, project, update("x", "2"))
    text = "The file has changed since you started editing it: x"
    for action in (
        update("x", "3", last_commit_id=first),
        {"action": "delete", "file_path": "x", "last_commit_id": first},
        {"action": "move", "file_path": "z", "previous_path": "x", "last_commit_id": first},
    ):
        assert told(try_commit(owner, project, action))[0] == 400
    answer = try_commit(owner, project, update("x", "3", last_commit_id=first))
    assert told(answer) == (400, text)
    commit(owner, project, update("y", "2", last_commit_id=first))


def test_comm_11_parameters_are_named_with_their_place(owner: Person, untouched: Json) -> None:
    address = f"{repository(untouched)}/commits"
    text = "branch is missing, branch is empty, commit_message is missing, actions is missing"
    assert wrong(owner.post(address)) == text
    answer = try_commit(owner, untouched, {"action": "move", "file_path": "x"})
    assert wrong(answer) == "actions[0][previous_path] is missing"
    answer = try_commit(owner, untouched, {"action": "update", "file_path": "x"})
    assert wrong(answer) == "actions[0][content] is missing"
    answer = owner.get(address, since="yesterday")
    assert wrong(answer) == "since is invalid"
    answer = try_commit(owner, untouched, {"action": "paint", "file_path": "x"})
    assert wrong(answer) == "actions[0][action] does not have a valid value"
    answer = try_commit(owner, untouched, create("ok"), {"action": "create"})
    assert wrong(answer) == "actions[1][file_path] is missing"


@pytest.mark.parametrize(
    ("path", "text"),
    (
        ("../up", CLIMBS),
        ("x/../../up", CLIMBS),
        (".git/config", "invalid path: '{}'"),
        ("x/.git/config", "invalid path: '{}'"),
        ("x//y", "invalid path: '{}'"),
    ),
)
def test_comm_12_paths_stay_inside(owner: Person, untouched: Json, path: str, text: str) -> None:
    assert told(try_commit(owner, untouched, create(path))) == (400, text.format(path))


def test_comm_12_a_leading_slash_is_dropped(owner: Person, project: Json) -> None:
    commit(owner, project, create("/top.txt", "x"), create("./here/./too", "y"))
    assert content(owner, project, "here/too") == b"y"
    assert content(owner, project, "top.txt") == b"x"


def test_comm_13_only_the_author_is_set(owner: Person, project: Json) -> None:
    author = {"author_name": "Ada", "author_email": "ada@example.org"}
    made = commit(owner, project, create("x"), **author)
    assert (made["author_name"], made["author_email"]) == ("Ada", "ada@example.org")
    assert (made["committer_name"], made["committer_email"]) != ("Ada", "ada@example.org")


def test_comm_14_history_is_newest_first_and_narrowed(owner: Person, project: Json) -> None:
    for number in range(3):
        commit(owner, project, create(f"f{number}"), commit_message=f"c{number}")
    commit(owner, project, create("t"), branch="topic", start_branch="main", commit_message="topic")
    assert titles(owner, project) == ["c2", "c1", "c0", "change"]
    assert titles(owner, project, ref_name="topic")[0] == "topic"
    assert titles(owner, project, path="f1") == ["c1"]
    assert titles(owner, project, since="2999-01-01T00:00:00Z") == []
    assert titles(owner, project, until="2001-01-01T00:00:00Z") == []
    assert set(titles(owner, project, all=True)) == {"topic", "c2", "c1", "c0", "change"}


def test_comm_15_history_has_no_totals(owner: Person, project: Json) -> None:
    commit(owner, project, create("x"))
    commit(owner, project, create("y"))
    answer = owner.get(f"{repository(project)}/commits", per_page=2)
    assert not {"X-Total", "X-Total-Pages"} & set(answer.headers)
    assert (answer.headers["X-Next-Page"], answer.headers["X-Per-Page"]) == ("2", "2")
    listed = owner.library.projects.get(project["id"]).commits.list(iterator=True, per_page=2)
    assert len([*listed]) == 3


def test_comm_16_a_commit_is_found_by_every_name(owner: Person, project: Json) -> None:
    made = commit(owner, project, create("x"))
    owner.made(f"{repository(project)}/tags", tag_name="v1", ref="main")
    for name in (made["id"], made["short_id"], "main", "v1"):
        assert owner.read(f"{repository(project)}/commits/{name}")["id"] == made["id"], name
    answer = owner.get(f"{repository(project)}/commits/{'0' * 39}1")
    assert told(answer) == (404, "404 Commit Not Found")


def test_comm_17_a_difference_starts_at_its_hunk(owner: Person, project: Json) -> None:
    made = commit(
        owner,
        project,
        create("new", "n\n"),
        update("a.txt", "changed\n"),
        {"action": "move", "file_path": "moved.txt", "previous_path": "docs/b.txt"},
    )
    items = owner.read(f"{repository(project)}/commits/{made['id']}/diff")
    found = {item["new_path"]: item for item in items}
    assert found["a.txt"]["diff"].startswith("@@ -1 +1 @@\n-one\n+changed\n")
    assert (found["a.txt"]["a_mode"], found["a.txt"]["b_mode"]) == ("100644", "100644")
    assert (found["new"]["new_file"], found["new"]["a_mode"]) == (True, "0")
    assert (found["moved.txt"]["renamed_file"], found["moved.txt"]["deleted_file"]) == (True, False)
    assert found["moved.txt"]["old_path"] == "docs/b.txt"


def test_comm_14_statistics_and_the_first_line_are_wished_for(owner: Person, project: Json) -> None:
    """doc/api/commits.md: `with_stats`, `author`, `first_parent`, `ref_name` with two dots."""
    commits = f"{repository(project)}/commits"
    commit(owner, project, create("x", "1\n"), author_name="Ada", author_email="ada@example.org")
    first, *rest = owner.read(commits, with_stats=True)
    assert first["stats"] == {"additions": 1, "deletions": 0, "total": 1}
    assert "stats" not in owner.read(commits)[0]
    assert [one["id"] for one in owner.read(commits, author="Ada")] == [first["id"]]
    assert [one["id"] for one in owner.read(commits, ref_name=f"{rest[0]['id']}..main")] == [
        first["id"]
    ]
    body = owner.read(f"{commits}/{first['id']}", stats=False)
    assert ("stats" in body, body["project_id"]) == (False, project["id"])
    assert owner.read(f"{commits}/main/sequence") == {"count": 2}
    assert told(owner.get(f"{commits}/main/signature")) == (404, "404 Signature Not Found")


def test_comm_14_a_ref_that_is_not_there_has_no_history(owner: Person, untouched: Json) -> None:
    """spec/requests/api/commits_spec.rb."""
    assert titles(owner, untouched, ref_name="does-not-exist") == []
    assert titles(owner, untouched, ref_name="HEAD") == ["change"]
    for name in ("-main", "main branch"):
        answer = owner.get(f"{repository(untouched)}/commits", ref_name=name)
        assert told(answer) == (400, "ref_name is invalid")


def test_comm_14_trailers_are_wished_for(owner: Person, project: Json) -> None:
    message = "title\n\nbody: none\nof it\n\nReviewed-by: A\nReviewed-by: B\n"
    made = commit(owner, project, create("x"), commit_message=message)
    commits = f"{repository(project)}/commits"
    assert owner.read(commits)[0]["trailers"] == {}
    for body in (made, owner.read(commits, trailers=True)[0]):
        assert body["trailers"] == {"Reviewed-by": "B"}
        assert body["extended_trailers"] == {"Reviewed-by": ["A", "B"]}


def test_comm_15_a_full_page_may_be_the_last(owner: Person, project: Json) -> None:
    """lib/api/commits.rb does not look ahead: a full page leads to one that may be empty."""
    answer = owner.get(f"{repository(project)}/commits", per_page=1)
    assert answer.headers["X-Next-Page"] == "2"
    after = owner.client.get(answer.links["next"]["url"], headers=owner.headers)
    assert (after.json(), after.headers["X-Next-Page"]) == ([], "")


def test_comm_18_a_commit_tells_its_refs(owner: Person, project: Json) -> None:
    tag = unique("v")
    owner.made(f"{repository(project)}/tags", tag_name=tag, ref="main")
    refs = owner.read(f"{repository(project)}/commits/main/refs")
    assert refs == [{"type": "branch", "name": "main"}, {"type": "tag", "name": tag}]


@pytest.mark.parametrize("text", ("a\r\nb\r\n", "no end", "", "ünï\n", "\ufeffbom"))
def test_comm_19_text_is_kept_to_the_byte(owner: Person, project: Json, text: str) -> None:
    commit(owner, project, create("text", text))
    assert content(owner, project, "text") == text.encode()
