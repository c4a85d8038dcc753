from __future__ import annotations

import hashlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.model.assets import FileFormat
from core.model.names import DatasetId, FilePath, Md5, Revision, SiteId
from core.model.storage import Placement, SiteAddress, SiteKind, SiteRecord
from core.ports import AssetPlatform, Platform
from core.usecases.assets.recognizing import recognized
from core.usecases.assets.uploading import HEAD_BYTES
from core.usecases.reading.download import FoundFile
from tests.fakes.clock import FakeClock
from tests.fakes.objects import FakeObjects

SITE = SiteRecord(
    SiteId(3), "folder", SiteAddress(SiteKind.LOCAL, "file:///srv/site"), None, "root"
)
PLACEMENT = Placement(DatasetId(12), SITE, "prefix")


def house_of(seen: list[bytes], width: int | None = None) -> AssetPlatform:
    def recognize(head: bytes) -> FileFormat:
        seen.append(head)
        return FileFormat("image/png" if width else "text/plain", width, width)

    return cast("AssetPlatform", SimpleNamespace(recognize=recognize))


def at_site(data: bytes) -> tuple[Platform, FoundFile]:
    objects = FakeObjects(FakeClock())
    stored = objects.put(PLACEMENT, [data])
    return platform_of(objects), found(stored.md5, len(data), PLACEMENT)


def platform_of(objects: FakeObjects) -> Platform:
    return cast("Platform", SimpleNamespace(objects=objects))


def found(md5: Md5, size_bytes: int, placement: Placement | None = None) -> FoundFile:
    nobody: Any = None
    path = FilePath("dir/lamp.png")
    return FoundFile(nobody, Revision("ab" * 20), True, path, md5, size_bytes, placement)  # noqa: FBT003 - is_pinned


def test_a_small_text_of_git_tells_its_format_and_sha256() -> None:
    file = replace(found(Md5("0" * 32), 6), text=b"a lamp")
    told = recognized(house_of([]), platform_of(FakeObjects(FakeClock())), file)
    assert told == {"format": "text/plain", "sha256": hashlib.sha256(b"a lamp").hexdigest()}


def test_a_small_picture_at_the_site_is_read_whole() -> None:
    platform, file = at_site(b"picture")
    assert recognized(house_of([], width=7), platform, file) == {
        "format": "image/png",
        "sha256": hashlib.sha256(b"picture").hexdigest(),
        "width": 7,
        "height": 7,
    }


def test_of_a_large_file_the_head_alone_is_read() -> None:
    data = bytes(range(256)) * (HEAD_BYTES // 256) + b"more"
    platform, file = at_site(data)
    seen: list[bytes] = []
    assert recognized(house_of(seen), platform, file) == {"format": "text/plain"}
    assert seen == [data[:HEAD_BYTES]]


@pytest.mark.parametrize("size_bytes", (7, HEAD_BYTES + 1))
def test_bytes_that_the_site_does_not_give_are_in_nobodys_way(size_bytes: int) -> None:
    missing = found(Md5("1" * 32), size_bytes, PLACEMENT)
    assert recognized(house_of([]), platform_of(FakeObjects(FakeClock())), missing) == {}
