"""Folders of a revision as people see them: `.dvc` texts appear as the files they stand for.

Where `name` and `name.dvc` both exist, the pointer is shown.
"""

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator

import pygit2
from pygit2.enums import FileMode

from core.errors import TooLarge
from core.model.content import Broken, Content, Entry, Pointer, Text
from core.model.names import MAX_PATH_BYTES, FilePath, segment_problem
from gitlab_bridge.pointers import MAX_POINTER_BYTES, SUFFIX, parse_pointer
from gitlab_bridge.recent import Recent

MAX_ENTRIES = 500_000
MAX_PARSING_SECONDS = 5.0  # 100,000 ordinary pointers take half a second, some hostile ones longer
_SUFFIX = SUFFIX.encode()
_HIDDEN = frozenset(
    {b".gitignore", b".dvc", b".dvcignore", b".gitattributes", b".gitmodules", b".git"}
)
_FILES = frozenset({FileMode.BLOB, FileMode.BLOB_EXECUTABLE, 0o100664})
_BIGGEST_PART = 200

PointerTexts = Recent[str, tuple[str, Pointer | Broken]]


class TreeReader:
    """Reads the trees of one open repository; `pointers` remembers texts by their git id."""

    def __init__(self, repository: pygit2.Repository, pointers: PointerTexts) -> None:
        self._repository = repository
        self._odb = repository.odb
        self._pointers = pointers
        self._parsing_seconds = 0.0

    def list_folder(self, tree: pygit2.Tree, prefix: str) -> Iterator[Entry]:
        """Yield what lies directly in `tree`, whose path is `prefix` ("" or ending with `/`)."""
        for _, entry in self.named_entries(tree, prefix):
            yield entry

    def named_entries(
        self, tree: pygit2.Tree, prefix: str, *, only: Collection[bytes] | None = None
    ) -> Iterator[tuple[bytes, Entry]]:
        """Yield the same with git's names, without `.dvc`.

        `only` names what is wanted, as `shown_names` gives it (None: everything).
        """
        items = {item.raw_name or b"": item for item in tree}
        for raw, item in items.items():
            if only is not None and raw.removesuffix(_SUFFIX) not in only:
                continue
            is_pointer = raw.endswith(_SUFFIX) and item.filemode in _FILES
            if raw in _HIDDEN or (not is_pointer and _is_shadowed(raw, items)):
                continue
            shown = raw.removesuffix(_SUFFIX) if is_pointer else raw
            problem = _name_problem(shown)
            if problem or len(prefix) + len(shown) > _BIGGEST_PART:
                problem = problem or _length_problem(prefix, shown)
            if problem:
                yield shown, _unsafe(prefix, shown, problem)
            else:
                name = shown.decode()
                yield shown, self._entry(joined(prefix, name), name, item, is_pointer)

    def find(self, root: pygit2.Tree, path: FilePath) -> Entry | None:
        """Return what lies at `path`; for a path inside a packed folder, that folder's entry."""
        tree = root
        segments = path.text.split("/")
        for depth, name in enumerate(segments, start=1):
            is_last = depth == len(segments)
            pointer = _child(tree, name + SUFFIX)
            if pointer is not None and pointer.filemode in _FILES:
                here = FilePath("/".join(segments[:depth]))
                entry = self._entry(here, name, pointer, is_pointer=True)
                return entry if is_last or entry.packed else None
            item = _child(tree, name)
            if item is None or is_last:
                return None if item is None else self._entry(path, name, item, is_pointer=False)
            if not isinstance(item, pygit2.Tree):
                return None
            tree = item
        return None

    def _entry(self, path: FilePath, name: str, item: pygit2.Object, is_pointer: bool) -> Entry:  # noqa: FBT001
        if is_pointer:
            content = self._read_pointer(str(item.id), name)
            packed = isinstance(content, Pointer) and content.md5.is_directory
            return Entry(path, "directory" if packed else "file", content)
        if item.filemode == FileMode.TREE:
            return Entry(path, "directory")
        return Entry(path, "file", self._content(item))

    def _content(self, item: pygit2.Object) -> Content:
        if item.filemode in _FILES:
            return Text(str(item.id), self._size(str(item.id)))
        if item.filemode == FileMode.LINK:
            return Broken("it is a symbolic link, which Labset does not follow")
        return Broken("it is a submodule, which Labset does not follow")

    def _read_pointer(self, oid: str, name: str) -> Pointer | Broken:
        path, content = self._pointers.get(oid, lambda: self._parse(oid))
        if path != name and isinstance(content, Pointer):
            return Broken(f"it stands for {path[:200]!r}, not for the file beside it")
        return content

    def _parse(self, oid: str) -> tuple[str, Pointer | Broken]:
        if self._size(oid) > MAX_POINTER_BYTES:
            return "", Broken(f"it is longer than {MAX_POINTER_BYTES} bytes")
        began = time.thread_time()
        parsed = parse_pointer(self._odb.read(oid)[1])
        self._parsing_seconds += time.thread_time() - began
        if self._parsing_seconds > MAX_PARSING_SECONDS:
            raise TooLarge("The pointers of this revision take too long to be read.")
        return parsed

    def _size(self, oid: str) -> int:
        return self._odb.read_header(oid)[1]


