"""Bodies that are small on the wire and large, deep or endless in memory."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.stack import Running
from tests.integration.attacks.watching import Watch
from tests.integration.product.conftest import NewDataset, Person

Content = bytes | Iterator[bytes]


@pytest.fixture(scope="module")
def shared(person: Callable[[str], Person]) -> int:
    """One dataset for all bombs: none of them may leave anything in it."""
    alice = person("alice")
    site = next(one["id"] for one in alice.json("GET", "/storage-sites") if one["kind"] == "s3")
    name = f"bombs {os.urandom(4).hex()}"
    made = alice.json("POST", "/datasets", 201, json={"name": name, "namespace": "lab"})
    alice.json("PUT", f"/datasets/{made['id']}/storage-site", json={"site_id": site})
    return int(made["id"])


JSON_BOMBS = {
    "depth": (b"[" * 200_000, {400}),
    "depth of objects": (b'{"a":' * 200_000, {400}),
    "empty objects": (b'{"files":[' + b"{}," * 5_000_000 + b"{}]}", {413}),
    "objects": (b'{"files":[' + b'{"a":1},' * 1_900_000 + b"{}]}", {413}),
    "numbers": (b'{"files":[' + b"1," * 7_000_000 + b"1]}", {413}),
    "over the limit": (b'{"files":"' + b"a" * 17_000_000 + b'"}', {413}),
    "digits": (b'{"files":[{"path":"a","md5":"","size":' + b"9" * 100_000 + b"}]}", {400}),
    "infinity": (b'{"files":[{"path":"a","md5":"","size":1e999}]}', {400}),
    "not a number": (b'{"files":[{"path":"a","md5":"","size":NaN}]}', {400}),
    "half a surrogate": (b'{"files":[{"path":"\\ud800","md5":"","size":1}]}', {400}),
    "half a surrogate in a message": (b'{"message":"\\udfff","files":[]}', {400}),
    "not UTF-8": (b'{"files":[{"path":"\xed\xa0\x80","md5":"","size":1}]}', {400}),
    "a large text": (b'{"files":[{"path":"' + b"\\u0001" * 2_000_000 + b'"}]}', {400}),
}


@pytest.mark.parametrize("bomb", JSON_BOMBS)
@pytest.mark.parametrize("name", ("alice", "nobody"))
def test_json_is_refused_before_it_grows(
    bomb: str, name: str, person: Callable[[str], Person], shared: int, watch: Watch
) -> None:
    body, statuses = JSON_BOMBS[bomb]
    with watch.bounded():
        answer = person(name).http.post(f"/datasets/{shared}/uploads", content=body)
    assert answer.status_code in statuses, answer.text[:200]
    assert answer.json()["error"] in {"invalid", "too_large"}


def test_a_large_honest_announcement_is_taken(alice: Person, shared: int, watch: Watch) -> None:
    files = [
        {"path": f"line {number}/☃ [{number}], x.jpg", "size": 20_000, "md5": f"{number:032x}"}
        for number in range(20_000)
    ]
    with watch.bounded():
        begun = alice.json("POST", f"/datasets/{shared}/uploads", 201, json={"files": files})
    assert len(begun["files"]) == 20_000
    alice.http.delete(f"/datasets/{shared}/uploads/{begun['id']}")


@pytest.mark.parametrize("kind", ("application/x-www-form-urlencoded", "multipart/form-data"))
@pytest.mark.parametrize(
    "address", ("/sign-in", "/sign-out", "/datasets/new", "/datasets/{}/upload")
)
def test_an_endless_form_of_a_stranger_ends_soon(
    kind: str, address: str, stack: Running, shared: int, watch: Watch
) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--X\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        while sent < 200_000_000:
            sent += 1_000_000
            yield b"a=b&" * 250_000

    headers = {"Content-Type": f"{kind}; boundary=X", "Cookie": "tokenGitLab=glpat-none"}
    url = stack.ready["app_url"] + address.format(shared)
    with watch.bounded():
        try:
            answer = httpx.post(url, content=endless(), headers=headers, timeout=30)
            assert answer.status_code in {400, 401, 403, 413}
        except httpx.TransportError:
            assert sent < 200_000_000  # it hung up without reading on
    assert not _big_temporary_files()


def _big_temporary_files() -> list[Path]:
    """Return nameless temporary files over 10 MB of the processes that this one started."""
    found = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            target = link.readlink()
            is_big = "(deleted)" in target.name and link.stat().st_size > 10_000_000
            if is_big and os.getpid() in _ancestors(int(link.parts[2])):
                found.append(target)
    return found


def _ancestors(pid: int) -> Iterator[int]:
    """Yield the process, its parent, and so on."""
    while pid:
        yield pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _part(head: bytes, body: bytes) -> bytes:
    return b"--X\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body + b"\r\n"


MULTIPART_BOMBS = {
    "a huge field name": _part(b'name="' + b"a" * 20_000_000 + b'"', b"x"),
    "a head without end": b"--X\r\n" + b"A: b\r\n" * 4_000_000,
    "a huge value": _part(b'name="message"', b"x" * 20_000_000),
    "many fields": _part(b'name="a"', b"x") * 100_000,
    "many files": _part(b'name="f"; filename="a.bin"', b"x") * 5_000,
    "no part at all": b"y" * 30_000_000,
    "a path out of the dataset": _part(b'name="f"; filename="../../x.bin"', b"x"),
    "a path with a line break": _part(b"name=\"f\"; filename*=UTF-8''a%0d%0ab", b"x"),
    "texts that fill memory": b"".join(
        _part(b'name="f"; filename="%d.txt"' % number, b"%099990d" % number)
        for number in range(800)
    ),
}


@pytest.mark.parametrize("bomb", MULTIPART_BOMBS)
def test_a_multipart_bomb_is_refused_and_commits_nothing(
    bomb: str, alice: Person, shared: int, watch: Watch
) -> None:
    base = f"/datasets/{shared}"
    head = alice.json("GET", base)["head"]
    headers = {"Content-Type": "multipart/form-data; boundary=X"}
    body = MULTIPART_BOMBS[bomb] + b"--X--\r\n"
    with watch.bounded():
        answer = alice.http.post(f"{base}/files", content=body, headers=headers)
    assert answer.status_code in {400, 413}, answer.text[:200]
    assert alice.json("GET", base)["head"] == head


def test_a_form_of_many_files_lies_on_disk(alice: Person, shared: int, watch: Watch) -> None:
    base, data = f"/datasets/{shared}", os.urandom(450_000)
    head = alice.json("GET", base)["head"]

    def parts() -> Iterator[bytes]:
        for number in range(1_200):
            yield _part(b'name="f"; filename="same.bin"', data + b"%d" % number)
        yield b"--X--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=X"}
    with watch.bounded():
        answer = alice.http.post(f"{base}/files", content=parts(), headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_path")
    assert alice.json("GET", base)["head"] == head


def test_parts_of_a_form_are_not_mixed_up(alice: Person, new_dataset: NewDataset) -> None:
    base = f"/datasets/{new_dataset()}/files"
    files = {f"{n}.bin": os.urandom(size) for n, size in enumerate((0, 1, 70_000, 600_000, 3))}
    sent = [("f", (name, data)) for name, data in files.items()]
    alice.json("POST", base, 201, files=sent, data={"message": "several"})
    for name, data in files.items():
        assert alice.http.get(f"{base}/{name}").content == data


def test_bodies_over_the_limit_of_forms_still_stream(
    alice: Person, new_dataset: NewDataset, watch: Watch
) -> None:
    base, data = f"/datasets/{new_dataset()}/files", os.urandom(8_000_000)
    with watch.bounded():
        alice.json("PUT", f"{base}/put.bin", 201, content=data)
        pieces = (data[start : start + 100_000] for start in range(0, len(data), 100_000))
        alice.json("PUT", f"{base}/chunked.bin", 201, content=pieces)
        alice.json("POST", base, 201, files={"file": ("form.bin", data)})
    for name in ("put.bin", "chunked.bin", "form.bin"):
        assert alice.http.get(f"{base}/{name}").content == data


# -- tar streams


def _header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108], block[124:136], block[156:157] = b"0000644\0", size, kind
    block[257:265], block[148:156] = b"ustar\x0000", b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _octal(size_bytes: int) -> bytes:
    return b"%011o\0" % size_bytes


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 512)


def _pax(**records: str) -> bytes:
    data = b""
    for key, value in records.items():
        line = f" {key}={value}\n".encode()
        length = next(n for n in range(len(line), len(line) + 9) if n == len(line) + len(str(n)))
        data += str(length).encode() + line
    return _header(b"p", _octal(len(data)), b"x") + _padded(data)


GOOD = _header(b"a.bin", _octal(4)) + _padded(b"AAAA")
END = b"\0" * 1024
TAR_BOMBS = {
    "an extended header of 60 MB": _header(b"x", _octal(60_000_000), b"x") + b"1" * 60_000_000,
    "an extended header said to have 1 GB": _header(b"x", _octal(2**30), b"x") + b"1" * 1000,
    "a name of 60 MB": _header(b"x", _octal(60_000_000), b"L") + b"1" * 60_000_000 + GOOD,
    "one file 100,000 times": GOOD * 100_000,
    "200,000 folders": _header(b"d/", _octal(0), b"5") * 200_000,
    "a negative size": _header(b"a.bin", b"\xff" * 12) + GOOD,
    "a size of 2^80": _header(b"a.bin", b"\x80\x7f" + b"\x7f" * 10) + GOOD,
    "an extended size": _pax(size="99999999999") + GOOD,
    "a negative extended size": _pax(size="-1") + GOOD,
    "a symbolic link": _header(b"a.bin", _octal(0), b"2") + GOOD,
    "a hard link": _header(b"a.bin", _octal(0), b"1") + GOOD,
    "a device": _header(b"a.bin", _octal(0), b"3") + GOOD,
    "a sparse file": _header(b"a.bin", _octal(4), b"S") + GOOD,
    "an extended sparse file": _pax(**{"GNU.sparse.major": "1", "GNU.sparse.name": "a.bin"}) + GOOD,
    "a way out": _header(b"../../a.bin", _octal(4)) + _padded(b"AAAA"),
    "a way out in an extended header": _pax(path="../../a.bin") + GOOD,
    "a file that was not announced": _header(b"b.bin", _octal(4)) + _padded(b"AAAA"),
    "a name that is no text": _header(b"\xff\xfe", _octal(4)) + _padded(b"AAAA"),
    "a cut": GOOD[:514],
    "noise": b"\x07" * 4096,
    "nothing": b"",
    "gzip": gzip.compress(GOOD + END),
}


def _announce(alice: Person, dataset: int, files: dict[str, bytes]) -> str:
    rows = [
        {
            "path": path,
            "size": len(data),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }
        for path, data in files.items()
    ]
    begun = alice.json("POST", f"/datasets/{dataset}/uploads", 201, json={"files": rows})
    return f"/datasets/{dataset}/uploads/{begun['id']}"


def _states(alice: Person, upload: str) -> dict[str, str]:
    return {one["path"]: one["state"] for one in alice.json("GET", upload)["files"]}


@pytest.mark.parametrize("bomb", TAR_BOMBS)
def test_a_tar_bomb_is_refused(bomb: str, alice: Person, shared: int, watch: Watch) -> None:
    announced = {f"{bomb.encode().hex()}.bin": bomb.encode(), "a.bin": b"AAAA"}
    upload = _announce(alice, shared, announced)
    with watch.bounded():
        answer = alice.http.post(f"{upload}/batch", content=TAR_BOMBS[bomb])
    assert answer.status_code in {400, 404, 413}, answer.text[:200]
    states = _states(alice, upload)
    assert [path for path, state in states.items() if state == "missing" and path != "a.bin"]
    alice.http.delete(upload)


def test_honest_tars_of_all_makes_are_taken(alice: Person, shared: int) -> None:
    long = "ordner/" * 20 + "ü" * 80 + ".bin"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        files = {long: f"{form}".encode(), f"{form}.bin": b"short" * 200}
        upload = _announce(alice, shared, files)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=form) as tar:
            for path, data in files.items():
                member = tarfile.TarInfo(path)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        told: Any = alice.json("POST", f"{upload}/batch", content=packed.getvalue())
        assert {one["state"] for one in told["files"]} == {"present"}
        assert set(_states(alice, upload).values()) == {"present"}
        alice.http.delete(upload)


def test_wrong_bytes_of_many_files_are_told_quickly(
    alice: Person, shared: int, watch: Watch
) -> None:
    upload = _announce(alice, shared, {f"{n}.bin": b"x" for n in range(10_000)})
    body = b"".join(_header(b"%d.bin" % n, _octal(1)) + _padded(b"y") for n in range(10_000))
    with watch.bounded():
        told = alice.json("POST", f"{upload}/batch", content=body + END)
    assert {one["state"] for one in told["files"]} == {"missing"}
    alice.http.delete(upload)


def test_a_hook_bomb_needs_the_token_first(stack: Running, watch: Watch) -> None:
    url = f"{stack.ready['app_url']}/hooks/gitlab"
    for body in (json.dumps({"project_id": 1}).encode(), b"[" * 1_000_000):
        with watch.bounded():
            assert httpx.post(url, content=body).status_code == 401
            wrong = {"X-Gitlab-Token": "0" * 64}
            assert httpx.post(url, content=body, headers=wrong).status_code == 401
