"""Labset's own client, started as people start it: one process per command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.client import Client, new_dataset
from bench.contestants.ground import Contestant, Entry, Ground
from bench.programs import Run, Shell


class LabsetClient:
    """A dataset on the S3 site, and the command line that fills and reads it."""

    def __init__(self, ground: Ground, tree: Path) -> None:
        self.tree = tree
        self._folder = ground.folder
        self._api = Client(ground.stack.api, ground.stack.token)
        self._dataset = new_dataset(self._api, f"bench {ground.bucket}")
        self._shell = ground.shell.adding(
            LABSET_URL=str(ground.stack.ready["app_url"]), LABSET_TOKEN=ground.stack.token
        )

    def publish(self) -> None:
        """Upload the tree."""
        self._mine(self.tree).run(self.tree, *self._publishing())

    def pull(self, goal: Path) -> None:
        """Download the latest into a folder, with an empty cache."""
        self._mine(goal).run(self._folder, *self._pulling(goal))

    def pull_one(self, goal: Path, path: str) -> None:
        """Download one file of the latest, likewise."""
        self._mine(goal).run(self._folder, *self._pulling(goal), path)

    def publish_watched(self) -> Run:
        """Upload the tree and see what it takes."""
        return self._mine(self.tree).run_watched(self.tree, *self._publishing())

    def pull_watched(self, goal: Path) -> Run:
        """Download everything and see what it takes."""
        return self._mine(goal).run_watched(self._folder, *self._pulling(goal))

    def _publishing(self) -> tuple[str, ...]:
        return _command("upload", str(self._dataset), ".", "-m", "bench")

    def _pulling(self, goal: Path) -> tuple[str, ...]:
        return _command("download", "--project-id", str(self._dataset), "--output", str(goal))

    def _mine(self, folder: Path) -> Shell:
        # A cache for each folder: whoever pulls has never seen the files.
        return self._shell.adding(LABSET_CACHE=str(self._folder / "cache" / folder.name))


def _command(name: str, *options: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "labset", name, "--quiet", *options)


@contextmanager
def _enter(ground: Ground, source: Path) -> Iterator[Contestant]:
    tree = ground.folder / "tree"
    ground.copy_tree(source, tree)
    yield LabsetClient(ground, tree)


LABSET = Entry("Labset", (), "", _enter, (sys.executable, "-m", "labset", "--version"))
