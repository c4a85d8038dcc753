"""Demo data, made as a newcomer would: through Labset's own API, once."""

from __future__ import annotations

import csv
import hashlib
import io
import random
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from devstack.http import Api, Refused
from devstack.pictures import draw_pictures

PICTURES = 200
_LATER_PICTURES = 12
_ROWS = 1_200
LAB_SITE = "lab-s3"


@dataclass(frozen=True, slots=True)
class S3Access:
    """How the demo's S3 site is reached."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class Demo:
    """What `ready.json` names."""

    dataset_id: int
    tag: str
    file: str


def make_demo(alice: Api, root: Api, s3: S3Access, local_root: Path) -> Demo:
    """Make two sites and two datasets where they are missing; return the picture to show first."""
    lab_site = _site(alice, LAB_SITE, lambda: _s3_site(alice, s3))
    archive_site = _site(alice, "archive-folder", lambda: _local_site(root, local_root))
    pictures = _dataset(alice, "VITVI", "lab", "album", ["weld", "defects"], _ABOUT_PICTURES)
    _bind(alice, pictures, lab_site)
    _fill(alice, pictures, "v0.1.0", _first_pictures, "Add line 1: 200 pictures with VOC boxes")
    _fill(alice, pictures, "v0.2.0", _later_pictures, "Add line 2: 12 pictures")
    table = _dataset(
        alice, "weld-parameters", "archive", "table", ["weld", "process"], _ABOUT_TABLE
    )
    _bind(alice, table, archive_site)
    _fill(alice, table, "v0.1.0", _first_table, "Add the parameters of line 1")
    _fill(alice, table, "v0.2.0", _later_table, "Add the parameters of line 2")
    first = next(draw_pictures(1)).name
    return Demo(int(pictures["id"]), "v0.1.0", f"dataset/VITVI/{first}.jpg")


_ABOUT_PICTURES = "Weld seams of production line 1 and 2, with defects boxed in Pascal VOC"
_ABOUT_TABLE = "Current, voltage and speed of each weld, with its verdict"


def _site(alice: Api, name: str, register: Callable[[], Any]) -> int:
    found = [site for site in alice.get("/storage-sites", search=name) if site["name"] == name]
    return int((found[0] if found else register())["id"])


def _s3_site(alice: Api, s3: S3Access) -> Any:  # noqa: ANN401 - whatever JSON the server sends
    return alice.post(
        "/storage-sites",
        name=LAB_SITE,
        namespace="lab",
        description="Object storage of the lab",
        visibility="private",
        tags=["fast"],
        kind="s3",
        url=f"s3://{s3.bucket}/datasets",
        endpoint=s3.endpoint,
        public_endpoint=s3.endpoint,
        region="us-east-1",
        credentials={"access_key": s3.access_key, "secret_key": s3.secret_key},
    )


def _local_site(root: Api, folder: Path) -> Any:  # noqa: ANN401 - as above
    folder.mkdir(parents=True, exist_ok=True)
    return root.post(
        "/storage-sites",
        name="archive-folder",
        namespace="archive",
        description="A folder of the server, for what is read seldom",
        visibility="private",
        tags=["slow"],
        kind="local",
        url=folder.as_uri(),
    )


def _dataset(
    alice: Api, name: str, namespace: str, kind: str, tags: list[str], description: str
) -> Mapping[str, Any]:
    for found in alice.get("/datasets", search=name):
        if found["name"] == name and found["namespace"]["full_path"] == namespace:
            return dict(alice.get(f"/datasets/{found['id']}"))
    return dict(
        alice.post(
            "/datasets",
            name=name,
            namespace=namespace,
            description=description,
            visibility="private",
            tags=tags,
            kind=kind,
        )
    )


def _bind(alice: Api, dataset: Mapping[str, Any], site_id: int) -> None:
    if dataset["storage_site"] is None:
        alice.put(f"/datasets/{dataset['id']}/storage-site", site_id=site_id)


def _fill(
    alice: Api,
    dataset: Mapping[str, Any],
    tag: str,
    files: Callable[[], dict[str, bytes]],
    message: str,
) -> None:
    """Upload one commit and tag it, unless the tag is there."""
    path = f"/datasets/{dataset['id']}"
    if any(known["name"] == tag for known in alice.get(f"{path}/refs")["tags"]):
        return
    commit = upload(alice, int(dataset["id"]), files(), message)
    try:
        alice.post(f"{path}/tags", name=tag, ref=commit, message=message)
    except Refused as refusal:
        if refusal.status != HTTPStatus.CONFLICT:
            raise


def upload(api: Api, dataset_id: int, files: Mapping[str, bytes], message: str) -> str:
    """Upload files as one batch and one commit; return the commit."""
    announced = [
        {
            "path": name,
            "size": len(data),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }
        for name, data in files.items()
    ]
    path = f"/datasets/{dataset_id}/uploads"
    session = api.post(path, branch="main", message=message, files=announced)
    missing = [file["path"] for file in session["files"] if file["state"] == "missing"]
    if missing:
        batch = _tar({name: files[name] for name in missing})
        api.send("POST", f"{path}/{session['id']}/batch", batch, "application/x-tar")
    return str(api.post(f"{path}/{session['id']}/commit")["commit"])


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _first_pictures() -> dict[str, bytes]:
    return {"README.md": _README.encode()} | _album(PICTURES, line=1)


def _later_pictures() -> dict[str, bytes]:
    return _album(_LATER_PICTURES, line=2)


def _album(count: int, line: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for picture in draw_pictures(count, line):
        files[f"dataset/VITVI/{picture.name}.jpg"] = picture.jpeg
        files[f"dataset/annotations/{picture.name}.xml"] = picture.annotation
    return files


def _first_table() -> dict[str, bytes]:
    return {"parameters.csv": _table((1,))}


def _later_table() -> dict[str, bytes]:
    return {"parameters.csv": _table((1, 2))}


def _table(lines: tuple[int, ...]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("weld", "line", "current_ampere", "voltage_volt", "speed_mm_s", "verdict"))
    for line in lines:
        chance = random.Random(f"parameters {line}")
        for number in range(_ROWS):
            current, voltage = chance.gauss(182, 9), chance.gauss(24.3, 0.8)
            speed = chance.gauss(7.2, 0.5)
            good = abs(current - 182) < 16 and abs(speed - 7.2) < 1  # noqa: PLR2004 - the recipe
            verdict = "ok" if good else chance.choice(("pore", "crack", "undercut"))
            row = (f"{line}-{number:05d}", line, f"{current:.1f}", f"{voltage:.2f}", f"{speed:.2f}")
            writer.writerow((*row, verdict))
    return buffer.getvalue().encode()


_README = """# VITVI

Pictures of weld seams, taken after the seam has cooled, with defects boxed in Pascal VOC.

| folder | holds |
|---|---|
| `dataset/VITVI` | the pictures, 480 x 320, named `<line>-<hash>.jpg` |
| `dataset/annotations` | one XML per picture: pore, crack, spatter, undercut |
"""
