"""All files of a revision, or those that somebody chose: packed folders opened, sizes known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property

from core.errors import Invalid, NotFound, TooLarge
from core.model.access import Actor
from core.model.content import Entry, Pointer
from core.model.dataset import Dataset
from core.model.names import DatasetId, FilePath, Md5, Ref, Revision
from core.model.storage import Placement
from core.ports import Platform
from core.usecases.access.opening import Needs, open_dataset, open_placement
from core.usecases.reading.browse import resolve_ref
from core.usecases.reading.packed import read_packed

MAX_FILES_AT_ONCE = 1_000_000
MAX_CHOSEN_PATHS = 20_000
MAX_GLOB_CHARACTERS = 200
MAX_NAMED = 100  # paths that one error names
_ASKED_ONE_BY_ONE = 64  # from so many paths on, reading all of the revision is cheaper


@dataclass(frozen=True)
class Chosen:
    """Which files are meant: those at or below `paths` (none: all), of them those like `glob`.

    A glob is like the whole path, as `*.jpg` is like all jpg files: `*` also stands for slashes.
    """

    paths: tuple[FilePath, ...] = ()
    glob: str = ""

    def __post_init__(self) -> None:
        if len(self.paths) > MAX_CHOSEN_PATHS:
            raise TooLarge(
                f"At most {MAX_CHOSEN_PATHS:,} paths at once: name folders, or ask several times.",
                details={"field": "paths", "limit": MAX_CHOSEN_PATHS},
            )
        if len(self.glob) > MAX_GLOB_CHARACTERS:
            raise Invalid(
                f"glob has at most {MAX_GLOB_CHARACTERS} characters.", details={"field": "glob"}
            )

    def is_like_glob(self, path: str) -> bool:
        """Whether a path is like the glob."""
        return not self.glob or fnmatchcase(path, self.glob)

    def holders_of(self, path: str) -> frozenset[str]:
        """Return those of `paths` that the path is, or lies below."""
        return self.names.intersection(_itself_and_above(path))

    @cached_property
    def names(self) -> frozenset[str]:
        """The paths as texts."""
        return frozenset(path.text for path in self.paths)


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of one revision by path, none of them a packed folder.

    `placement` is set where one of them lies on the site and the caller holds its key.
    `is_pinned`: the ref was a full commit id.
    """

    dataset: Dataset
    revision: Revision
    is_pinned: bool
    files: Sequence[Entry]
    placement: Placement | None = None


def open_contents(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    ref: Ref | None,
    chosen: Chosen,
    *,
    with_bytes: bool,
) -> Contents:
    """Return the files at a ref; `with_bytes`: only to whom their bytes may be given.

    Without, the site's key is asked for only where a folder is packed: its listing lies there. A
    size that only the site knows is None, until `with_sizes` has asked.
    Raises:  NotFound (`file_not_found`, naming the paths that are not there), SiteForbidden,
             TooLarge.
    """
    dataset, revision = resolve_ref(platform, actor, dataset_id, ref)
    entries = _chosen_entries(platform, dataset_id, revision, chosen.paths)
    placement = None
    if any(_lies_at_site(entry, with_bytes=with_bytes) for entry in entries):
        placement = open_placement(platform, actor, dataset)
    files = list(_unpacked(platform, placement, entries))
    if len(files) > MAX_FILES_AT_ONCE:
        raise TooLarge(f"These are over {MAX_FILES_AT_ONCE:,} files: choose a folder.")
    if chosen.paths:
        files = _within(files, revision, chosen)
    if chosen.glob:
        files = [entry for entry in files if chosen.is_like_glob(entry.path.text)]
    pinned = ref is not None and ref.revision is not None
    return Contents(dataset, revision, pinned, files, placement)


