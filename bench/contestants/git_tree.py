"""A git repository with a bare one beside it as its remote: what three of the peers stand on."""

from __future__ import annotations

from pathlib import Path

from bench.contestants.ground import Ground
from bench.programs import Shell


class GitTree:
    """The repository `tree` and its remote on the same disk, which costs nearly nothing."""

    def __init__(self, ground: Ground) -> None:
        self.tree = ground.folder / "tree"
        self.origin = ground.folder / "origin.git"
        self._shell = ground.shell
        self._shell.run(ground.folder, "git", "init", "-q", "--bare", str(self.origin))
        self._shell.run(ground.folder, "git", "init", "-q", str(self.tree))
        self.git("remote", "add", "origin", str(self.origin))

    def git(self, *command: str) -> str:
        """Run git in `tree`."""
        return self._shell.run(self.tree, "git", *command)

    def commit_all(self) -> None:
        """Commit whatever git sees changed; without a change, nothing."""
        self.git("add", "-A")
        self.commit_added()

    def commit_added(self) -> None:
        """Commit what was added; without a change, nothing."""
        if self.git("diff", "--cached", "--name-only"):
            self.git("commit", "-q", "-m", "bench")

    def push(self, *branches: str) -> None:
        """Push branches to the remote."""
        self.git("push", "-q", "origin", *branches)

    def clone(self, goal: Path, shell: Shell | None = None) -> None:
        """Clone the remote into a folder that is not there yet."""
        chosen = shell or self._shell
        chosen.run(goal.parent, "git", "clone", "-q", str(self.origin), str(goal))
