"""DVC straight to S3, as its guide has it: a pointer per file, or one for the whole folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.contestants.git_tree import GitTree
from bench.contestants.ground import Contestant, Entry, Ground


class _Dvc:
    def __init__(self, ground: Ground, source: Path, targets: Callable[[Path], list[str]]) -> None:
        self._shell = ground.shell.adding(DVC_NO_ANALYTICS="1")
        self._git = GitTree(ground)
        self._targets = targets
        self.tree = self._git.tree
        self._folder = ground.folder
        access, secret = ground.keys
        self._dvc(self.tree, "init", "-q")
        self._dvc(self.tree, "remote", "add", "-q", "-d", "site", f"s3://{ground.bucket}/dvc")
        for name, value in (
            ("endpointurl", ground.endpoint),
            ("access_key_id", access),
            ("secret_access_key", secret),
        ):
            self._dvc(self.tree, "remote", "modify", "-q", "site", name, value)
        ground.copy_tree(source, self.tree)

    def publish(self) -> None:
        self._dvc(self.tree, "add", "-q", *self._targets(self.tree))
        self._git.commit_all()
        self._dvc(self.tree, "push", "-q")
        self._git.push("main")

    def pull(self, goal: Path) -> None:
        self._git.clone(goal)
        self._dvc(goal, "pull", "-q")

    def pull_one(self, goal: Path, path: str) -> None:
        self._git.clone(goal)
        self._dvc(goal, "pull", "-q", path)

    def _dvc(self, folder: Path, *command: str) -> None:
        # What DVC remembers of a repository outside of it is new with each clone.
        site = self._folder / "dvc" / folder.name
        self._shell.adding(DVC_SITE_CACHE_DIR=str(site)).run(folder, "dvc", *command)


def _files(tree: Path) -> list[str]:
    return [str(path.relative_to(tree)) for path in sorted((tree / "images").rglob("*.bin"))]


def _folder(_: Path) -> list[str]:
    return ["images"]


@contextmanager
def _enter(
    targets: Callable[[Path], list[str]], ground: Ground, source: Path
) -> Iterator[Contestant]:
    yield _Dvc(ground, source, targets)


DVC = Entry("dvc", ("dvc",), "make install", partial(_enter, _files), ("dvc", "--version"))
DVC_FOLDER = Entry(
    "dvc folder",
    ("dvc",),
    "make install",
    partial(_enter, _folder),
    ("dvc", "--version"),
    sets=("small",),
)
