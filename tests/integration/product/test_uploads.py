"""Upload sessions: many files, one commit or none."""

from __future__ import annotations

import hashlib
import io
import secrets
import tarfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.integration.product.conftest import NewDataset, Person

Session = dict[str, Any]


def announce(files: Mapping[str, bytes]) -> list[dict[str, object]]:
    return [
        {
            "path": path,
            "size": len(data),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }
        for path, data in files.items()
    ]


def begin(who: Person, dataset: int, files: Mapping[str, bytes], **fields: object) -> Session:
    body = {"branch": "main", "message": "add files", "files": announce(files), **fields}
    return dict(who.json("POST", f"/datasets/{dataset}/uploads", 201, json=body))


def send(who: Person, session: Session, files: Mapping[str, bytes]) -> None:
    for one in session["files"]:
        if one["state"] == "missing":
            follow(who, one["upload"], files[one["path"]])


def follow(who: Person, upload: Mapping[str, Any], data: bytes) -> None:
    if upload["url"].startswith("/"):
        base = str(who.http.base_url).removesuffix("/api/v1/")
        answer = who.http.request(upload["method"], base + upload["url"], content=data)
    else:
        answer = httpx.request(
            upload["method"], upload["url"], content=data, headers=upload["headers"]
        )
    assert answer.status_code < 300, answer.text


def tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def commits(who: Person, dataset: int) -> Sequence[dict[str, Any]]:
    return list(who.json("GET", f"/datasets/{dataset}/commits", params={"per_page": 100}))


@pytest.fixture
def files() -> dict[str, bytes]:
    """Some pictures and a text."""
    pictures = {f"dataset/{n}.jpg": secrets.token_bytes(3000 + n) for n in range(8)}
    return {**pictures, "README.md": b"# weld\n", "labels/empty.txt": b""}


@pytest.mark.parametrize("site", ("s3_site", "local_site"))
def test_announced_sent_and_committed_once(
    carol: Person,
    alice: Person,
    new_dataset: NewDataset,
    files: dict[str, bytes],
    site: str,
    request: pytest.FixtureRequest,
) -> None:
    who = carol if site == "s3_site" else alice
    dataset = new_dataset(site=request.getfixturevalue(site))
    session = begin(who, dataset, files)
    assert {one["state"] for one in session["files"]} == {"missing"}
    send(who, session, files)
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    done = who.json("POST", f"{url}/commit")
    assert done["files"] == len(files)
    assert who.json("POST", f"{url}/commit")["commit"] == done["commit"]
    assert len(commits(alice, dataset)) == 2
    assert who.json("GET", url)["state"] == "committed"
    for path, data in files.items():
        got = alice.http.get(f"/datasets/{dataset}/files/{path}", params={"ref": done["commit"]})
        assert got.content == data, path


def test_a_batch_is_one_request_and_one_bad_member_does_not_stop_it(
    alice: Person, new_dataset: NewDataset, files: dict[str, bytes]
) -> None:
    dataset = new_dataset()
    session = begin(alice, dataset, files)
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    spoiled = {**files, "dataset/3.jpg": b"wrong bytes"}
    headers = {"Content-Type": "application/x-tar"}
    answer = alice.json("POST", f"{url}/batch", content=tar(spoiled), headers=headers)
    states = {one["path"]: one["state"] for one in answer["files"]}
    assert states.pop("dataset/3.jpg") == "missing"
    assert set(states.values()) == {"present"}
    refused = alice.json("POST", f"{url}/commit", 422)
    assert refused["details"]["missing"] == ["dataset/3.jpg"]
    one = {"dataset/3.jpg": files["dataset/3.jpg"]}
    alice.json("POST", f"{url}/batch", content=tar(one), headers=headers)
    assert alice.json("POST", f"{url}/commit")["files"] == len(files)


def test_finishing_before_the_bytes_arrive_commits_nothing(
    alice: Person, new_dataset: NewDataset, files: dict[str, bytes]
) -> None:
    dataset = new_dataset()
    session = begin(alice, dataset, files)
    refused = alice.json("POST", f"/datasets/{dataset}/uploads/{session['id']}/commit", 422)
    assert refused["error"] == "incomplete"
    assert len(refused["details"]["missing"]) == len(files)
    assert len(commits(alice, dataset)) == 1


def test_what_is_there_is_not_sent_again(
    alice: Person, new_dataset: NewDataset, files: dict[str, bytes]
) -> None:
    dataset = new_dataset()
    first = begin(alice, dataset, files)
    send(alice, first, files)
    alice.json("POST", f"/datasets/{dataset}/uploads/{first['id']}/commit")
    again = begin(alice, dataset, {**files, "dataset/new.jpg": b"new"})
    assert [one["path"] for one in again["files"] if one["state"] == "missing"] == [
        "dataset/new.jpg"
    ]


