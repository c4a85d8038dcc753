"""What a file system has learnt: which commits the refs name, and what lies in folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labset.filesystem.place import Place
from labset.model import Dataset, Entry

Info = dict[str, Any]


class KnownFiles:
    """A commit never changes, so nothing here grows old; any number of threads may use it at once."""

    def __init__(self, *, keeps_listings: bool) -> None:
        self.commits: dict[str, str] = {}  # by the first part of paths
        self._keeps_listings = keeps_listings
        self._folders: dict[str, list[Info]] = {}
        self._infos: dict[str, Info] = {}
        self._whole: set[str] = set()  # folders that are known with all that is below them

    def info(self, path: str) -> Info | None:
        """Return what is known of one file or folder."""
        found = self._infos.get(path)
        return dict(found) if found else None

    def folder(self, path: str) -> list[Info] | None:
        """Return what a folder holds, where it was listed."""
        return self._folders.get(path)

    def is_listed(self, place: Place) -> bool:
        """Whether all is known of the folder that something would lie in."""
        return bool(place.path) and place.at(place.folder) in self._folders

    def is_whole(self, path: str) -> bool:
        """Whether all is known of what is below a folder, or nothing is to be kept of it."""
        return not self._keeps_listings or any(_is_in(path, whole) for whole in self._whole)

    def add(self, place: Place, commit: str, entry: Entry) -> Info:
        """Keep one file or folder; return it in fsspec's words."""
        info = _info(place, commit, entry)
        if self._keeps_listings:
            self._infos[info["name"]] = info
        return dict(info)

    def add_folders(
        self,
        place: Place,
        commit: str,
        folders: Mapping[str, Sequence[Entry]],
        *,
        whole: bool = False,
    ) -> list[Info]:
        """Keep what folders hold, `whole` with all below `place`; return what `place` holds."""
        listed = {
            place.at(folder): [_info(place, commit, entry) for entry in entries]
            for folder, entries in folders.items()
        }
        if self._keeps_listings:
            self._infos.update((info["name"], info) for infos in listed.values() for info in infos)
            self._folders.update(listed)
        here = place.at(place.path)
        if whole:
            self._whole.add(here)
        return listed[here]

    def adopt(self, commits: Mapping[str, str]) -> bool:
        """Let refs name the commits that they named elsewhere; whether nothing here says otherwise."""
        if any(self.commits.get(root, commit) != commit for root, commit in commits.items()):
            return False
        self.commits.update(commits)
        return True

    def forget(self, root: str) -> None:
        """Forget one dataset and ref, or everything where `root` is empty."""
        self._whole = {one for one in self._whole if root and not _is_in(one, root)}
        for known in (self.commits, self._folders, self._infos):
            for key in [one for one in list(known) if not root or _is_in(one, root)]:
                known.pop(key, None)


def dataset_info(dataset: Dataset) -> Info:
    """Return a dataset as a folder, in fsspec's words."""
    return {
        "name": str(dataset.id),
        "type": "directory",
        "size": 0,
        "title": dataset.name,
        "dataset": dataset.path,
    }


def _info(place: Place, commit: str, entry: Entry) -> Info:
    is_folder = entry.type == "directory"
    return {
        "name": place.at(entry.path),
        "type": entry.type,
        "size": (entry.size or 0) if is_folder else entry.size,
        "md5": None if is_folder else entry.md5,
        "stored": entry.stored,
        "commit": commit,
    }


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
