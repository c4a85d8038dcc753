"""A revision as one file: tar and zip as the ordinary programs read them, cut and continued."""

from __future__ import annotations

import hashlib
import io
import random
import secrets
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person

CUTS = 20
MIB = 1024 * 1024
LONG = "very " * 40 + "long"


@dataclass(frozen=True)
class Filled:
    """A dataset with files of every sort, and what they hold."""

    dataset: int
    commit: str
    files: Mapping[str, bytes]

    @property
    def url(self) -> str:
        return f"/datasets/{self.dataset}/archive"


def files_of_every_sort() -> dict[str, bytes]:
    small = {f"set/{n % 7}/ä {n}.bin": secrets.token_bytes(n * 37) for n in range(1, 120)}
    return small | {
        "README.md": b"# read me\n",
        "empty.bin": b"",
        "large.bin": secrets.token_bytes(9 * MIB + 5),
        f"{LONG}/{LONG}.bin": b"a name that ustar cannot tell",
        "packed/one.bin": secrets.token_bytes(5000),
        "packed/deep/two.bin": secrets.token_bytes(700),
    }


def fill(alice: Person, dataset: int) -> Filled:
    files = files_of_every_sort()
    base = f"/datasets/{dataset}"
    parts = [("file", (name, data)) for name, data in files.items() if data]
    alice.json("POST", f"{base}/files", 201, files=parts)
    alice.json("PUT", f"{base}/files/empty.bin", 201, content=b"", params={"empty": "1"})
    packed = alice.json("POST", f"{base}/packs", json={"path": "packed", "message": "pack"})
    return Filled(dataset, packed["commit"], files)


@pytest.fixture(scope="module", params=("s3", "local"))
def filled(request: pytest.FixtureRequest, person: Callable[[str], Person]) -> Filled:
    """One dataset on each kind of site."""
    alice = person("alice")
    site = next(
        one["id"] for one in alice.json("GET", "/storage-sites") if one["kind"] == request.param
    )
    body = {"name": f"archive {secrets.token_hex(4)}", "namespace": "lab", "kind": "binary"}
    dataset = int(alice.json("POST", "/datasets", 201, json=body)["id"])
    alice.json("PUT", f"/datasets/{dataset}/storage-site", json={"site_id": site})
    return fill(alice, dataset)


def wanted(form: str, **more: str) -> dict[str, str]:
    return {"content": "data", "format": form, **more}


def unpacked(archive: bytes, folder: Path, form: str) -> dict[str, bytes]:
    """Unpack by the ordinary program; return what lies below the one top folder."""
    file = folder / f"a.{form}"
    file.write_bytes(archive)
    if form == "tar":
        subprocess.run(["tar", "xf", file.name], cwd=folder, check=True)
    else:
        _unzip(file, folder)
    file.unlink()
    (top,) = folder.iterdir()
    found = (path for path in top.rglob("*") if path.is_file())
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in found}


def _unzip(file: Path, folder: Path) -> None:
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-tqq", file.name], cwd=folder, check=True)
        command = ["unzip", "-qq", file.name]
    else:
        command = [sys.executable, "-m", "zipfile", "-e", file.name, "."]
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=folder, check=True, env=environment)


@pytest.mark.parametrize("form", ("tar", "zip"))
def test_ordinary_programs_unpack_all_files(
    alice: Person, filled: Filled, form: str, tmp_path: Path
) -> None:
    answer = alice.http.get(filled.url, params=wanted(form, ref=filled.commit))
    assert answer.status_code == 200
    assert answer.headers["X-Commit-Id"] == filled.commit
    assert "immutable" in answer.headers["Cache-Control"]
    assert unpacked(answer.content, tmp_path, form) == filled.files
    if form == "tar":
        assert answer.headers["Content-Length"] == str(len(answer.content))


def test_the_head_tells_length_and_etag_without_a_body(alice: Person, filled: Filled) -> None:
    whole = alice.http.get(filled.url, params=wanted("tar"))
    head = alice.http.head(filled.url, params=wanted("tar"))
    assert head.content == b""
    for name in ("Content-Length", "ETag", "Accept-Ranges", "Content-Type", "X-Commit-Id"):
        assert head.headers[name] == whole.headers[name]
    told = {"If-None-Match": head.headers["ETag"]}
    for form, status in (("tar", 304), ("zip", 200)):
        again = alice.http.get(filled.url, params=wanted(form), headers=told)
        assert again.status_code == status
    zipped = alice.http.head(filled.url, params=wanted("zip"))
    assert (zipped.status_code, zipped.headers["Accept-Ranges"]) == (200, "none")


