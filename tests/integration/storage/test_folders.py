from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Forbidden, Invalid, Unavailable
from core.model.storage import SiteAddress, SiteKind
from storage_sites import local_store
from storage_sites.local_files import NamedFile
from storage_sites.objects import SiteObjects
from tests.conformance.objects.world import BehindFolder, World, md5_of
from tests.fakes.clock import FakeClock
from tests.fakes.records import FakeFacts, FakeStaging

DATA = b"bytes in a folder\n" * 100


def root(world: World) -> Path:
    assert isinstance(world.behind, BehindFolder)
    return world.behind.root


def test_objects_are_files_that_nobody_writes_over(folder: World) -> None:
    md5 = folder.objects.put(folder.placement, [DATA]).md5
    path = root(folder) / folder.key(md5)
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o777 == 0o444
    assert folder.staging.history == []


@pytest.mark.parametrize("depth", range(1, 5))
def test_links_inside_the_folder_lead_nowhere(folder: World, tmp_path: Path, depth: int) -> None:
    md5 = md5_of(DATA)
    parts = folder.key(md5).split("/")
    outside = tmp_path.joinpath("outside", *parts[depth:])
    outside.parent.mkdir(parents=True)
    outside.write_bytes(DATA)
    link = root(folder).joinpath(*parts[:depth])
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "outside")
    for act in (
        lambda: folder.objects.find_size(folder.placement, md5),
        lambda: folder.objects.open(folder.placement, md5, None),
        lambda: folder.objects.put(folder.placement, [DATA]),
    ):
        with pytest.raises(Unavailable, match="link"):
            act()
    assert outside.read_bytes() == DATA


def test_a_link_or_pipe_in_an_objects_place_is_no_object(folder: World, tmp_path: Path) -> None:
    md5 = md5_of(DATA)
    path = root(folder) / folder.key(md5)
    path.parent.mkdir(parents=True)
    (tmp_path / "secret").write_bytes(DATA)
    path.symlink_to(tmp_path / "secret")
    assert folder.objects.find_size(folder.placement, md5) is None
    assert folder.objects.missing(folder.placement, [(md5, None)]) == {md5}
    with pytest.raises(Unavailable):
        folder.objects.open(folder.placement, md5, len(DATA))
    folder.objects.put(folder.placement, [DATA])
    assert not path.is_symlink()
    path.unlink()
    os.mkfifo(path)
    assert folder.objects.missing(folder.placement, [(md5, None)]) == {md5}


def test_without_nameless_files_a_recorded_name_serves(
    folder: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    class Seen(NamedFile):
        def __init__(self, descriptor: int, name: str) -> None:
            made.append(name)
            assert [key for _, key in folder.staging.held][-1].endswith(name)
            super().__init__(descriptor, name)

    monkeypatch.delattr(os, "O_TMPFILE")
    monkeypatch.setattr(local_store, "NamedFile", Seen)
    md5 = folder.objects.put(folder.placement, [DATA]).md5
    assert made
    assert folder.objects.read(folder.placement, md5, limit_bytes=9999) == DATA
    with pytest.raises(Invalid):
        folder.objects.put(folder.placement, [DATA], expected=md5_of(b"other"))
    assert folder.leftovers() == []


def objects_below(*roots: Path) -> SiteObjects:
    return SiteObjects(FakeFacts(), FakeStaging(), FakeClock(), local_roots=roots)


def local(path: str | Path) -> SiteAddress:
    return SiteAddress(SiteKind.LOCAL, f"file://{path}")


def test_only_folders_below_the_roots_are_sites(tmp_path: Path) -> None:
    inside, outside = tmp_path / "roots" / "inside", tmp_path / "outside"
    inside.mkdir(parents=True)
    outside.mkdir()
    (inside / "out").symlink_to(outside)
    objects = objects_below(tmp_path / "roots")
    objects.check_address(local(inside))
    for path in (outside, inside / "out", tmp_path, "/"):
        with pytest.raises((Forbidden, Invalid)):
            objects.check_address(local(path))
    for url in (f"{inside}/../../outside", f"//host{inside}", f"{inside}?x", f"{inside}/./x"):
        with pytest.raises((Forbidden, Invalid)):
            objects.check_address(local(url))
    with pytest.raises(Forbidden, match="LABSET_LOCAL_ROOTS"):
        objects_below().check_address(local(inside))


def test_a_folder_or_root_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="create it first"):
        objects_below(tmp_path).check_address(local(tmp_path / "new"))
    with pytest.raises(Invalid, match="is not there"):
        objects_below(tmp_path / "gone").check_address(local(tmp_path / "gone" / "site"))


def test_a_folder_that_goes_away_is_an_outage_not_lost_data(folder: World) -> None:
    md5 = folder.objects.put(folder.placement, [DATA]).md5
    root(folder).rename(root(folder).with_name("moved"))
    with pytest.raises(Unavailable):
        folder.objects.open(folder.placement, md5, len(DATA))
    with pytest.raises(Unavailable):
        folder.objects.missing(folder.placement, [(md5, None)])
    health = folder.objects.check(folder.placement.site.address, None)
    assert not health.ok


def test_temporary_files_of_killed_uploads_are_swept(folder: World) -> None:
    objects, placement = folder.objects, folder.placement
    assert isinstance(objects, SiteObjects)
    key = f"{placement.prefix}/staging/{'a' * 32}"
    folder.staging.record_staging(placement, key, None)
    folder.behind.write(key, b"half")
    later = datetime.now(UTC) + timedelta(seconds=1)
    elsewhere = replace(placement, prefix="gone")
    folder.staging.record_staging(elsewhere, f"{folder.key(md5_of(DATA))}#1", None)
    kept = objects.put(placement, [DATA]).md5
    assert (
        objects.sweep_staging(
            later, lambda _, key: placement if key.startswith(placement.prefix) else None
        )
        == 2
    )
    assert folder.leftovers() == []
    assert folder.objects_there() == [folder.key(kept)]
