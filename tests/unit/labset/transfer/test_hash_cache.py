from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from labset.errors import Conflict, Misused
from labset.local.hash_cache import HashCache, Signature
from labset.upload.hashing import hash_files
from labset.upload.sources import find_files
from labset.watch import Watch

MD5 = "900150983cd24fb0d6963f7d28e17f72"
OLD_NS = 1_600_000_000_123_456_789


def signature(path: Path, *, age_ns: int = OLD_NS) -> Signature:
    os.utime(path, ns=(age_ns, age_ns))
    return Signature.of(path.stat())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    return path


def test_a_hash_is_remembered_by_another_process_too(tmp_path: Path, file: Path) -> None:
    known = signature(file)
    with HashCache(tmp_path / "hashes") as hashes:
        assert hashes.find_one(known) is None
        assert hashes.keep([(known, MD5)])
    with HashCache(tmp_path / "hashes") as again:
        assert again.find_one(known) == MD5


def test_a_file_that_changed_in_any_way_is_not_known(tmp_path: Path, file: Path) -> None:
    known = signature(file)
    with HashCache(tmp_path / "hashes") as hashes:
        hashes.keep([(known, MD5)])
        assert hashes.find_one(known._replace(size=4)) is None
        assert hashes.find_one(known._replace(mtime_ns=known.mtime_ns + 1)) is None
        assert hashes.find_one(known._replace(inode=known.inode + 1)) is None
        assert hashes.find_one(known._replace(device=known.device + 1)) is None


def test_a_file_that_was_written_just_now_is_not_remembered(tmp_path: Path, file: Path) -> None:
    now = signature(file, age_ns=time.time_ns() + 10**9)
    coarse = now._replace(inode=1, mtime_ns=time.time_ns() // 10**9 * 10**9)
    with HashCache(tmp_path / "hashes") as hashes:
        hashes.keep([(now, MD5), (coarse, MD5)])
        assert list(hashes.find([now, coarse])) == [None, None]
        hashes.keep([(now, MD5)], at_rest=True)
        assert hashes.find_one(now) == MD5


def test_large_device_and_inode_numbers_are_kept(tmp_path: Path) -> None:
    huge = Signature(2**64 - 1, 2**63 + 7, 3, OLD_NS)
    with HashCache(tmp_path / "hashes") as hashes:
        hashes.keep([(huge, MD5)])
        assert hashes.find_one(huge) == MD5


def test_a_damaged_cache_is_begun_anew(tmp_path: Path, file: Path) -> None:
    (tmp_path / "hashes").write_bytes(b"no database " * 1000)
    with HashCache(tmp_path / "hashes") as hashes:
        hashes.keep([(signature(file), MD5)])
        assert hashes.find_one(Signature.of(file.stat())) == MD5


def test_where_no_cache_can_be_written_hashing_works_without(tmp_path: Path, file: Path) -> None:
    (tmp_path / "blocked").write_bytes(b"")
    with HashCache(tmp_path / "blocked" / "hashes") as hashes:
        hashes.keep([(signature(file), MD5)])
        assert hashes.find_one(Signature.of(file.stat())) == MD5


def test_hashing_reads_only_what_is_not_known(tmp_path: Path, file: Path) -> None:
    known = signature(file)
    files = find_files([file]).files
    with HashCache(tmp_path / "hashes") as hashes:
        assert hash_files(files, hashes, Watch()) == [MD5]
        file.write_bytes(b"xyz")
        os.utime(file, ns=(known.mtime_ns, known.mtime_ns))  # as no honest program leaves it
        assert hash_files(files, hashes, Watch()) == [MD5]


def test_a_file_that_changes_between_finding_and_hashing_is_refused_by_name(
    tmp_path: Path, file: Path
) -> None:
    files = find_files([file]).files
    file.write_bytes(b"longer than before")
    with HashCache(tmp_path / "hashes") as hashes, pytest.raises(Conflict) as caught:
        hash_files(files, hashes, Watch())
    assert caught.value.code == "changed"
    assert caught.value.details["local"] == str(file)


def test_a_file_that_may_not_be_read_is_named_and_not_said_to_have_changed(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:  # root, who runs tests at times, may read everything
        raise PermissionError(13, "Permission denied")

    files = find_files([file]).files
    monkeypatch.setattr(os, "open", refuse)
    with HashCache(tmp_path / "hashes") as hashes, pytest.raises(Misused, match="Permission"):
        hash_files(files, hashes, Watch())


def test_many_files_are_hashed_in_their_order(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(700):
        (folder / f"{number:03}").write_bytes(b"abc" if number % 2 else b"")
    files = find_files([folder]).files
    with HashCache(tmp_path / "hashes") as hashes:
        md5s = hash_files(files, hashes, Watch())
    assert md5s == ["d41d8cd98f00b204e9800998ecf8427e", MD5] * 350