def test_a_tar_cut_at_twenty_random_offsets_is_continued(
    alice: Person, filled: Filled, tmp_path: Path
) -> None:
    params = wanted("tar", ref=filled.commit)
    head = alice.http.head(filled.url, params=params)
    size_bytes, etag = int(head.headers["Content-Length"]), head.headers["ETag"]
    cuts = sorted(random.sample(range(1, size_bytes), CUTS))
    came = b""
    for until in (*cuts, size_bytes):
        asked = {"Range": f"bytes={len(came)}-", "If-Range": etag} if came else {}
        with alice.http.stream("GET", filled.url, params=params, headers=asked) as answer:
            assert answer.status_code == (206 if came else 200)
            assert int(answer.headers["Content-Length"]) == size_bytes - len(came)
            came += first_bytes(answer, until - len(came))
    assert len(came) == size_bytes
    assert unpacked(came, tmp_path, "tar") == filled.files


def first_bytes(answer: httpx.Response, length_bytes: int) -> bytes:
    """Return the first bytes of a body, and read no more of it."""
    came = b""
    for chunk in answer.iter_raw():
        came += chunk
        if len(came) >= length_bytes:
            break
    return came[:length_bytes]


def test_any_range_of_a_tar_is_that_part_of_it(alice: Person, filled: Filled) -> None:
    params = wanted("tar")
    whole = alice.http.get(filled.url, params=params).content
    edges = [0, 511, 512, len(whole) - 1024, len(whole) - 1]
    spans = [sorted(random.sample(range(len(whole)), 2)) for _ in range(40)]
    for first, last in [*spans, *((edge, edge) for edge in edges)]:
        asked = {"Range": f"bytes={first}-{last}"}
        part = alice.http.get(filled.url, params=params, headers=asked)
        assert part.status_code == 206
        assert part.content == whole[first : last + 1]
    outside = alice.http.get(filled.url, params=params, headers={"Range": f"bytes={len(whole)}-"})
    assert outside.status_code == 416


