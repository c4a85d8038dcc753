"""Files and blobs by the API."""

from __future__ import annotations

import base64
import hashlib

import gitlab.exceptions
import pytest

from tests.conformance.gitlab.place import (
    Json,
    Person,
    Place,
    commit,
    create,
    encoded,
    paths,
    repository,
    told,
    update,
    wrong,
)

ON_MAIN = {"branch": "main", "commit_message": "m"}


@pytest.fixture(scope="module")
def project(place: Place, owner: Person) -> Json:
    return place.filled(owner)


def file(project: Json, path: str) -> str:
    return f"{repository(project)}/files/{encoded(path)}"


def test_file_1_a_file_describes_itself(owner: Person, project: Json) -> None:
    tip = owner.read(f"{repository(project)}/commits/main")["id"]
    for ref in ("main", "HEAD", tip):
        body = owner.read(file(project, "docs/b.txt"), ref=ref)
        assert base64.b64decode(body["content"]) == b"two\n"
        assert (body["encoding"], body["size"]) == ("base64", 4)
        assert body["content_sha256"] == hashlib.sha256(b"two\n").hexdigest()
        assert (body["file_name"], body["file_path"]) == ("b.txt", "docs/b.txt")
        assert (body["ref"], body["commit_id"]) == (ref, tip)
        assert body["execute_filemode"] is False
        assert {"blob_id", "last_commit_id"} <= set(body)


def test_file_2_the_head_says_the_same(owner: Person, project: Json) -> None:
    body = owner.read(file(project, "a.txt"), ref="main")
    answer = owner.head(file(project, "a.txt"), ref="main")
    assert (answer.status_code, answer.content) == (200, b"")
    for name in ("blob_id", "commit_id", "last_commit_id", "content_sha256", "file_path", "size"):
        assert answer.headers[f"X-Gitlab-{name.replace('_', '-')}"] == str(body[name])


def test_file_3_what_is_missing_is_named(owner: Person, project: Json) -> None:
    answer = owner.get(file(project, "none"), ref="main")
    assert told(answer) == (404, "404 File Not Found")
    assert told(owner.get(file(project, "a.txt"), ref="none")) == (404, "404 Commit Not Found")
    assert wrong(owner.get(file(project, "a.txt"))) == "ref is missing, ref is empty"
    assert wrong(owner.get(f"{file(project, 'a.txt')}/raw", ref="")) == "ref is empty"
    text = "branch is missing, branch is empty, commit_message is missing, commit_message is empty"
    assert wrong(owner.post(file(project, "x"), content="1")) == text
    with pytest.raises(gitlab.exceptions.GitlabGetError) as missing:
        owner.library.projects.get(project["id"]).files.get("none", ref="main")
    assert missing.value.response_code == 404


def test_file_4_a_path_is_one_segment(owner: Person, project: Json) -> None:
    address = f"{repository(project)}/files"
    assert owner.get(f"{address}/docs%2Fb.txt", ref="main").status_code == 200
    assert owner.get(f"{address}/docs%2Fb%2Etxt", ref="main").status_code == 200
    assert owner.get(f"{address}/docs/b.txt", ref="main").status_code == 404


@pytest.mark.parametrize("path", ("..%2Fup", "docs%2F..%2Fa.txt", "docs%2F%2E%2E", "%2Fa.txt"))
def test_file_4_a_path_stays_inside(owner: Person, project: Json, path: str) -> None:
    """lib/api/validations/validators/file_path.rb."""
    address = f"{repository(project)}/files/{path}"
    text = "file_path should be a valid file path"
    assert wrong(owner.get(address, ref="main")) == text
    assert wrong(owner.post(address, **ON_MAIN, content="1")) == text


@pytest.mark.parametrize(
    "path", ("sp ace.txt", "a+b", "a#b", "a?b", "ü/Ω.txt", "100%.txt", "a&b=c", "%2F", "x.json")
)
def test_file_5_odd_names_survive(owner: Person, project: Json, path: str) -> None:
    made = owner.made(file(project, path), **ON_MAIN, content=path)
    assert made == {"file_path": path, "branch": "main"}
    assert owner.get(f"{file(project, path)}/raw", ref="main").content == path.encode()
    assert path in paths(owner, project)
    found = owner.library.projects.get(project["id"]).files.get(path, ref="main")
    assert found.decode() == path.encode()


def test_file_6_a_file_is_made_changed_and_removed(owner: Person, project: Json) -> None:
    address = file(project, "new.txt")
    body = {"file_path": "new.txt", "branch": "main"}
    assert owner.made(address, **ON_MAIN, content="1") == body
    again = owner.post(address, **ON_MAIN, content="1")
    assert told(again) == (400, "A file with this name already exists")
    changed = owner.put(address, **ON_MAIN, content="2")
    assert (changed.status_code, changed.json()) == (200, body)
    assert owner.delete(address, **ON_MAIN).status_code == 204
    for gone in (owner.delete(address, **ON_MAIN), owner.put(address, **ON_MAIN, content="3")):
        assert told(gone) == (400, "A file with this name doesn't exist")


