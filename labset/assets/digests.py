"""What is told of a file's bytes, held against the bytes that come."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from labset.assets.model import Asset
from labset.errors import Damaged
from labset.transport.wire import BLOCK_BYTES

_DIGITS = {"md5": 32, "sha256": 64}


class Digests:
    """Grows with the bytes; knows at the end whether they are those that were told.

    By sha256, where that was told, else by md5: both would take longer than the way here.
    """

    def __init__(self, asset: Asset) -> None:
        self._asset = asset
        told = {"sha256": asset.sha256, "md5": asset.md5}
        known = [name for name, text in told.items() if len(text) == _DIGITS[name]]
        self._told = {name: told[name] for name in known[:1]}
        self._made: dict[str, Any] = {}
        self.size = 0
        self.begin()

    @property
    def names(self) -> tuple[str, ...]:
        """What the bytes are checked by."""
        return tuple(self._told)

    @property
    def mark(self) -> str:
        """The first of them: what a part of a file belongs to, whatever the server calls it."""
        return next((f"{name}:{told}" for name, told in self._told.items()), "")

    def begin(self) -> None:
        """Forget the bytes so far."""
        self.size = 0
        self._made = {name: hashlib.new(name, usedforsecurity=False) for name in self._told}

    def add(self, block: memoryview) -> None:
        """Count more bytes."""
        self.size += len(block)
        for one in self._made.values():
            one.update(block)

    def add_file(self, path: Path) -> None:
        """Count the bytes of a file."""
        block = memoryview(bytearray(BLOCK_BYTES))
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(block):
                self.add(block[:count])

    def is_right(self) -> bool:
        """Whether size and digests are as they were told."""
        return self._problem() is None

    def check(self) -> None:
        """Raise Damaged, where something is not as it was told."""
        problem = self._problem()
        if problem:
            told = {"path": self._asset.key, "size": self.size}
            raise Damaged(f"{self._asset.key}: {problem}", details=told)

    def _problem(self) -> str | None:
        size = self._asset.size
        if size is not None and size != self.size:
            return f"{self.size:,} bytes came, {size:,} were announced."
        for name, told in self._told.items():
            if self._made[name].hexdigest() != told:
                return f"the bytes that came are not what their {name} says."
        return None
