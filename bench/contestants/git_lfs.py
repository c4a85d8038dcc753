"""Git LFS with giftless as its server, which sends the client straight to the same S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.contestants.giftless import running_giftless
from bench.contestants.git_tree import GitTree
from bench.contestants.ground import Contestant, Entry, Ground


class _GitLfs:
    def __init__(self, ground: Ground, source: Path, server: str) -> None:
        self._shell = ground.shell
        self._shell.run(ground.folder, "git", "lfs", "install", "--skip-repo")
        address = f"{server}/bench/tree.git/info/lfs"
        git = ("git", "config", "--global")
        self._shell.run(ground.folder, *git, f"lfs.{address}.locksverify", "false")
        self._git = GitTree(ground)
        self.tree = self._git.tree
        self._git.git("lfs", "install", "--local")
        self._git.git("lfs", "track", "*.bin")
        self._git.git("config", "--file", ".lfsconfig", "lfs.url", address)
        ground.copy_tree(source, self.tree)

    def publish(self) -> None:
        self._git.commit_all()
        self._git.push("main")

    def pull(self, goal: Path) -> None:
        self._git.clone(goal)

    def pull_one(self, goal: Path, path: str) -> None:
        self._git.clone(goal, self._shell.adding(GIT_LFS_SKIP_SMUDGE="1"))
        self._shell.run(goal, "git", "lfs", "pull", "--include", path)


@contextmanager
def _enter(ground: Ground, source: Path) -> Iterator[Contestant]:
    with running_giftless(ground) as server:
        yield _GitLfs(ground, source, server)


GIT_LFS = Entry("git-lfs", ("git-lfs",), "apt install git-lfs", _enter, ("git-lfs", "version"))
