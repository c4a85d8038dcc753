"""Put, pin, download: the seed's own line and what goes wrong around it."""

from __future__ import annotations

import hashlib
import secrets
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def test_the_seeds_own_line_works_with_the_demos_values(stack: Running, tmp_path: Path) -> None:
    demo, token = stack.ready["demo"], stack.token
    url = f"{stack.api}/datasets/{demo['dataset_id']}/files/{demo['file']}?ref={demo['tag']}"
    target = tmp_path / "x.jpg"
    command = ["curl", "-sS", "-k", "-b", f"tokenGitLab={token}", url, "--output", str(target)]
    subprocess.run(command, check=True)
    assert target.read_bytes()[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize("site", ("s3_site", "local_site"))
def test_a_pinned_file_stays_when_the_branch_moves(
    alice: Person, new_dataset: NewDataset, site: str, request: pytest.FixtureRequest
) -> None:
    dataset = new_dataset(site=request.getfixturevalue(site))
    first, second = secrets.token_bytes(20_000), secrets.token_bytes(30_000)
    url = f"/datasets/{dataset}/files/dataset/VITVI/1-41.jpg"
    made = alice.json("PUT", url, 201, content=first, params={"branch": "main"})
    assert (made["md5"], made["size"], made["path"]) == (
        md5(first),
        len(first),
        "dataset/VITVI/1-41.jpg",
    )
    tag = alice.json(
        "POST", f"/datasets/{dataset}/tags", 201, json={"name": "v0.1.0", "ref": "main"}
    )
    assert tag["commit"] == made["commit"]
    replaced = alice.json("PUT", url, 200, content=second, params={"message": "replace"})
    assert alice.http.get(url, params={"ref": "v0.1.0"}).content == first
    assert alice.http.get(url, params={"ref": made["commit"]}).content == first
    now = alice.http.get(url)
    assert now.content == second
    assert now.headers["X-Commit-Id"] == now.headers["X-Repo-Commit"] == replaced["commit"]
    assert now.headers["ETag"] == f'"{md5(second)}"'
    assert now.headers["X-Linked-Size"] == str(len(second))
    assert now.headers["Accept-Ranges"] == "bytes"
    assert now.headers["Content-Disposition"].startswith("attachment")
    assert now.headers["X-Content-Type-Options"] == "nosniff"


def test_ranges_conditions_and_heads(alice: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset()
    data = secrets.token_bytes(5 * 1024 * 1024 + 17)
    url = f"/datasets/{dataset}/files/big.bin"
    made = alice.json("PUT", url, 201, content=data)
    for text, wanted in (
        ("bytes=0-99", data[:100]),
        ("bytes=4194300-4194310", data[4194300:4194311]),
        ("bytes=-17", data[-17:]),
        ("bytes=5242880-", data[5242880:]),
    ):
        part = alice.http.get(url, headers={"Range": text})
        assert part.status_code == 206
        assert part.content == wanted
        assert part.headers["Content-Range"].endswith(f"/{len(data)}")
    outside = alice.http.get(url, headers={"Range": f"bytes={len(data)}-"})
    assert outside.status_code == 416
    assert outside.headers["Content-Range"] == f"bytes */{len(data)}"
    head = alice.http.head(url)
    assert head.headers["Content-Length"] == str(len(data))
    same = alice.http.get(url, headers={"If-None-Match": head.headers["ETag"]})
    assert same.status_code == 304
    assert "no-cache" in head.headers["Cache-Control"]
    pinned = alice.http.head(url, params={"ref": made["commit"]})
    assert "immutable" in pinned.headers["Cache-Control"]


def test_small_text_lies_in_git_and_moves_when_it_grows(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    url = f"/datasets/{dataset}/files/notes/readme.md"
    alice.json("PUT", url, 201, content=b"# hello\n")
    (row,) = alice.json("GET", f"/datasets/{dataset}/tree/notes")
    assert (row["stored"], row["md5"], row["size"]) == ("git", md5(b"# hello\n"), 8)
    grown = b"x" * 200_000
    alice.json("PUT", url, 200, content=grown)
    (row,) = alice.json("GET", f"/datasets/{dataset}/tree/notes")
    assert (row["stored"], row["size"]) == ("site", 200_000)
    alice.json("PUT", url, 200, content=b"small again")
    (row,) = alice.json("GET", f"/datasets/{dataset}/tree/notes")
    assert (row["stored"], row["size"]) == ("site", 11)
    assert alice.http.get(url).content == b"small again"


def test_many_parts_are_one_commit(alice: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset()
    before = len(alice.json("GET", f"/datasets/{dataset}/commits"))
    parts = [("file", (f"a/{n}.bin", secrets.token_bytes(100))) for n in range(5)]
    made = alice.json("POST", f"/datasets/{dataset}/files", 201, files=parts)
    assert made["files"] == len(made["stored"]) == 5
    assert len(alice.json("GET", f"/datasets/{dataset}/commits")) == before + 1


def test_deleting_a_file_and_a_folder(alice: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset()
    for name in ("a/1.bin", "a/2.bin", "b.bin"):
        alice.json("PUT", f"/datasets/{dataset}/files/{name}", 201, content=name.encode())
    alice.json("DELETE", f"/datasets/{dataset}/files/a")
    rows = alice.json("GET", f"/datasets/{dataset}/tree", params={"recursive": "1"})
    assert [row["path"] for row in rows] == ["b.bin"]
    missing = alice.json("DELETE", f"/datasets/{dataset}/files/a", 404)
    assert missing["error"] == "file_not_found"


@pytest.mark.parametrize(
    ("path", "status"),
    (
        ("..%2Fx", 400),
        ("a%2F..%2Fb", 400),
        ("a%5Cb", 400),
        (".git%2Fconfig", 400),
        (".dvc%2Fconfig", 400),
        ("x.dvc", 400),
        ("a%00b", 400),
        ("trailing%20", 400),
        ("a" * 300, 400),
    ),
)
def test_a_bad_path_is_refused_and_nothing_is_committed(
    alice: Person, new_dataset: NewDataset, path: str, status: int
) -> None:
    dataset = new_dataset()
    refused = alice.json("PUT", f"/datasets/{dataset}/files/{path}", status, content=b"x")
    assert refused["error"] in {"invalid", "not_found"}
    assert len(alice.json("GET", f"/datasets/{dataset}/commits")) == 1


def test_wrong_refs_paths_and_bodies_are_said_in_words(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    url = f"/datasets/{dataset}/files/a.bin"
    assert alice.json("GET", url, 404)["error"] == "file_not_found"
    assert alice.json("GET", url, 404, params={"ref": "nope"})["error"] == "ref_not_found"
    assert alice.json("GET", url, 404, params={"ref": "f" * 40})["error"] == "ref_not_found"
    assert alice.json("GET", url, 400, params={"ref": "a..b"})["error"] == "invalid"
    assert alice.json("PUT", url, 400)["error"] == "nothing_sent"
    assert alice.json("POST", f"/datasets/{dataset}/files", 400)["error"] == "nothing_sent"
    alice.json("PUT", url, 201, params={"empty": "1"})
    assert alice.http.get(url).content == b""
    assert alice.json("PUT", f"{url}/below", 409, content=b"x")["error"] in {
        "conflict",
        "path_taken",
    }
    collides = alice.json("PUT", f"/datasets/{dataset}/files/A.BIN", 409, content=b"x")
    assert "a.bin" in collides["message"]


def test_a_body_that_is_cut_off_leaves_nothing(
    stack: Running, alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    url = urlsplit(f"{stack.api}/datasets/{dataset}/files/cut.bin")
    head = (
        f"PUT {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nPRIVATE-TOKEN: {alice.token}\r\n"
        "Content-Length: 100000\r\n\r\n"
    )
    with socket.create_connection((str(url.hostname), url.port or 80)) as line:
        line.sendall(head.encode() + b"x" * 5000)
        line.shutdown(socket.SHUT_WR)
        answer = line.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400")
    assert len(alice.json("GET", f"/datasets/{dataset}/commits")) == 1


def test_the_archive_holds_pointers_and_a_readme(
    alice: Person, new_dataset: NewDataset, tmp_path: Path
) -> None:
    dataset = new_dataset()
    alice.json("PUT", f"/datasets/{dataset}/files/a/b.bin", 201, content=b"bytes")
    answer = alice.http.get(f"/datasets/{dataset}/archive", params={"format": "tar"})
    (tmp_path / "a.tar").write_bytes(answer.content)
    subprocess.run(["tar", "xf", "a.tar"], cwd=tmp_path, check=True)
    (top,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert (top / "a" / "b.bin.dvc").exists()
    assert "no_scm = true" in (top / ".dvc" / "config").read_text()
    assert (top / "LABSET-README.md").exists()