def test_wrong_bytes_and_sizes_are_refused_and_can_be_sent_again(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    files = {"a.bin": b"right bytes"}
    session = begin(alice, dataset, files)
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    put = f"{url}/files/a.bin"
    assert alice.json("PUT", put, 400, content=b"wrong bytes")["error"] == "wrong_checksum"
    assert alice.json("PUT", put, 400, content=b"short")["error"] == "wrong_size"
    refused = alice.json("PUT", f"{url}/files/other.bin", 404, content=b"x")
    assert refused["error"] == "not_announced"
    alice.json("PUT", put, content=files["a.bin"])
    alice.json("POST", f"{url}/commit")


def test_every_bad_path_is_named_in_one_answer(alice: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset()
    body = {
        "message": "bad",
        "files": announce({"../x": b"", "ok.jpg": b"", "a\\b": b"", "OK.jpg": b"1"}),
    }
    refused = alice.json("POST", f"/datasets/{dataset}/uploads", 400, json=body)
    named = {one["path"] for one in refused["details"]["paths"]}
    assert {"../x", "a\\b"} <= named
    assert named & {"ok.jpg", "OK.jpg"}


@pytest.mark.parametrize(
    "body",
    (
        {},
        {"files": []},
        {"files": "all"},
        {"files": [{"path": "a"}]},
        {"files": [{"path": "a", "size": "big", "md5": "0" * 32}]},
        {"files": [{"path": "a", "size": 1, "md5": "zz"}]},
        {"files": [{"path": "a", "size": -1, "md5": "0" * 32}]},
        {"branch": "a..b", "files": [{"path": "a", "size": 1, "md5": "0" * 32}]},
    ),
)
def test_a_wrong_announcement_is_refused_in_words(
    alice: Person, new_dataset: NewDataset, body: dict[str, object]
) -> None:
    dataset = new_dataset()
    refused = alice.json("POST", f"/datasets/{dataset}/uploads", 400, json=body)
    assert refused["message"]


def test_two_uploads_of_different_paths_both_land_and_of_one_path_only_one(
    alice: Person, carol: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    mine, hers = {"a.bin": b"alice"}, {"b.bin": b"carol"}
    first, second = begin(alice, dataset, mine), begin(carol, dataset, hers)
    send(alice, first, mine)
    send(carol, second, hers)
    alice.json("POST", f"/datasets/{dataset}/uploads/{first['id']}/commit")
    carol.json("POST", f"/datasets/{dataset}/uploads/{second['id']}/commit")
    mine, hers = {"c.bin": b"alice"}, {"c.bin": b"carol"}
    first, second = begin(alice, dataset, mine), begin(carol, dataset, hers)
    send(alice, first, mine)
    send(carol, second, hers)
    won = alice.json("POST", f"/datasets/{dataset}/uploads/{first['id']}/commit")
    lost = carol.json("POST", f"/datasets/{dataset}/uploads/{second['id']}/commit", 409)
    assert lost["error"] == "conflict"
    assert lost["details"]["path"] == "c.bin"
    assert lost["details"]["commit"] == won["commit"]


def test_a_double_click_makes_one_commit(
    alice: Person, new_dataset: NewDataset, files: dict[str, bytes]
) -> None:
    dataset = new_dataset()
    session = begin(alice, dataset, files)
    send(alice, session, files)
    url = f"/datasets/{dataset}/uploads/{session['id']}/commit"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: alice.json("POST", url)["commit"], range(8)))
    assert len(set(answers)) == 1
    assert len(commits(alice, dataset)) == 2


def test_twenty_people_at_once_on_one_branch_all_land(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()

    def put(number: int) -> int:
        url = f"/datasets/{dataset}/files/{number}.bin"
        return alice.http.put(url, content=b"%d" % number).status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(put, range(20))) == {201}
    history = commits(alice, dataset)
    assert len(history) == 21
    assert all(len(one["parents"]) == 1 for one in history[:-1])


def test_somebody_elses_session_does_not_exist_for_me(
    alice: Person, carol: Person, bob: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    session = begin(alice, dataset, {"a.bin": b"x"})
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    assert carol.json("GET", url, 404)["error"] == "upload_not_found"
    bob.json("GET", url, 404)
    carol.json("POST", f"{url}/commit", 404)


def test_a_session_that_was_given_up_takes_nothing(alice: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset()
    session = begin(alice, dataset, {"a.bin": b"x"})
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    alice.json("DELETE", url, 204)
    assert alice.json("PUT", f"{url}/files/a.bin", 409, content=b"x")["error"] == "upload_closed"
    assert alice.json("POST", f"{url}/commit", 409)["error"] == "upload_failed"


def test_fresh_links_are_given_for_what_is_missing(alice: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset()
    data = secrets.token_bytes(100_000)
    session = begin(alice, dataset, {"a.bin": data, "b.bin": b"y"})
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    links = alice.json("POST", f"{url}/links", json={"paths": ["a.bin"]})
    (one,) = links["files"]
    follow(alice, one["upload"], data)
    states = {one["path"]: one["state"] for one in alice.json("GET", url)["files"]}
    assert states == {"a.bin": "present", "b.bin": "missing"}


def test_small_files_get_no_links_where_none_are_wanted(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    files = {"a.bin": b"small", "b.bin": b"large" * 1000}
    body = {"links_from": 1000, "files": announce(files)}
    begun = alice.json("POST", f"/datasets/{dataset}/uploads", 201, json=body)
    urls = {one["path"]: one["upload"]["url"] for one in begun["files"]}
    assert urls["a.bin"].startswith("/api/v1/")
    assert urls["b.bin"].startswith("http")
    alice.json("DELETE", f"/datasets/{dataset}/uploads/{begun['id']}", 204)
