"""What one order does to a tree of git: pure objects in memory, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.errors import Invalid, NotFound
from core.model.content import Broken, Pointer
from core.model.history import Change
from core.model.names import FilePath, folded
from gitlab_bridge.ignores import FILE_NAME as IGNORE_FILE
from gitlab_bridge.ignores import edit_ignores
from gitlab_bridge.packs import (
    BLOB_MODE,
    EXECUTABLE_MODE,
    TREE_MODE,
    NewObjects,
    TreeItem,
    format_tree,
    parse_tree,
)
from gitlab_bridge.pointers import SUFFIX, parse_pointer, read_pointer, write_pointer

ReadObject = Callable[[str], bytes]

_IGNORE = IGNORE_FILE.encode()
_SUFFIX = SUFFIX.encode()


class Clash(Exception):
    """`path` cannot be put because of what stands at `other`."""

    def __init__(self, path: str, other: str, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path
        self.other = other
        self.sentence = sentence


class _Folder:
    """One folder while it is edited; its subfolders are read when something below them changes."""

    def __init__(self, path: str, oid: str | None, read: ReadObject) -> None:
        self.path = path
        self.oid = oid
        self.items = parse_tree(read(oid)) if oid else {}
        self.children: dict[bytes, _Folder] = {}
        self.came: set[bytes] = set()
        self.ignored: set[str] = set()
        self.unignored: set[str] = set()
        self._original = dict(self.items)
        self._read = read

    def child(self, name: bytes) -> _Folder | None:
        """Return the subfolder, read for editing; None where there is none."""
        if name not in self.children:
            item = self.items.get(name)
            if item is None or not item.is_tree:
                return None
            self.children[name] = _Folder(self.inside(name), item.oid, self._read)
        return self.children[name]

    def new_child(self, name: bytes) -> _Folder:
        """Make an empty subfolder."""
        self.items[name] = TreeItem(TREE_MODE, "")
        self.came.add(name)
        folder = self.children[name] = _Folder(self.inside(name), None, self._read)
        return folder

    def inside(self, name: bytes) -> str:
        """Return the path of something in this folder."""
        text = name.decode("utf-8", "replace")
        return f"{self.path}/{text}" if self.path else text

    def pop(self, name: bytes) -> None:
        """Take a name away, whatever it is."""
        self.items.pop(name, None)
        self.children.pop(name, None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing but our own ignore lines would be left."""
        left = self.items.keys() - {_IGNORE}
        return all(name in self.children and self.children[name].is_empty for name in left)

    def write(self, new: NewObjects) -> str | None:
        """Return the id of the finished tree; None if nothing is left of it."""
        for name, child in self.children.items():
            oid = child.write(new)
            if oid is None:
                self.items.pop(name, None)
            else:
                self.items[name] = TreeItem(TREE_MODE, oid)
        self._write_ignores(new)
        if not self.items:
            return None
        if self.oid is not None and self.items == self._original:
            return self.oid
        return new.add("tree", format_tree(self.items))

    def _write_ignores(self, new: NewObjects) -> None:
        if not (self.ignored or self.unignored):
            return
        item = self.items.get(_IGNORE)
        if item is not None and not item.is_blob:
            return  # somebody made it a link or a folder: not ours to mend
        before = self._read(item.oid) if item else None
        after = edit_ignores(before, added=sorted(self.ignored), removed=self.unignored)
        if after is None:
            self.items.pop(_IGNORE, None)
        elif after != before:
            self.items[_IGNORE] = TreeItem(BLOB_MODE, new.add("blob", after))


