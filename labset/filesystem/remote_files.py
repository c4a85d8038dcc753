"""What a Labset knows of files, and their bytes: for reading, in one process."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx

from labset.errors import Conflict, Damaged, NotAllowed, NotFound
from labset.filesystem.content import Content
from labset.manifest import Row
from labset.model import Dataset, Entry
from labset.settings import find_login
from labset.transport.connection import Connection, dataset_path
from labset.transport.dataset_wire import DatasetWire
from labset.transport.reach import Reach

_KEPT_CONTENTS = 200
_PAGED_ENTRIES = 1000  # a larger folder is read in one go


class RemoteFiles:
    """One Labset in the name of one person; any number of threads may ask at once.

    Raises:  `labset.errors`, from every method.
    """

    def __init__(self, server: str | None, token: str | None) -> None:
        login = find_login(server)
        self.pid = os.getpid()
        self.connection = Connection(login.server, token or login.token, login.note)
        self._wires: dict[int, tuple[DatasetWire, Reach]] = {}
        self._contents: dict[tuple[int, str, str], Content] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self.connection, self._wires)

    def datasets(self) -> list[Dataset]:
        """Return the datasets that the caller may see."""
        return [Dataset.parse(row) for row in self.connection.get_pages("datasets")]

    def commit_of(self, dataset_id: int, ref: str | None) -> str:
        """Return the commit that `ref` (None: the default branch) names now."""
        answer = self._tree(dataset_id, "", ref, per_page=1)
        return str(answer.headers["X-Commit-Id"])

    def facts(self, dataset_id: int, commit: str, path: str) -> Entry:
        """Return what is known of a file or folder."""
        try:
            answer = self.connection.send(
                "HEAD", dataset_path(dataset_id, "files", path), params={"ref": commit}
            )
        except NotFound:
            self._tree(dataset_id, path, commit, per_page=1)
            return Entry(path, "directory", None, None, None)
        except (
            NotAllowed,
            Conflict,
        ):  # no bytes for this caller, or none at all: the facts are known
            return self._facts_in_folder(dataset_id, commit, path)
        headers = answer.headers
        size, md5 = int(headers["X-Linked-Size"]), headers["X-Linked-Etag"].strip('"')
        return Entry(path, "file", size, md5, None)

    def list(self, dataset_id: int, commit: str, path: str) -> Mapping[str, Sequence[Entry]]:
        """Return what a folder holds, by its path; of a very large one, also its folders with theirs."""
        first = self._tree(dataset_id, path, commit, per_page=100)
        if int(first.headers.get("X-Total") or 0) > _PAGED_ENTRIES:
            return self.list_below(dataset_id, commit, path)
        rows = first.json()
        following = first.headers.get("X-Next-Page")
        while following:
            answer = self._tree(dataset_id, path, commit, per_page=100, page=following)
            rows += answer.json()
            following = answer.headers.get("X-Next-Page")
        return {path: [Entry.parse(row) for row in rows]}

    def list_below(self, dataset_id: int, commit: str, path: str) -> Mapping[str, Sequence[Entry]]:
        """Return a folder and every folder below it, each with what it holds, by one request."""
        rows = self.connection.get_json(
            dataset_path(dataset_id, "manifest"), ref=commit, path=path or None
        )
        folders: dict[str, list[Entry]] = {path: []}
        for row in rows:
            entry = Entry.parse(row)
            if entry.path == path:
                raise NotFound(f"{path} is a file.", "folder_not_found")
            folder = entry.path.rpartition("/")[0]
            _add_folder(folders, folder)
            folders[folder].append(entry)
        return folders

    def changed_at(
        self, dataset_id: int, commit: str, path: str, *, first: bool = False
    ) -> datetime:
        """Return when a file or folder was changed last, or first."""
        address = dataset_path(dataset_id, "commits")
        asked = {"ref": commit, "path": path or None}
        if not first:
            rows = self.connection.get_json(address, **asked, per_page=1)
        else:
            rows = list(self.connection.get_pages(address, **asked))
        if not rows:
            raise NotFound(f"There is no {path} at {commit[:8]}.", "file_not_found")
        return datetime.fromisoformat(rows[-1]["created_at"])

    def content(self, dataset_id: int, commit: str, entry: Entry) -> Content:
        """Return the bytes of a file, for reading; of one that was read lately with its link."""
        key = (dataset_id, commit, entry.path)
        with self._lock:
            known = self._contents.pop(key, None)
            if known is not None:
                self._contents[key] = known  # the one that was used last stands last
                return known
        if entry.size is None or entry.md5 is None:
            entry = self.facts(dataset_id, commit, entry.path)
        if entry.size is None or entry.md5 is None:
            raise Damaged(f"{entry.path} cannot be read: its pointer is broken.", "broken_pointer")
        row = Row(entry.path, entry.md5, entry.size)
        with self._lock:
            made = Content(self, *self._wire(dataset_id), commit, row)
            self._contents[key] = made
            if len(self._contents) > _KEPT_CONTENTS:
                del self._contents[next(iter(self._contents))]
        return made

    def _wire(self, dataset_id: int) -> tuple[DatasetWire, Reach]:
        if dataset_id not in self._wires:
            wire = DatasetWire(self.connection, dataset_id)
            self._wires[dataset_id] = (wire, Reach(wire))
        return self._wires[dataset_id]

    def _tree(self, dataset_id: int, path: str, ref: str | None, **asked: object) -> httpx.Response:
        params = {"ref": ref, **asked}
        return self.connection.send("GET", dataset_path(dataset_id, "tree", path), params=params)

    def _facts_in_folder(self, dataset_id: int, commit: str, path: str) -> Entry:
        folder = path.rpartition("/")[0]
        entries = self.list(dataset_id, commit, folder)[folder]
        found = next((entry for entry in entries if entry.path == path), None)
        if found is None:
            raise NotFound(f"There is no file {path} at {commit[:8]}.", "file_not_found")
        return found


def _close(connection: Connection, wires: Mapping[int, tuple[DatasetWire, Reach]]) -> None:
    connection.close()
    for wire, _ in wires.values():
        wire.close()


def _add_folder(folders: dict[str, list[Entry]], path: str) -> None:
    """Put a folder into its folder, and that into its own, up to one that is known."""
    if path not in folders:
        folders[path] = []
        above = path.rpartition("/")[0]
        _add_folder(folders, above)
        folders[above].append(Entry(path, "directory", None, None, None))