def with_sizes(platform: Platform, contents: Contents) -> Contents:
    """Ask the site for the sizes that no pointer tells; one that it does not know stays None."""
    if contents.placement is None:
        return contents
    pointers = [entry.content for entry in contents.files if isinstance(entry.content, Pointer)]
    unknown = [pointer for pointer in pointers if pointer.size_bytes is None]
    if not unknown:
        return contents
    sizes = site_sizes(platform, contents.placement, unknown)
    return replace(contents, files=[_sized(entry, sizes) for entry in contents.files])


def still_allowed(platform: Platform, actor: Actor, contents: Contents) -> None:
    """Ask again whether the caller may have them. Raises: as `open_contents`."""
    dataset = open_dataset(platform, actor, contents.dataset.id, Needs.READ)
    if contents.placement is not None:
        open_placement(platform, actor, dataset)


def _chosen_entries(
    platform: Platform, dataset_id: DatasetId, revision: Revision, paths: Sequence[FilePath]
) -> Sequence[Entry]:
    """Return files and packed folders of git, at least all that `paths` need, by path."""
    history = platform.history
    if not paths or len(paths) > _ASKED_ONE_BY_ONE:
        return history.walk_entries(dataset_id, revision, None)
    found: dict[FilePath, Entry] = {}
    for path in paths:
        entry = history.find_entry(dataset_id, revision, path)
        if entry is None:
            raise _not_there([path.text], revision)
        is_folder = entry.type == "directory" and entry.packed is None
        inside = history.walk_entries(dataset_id, revision, path) if is_folder else (entry,)
        found.update((one.path, one) for one in inside)
    return [found[path] for path in sorted(found)]


def _unpacked(
    platform: Platform, placement: Placement | None, entries: Iterable[Entry]
) -> Iterator[Entry]:
    for entry in entries:
        pointer = entry.packed
        if pointer is None or placement is None:
            yield entry
            continue
        listing = read_packed(platform.objects, placement, entry.path, pointer)
        for path, md5 in sorted(listing.items()):
            yield Entry(path, "file", Pointer(md5, None, legacy=pointer.legacy))


def _within(files: Sequence[Entry], revision: Revision, chosen: Chosen) -> list[Entry]:
    """Return the files at or below the paths. Raises NotFound for paths where there is nothing."""
    used: set[str] = set()
    kept: list[Entry] = []
    for entry in files:
        holders = chosen.holders_of(entry.path.text)
        if holders:
            used |= holders
            kept.append(entry)
    absent = sorted(chosen.names - used)
    if absent:
        raise _not_there(absent, revision)
    return kept


def _itself_and_above(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _not_there(absent: Sequence[str], revision: Revision) -> NotFound:
    others = f" (and {len(absent) - 1} more)" if len(absent) > 1 else ""
    return NotFound(
        f"There is no {absent[0]}{others} at {revision.sha[:8]}.",
        code="file_not_found",
        details={
            "path": absent[0],
            "missing": list(absent[:MAX_NAMED]),
            "commit": revision.sha,
        },
    )


def _lies_at_site(entry: Entry, *, with_bytes: bool) -> bool:
    return entry.packed is not None or (with_bytes and isinstance(entry.content, Pointer))


def site_sizes(
    platform: Platform, placement: Placement, pointers: Sequence[Pointer]
) -> Mapping[tuple[Md5, bool], int]:
    """Return the sizes that the site tells, by md5 and whether DVC 2 named the object."""
    found: dict[tuple[Md5, bool], int] = {}
    for legacy in (False, True):
        wanted = [pointer.md5 for pointer in pointers if pointer.legacy is legacy]
        if wanted:
            sizes = platform.objects.find_sizes(placement, wanted, legacy=legacy)
            found |= {(md5, legacy): size_bytes for md5, size_bytes in sizes.items()}
    return found


def _sized(entry: Entry, sizes: Mapping[tuple[Md5, bool], int]) -> Entry:
    pointer = entry.content
    if not isinstance(pointer, Pointer) or pointer.size_bytes is not None:
        return entry
    size_bytes = sizes.get((pointer.md5, pointer.legacy))
    return replace(entry, content=replace(pointer, size_bytes=size_bytes))
