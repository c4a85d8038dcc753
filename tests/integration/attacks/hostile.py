"""Repositories as somebody makes them who wants to do harm: raw objects, pushed as they are."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

FILE, LINK, FOLDER, SUBMODULE = b"100644", b"120000", b"40000", b"160000"
_WHO = b"Eve <eve@example.org> 1700000000 +0000"


class Repository:
    """A clone whose objects are written without git's own checks."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["git", "clone", "-q", url, str(folder)], check=True, capture_output=True)
        self.head = self.git("rev-parse", "HEAD").decode().strip()
        self.root = self.git("rev-parse", "HEAD^{tree}").decode().strip()

    def git(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run git in the clone."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, input=given, capture_output=True, check=True
        )
        return done.stdout

    def write(self, kind: str, data: bytes) -> str:
        """Write an object, whatever is in it; return its id."""
        return self.git("hash-object", "-w", "--stdin", "--literally", "-t", kind, given=data)[
            :40
        ].decode()

    def tree(self, items: Mapping[bytes, tuple[bytes, str | bytes]]) -> str:
        """Write a folder of name: (mode, id or bytes)."""
        lines = []
        ordered = sorted(items.items(), key=lambda one: one[0] + b"/" * (one[1][0] == FOLDER))
        for name, (mode, content) in ordered:
            oid = content if isinstance(content, str) else self.write("blob", content)
            lines.append(mode + b" " + name + b"\0" + bytes.fromhex(oid))
        return self.write("tree", b"".join(lines))

    def commit(
        self, tree: str, message: bytes = b"m\n", author: bytes = _WHO, parent: str | None = None
    ) -> str:
        """Write a commit on `parent` (the head)."""
        head = f"tree {tree}\nparent {parent or self.head}\n".encode()
        text = head + b"author " + author + b"\ncommitter " + author + b"\n\n" + message
        return self.write("commit", text)

    def push(self, oid: str, ref: str) -> bool:
        """Push an object under a full ref name; say whether GitLab took it."""
        command = ["git", "push", "-q", "origin", f"{oid}:{ref}"]
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, check=False, env=environment
        )
        return done.returncode == 0
