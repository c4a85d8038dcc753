from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import pytest

from labset.local import cache as cache_module
from labset.local.cache import Cache, open_cache
from labset.local.hash_cache import HashCache

DATA = secrets.token_bytes(1000)


def md5_of(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def hashes(tmp_path: Path) -> HashCache:
    return HashCache(tmp_path / "hashes")


@pytest.fixture(autouse=True)
def small_files_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "LINKED_BYTES", 500)


def entry_of(tmp_path: Path, md5: str) -> Path:
    return tmp_path / "cache/files/md5" / md5[:2] / md5[2:]


def test_small_bytes_come_out_as_they_went_in(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert cache.read(md5_of(b"abc"), 3) is None
    cache.write(md5_of(b"abc"), b"abc")
    cache.write(md5_of(b"abc"), b"abc")
    assert cache.read(md5_of(b"abc"), 3) == b"abc"


@pytest.mark.parametrize("spoilt", (b"abx", b"", b"abcd"))
def test_an_entry_that_was_tampered_with_is_dropped(tmp_path: Path, spoilt: bytes) -> None:
    cache, md5 = Cache(tmp_path / "cache"), md5_of(b"abc")
    cache.write(md5, b"abc")
    entry_of(tmp_path, md5).write_bytes(spoilt)
    assert cache.read(md5, 3) is None
    assert not entry_of(tmp_path, md5).exists()


def test_a_large_file_is_shared_and_takes_no_room_twice(tmp_path: Path, hashes: HashCache) -> None:
    cache, source = Cache(tmp_path / "cache"), tmp_path / "large"
    source.write_bytes(DATA)
    cache.keep(md5_of(DATA), source, hashes)
    assert cache.link(md5_of(DATA), len(DATA), tmp_path / "second", hashes)
    assert (tmp_path / "second").read_bytes() == DATA
    if (tmp_path / "second").stat().st_nlink > 1:  # else the file system has cloned it
        assert not (tmp_path / "second").stat().st_mode & 0o222
    hashes.close()


def test_a_large_file_that_was_edited_in_place_is_not_given_out(
    tmp_path: Path, hashes: HashCache
) -> None:
    cache, source = Cache(tmp_path / "cache"), tmp_path / "large"
    source.write_bytes(DATA)
    cache.keep(md5_of(DATA), source, hashes)
    entry = entry_of(tmp_path, md5_of(DATA))
    entry.chmod(0o644)
    entry.write_bytes(secrets.token_bytes(len(DATA)))
    os.utime(entry, ns=(1, 1))
    assert not cache.link(md5_of(DATA), len(DATA), tmp_path / "second", hashes)
    assert not (tmp_path / "second").exists()
    assert not entry.exists()
    hashes.close()


def test_where_links_do_not_work_files_are_copied(
    tmp_path: Path, hashes: HashCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    cache, source = Cache(tmp_path / "cache"), tmp_path / "large"
    source.write_bytes(DATA)
    cache.keep(md5_of(DATA), source, hashes)
    source.write_bytes(b"edited")
    assert cache.link(md5_of(DATA), len(DATA), tmp_path / "second", hashes)
    assert (tmp_path / "second").read_bytes() == DATA
    hashes.close()


def test_the_cache_lies_where_it_is_said_or_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABSET_CACHE", str(tmp_path / "mine"))
    cache = open_cache()
    assert cache is not None
    cache.write(md5_of(b"abc"), b"abc")
    assert (tmp_path / "mine/files/md5").is_dir()
    monkeypatch.setenv("LABSET_CACHE", "off")
    assert open_cache() is None
