"""Pairs of questions: about bytes that another dataset holds, and about bytes that nobody holds."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from tests.integration.faults.uploading import announce, md5_of
from tests.integration.faults.world import World

Told = dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Twins:
    """Two datasets of one owner on one site; only `full` holds `elsewhere`."""

    full: int
    empty: int
    elsewhere: list[bytes]


def make_twins(world: World, objects: int = 3) -> Twins:
    """Make both and fill one."""
    full, empty = world.new_dataset(), world.new_dataset()
    elsewhere = [secrets.token_bytes(1_000 + number) for number in range(objects)]
    for number, data in enumerate(elsewhere):
        url = f"/datasets/{full}/files/hidden/{number}.bin"
        world.alice.json("PUT", url, 201, content=data)
    return Twins(full, empty, elsewhere)


def ask_about(world: World, dataset: int, data: bytes) -> Told:
    """Ask a dataset in every way whether it holds bytes; what names them is taken out."""
    md5 = md5_of(data)
    dvc = f"{world.app_url}/dvc/{dataset}"
    url = f"{dvc}/files/md5/{md5[:2]}/{md5[2:]}"
    asked = {
        "GET": ("GET", url),
        "HEAD": ("HEAD", url),
        "range": ("GET", url),
        "legacy": ("GET", f"{dvc}/{md5[:2]}/{md5[2:]}"),
        "folder": ("GET", f"{url}.dir"),
    }
    told: Told = {}
    for name, (method, address) in asked.items():
        headers = {"Range": "bytes=0-0"} if name == "range" else {}
        answer = world.alice.http.request(method, address, headers=headers)
        told[name] = (
            answer.status_code,
            _without(answer.text, md5) if not answer.is_success else "",
        )
    return told | _announce(world, dataset, data)


def _announce(world: World, dataset: int, data: bytes) -> Told:
    files = {"mine/now.bin": data}
    body = {"message": "there already?", "files": announce(files)}
    begun = world.alice.http.post(f"/datasets/{dataset}/uploads", json=body)
    session = begun.json()
    rows = [{"path": one["path"], "state": one["state"]} for one in session["files"]]
    url = f"/datasets/{dataset}/uploads/{session['id']}"
    told: Told = {"announce": (begun.status_code, json.dumps(rows))}
    if rows[0]["state"] == "missing":
        commit = world.alice.http.post(f"{url}/commit")
        told["commit"] = (commit.status_code, _without(commit.text, md5_of(data)))
    world.alice.http.delete(url)
    return told


def _without(text: str, md5: str) -> str:
    return text.replace(md5, "MD5").replace(f"{md5[:2]}/{md5[2:]}", "MD5")
