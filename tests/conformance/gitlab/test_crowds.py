"""Many at once: nothing breaks, and what was confirmed is there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.conformance.gitlab.place import (
    Person,
    Place,
    address,
    cloned,
    create,
    paths,
    repository,
    try_commit,
)

PUSHES, CALLS = 50, 200


def test_fifty_pushes_at_once_all_arrive(place: Place, owner: Person, tmp_path: Path) -> None:
    made = place.filled(owner)
    git = cloned(made, owner.token, tmp_path / "c")
    url = address(made, owner.token)
    commits = []
    for number in range(PUSHES):
        git("commit", "-q", "--allow-empty", "-m", f"c{number}")
        commits.append(git.out("rev-parse", "HEAD"))

    def push(number: int) -> str:
        return git("push", url, f"{commits[number]}:refs/heads/b{number}", ok=False).stderr

    with ThreadPoolExecutor(PUSHES) as crowd:
        told = list(crowd.map(push, range(PUSHES)))
    branches = owner.read(f"{repository(made)}/branches", per_page=100)
    tips = {one["name"]: one["commit"]["id"] for one in branches}
    assert [tips.get(f"b{number}") for number in range(PUSHES)] == commits, told


def test_two_hundred_calls_at_once_lose_nothing(place: Place, owner: Person) -> None:
    made = place.filled(owner)

    def call(number: int) -> httpx.Response:
        if number % 2:
            return owner.get(f"{repository(made)}/tree", recursive=True)
        return try_commit(owner, made, create(f"f{number}"))

    with ThreadPoolExecutor(CALLS) as crowd:
        answers = list(crowd.map(call, range(CALLS)))
    assert [one.text for one in answers if one.status_code >= 500] == []
    assert {one.status_code for one in answers[1::2]} == {200}
    written = {f"f{number}" for number in range(0, CALLS, 2) if answers[number].status_code == 201}
    assert written
    assert paths(owner, made) | paths_after(owner, made["id"]) >= written


def test_file_7_one_of_many_changes_of_the_same_file_wins(place: Place, owner: Person) -> None:
    made = place.filled(owner)
    file = f"{repository(made)}/files/a.txt"
    known = owner.read(file, ref="main")["last_commit_id"]
    body = {"branch": "main", "commit_message": "m", "last_commit_id": known}

    def write(number: int) -> int:
        return owner.put(file, **body, content=f"by {number}").status_code

    with ThreadPoolExecutor(20) as crowd:
        statuses = sorted(crowd.map(write, range(20)))
    assert statuses == [200, *[400] * 19]


def paths_after(owner: Person, project_id: int) -> set[str]:
    """Return the names on the second page of a tree."""
    query = {"recursive": True, "per_page": 100, "page": 2}
    rows = owner.read(f"/projects/{project_id}/repository/tree", **query)
    return {row["path"] for row in rows}
