"""Objects spoilt at the site in every way that a disk, a copy or a person can manage."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from tests.integration.faults.uploading import md5_of
from tests.integration.faults.world import World

PART_BYTES = 5 * 1024 * 1024

Spoil = Callable[[bytes], bytes]


def flip_first(data: bytes) -> bytes:
    """Flip one bit at the beginning."""
    return bytes([data[0] ^ 1]) + data[1:]


def flip_last(data: bytes) -> bytes:
    """Flip one bit at the end."""
    return data[:-1] + bytes([data[-1] ^ 128])


def flip_somewhere(data: bytes) -> bytes:
    """Flip one bit."""
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :]


def cut(data: bytes) -> bytes:
    """Lose the last byte."""
    return data[:-1]


def emptied(_data: bytes) -> bytes:
    """Lose everything."""
    return b""


def longer(data: bytes) -> bytes:
    """Gain a byte."""
    return data + b"\0"


def swapped(data: bytes) -> bytes:
    """Become another object of the same length."""
    return secrets.token_bytes(len(data))


KINDS: Mapping[str, Spoil] = {
    kind.__name__: kind
    for kind in (flip_first, flip_last, flip_somewhere, cut, emptied, longer, swapped)
}


@dataclass(frozen=True)
class Stored:
    """A file of a dataset, its right bytes, and where it lies."""

    dataset: int
    path: str
    data: bytes

    @property
    def md5(self) -> str:
        """Its name at the site."""
        return md5_of(self.data)

    @property
    def url(self) -> str:
        """Its address below the API."""
        return f"/datasets/{self.dataset}/files/{self.path}"


def store(world: World, dataset: int, files: Mapping[str, bytes]) -> list[Stored]:
    """Upload files, each by itself."""
    for path, data in files.items():
        world.alice.json("PUT", f"/datasets/{dataset}/files/{path}", 201, content=data)
    return [Stored(dataset, path, data) for path, data in files.items()]


def spoil(world: World, stored: Stored, kind: str, *, in_parts: bool = False) -> None:
    """Write wrong bytes over an object, around Labset.

    `in_parts`: by a multipart upload, whose ETag says nothing about the bytes.
    """
    wrong = KINDS[kind](stored.data)
    place = world.bucket().Object(world.object_key(stored.dataset, stored.md5))
    if not in_parts or not wrong:
        place.put(Body=wrong)
        return
    upload = place.initiate_multipart_upload()
    pieces = [wrong[at : at + PART_BYTES] for at in range(0, len(wrong), PART_BYTES)]
    tags = [upload.Part(n).upload(Body=piece)["ETag"] for n, piece in enumerate(pieces, 1)]
    parts = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, 1)]
    upload.complete(MultipartUpload={"Parts": parts})


def wrong_answers(world: World, stored: Stored) -> list[str]:
    """Read an object by every route; return which routes completed an answer with wrong bytes."""
    size = len(stored.data)
    middle = size // 2
    dvc = f"{world.app_url}/dvc/{stored.dataset}/files/md5/{stored.md5[:2]}/{stored.md5[2:]}"
    asked = [
        (f"{world.running.api}{stored.url}", None),
        (f"{world.running.api}{stored.url}", (0, 0)),
        (f"{world.running.api}{stored.url}", (middle, middle + 9)),
        (f"{world.running.api}{stored.url}", (size - 5, size - 1)),
        (f"{world.running.api}{stored.url}", (0, size - 1)),
        (f"{world.running.api}{stored.url}?inline=1", None),
        (dvc, None),
        (dvc, (0, 9)),
        (dvc, (size - 5, size - 1)),
    ]
    return [
        f"{url} {span}" for url, span in asked if _is_wrong(world, url, span, _cut(stored, span))
    ]


def _cut(stored: Stored, span: tuple[int, int] | None) -> bytes:
    return stored.data if span is None else stored.data[span[0] : span[1] + 1]


def _is_wrong(world: World, url: str, span: tuple[int, int] | None, right: bytes) -> bool:
    headers = {} if span is None else {"Range": f"bytes={span[0]}-{span[1]}"}
    try:
        answer = world.alice.http.get(url, headers=headers)
    except httpx.TransportError:
        return False  # broken off
    return answer.status_code in {200, 206} and answer.content != right
