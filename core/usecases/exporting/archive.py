"""Hand out a revision as an archive of pointers that `dvc pull` completes without git."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import NotFound
from core.model.access import Actor
from core.model.dataset import Dataset
from core.model.names import DatasetId, FilePath, Ref, Revision
from core.ports import Platform
from core.usecases.datasets.bind import dvc_config
from core.usecases.reading.browse import resolve_ref
from core.usecases.reading.contents import Chosen

_CONFIG = ".dvc/config"
_CORE = "[core]\n"
_NO_GIT = "[core]\n    no_scm = true\n"
_FILE_MODES = frozenset({0o100644, 0o100755, 0o100664})
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\:]|[. ]$")
_GITS_OWN = frozenset({".git", "git~1"})  # also as Windows and macOS understand it
README_NAME = "LABSET-README.md"


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file of an archive; `is_executable` keeps git's one permission bit."""

    path: str
    data: bytes
    is_executable: bool = False


@dataclass(frozen=True, slots=True)
class PointerArchive:
    """A revision's git tree as files; `name` is the top folder."""

    name: str
    revision: Revision
    files: Iterator[ArchiveFile]


def open_pointer_archive(
    platform: Platform,
    actor: Actor,
    dataset_id: DatasetId,
    ref: Ref | None,
    chosen: Chosen,
) -> PointerArchive:
    """Return the pointers and texts of a revision, and our configuration.

    Pointers are chosen by the names of the files that they stand for; what lies in a packed folder
    by its one pointer.

    The configuration is made anew from the placement: whoever may push could otherwise say in it to
    whom `dvc pull` sends the reader's token. What is no plain file, or has a name that could leave the
    folder or be git's own, is left out.
    """
    dataset, revision = resolve_ref(platform, actor, dataset_id, ref)
    standing = [_standing(platform, dataset_id, revision, path) for path in chosen.paths]
    slug = dataset.path_with_namespace.rpartition("/")[2]
    label = (ref or Ref(dataset.default_branch)).name.replace("/", "-")
    readme = ArchiveFile(README_NAME, _readme(platform, dataset, label).encode())
    files = _files(platform, dataset, revision, Chosen(tuple(standing), chosen.glob))
    return PointerArchive(f"{slug}-{label}", revision, _with(readme, files))


def _is_chosen(path: str, chosen: Chosen) -> bool:
    """Whether the file of git at `path` is wanted; `.dvcignore` always is."""
    name = path.removesuffix(".dvc")
    below = not chosen.paths or bool(chosen.holders_of(name))
    return path == ".dvcignore" or (below and chosen.is_like_glob(name))


def _standing(
    platform: Platform, dataset_id: DatasetId, revision: Revision, path: FilePath
) -> FilePath:
    """Return what of git stands for `path`: itself, or the packed folder that holds it."""
    entry = platform.history.find_entry(dataset_id, revision, path)
    if entry is None:
        raise NotFound(
            f"There is no {path} at {revision.sha[:8]}.",
            code="file_not_found",
            details={"path": str(path), "commit": revision.sha},
        )
    return entry.path


def _files(
    platform: Platform, dataset: Dataset, revision: Revision, chosen: Chosen
) -> Iterator[ArchiveFile]:
    yield ArchiveFile(_CONFIG, _config(platform, dataset).encode())
    for path, mode, data in platform.history.walk_blobs(dataset.id, revision):
        if mode in _FILE_MODES and _is_safe(path) and _is_chosen(path, chosen):
            yield ArchiveFile(path, data, is_executable=bool(mode & 0o100))


def _is_safe(path: str) -> bool:
    segments = path.split("/")
    return segments[0] != ".dvc" and path != README_NAME and all(map(_is_safe_name, segments))


def _is_safe_name(name: str) -> bool:
    """Whether a name stays what it is on every system that unpacks it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    plain = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return bool(name) and not (
        _UNSAFE.search(name) or plain.casefold() in _GITS_OWN or plain != plain.strip()
    )


def _config(platform: Platform, dataset: Dataset) -> str:
    """Return DVC's configuration, which also says that the unpacked folder is no git repository."""
    placement = platform.bindings.find_placement(dataset.id)
    return _NO_GIT + (dvc_config(platform, placement).removeprefix(_CORE) if placement else "")


def _with(first: ArchiveFile, rest: Iterator[ArchiveFile]) -> Iterator[ArchiveFile]:
    yield first
    yield from rest


def _readme(platform: Platform, dataset: Dataset, label: str) -> str:
    return f"""# {dataset.path_with_namespace} at {label}

This folder holds pointers: small `.dvc` files that stand for the data. Three commands fetch it:

```sh
pip install dvc
dvc remote modify --local labset password "Bearer <your GitLab token>"
dvc pull
```

A public dataset needs no token: leave the second command out.
The dataset's page: {platform.dvc_base_url}/datasets/{dataset.id}
"""
