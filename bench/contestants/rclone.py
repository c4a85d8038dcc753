"""rclone: copies files to S3 and back; it keeps no versions and commits nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.contestants.ground import Contestant, Entry, Ground

_OPTIONS = ("--transfers", "16", "--checkers", "16", "--fast-list", "--checksum")


class _Rclone:
    def __init__(self, ground: Ground, source: Path) -> None:
        access, secret = ground.keys
        self._folder = ground.folder
        self._remote = f":s3:{ground.bucket}/rclone"
        self._shell = ground.shell.adding(
            RCLONE_CONFIG=os.devnull,
            RCLONE_S3_PROVIDER="SeaweedFS",
            RCLONE_S3_ENDPOINT=ground.endpoint,
            RCLONE_S3_ACCESS_KEY_ID=access,
            RCLONE_S3_SECRET_ACCESS_KEY=secret,
            RCLONE_S3_NO_CHECK_BUCKET="true",
        )
        self.tree = ground.folder / "tree"
        ground.copy_tree(source, self.tree)

    def publish(self) -> None:
        self._copy(str(self.tree), self._remote)

    def pull(self, goal: Path) -> None:
        self._copy(self._remote, str(goal))

    def pull_one(self, goal: Path, path: str) -> None:
        self._shell.run(
            self._folder, "rclone", "copyto", f"{self._remote}/{path}", str(goal / path)
        )

    def _copy(self, source: str, target: str) -> None:
        self._shell.run(self._folder, "rclone", "copy", *_OPTIONS, source, target)


@contextmanager
def _enter(ground: Ground, source: Path) -> Iterator[Contestant]:
    yield _Rclone(ground, source)


RCLONE = Entry("rclone", ("rclone",), "make install-dev", _enter, ("rclone", "version"))
