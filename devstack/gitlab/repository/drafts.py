"""A tree being changed: folders are read when touched, and written again only where something changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileMode

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE_EXISTS = "A file with this name already exists"
FILE_MISSING = "A file with this name doesn't exist"
FOLDER_EXISTS = "A directory with this name already exists"


class ActionRefused(Exception):
    """A change that cannot be made; the text is GitLab's."""


class FileStale(ActionRefused):
    """A change of a file that somebody else changed after it was read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its blob and mode."""

    oid: pygit2.Oid
    mode: int


@dataclass(slots=True)
class Folder:
    """One folder of the draft; names point to files, to folders in hand, or to trees not read yet."""

    repository: pygit2.Repository
    children: dict[str, Entry | Folder | pygit2.Oid] = field(default_factory=dict)

    @classmethod
    def of_tree(cls, repository: pygit2.Repository, tree: pygit2.Tree) -> Folder:
        """Read one tree, not what lies below."""
        folder = cls(repository)
        for item in tree:
            is_tree = item.filemode == FileMode.TREE
            folder.children[item.name or ""] = (
                item.id if is_tree else Entry(item.id, int(item.filemode or 0))
            )
        return folder

    def file(self, path: str) -> Entry:
        """Return the file at `path`; refuse what is none."""
        folder, name = self._parent(path.split("/"))
        child = None if folder is None else folder.children.get(name)
        if not isinstance(child, Entry):
            raise ActionRefused(FILE_MISSING)
        return child

    def create(self, path: str, entry: Entry) -> None:
        """Add a file where nothing is."""
        parts = path.split("/")
        folder = self._reach(parts[:-1])
        present = folder.children.get(parts[-1])
        if present is not None:
            raise ActionRefused(FILE_EXISTS if isinstance(present, Entry) else FOLDER_EXISTS)
        folder.children[parts[-1]] = entry

    def replace(self, path: str, entry: Entry) -> None:
        """Put another file where one is."""
        self.file(path)
        folder, name = self._parent(path.split("/"))
        if folder is not None:
            folder.children[name] = entry

    def remove(self, path: str) -> None:
        """Take a file away, and folders that become empty."""
        self.file(path)
        trail: list[tuple[Folder, str]] = []
        folder: Folder | None = self
        for part in path.split("/"):
            if folder is None:
                return
            trail.append((folder, part))
            folder = folder.child(part)
        for holder, name in reversed(trail):
            child = holder.children.get(name)
            if isinstance(child, Entry) or (isinstance(child, Folder) and not child.children):
                del holder.children[name]

    def write(self) -> pygit2.Oid:
        """Store the changed trees and return the id of this one."""
        builder = self.repository.TreeBuilder()
        for name, child in self.children.items():
            if isinstance(child, Entry):
                builder.insert(name, child.oid, child.mode)
            else:
                builder.insert(
                    name, child.write() if isinstance(child, Folder) else child, FileMode.TREE
                )
        return builder.write()

    def child(self, name: str) -> Folder | None:
        """Return the folder with this name, read if need be."""
        child = self.children.get(name)
        if child is None or isinstance(child, Entry):
            return None
        if not isinstance(child, Folder):
            tree = self.repository.get(child)
            if not isinstance(tree, pygit2.Tree):
                return None
            child = self.children[name] = Folder.of_tree(self.repository, tree)
        return child

    def _parent(self, parts: Sequence[str]) -> tuple[Folder | None, str]:
        folder: Folder | None = self
        for part in parts[:-1]:
            folder = None if folder is None else folder.child(part)
        return folder, parts[-1]

    def _reach(self, parts: Sequence[str]) -> Folder:
        """Return the folder at `parts`, made where it is not there; refuse to pass through a file."""
        folder = self
        for part in parts:
            child = folder.child(part)
            if child is None:
                if part in folder.children:
                    raise ActionRefused(FILE_EXISTS)
                child = folder.children[part] = Folder(self.repository)
            folder = child
        return folder


def checked_path(path: str) -> str:
    """Return `path` as git may store it, without leading slashes; refuse what git or GitLab forbids."""
    parts = [part for part in path.lstrip("/").split("/") if part != "."]
    plain = "/".join(parts)
    if not path.lstrip("/"):
        raise ActionRefused("You must provide a file path")
    if ".." in parts:
        raise ActionRefused("Path cannot include directory traversal")
    if (
        not plain
        or any(part == "" or part.lower() in (".git", "git~1") for part in parts)
        or "\0" in plain
        or "\n" in plain
    ):
        raise ActionRefused(f"invalid path: '{path}'")
    return plain
