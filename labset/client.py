"""The Python client: everything that the command line does, as values.

```python
client = labset.Client()  # the server and token of `labset login`
for entry in client.tree(4473, "dataset", ref="v0.1.0"):
    print(entry.path, entry.size)
client.download(4473, ["/dataset/VITVI"], ref="v0.1.0", output="data")
```
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, Self, TypeVar, cast

import labset
from labset.archive import copy_archive, save_archive
from labset.assets import Assets, Registry
from labset.download import Downloaded, download
from labset.errors import LabsetError
from labset.filesystem.place import place_text
from labset.local.cache import Cache, open_cache
from labset.model import (
    Archived,
    ArchiveRequest,
    Commit,
    Committed,
    Dataset,
    Diff,
    Entry,
    Person,
    Release,
    Verification,
)
from labset.settings import find_login
from labset.transport.connection import Connection, dataset_path
from labset.upload import Uploaded, upload
from labset.watch import Watch

_LOOK_EVERY_SECONDS = 0.5

PathGiven = TypeVar("PathGiven", str, PathLike[str], str | PathLike[str])


class Client:
    """One Labset, in the name of whoever the token belongs to.

    Without arguments: `LABSET_URL` and `LABSET_TOKEN`, else what `labset login` kept. `LABSET_TOKEN` goes to
    `LABSET_URL` alone; where that is not set, to `server`. A dataset is named by
    its id, a `ref` is a branch, a tag or a commit; None means the default branch. Any number of threads
    may use one client. Failures are `labset.errors`.
    """

    def __init__(
        self, server: str | None = None, token: str | None = None, *, watch: Watch | None = None
    ) -> None:
        login = find_login(server)
        self.connection = Connection(login.server, token or login.token, login.note)
        self.watch = watch or Watch()

    def __repr__(self) -> str:
        return f"Client({self.connection.server!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()

    @cached_property
    def files(self) -> labset.LabsetFileSystem:
        """The same datasets as a file system of fsspec, with this server and token."""
        server, token = self.connection.server, self.connection.token
        return labset.LabsetFileSystem(server=server, token=token, skip_instance_cache=True)

    @cached_property
    def assets(self) -> Assets:
        """The asset database of this server."""
        return Assets(self.connection, self.watch)

    @cached_property
    def registry(self) -> Registry:
        """The registry of asset databases of this server."""
        return Registry(self.connection)

    # ---- what there is ----------------------------------------------------------------------

    def whoami(self) -> Person:
        """Return whom the token belongs to."""
        return Person.parse(self.connection.get_json("user"))

    def datasets(
        self,
        query: str = "",
        *,
        kind: str | None = None,
        tags: str | Sequence[str] = (),
        scope: str | None = None,
    ) -> Iterator[Dataset]:
        """Yield the datasets that the caller may see, most recent first."""
        asked = {
            "search": query or None,
            "kind": kind,
            "scope": scope,
            "tag": ",".join(_listed(tags)) or None,
        }
        for row in self.connection.get_pages("datasets", **asked):
            yield Dataset.parse(row)

    def dataset(self, dataset_id: int) -> Dataset:
        """Return one dataset with its permissions and statistics."""
        return Dataset.parse(self.connection.get_json(dataset_path(dataset_id)))

    def releases(self, dataset_id: int) -> Sequence[Release]:
        """Return the tags of a dataset."""
        refs = self.connection.get_json(dataset_path(dataset_id, "refs"))
        return [Release.parse(row) for row in refs["tags"]]

    def tree(
        self,
        dataset_id: int,
        path: str = "",
        *,
        ref: str | None = None,
        recursive: bool = False,
    ) -> Iterator[Entry]:
        """Yield what a folder holds; with `recursive` also what its folders hold."""
        address = dataset_path(dataset_id, "tree", path.strip("/"))
        asked = {"ref": ref, "recursive": recursive or None}
        for row in self.connection.get_pages(address, **asked):
            yield Entry.parse(row)

    def manifest(
        self, dataset_id: int, path: str = "", *, ref: str | None = None
    ) -> Iterator[Entry]:
        """Yield every file at a revision, also those of packed folders, with md5 and size."""
        rows = self.connection.get_json(
            dataset_path(dataset_id, "manifest"), ref=ref, path=path.strip("/") or None
        )
        for row in rows:
            yield Entry.parse(row)

    def log(self, dataset_id: int, path: str = "", *, ref: str | None = None) -> Iterator[Commit]:
        """Yield the history, newest first; with `path` the commits that changed it."""
        address = dataset_path(dataset_id, "commits")
        asked = {"ref": ref, "path": path.strip("/") or None}
        for row in self.connection.get_pages(address, **asked):
            yield Commit.parse(row)

    def diff(self, dataset_id: int, old: str, new: str | None = None) -> Diff:
        """Return what `new` (or the default branch) has that `old` has not, and the other way."""
        address = dataset_path(dataset_id, "diff")
        return Diff.parse(self.connection.get_json(address, **{"from": old, "to": new}))

    def verify(
        self, dataset_id: int, *, ref: str | None = None, every_byte: bool = False
    ) -> Verification:
        """Return whether the bytes of all files are at the site: present, or read through."""
        address = dataset_path(dataset_id, "verification")
        if not every_byte:
            return Verification.parse(self.connection.get_json(address, ref=ref))
        body = {"ref": ref} if ref else {}
        return Verification.parse(self._wait_for(self._post(address, body)["job"]))

    # ---- bytes ------------------------------------------------------------------------------

    def open(self, dataset_id: int, path: str, *, ref: str | None = None) -> IO[bytes]:
        """Open a file for reading anywhere in it, as it is now; only what is read is fetched.

        Raises:  FileNotFoundError, PermissionError and other OSErrors, as `open` of Python does.
        """
        place = place_text(dataset_id, path, ref)
        self.files.invalidate_cache(place)  # a branch may have moved since it was read last
        return cast("IO[bytes]", self.files.open(place, "rb"))

    def download(
        self,
        dataset_id: int,
        wanted: str | Sequence[str] = (),
        *,
        ref: str | None = None,
        output: str | PathLike[str] = ".",
        cache: Cache | Literal["shared"] | None = "shared",
    ) -> Downloaded:
        """Put files (paths, names or globs; none means all) below `output`, each one verified.

        What an earlier call left unfinished is continued. `cache` is where bytes are shared with other
        folders of this machine; None keeps them out of it.

        Raises:  Damaged, for bytes that are missing or wrong: nothing lies under their names then.
        """
        return download(
            self.connection,
            dataset_id,
            ref=ref,
            wanted=_listed(wanted),
            output=Path(output),
            cache=open_cache() if cache == "shared" else cache,
            watch=self.watch,
        )

    def upload(
        self,
        dataset_id: int,
        sources: str | PathLike[str] | Sequence[str | PathLike[str]],
        *,
        to: str = "",
        branch: str | None = None,
        message: str = "",
        repair: bool = False,
    ) -> Uploaded:
        """Send files and folders in one commit; only what the dataset does not hold travels.

        `repair` looks after identical files too: what the site has lost or damaged is sent again.
        """
        return upload(
            self.connection,
            dataset_id,
            _listed(sources),
            to=to,
            branch=branch,
            message=message,
            repair=repair,
            watch=self.watch,
        )

    def archive(self, request: ArchiveRequest, output: str | PathLike[str]) -> Archived:
        """Write one archive to `output`, and continue one that broke."""
        return save_archive(self.connection, request, Path(output), self.watch)

    def copy_archive(self, request: ArchiveRequest, target: BinaryIO) -> str:
        """Write one archive to an open stream; return its commit."""
        return copy_archive(self.connection, request, target, self.watch)

    # ---- changes, one commit each -----------------------------------------------------------

    def create(
        self,
        name: str,
        namespace: str,
        *,
        description: str = "",
        visibility: str = "private",
        kind: str = "album",
        tags: str | Sequence[str] = (),
        site_id: int | None = None,
    ) -> Dataset:
        """Make a dataset; with `site_id` choose its storage site, once and for ever."""
        body = {
            "name": name,
            "namespace": namespace,
            "description": description,
            "visibility": visibility,
            "kind": kind,
            "tags": _listed(tags),
        }
        made = Dataset.parse(self._post("datasets", body))
        return made if site_id is None else self.bind(made.id, site_id)

    def bind(self, dataset_id: int, site_id: int) -> Dataset:
        """Choose a dataset's storage site, once and for ever."""
        address = dataset_path(dataset_id, "storage-site")
        return Dataset.parse(self.connection.send("PUT", address, json={"site_id": site_id}).json())

    def tag(
        self, dataset_id: int, name: str, *, ref: str | None = None, message: str = ""
    ) -> Release:
        """Make a release of a revision."""
        body = _told(name=name, ref=ref, message=message)
        return Release.parse(self._post(dataset_path(dataset_id, "tags"), body))

    def remove(
        self, dataset_id: int, path: str, *, branch: str | None = None, message: str = ""
    ) -> Committed:
        """Delete a file or folder; earlier revisions keep it."""
        return self._delete(dataset_path(dataset_id, "files", path.strip("/")), branch, message)

    def move(
        self,
        dataset_id: int,
        moves: Mapping[str, str],
        *,
        branch: str | None = None,
        message: str = "",
    ) -> Committed:
        """Give files and folders other paths: from the keys of `moves` to its values."""
        rows = [{"from": old, "to": new} for old, new in moves.items()]
        body = _told(moves=rows, branch=branch, message=message)
        return Committed.parse(self._post(dataset_path(dataset_id, "moves"), body))

    def pack(
        self, dataset_id: int, path: str, *, branch: str | None = None, message: str = ""
    ) -> Committed:
        """Make one pointer of a folder: thousands of files become quick for DVC."""
        body = _told(path=path.strip("/"), branch=branch, message=message)
        return Committed.parse(self._post(dataset_path(dataset_id, "packs"), body))

    def unpack(
        self, dataset_id: int, path: str, *, branch: str | None = None, message: str = ""
    ) -> Committed:
        """Make one pointer per file of a packed folder."""
        return self._delete(dataset_path(dataset_id, "packs", path.strip("/")), branch, message)

    def _post(self, address: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - any JSON
        return self.connection.send("POST", address, json=body).json()

    def _delete(self, address: str, branch: str | None, message: str) -> Committed:
        asked = _told(branch=branch, message=message)
        return Committed.parse(self.connection.send("DELETE", address, params=asked).json())

    def _wait_for(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a job of the server found, when it has ended."""
        told, begun = 0, False
        while job["state"] not in {"done", "failed"}:
            time.sleep(_LOOK_EVERY_SECONDS)
            job = self.connection.get_json(f"jobs/{job['id']}")
            if job["total"] and not begun:
                self.watch.begin("Verifying", 0, job["total"])
                begun = True
            self.watch.advance(0, job["done"] - told)
            told = job["done"]
        self.watch.end()
        if job["state"] == "failed":
            raise LabsetError(job["message"] or "The job on the server failed.", "job_failed")
        return cast("Mapping[str, Any]", job["result"])


def _told(**fields: object) -> dict[str, object]:
    """Return what was said; the server has its own words for the rest."""
    return {name: value for name, value in fields.items() if value}


def _listed(given: PathGiven | Sequence[PathGiven]) -> list[PathGiven]:
    """Return one or many as many; a text is one."""
    if isinstance(given, str | PathLike):
        return [given]
    return list(given)