class TreeEdit:
    """Applies changes to the tree `root` (None: an empty one)."""

    def __init__(self, root: str | None, read: ReadObject) -> None:
        self.new = NewObjects()
        self.replaced: set[str] = set()
        self._read = read
        self._root = _Folder("", root, read)

    def apply(self, changes: Sequence[Change]) -> str:
        """Return the id of the new tree: what is deleted goes first, then the rest comes.

        Raises:  Clash; NotFound, for what is to be deleted and is not there; Invalid.
        """
        noted = {
            str(change.path): self._pointer_text(change.moved_from)
            for change in changes
            if change.moved_from is not None
        }
        for change in changes:
            if change.content is None:
                self._delete(change.path)
        touched: dict[str, _Folder] = {}
        for change in changes:
            if change.content is not None:
                folder = self._put(change.path, change.content, noted.get(str(change.path)))
                touched |= self._line(folder.path)
        came = [str(change.path) for change in changes if change.content is not None]
        for folder in touched.values():
            _check_spelling(folder, came)
        return self._root.write(self.new) or self.new.add("tree", b"")

    def _delete(self, path: FilePath | str) -> None:
        head, _, last = str(path).rpartition("/")
        name = last.encode()
        folder = self._descend(str(path), head, create=False)
        found = folder is not None and (
            name in folder.items or (isinstance(path, FilePath) and name + _SUFFIX in folder.items)
        )
        if folder is None or not found:
            raise NotFound(
                f"There is no {path} to delete.",
                code="file_not_found",
                details={"path": str(path)},
            )
        self.replaced.add(str(path))
        folder.pop(name)
        if isinstance(path, FilePath) and name + _SUFFIX in folder.items:
            folder.pop(name + _SUFFIX)
            folder.unignored.add(last)

    def _pointer_text(self, path: FilePath) -> bytes | None:
        """Return the text of the pointer at `path`, before anything is changed."""
        head, _, last = path.text.rpartition("/")
        folder = self._descend(path.text, head, create=False)
        item = folder.items.get(last.encode() + _SUFFIX) if folder else None
        return self._read(item.oid) if item and item.is_blob else None

    def _put(self, path: FilePath | str, content: Pointer | bytes, noted: bytes | None) -> _Folder:
        head, _, last = str(path).rpartition("/")
        if isinstance(path, str):
            _check_own_path(path)
        folder = self._descend(str(path), head, create=True)
        assert folder is not None  # noqa: S101 - for the type: it was created
        name = last.encode()
        standing = folder.child(name)
        if standing is not None and not standing.is_empty:
            raise Clash(str(path), str(path), f"{path} is a folder: a file cannot take its place")
        if standing is not None:
            folder.pop(name)
        if isinstance(path, str) and isinstance(content, bytes):
            self._put_raw(folder, name, content)
        elif isinstance(content, Pointer):
            self._put_pointer(folder, last, content, noted)
        else:
            self._put_text(folder, last, content)
        return folder

    def _put_pointer(
        self, folder: _Folder, last: str, pointer: Pointer, noted: bytes | None
    ) -> None:
        name, path = last.encode(), folder.inside(last.encode())
        standing = folder.items.get(name + _SUFFIX)
        previous = self._read(standing.oid) if standing and standing.is_blob else None
        if previous is not None:
            self.replaced.add(path)
            known = parse_pointer(previous)[1]
            if (
                isinstance(known, Pointer)
                and known.md5.is_directory is not pointer.md5.is_directory
            ):
                raise Clash(path, path, f"{path} {_IS_WHAT[known.md5.is_directory]}")
            if read_pointer(last, previous) == pointer and name not in folder.items:
                return
        elif name in folder.items:
            self.replaced.add(path)
        folder.pop(name)
        if standing is None:
            folder.came.add(name + _SUFFIX)
        text = write_pointer(last, pointer, previous or noted)
        folder.items[name + _SUFFIX] = TreeItem(BLOB_MODE, self.new.add("blob", text))
        folder.ignored.add(last)

    def _put_text(self, folder: _Folder, last: str, data: bytes) -> None:
        name, path = last.encode(), folder.inside(last.encode())
        if name + _SUFFIX in folder.items:
            raise Clash(
                path,
                path,
                f"{path} has its bytes on the storage site and does not move back into git",
            )
        folder.unignored.add(last)
        self._put_raw(folder, name, data)

    def _put_raw(self, folder: _Folder, name: bytes, data: bytes) -> None:
        standing = folder.items.get(name)
        if standing is None:
            folder.came.add(name)
        else:
            self.replaced.add(folder.inside(name))
        keeps_mode = standing is not None and standing.mode == EXECUTABLE_MODE
        mode = EXECUTABLE_MODE if keeps_mode else BLOB_MODE
        folder.items[name] = TreeItem(mode, self.new.add("blob", data))

    def _descend(self, path: str, head: str, *, create: bool) -> _Folder | None:
        """Open the folder `head` on the way to `path`."""
        folder = self._root
        for segment in head.split("/") if head else ():
            name = segment.encode()
            self._check_no_pointer(folder, name, path)
            child = folder.child(name)
            if child is None and not create:
                return None
            if child is None and name in folder.items:
                other = folder.inside(name)
                raise Clash(path, other, f"{other} is a file: nothing can lie below it")
            folder = child or folder.new_child(name)
        return folder

    def _check_no_pointer(self, folder: _Folder, name: bytes, path: str) -> None:
        standing = folder.items.get(name + _SUFFIX)
        if standing is None or not standing.is_blob:
            return
        other = folder.inside(name)
        content = parse_pointer(self._read(standing.oid))[1]
        if isinstance(content, Broken) or not content.md5.is_directory:
            raise Clash(path, other, f"{other} is a file: nothing can lie below it")
        raise Clash(
            path,
            other,
            f"{other} is a packed folder, kept as one listing on the storage site: "
            "replace or delete it as a whole",
        )

    def _line(self, path: str) -> dict[str, _Folder]:
        """Return the folder at `path` and all above it."""
        folder = self._root
        line = {"": folder}
        for segment in path.split("/") if path else ():
            folder = folder.children[segment.encode()]
            line[folder.path] = folder
        return line


_IS_WHAT = {
    True: "is a packed folder: a file cannot take its place",
    False: "is a file: a folder cannot take its place",
}


def _check_spelling(folder: _Folder, came: Sequence[str]) -> None:
    """Refuse names that came (with `came`) and that some file systems cannot tell from others."""
    if not folder.came:
        return
    spelled: dict[str, bytes] = {}
    for name in sorted(folder.items, key=lambda name: name in folder.came):
        shown = name.removesuffix(_SUFFIX)
        key = folded(shown.decode("utf-8", "replace"))
        other = spelled.setdefault(key, shown)
        if other != shown and name in folder.came:
            mine, theirs = folder.inside(shown), folder.inside(other)
            path = next(path for path in came if f"{path}/".startswith(f"{mine}/"))
            raise Clash(path, theirs, f"{mine} and {theirs} differ only in case or Unicode form")


def _check_own_path(path: str) -> None:
    segments = path.split("/")
    if any(segment.casefold() in {"", ".", "..", ".git"} for segment in segments):
        raise Invalid(f"{path!r} is no path of a repository.", details={"path": path})
