"""git-annex with the same S3 as a special remote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.contestants.git_tree import GitTree
from bench.contestants.ground import Contestant, Entry, Ground

_JOBS = "-J8"


class _GitAnnex:
    def __init__(self, ground: Ground, source: Path) -> None:
        access, secret = ground.keys
        self._shell = ground.shell.adding(AWS_ACCESS_KEY_ID=access, AWS_SECRET_ACCESS_KEY=secret)
        self._git = GitTree(ground)
        self.tree = self._git.tree
        server = urlsplit(ground.endpoint)
        self._settle(self.tree, "annex", "init", "-q", "bench")
        self._settle(
            self.tree,
            *("annex", "initremote", "-q", "site", "type=S3", "encryption=none"),
            *("protocol=http", f"host={server.hostname}", f"port={server.port}"),
            *("requeststyle=path", f"bucket={ground.bucket}"),
        )
        ground.copy_tree(source, self.tree)

    def publish(self) -> None:
        self._annex(self.tree, "add", "-q", _JOBS, ".")
        self._git.commit_added()
        self._annex(self.tree, "copy", "-q", _JOBS, "--to", "site", ".")
        self._git.push("main", "git-annex")

    def pull(self, goal: Path) -> None:
        self._clone(goal)
        self._annex(goal, "get", "-q", _JOBS, ".")

    def pull_one(self, goal: Path, path: str) -> None:
        self._clone(goal)
        self._annex(goal, "get", "-q", path)

    def _clone(self, goal: Path) -> None:
        self._git.clone(goal)
        self._settle(goal, "annex", "init", "-q", "clone")
        self._annex(goal, "enableremote", "-q", "site")

    def _settle(self, folder: Path, *command: str) -> None:
        # The bare repository holds no data: nobody shall look for any there.
        self._shell.run(folder, "git", "config", "remote.origin.annex-ignore", "true")
        self._shell.run(folder, "git", *command)

    def _annex(self, folder: Path, *command: str) -> None:
        self._shell.run(folder, "git", "annex", *command)


@contextmanager
def _enter(ground: Ground, source: Path) -> Iterator[Contestant]:
    yield _GitAnnex(ground, source)


GIT_ANNEX = Entry(
    "git-annex",
    ("git-annex",),
    "apt install git-annex",
    _enter,
    ("git-annex", "version", "--raw"),
)