def test_file_6_the_library_makes_changes_and_removes(owner: Person, project: Json) -> None:
    files = owner.library.projects.get(project["id"]).files
    made = files.create({**ON_MAIN, "file_path": "lib/x", "content": "1"})
    made.content = "2"
    made.save(branch="main", commit_message="m")
    assert files.raw("lib/x", ref="main") == b"2"
    files.delete("lib/x", commit_message="m", branch="main")
    assert "lib" not in paths(owner, project)


def test_file_7_a_stale_change_is_told_in_other_words(owner: Person, project: Json) -> None:
    address = file(project, "stale.txt")
    owner.made(address, **ON_MAIN, content="1")
    known = owner.read(address, ref="main")["last_commit_id"]
    assert owner.put(address, **ON_MAIN, content="2", last_commit_id=known).status_code == 200
    stale = owner.put(address, **ON_MAIN, content="3", last_commit_id=known)
    text = "You are attempting to update a file that has changed since you started editing it."
    assert told(stale) == (400, text)


def test_file_8_raw_is_plain_bytes(owner: Person, project: Json) -> None:
    text = base64.b64encode(bytes(range(256))).decode()
    commit(owner, project, create("bytes.bin", text, encoding="base64"))
    answer = owner.get(f"{file(project, 'bytes.bin')}/raw", ref="main")
    assert answer.content == bytes(range(256))
    plain = owner.get(f"{file(project, 'a.txt')}/raw", ref="main")
    assert plain.headers["Content-Type"].startswith("text/plain")
    assert owner.get(f"{file(project, 'a.txt')}/raw").content == b"one\n"
    head = owner.head(f"{file(project, 'a.txt')}/raw", ref="main")
    assert (head.headers["X-Gitlab-Size"], head.headers["X-Gitlab-Ref"]) == ("4", "main")


def test_file_8_a_page_gives_the_same_bytes(place: Place, owner: Person, project: Json) -> None:
    """A token opens `/-/raw/` as well; whoever is nobody is sent to sign in."""
    address = f"{project['web_url']}/-/raw/main/docs/b.txt"
    answer = owner.client.get(address, headers=owner.headers)
    assert (answer.status_code, answer.content) == (200, b"two\n")
    assert answer.headers["Content-Type"].startswith("text/plain")
    none = owner.client.get(f"{project['web_url']}/-/raw/main/none", headers=owner.headers)
    assert none.status_code == 404
    sent = owner.client.get(address)
    assert (sent.status_code, sent.headers["Location"]) == (302, f"{place.url}/users/sign_in")


def test_file_1_blame_tells_where_lines_come_from(place: Place, owner: Person) -> None:
    """doc/api/repository_files.md: blame, its range, its headers."""
    made = place.filled(owner)
    first = commit(owner, made, create("poem", "1\n2\n3\n"))["id"]
    second = commit(owner, made, update("poem", "1\nnew\n3\n"))["id"]
    address = f"{file(made, 'poem')}/blame"
    ranges = owner.read(address, ref="main")
    assert [(one["commit"]["id"], one["lines"]) for one in ranges] == [
        (first, ["1"]),
        (second, ["new"]),
        (first, ["3"]),
    ]
    assert {"authored_date", "committed_date", "parent_ids"} <= set(ranges[0]["commit"])
    part = owner.read(address, **{"ref": "main", "range[start]": 2, "range[end]": 3})
    assert [one["lines"] for one in part] == [["new"], ["3"]]
    wanted = owner.get(address, **{"ref": "main", "range[start]": 3, "range[end]": 2})
    assert told(wanted) == (400, "range[start] must be less than or equal to range[end]")
    head = owner.head(address, ref="main")
    assert (head.content, head.headers["X-Gitlab-Last-Commit-Id"]) == (b"", second)


def test_file_10_large_files_are_given_out_slowly(place: Place, owner: Person) -> None:
    """doc/api/repository_files.md: above 10 MB five in a minute, and the way around."""
    made = place.project(owner)
    text = base64.b64encode(bytes(10 * 1024 * 1024 + 1)).decode()
    commit(owner, made, create("large", text, encoding="base64"))
    answers = [owner.get(file(made, "large"), ref="main") for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert "over the threshold size" in answers[5].json()["message"]["error"]
    assert int(answers[5].headers["Retry-After"]) > 0
    assert owner.head(file(made, "large"), ref="main").status_code == 200
    raw = owner.get(f"{file(made, 'large')}/raw", ref="main")
    assert len(raw.content) == 10 * 1024 * 1024 + 1


def test_file_9_a_blob_is_found_by_its_id(owner: Person, project: Json) -> None:
    sha = owner.read(file(project, "a.txt"), ref="main")["blob_id"]
    body = owner.read(f"{repository(project)}/blobs/{sha}")
    assert (base64.b64decode(body["content"]), body["size"]) == (b"one\n", 4)
    assert (body["encoding"], body["sha"]) == ("base64", sha)
    assert owner.get(f"{repository(project)}/blobs/{sha}/raw").content == b"one\n"
    answer = owner.get(f"{repository(project)}/blobs/{'0' * 39}1")
    assert told(answer) == (404, "404 Blob Not Found")
