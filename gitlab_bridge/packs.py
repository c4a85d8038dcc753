"""New git objects gathered in memory and written as one pack: one fsync, not one per object.

Source: git's `gitformat-pack` (pack version 2, index version 2) and `git-mktree`'s order of names.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

TREE_MODE = 0o040000
BLOB_MODE = 0o100644
EXECUTABLE_MODE = 0o100755
LINK_MODE = 0o120000
COMMIT_MODE = 0o160000

_TYPES = {"commit": 1, "tree": 2, "blob": 3}
_LARGE_OFFSET = 2**31


@dataclass(frozen=True, slots=True)
class TreeItem:
    """One line of a git tree: mode, and the id (40 hex) of what it names."""

    mode: int
    oid: str

    @property
    def is_tree(self) -> bool:
        """Whether it is a folder."""
        return self.mode == TREE_MODE

    @property
    def is_blob(self) -> bool:
        """Whether it is an ordinary file."""
        return self.mode in {BLOB_MODE, EXECUTABLE_MODE, 0o100664}


def parse_tree(data: bytes) -> dict[bytes, TreeItem]:
    """Read git's raw tree: octal mode, space, name, NUL and 20 bytes of id, one after the other."""
    items: dict[bytes, TreeItem] = {}
    start = 0
    while start < len(data):
        space = data.index(b" ", start)
        end = data.index(b"\0", space)
        oid = data[end + 1 : end + 21]
        items[data[space + 1 : end]] = TreeItem(int(data[start:space], 8), oid.hex())
        start = end + 21
    return items


def format_tree(items: Mapping[bytes, TreeItem]) -> bytes:
    """Return git's raw tree, in git's order (a folder's name sorts as if it ended with `/`)."""
    ordered = sorted(items.items(), key=lambda pair: pair[0] + b"/" * pair[1].is_tree)
    return b"".join(
        b"%o %s\0%s" % (item.mode, name, bytes.fromhex(item.oid)) for name, item in ordered
    )


class NewObjects:
    """Objects that do not exist yet; each is kept once."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[str, bytes]] = {}

    def add(self, kind: str, data: bytes) -> str:
        """Take a `blob`, `tree` or `commit`; return its id (40 hex)."""
        header = b"%s %d\0" % (kind.encode(), len(data))
        oid = hashlib.sha1(header + data, usedforsecurity=False).hexdigest()
        self._objects[oid] = (kind, data)
        return oid

    def find(self, oid: str) -> bytes | None:
        """Return the bytes of an object that was added."""
        found = self._objects.get(oid)
        return found[1] if found else None

    def write(self, objects_dir: Path) -> tuple[str, int]:
        """Write `pack/pack-<name>.pack` and `.idx` below `objects_dir`, on disk when it returns.

        Returns the common stem of both files, and the pack's size in bytes.
        """
        pack, entries = self._pack()
        stem = f"pack-{pack[-20:].hex()}"
        folder = objects_dir / "pack"
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(folder / f"{stem}.pack", pack)
        write_durably(folder / f"{stem}.idx", _index(entries, pack[-20:]))
        return stem, len(pack)

    def _pack(self) -> tuple[bytes, list[tuple[bytes, int, int]]]:
        parts = [b"PACK" + struct.pack(">II", 2, len(self._objects))]
        offset = len(parts[0])
        entries: list[tuple[bytes, int, int]] = []
        for oid, (kind, data) in self._objects.items():
            part = _entry_header(_TYPES[kind], len(data)) + zlib.compress(data, 1)
            entries.append((bytes.fromhex(oid), zlib.crc32(part), offset))
            parts.append(part)
            offset += len(part)
        body = b"".join(parts)
        return body + hashlib.sha1(body, usedforsecurity=False).digest(), entries


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that is whole under its name, or not there: temporary name, fsync, rename."""
    temporary = path.with_name(f"tmp-{os.getpid()}-{path.name}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(0o444)
    temporary.rename(path)


def _entry_header(kind: int, size_bytes: int) -> bytes:
    byte = kind << 4 | size_bytes & 0x0F
    size_bytes >>= 4
    header = bytearray()
    while size_bytes:
        header.append(byte | 0x80)
        byte = size_bytes & 0x7F
        size_bytes >>= 7
    header.append(byte)
    return bytes(header)


def _index(entries: list[tuple[bytes, int, int]], pack_sum: bytes) -> bytes:
    entries = sorted(entries)
    counts = [0] * 256
    for oid, _, _ in entries:
        counts[oid[0]] += 1
    large = [offset for _, _, offset in entries if offset >= _LARGE_OFFSET]
    places = iter(range(_LARGE_OFFSET, _LARGE_OFFSET + len(large)))
    offsets = [offset if offset < _LARGE_OFFSET else next(places) for _, _, offset in entries]
    count = len(entries)
    body = b"".join(
        (
            b"\xfftOc",
            struct.pack(">I256I", 2, *accumulate(counts)),
            *(oid for oid, _, _ in entries),
            struct.pack(f">{count}I", *(crc for _, crc, _ in entries)),
            struct.pack(f">{count}I", *offsets),
            struct.pack(f">{len(large)}Q", *large),
            pack_sum,
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()