def folder_at(root: pygit2.Tree, directory: FilePath | None) -> pygit2.Tree | None:
    """Return the tree of a folder; None where there is none (or a packed one)."""
    tree = root
    for name in directory.text.split("/") if directory else ():
        child = _child(tree, name)
        if not isinstance(child, pygit2.Tree) or name + SUFFIX in tree:
            return None
        tree = child
    return tree


def item_ids(root: pygit2.Tree, path: str) -> tuple[str | None, str | None]:
    """Return git's ids of what stands at `path` and at `path.dvc`: equal ids, equal content."""
    folder, _, name = path.rpartition("/")
    tree: pygit2.Object | None = root
    for segment in folder.split("/") if folder else ():
        tree = _child(tree, segment) if isinstance(tree, pygit2.Tree) else None
    if not isinstance(tree, pygit2.Tree):
        return None, None
    plain, pointer = _child(tree, name), _child(tree, name + SUFFIX)
    return str(plain.id) if plain else None, str(pointer.id) if pointer else None


def walk_git(root: pygit2.Tree) -> Iterator[tuple[str, int, str]]:
    """Yield (path, mode, id) of everything in git's own tree that is no folder, in git's order.

    Raises:  TooLarge, over MAX_ENTRIES.
    """
    stack: list[tuple[pygit2.Object, str]] = [(root, "")]
    for _ in range(MAX_ENTRIES):
        if not stack:
            return
        item, path = stack.pop()
        if isinstance(item, pygit2.Tree):
            below = [(child, f"{path}{_text(child.raw_name)}") for child in item]
            stack.extend(
                (child, f"{name}/" * (child.filemode == FileMode.TREE) or name)
                for child, name in reversed(below)
            )
        else:
            yield path, int(item.filemode), str(item.id)
    raise TooLarge(f"This revision has more than {MAX_ENTRIES} files and folders.")


def shown_names(raw_names: Iterable[bytes]) -> set[bytes]:
    """Return what these names of git may be called for people: `x.dvc` and `x` are both `x`."""
    return {raw.removesuffix(_SUFFIX) for raw in raw_names}


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "surrogateescape")


def joined(prefix: str, name: str) -> FilePath:
    """Join a checked folder and a checked name, without checking every segment again."""
    path = object.__new__(FilePath)
    object.__setattr__(path, "text", prefix + name)
    return path


def _child(tree: pygit2.Tree, name: str) -> pygit2.Object | None:
    return tree[name] if name in tree else None  # noqa: SIM401 - a Tree has no get


def _is_shadowed(raw: bytes, items: dict[bytes, pygit2.Object]) -> bool:
    pointer = items.get(raw + _SUFFIX)
    return pointer is not None and pointer.filemode in _FILES


def _name_problem(raw: bytes) -> str | None:
    try:
        return segment_problem(raw.decode("utf-8", "strict"))
    except UnicodeDecodeError:
        return "is not valid UTF-8"


def _length_problem(prefix: str, raw: bytes) -> str | None:
    if len(prefix.encode()) + len(raw) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    return None


def _unsafe(prefix: str, raw: bytes, problem: str) -> Entry:
    """List what no dataset path can name under a name near to it, with the reason."""
    text = unicodedata.normalize("NFC", raw.decode("utf-8", "replace"))[:60]
    safe = "".join("_" if segment_problem(f"a{letter}b") else letter for letter in text)
    mark = hashlib.sha1(raw, usedforsecurity=False).hexdigest()[:6]
    room = len(prefix.encode()) + 4 * len(safe) + 20 < MAX_PATH_BYTES
    path = FilePath(f"{prefix if room else ''}{safe}_{mark}")
    return Entry(path, "file", Broken(f"its name {problem}: rename it with git"))