def test_a_new_commit_is_another_archive_and_is_not_mixed_with_the_old(
    alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    url, params = f"/datasets/{dataset}", wanted("tar", ref="main")
    alice.json("PUT", f"{url}/files/a.bin", 201, content=b"first")
    etag = alice.http.head(f"{url}/archive", params=params).headers["ETag"]
    alice.json("PUT", f"{url}/files/a.bin", 200, content=b"other")
    asked = {"Range": "bytes=600-", "If-Range": etag}
    answer = alice.http.get(f"{url}/archive", params=params, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["ETag"] != etag


def names_in(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        return [name.partition("/")[2] for name in packed.getnames()]


@pytest.mark.parametrize(
    ("asked", "chosen"),
    (
        ({"path": "set/3"}, "set/3/"),
        ({"path": "packed"}, "packed/"),
        ({"path": "packed/deep"}, "packed/deep/"),
        ({"path": "README.md"}, "README.md"),
        ({"glob": "*one.bin"}, "packed/one.bin"),
        ({"path": "set", "glob": "set/5/*"}, "set/5/"),
    ),
)
def test_a_part_can_be_chosen(
    alice: Person, filled: Filled, asked: dict[str, str], chosen: str
) -> None:
    answer = alice.http.get(filled.url, params=wanted("tar", **asked))
    assert names_in(answer.content) == sorted(p for p in filled.files if p.startswith(chosen))


def test_many_paths_can_be_chosen_by_a_body(alice: Person, filled: Filled) -> None:
    few = ["set/1/ä 1.bin", "/packed/", "set/1", "packed/one.bin"]
    many = sorted(path for path in filled.files if path.startswith("set/"))
    assert len(many) > 64
    for paths, expected in (
        (few, {p for p in filled.files if p.startswith(("set/1/", "packed/"))}),
        (many, set(many)),
    ):
        body = {"ref": filled.commit, "paths": paths, "content": "data", "format": "tar"}
        answer = alice.http.post(filled.url, json=body)
        assert answer.status_code == 200
        assert names_in(answer.content) == sorted(expected)
        absent = alice.json("POST", filled.url, 404, json={**body, "paths": [*paths, "not/here"]})
        assert (absent["error"], absent["details"]["path"]) == ("file_not_found", "not/here")


def test_wrong_words_are_refused(alice: Person, filled: Filled) -> None:
    for asked, field in (
        ({"content": "all"}, "content"),
        ({"format": "rar"}, "format"),
        ({"glob": "*" * 201}, "glob"),
    ):
        refused = alice.json("GET", filled.url, 400, params={**wanted("tar"), **asked})
        assert refused["details"]["field"] == field
    refused = alice.json("POST", filled.url, 400, json={"paths": "a"})
    assert refused["details"]["field"] == "paths"
    alice.json("POST", filled.url, 413, json={"paths": [f"f{n}" for n in range(20_001)]})


def test_who_may_not_see_the_dataset_hears_of_no_archive(
    bob: Person, nobody: Person, filled: Filled
) -> None:
    for who in (bob, nobody):
        assert who.http.get(filled.url, params=wanted("tar")).status_code == 404
        assert who.http.head(filled.url, params=wanted("tar")).status_code == 404
        assert who.http.post(filled.url, json={"content": "data"}).status_code == 404


def test_the_key_of_the_site_is_asked_for_as_well(
    alice: Person, nobody: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(visibility="public")
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"bytes")
    alice.json("PUT", f"/datasets/{dataset}/files/note.md", 201, content=b"text")
    url = f"/datasets/{dataset}/archive"
    for form in ("tar", "zip"):
        refused = nobody.json("GET", url, 403, params=wanted(form))
        assert refused["error"] == "site_access"
        assert nobody.http.head(url, params=wanted(form)).status_code == 403
    texts = nobody.http.get(url, params=wanted("tar", path="note.md"))
    assert names_in(texts.content) == ["note.md"]


@pytest.fixture
def bucket(stack: Running) -> Any:  # noqa: ANN401 - boto3 has no types of its own
    """The demo's bucket, behind Labset's back."""
    s3 = stack.ready["s3"]
    session = boto3.session.Session(s3["access_key"], s3["secret_key"])
    return session.resource("s3", endpoint_url=s3["endpoint"], region_name="us-east-1").Bucket(
        s3["bucket"]
    )


@pytest.fixture
def three(alice: Person, new_dataset: NewDataset) -> tuple[str, dict[str, bytes]]:
    """A dataset of three files; its archive, and what they hold."""
    dataset = new_dataset()
    files = {f"{n}.bin": secrets.token_bytes(700 * 1024) for n in range(3)}
    parts = [("file", (name, data)) for name, data in files.items()]
    alice.json("POST", f"/datasets/{dataset}/files", 201, files=parts)
    return f"/datasets/{dataset}/archive", files


def object_of(bucket: Any, data: bytes) -> Any:  # noqa: ANN401 - as above
    name = hashlib.md5(data, usedforsecurity=False).hexdigest()
    (found,) = (one for one in bucket.objects.all() if one.key.endswith(f"{name[:2]}/{name[2:]}"))
    return found


@pytest.mark.parametrize("form", ("tar", "zip"))
@pytest.mark.parametrize("damage", ("gone", "flipped", "cut"))
def test_what_is_wrong_in_the_middle_cuts_the_connection(
    alice: Person,
    three: tuple[str, dict[str, bytes]],
    bucket: Any,  # noqa: ANN401 - as above
    form: str,
    damage: str,
) -> None:
    url, files = three
    harm(object_of(bucket, files["1.bin"]), files["1.bin"], damage)
    came = bytearray()
    with alice.http.stream("GET", url, params=wanted(form)) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            read_into(came, answer)
    assert len(came) <= 701 * 1024
    if form == "tar":
        asked = {"Range": f"bytes={len(came)}-", "If-Range": answer.headers["ETag"]}
        told = alice.http.get(url, params=wanted("tar"), headers=asked)
        assert told.status_code == (409 if damage == "gone" else 502)
        assert told.json()["details"]["path"] == "1.bin"


def read_into(came: bytearray, answer: httpx.Response) -> None:
    for chunk in answer.iter_raw():
        came += chunk


def harm(thing: Any, data: bytes, damage: str) -> None:  # noqa: ANN401 - as above
    if damage == "gone":
        thing.delete()
    else:
        thing.put(Body=data[:-1] if damage == "cut" else bytes([data[0] ^ 1]) + data[1:])


@pytest.mark.parametrize("form", ("tar", "zip"))
def test_a_first_file_that_is_missing_is_named(
    alice: Person,
    three: tuple[str, dict[str, bytes]],
    bucket: Any,  # noqa: ANN401 - as above
    form: str,
) -> None:
    url, files = three
    object_of(bucket, files["0.bin"]).delete()
    refused = alice.json("GET", url, 409, params=wanted(form))
    assert (refused["error"], refused["details"]["path"]) == ("data_missing", "0.bin")
    assert alice.http.get(url, params=wanted(form, path="2.bin")).status_code == 200


def test_a_missing_file_of_a_packed_folder_is_named(
    alice: Person,
    three: tuple[str, dict[str, bytes]],
    bucket: Any,  # noqa: ANN401 - as above
) -> None:
    url, files = three
    base = url.removesuffix("/archive")
    alice.json("PUT", f"{base}/files/p/a.bin", 201, content=files["0.bin"])
    alice.json("PUT", f"{base}/files/p/b.bin", 201, content=files["2.bin"])
    alice.json("POST", f"{base}/packs", json={"path": "p", "message": "pack"})
    object_of(bucket, files["2.bin"]).delete()
    refused = alice.json("GET", url, 409, params=wanted("tar", path="p"))
    assert refused["details"]["missing"] == ["p/b.bin"]


def test_a_large_archive_is_sent_in_flat_memory(
    stack: Running, alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    block = secrets.token_bytes(MIB)
    for number in range(4):
        data = (block[number:] + block[:number] for _ in range(64))
        url = f"/datasets/{dataset}/files/{number}.bin"
        alice.json("PUT", url, 201, content=(piece for piece in data))
    before = stack.resident_bytes()
    highest = before
    with alice.http.stream("GET", f"/datasets/{dataset}/archive", params=wanted("tar")) as answer:
        for count, _ in enumerate(answer.iter_raw(MIB)):
            if count % 16 == 0:
                highest = max(highest, stack.resident_bytes())
    assert highest - before < 100 * MIB
