"""Hand out a revision as an archive of pointers that `dvc pull` completes without git."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.model.access import Actor
from core.model.dataset import Dataset
from core.model.names import DatasetId, FilePath, Ref, Revision
from core.ports import Platform
from core.usecases.browse import resolve_ref

_CONFIG = ".dvc/config"
_CORE = b"[core]\n"
_SYMLINK_MODE = 0o120000
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
    path: FilePath | None = None,
) -> PointerArchive:
    """Return the pointers, texts and DVC configuration of a revision, below `path` if given."""
    dataset, revision = resolve_ref(platform, actor, dataset_id, ref)
    slug = dataset.path_with_namespace.rpartition("/")[2]
    label = (ref or Ref(dataset.default_branch)).name.replace("/", "-")
    readme = ArchiveFile(README_NAME, _readme(platform, dataset, label).encode())
    files = _files(platform, dataset, revision, path)
    return PointerArchive(f"{slug}-{label}", revision, _with(readme, files))


def _files(
    platform: Platform, dataset: Dataset, revision: Revision, below: FilePath | None
) -> Iterator[ArchiveFile]:
    for path, mode, data in platform.history.walk_blobs(dataset.id, revision):
        if mode == _SYMLINK_MODE or not _belongs(path, below):
            continue
        content = _without_git(data) if path == _CONFIG else data
        yield ArchiveFile(path, content, is_executable=bool(mode & 0o100))


def _belongs(path: str, below: FilePath | None) -> bool:
    if below is None or path.startswith(".dvc/") or path == ".dvcignore":
        return True
    return path.startswith(f"{below}/") or path in {str(below), f"{below}.dvc"}


def _without_git(config: bytes) -> bytes:
    """Tell DVC that the unpacked folder is no git repository."""
    if _CORE in config:
        return config.replace(_CORE, _CORE + b"    no_scm = true\n", 1)
    return _CORE + b"    no_scm = true\n" + config


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
