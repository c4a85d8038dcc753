"""Datasets as a file system of fsspec: `labset://<id>[@ref]/path`, for reading.

```python
pandas.read_csv("labset://4473@v0.1.0/runs/line1.csv")
```

pandas, pyarrow, dask, zarr and whatever else takes an fsspec URL read pinned files so. docs/python.md tells more.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.utils import isfilelike, tokenize

from labset.errors import LabsetError, NotFound
from labset.filesystem.content import Content
from labset.filesystem.known_files import Info, KnownFiles, dataset_info
from labset.filesystem.open_file import BLOCK_BYTES, LabsetFile, counted, save
from labset.filesystem.os_errors import os_error, read_only
from labset.filesystem.place import Place, place_text
from labset.filesystem.read_only import ReadOnlyFileSystem
from labset.filesystem.remote_files import RemoteFiles
from labset.model import Entry

_AT_ONCE = 8  # requests, where many files or ranges are asked for together


class LabsetFileSystem(ReadOnlyFileSystem):
    """Reads datasets of one Labset: `<id>[@ref]/path`; a ref is percent-encoded (`line%2F2`).

    `server` and `token` are found as the command line finds them (`LABSET_URL` and `LABSET_TOKEN`, else
    `labset login`). Each ref is resolved once and stays that commit until `invalidate_cache`, also in
    copies that are pickled to other processes: a branch that moves mixes nothing. Threads may share one.

    Units:   `size` in bytes.
    Raises:  FileNotFoundError, PermissionError, ConnectionError and other OSErrors.
    """

    protocol = "labset"
    root_marker = ""
    blocksize = BLOCK_BYTES  # what callers copy at once

    def __init__(
        self, server: str | None = None, token: str | None = None, **storage_options: object
    ) -> None:
        super().__init__(**storage_options)
        self.server = server
        self._token = token
        keeps = bool(storage_options.get("use_listings_cache", True))
        self._known = KnownFiles(keeps_listings=keeps)
        self._opened: RemoteFiles | None = None

    def __repr__(self) -> str:
        return f"<LabsetFileSystem {self.server or '(the server of the log-in)'}>"

    def __reduce__(self) -> tuple[Callable[..., LabsetFileSystem], tuple[object, ...]]:
        return _restored, (
            type(self),
            self.storage_args,
            self.storage_options,
            dict(self._known.commits),
        )

    @property
    def fsid(self) -> str:
        """Name the server: two file systems with one id hold the same files."""
        with self._asking("") as remote:
            return f"labset-{remote.connection.server}"

    # ---- what there is ----------------------------------------------------------------------

    def ls(self, path: str, detail: bool = True, refresh: bool = False, **_: object) -> list[Any]:  # noqa: FBT001, FBT002 - fsspec's
        """Return what a folder holds; of the root, the datasets that the caller may see."""
        path = self._strip_protocol(path)
        found = None if refresh else self._known.folder(path)
        known = self._known.info(path)
        if known is not None and known["type"] == "file":
            found = [known]
        if found is None:
            found = self._read_folder(path)
        return list(found) if detail else [one["name"] for one in found]

    def info(self, path: str, **_: object) -> Info:
        """Return name, type, size, md5 and commit of one file or folder."""
        path = self._strip_protocol(path)
        if not path:
            return {"name": "", "type": "directory", "size": None}
        known = self._known.info(path)
        if known is not None:
            return known
        with self._asking(path):
            place = Place.parse(path)
            if self._known.is_listed(place):
                raise NotFound(f"There is no {place.path} here.", "file_not_found")
        return self._ask_info(place)

    def exists(self, path: str, **_: object) -> bool:
        """Whether there is such a file or folder; who may not ask, or cannot, gets the error."""
        return self._find_info(path) is not None

    def isdir(self, path: str) -> bool:
        """Whether it is a folder (or a dataset)."""
        found = self._find_info(path)
        return found is not None and found["type"] == "directory"

    def isfile(self, path: str) -> bool:
        """Whether it is a file."""
        found = self._find_info(path)
        return found is not None and found["type"] == "file"

    def walk(
        self,
        path: str,
        maxdepth: int | None = None,
        topdown: bool = True,  # noqa: FBT001, FBT002 - fsspec's
        on_error: str | Callable[[OSError], object] = "omit",
        **options: object,
    ) -> Iterator[tuple[str, Any, Any]]:
        """Yield folders with their folders and files; an error is only left out where nothing is there."""
        quiet = _leave_out_missing if on_error == "omit" else on_error
        yield from super().walk(path, maxdepth, topdown, quiet, **options)

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,  # noqa: FBT001, FBT002 - fsspec's
        detail: bool = False,  # noqa: FBT001, FBT002 - fsspec's
        **options: object,
    ) -> list[str] | dict[str, Info]:
        """Return all files below a folder, by one request unless `maxdepth` limits it."""
        path = self._strip_protocol(path)
        if maxdepth is None and path:
            self._read_below(path)
        found = super().find(path, maxdepth, withdirs, detail=True, **options)
        if path in found and not found[path]:
            found[path] = self.info(path)
        return found if detail else sorted(found)

    def checksum(self, path: str) -> int:
        """Return the md5 of a file as a number; of a folder one that stays while its commit does."""
        return int(self.ukey(path), 16)

    def ukey(self, path: str) -> str:
        """Return the md5 of a file; of a folder a value that stays while its commit does."""
        found = self.info(path)
        return str(found.get("md5") or tokenize(found["name"], found.get("commit")))

    def modified(self, path: str) -> datetime:
        """Return when a file or folder was changed last: the time of that commit."""
        return self._changed_at(path, first=False)

    def created(self, path: str) -> datetime:
        """Return when a file or folder was first there: the time of that commit."""
        return self._changed_at(path, first=True)

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forget listings, and which commits the refs named; of one dataset and ref, if `path` is given."""
        root = self._strip_protocol(path).partition("/")[0] if path else ""
        self._known.forget(root)
        super().invalidate_cache(path)

    # ---- bytes ------------------------------------------------------------------------------

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **__: object
    ) -> bytes:
        """Return the bytes of a file, or a part as slices count; a whole one is verified by its md5."""
        path = self._strip_protocol(path)
        _, content = self._find_content(path)
        first, last, _ = slice(start, end).indices(content.row.size)
        with self._asking(path):
            return bytes(content.read(first, max(first, last)))

    def cat(
        self,
        path: str | Sequence[str],
        recursive: bool = False,  # noqa: FBT001, FBT002 - fsspec's
        on_error: str = "raise",
        **_: object,
    ) -> bytes | dict[str, Any]:
        """Return the bytes of one file, or of many by their paths, several at once."""
        paths = self.expand_path(path, recursive=recursive)
        if isinstance(path, str) and paths == [self._strip_protocol(path)]:
            return self.cat_file(paths[0])
        files = [one for one in paths if not self.isdir(one)] if recursive else paths
        results = self.cat_ranges(files, None, None, on_error="return")
        if on_error == "raise":
            _raise_first(results)
        pairs = zip(files, results, strict=True)
        return {
            name: one
            for name, one in pairs
            if on_error == "return" or not isinstance(one, Exception)
        }

    def cat_ranges(
        self,
        paths: list[str],
        starts: list[int | None] | int | None,
        ends: list[int | None] | int | None,
        max_gap: int | None = None,
        on_error: str = "return",
        **_: object,
    ) -> list[Any]:
        """Return parts of files, several at once; `max_gap` needs no heed here."""
        del max_gap
        firsts = starts if isinstance(starts, list) else [starts] * len(paths)
        lasts = ends if isinstance(ends, list) else [ends] * len(paths)
        wanted = list(zip(paths, firsts, lasts, strict=True))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            results = list(pool.map(lambda one: self._try_to_cat(*one), wanted))
        if on_error == "raise":
            _raise_first(results)
        return results

    def get_file(
        self,
        rpath: str,
        lpath: str | os.PathLike[str] | None = None,
        callback: Any = DEFAULT_CALLBACK,  # noqa: ANN401 - fsspec ships no types
        outfile: Any = None,  # noqa: ANN401 - anything that can be written to
        **_: object,
    ) -> None:
        """Copy a file to this machine; it gets its name when its md5 has been verified."""
        rpath = self._strip_protocol(rpath)
        target: Any = lpath if outfile is None and isfilelike(lpath) else outfile
        if target is None and self.isdir(rpath):
            Path(cast("str", lpath)).mkdir(parents=True, exist_ok=True)
            return
        _, content = self._find_content(rpath)
        callback.set_size(content.row.size)
        with self._asking(rpath):
            if target is not None:
                content.pour(counted(target.write, callback.relative_update))
            else:
                save(content, Path(cast("str", lpath)), callback.relative_update)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,  # noqa: FBT001, FBT002 - fsspec's
        cache_options: Mapping[str, object] | None = None,
        **options: Any,  # noqa: ANN401 - fsspec's
    ) -> LabsetFile:
        """Open for reading anywhere in the file, at the commit that its ref names now."""
        del autocommit
        if mode != "rb":
            raise read_only(path)
        options.pop("size", None)  # what it was in another process is known here as well
        info, content = self._find_content(path)
        return LabsetFile(self, info, content, block_size, cache_options, **options)

    # ---- behind it --------------------------------------------------------------------------

    def pinned(self, path: str) -> str:
        """Return the same path at the commit that its ref names: for ever the same bytes."""
        path = self._strip_protocol(path)
        with self._asking(path) as remote:
            place = Place.parse(path)
            return place_text(place.dataset_id, place.path, self._commit(remote, place))

    def reopen(self, path: str) -> Content:
        """Return the bytes of a file, for a forked process: the sockets are its parent's."""
        return self._find_content(path)[1]

    def adopt(self, commits: Mapping[str, str]) -> bool:
        """Let refs name the commits that they named elsewhere; whether nothing here says otherwise."""
        return self._known.adopt(commits)

    def _find_info(self, path: str) -> Info | None:
        try:
            return self.info(path)
        except FileNotFoundError:
            return None

    def _ask_info(self, place: Place) -> Info:
        with self._asking(place.at(place.path)) as remote:
            commit = self._commit(remote, place)
            if not place.path:
                return {"name": place.root, "type": "directory", "size": 0, "commit": commit}
            entry = remote.facts(place.dataset_id, commit, place.path)
        return self._known.add(place, commit, entry)

    def _read_folder(self, path: str) -> list[Info]:
        with self._asking(path) as remote:
            if not path:
                return [dataset_info(one) for one in remote.datasets()]
            place = Place.parse(path)
            commit = self._commit(remote, place)
            try:
                folders = remote.list(place.dataset_id, commit, place.path)
            except NotFound:
                return [self._ask_info(place)]  # of a file: itself
        return self._known.add_folders(place, commit, folders)

    def _read_below(self, path: str) -> None:
        """Learn what is in a folder and all its folders; nothing, where it is no folder."""
        if self._known.is_whole(path):
            return
        with self._asking(path) as remote, suppress(NotFound):
            place = Place.parse(path)
            commit = self._commit(remote, place)
            folders = remote.list_below(place.dataset_id, commit, place.path)
            self._known.add_folders(place, commit, folders, whole=True)

    def _find_content(self, path: str) -> tuple[Info, Content]:
        info = self.info(path)
        if info["type"] == "directory":
            raise IsADirectoryError(errno.EISDIR, "This is a folder: list it with ls", path)
        with self._asking(path) as remote:
            place = Place.parse(path)
            entry = Entry(place.path, "file", info["size"], info["md5"], info["stored"])
            content = remote.content(place.dataset_id, info["commit"], entry)
        return info | {"size": content.row.size, "md5": content.row.md5}, content

    def _try_to_cat(self, path: str, start: int | None, end: int | None) -> bytes | OSError:
        try:
            return self.cat_file(path, start, end)
        except OSError as problem:
            return problem

    def _changed_at(self, path: str, *, first: bool) -> datetime:
        path = self._strip_protocol(path)
        with self._asking(path) as remote:
            place = Place.parse(path)
            commit = self._commit(remote, place)
            return remote.changed_at(place.dataset_id, commit, place.path, first=first)

    def _commit(self, remote: RemoteFiles, place: Place) -> str:
        """Return the one commit that stands for a ref here."""
        known = self._known.commits.get(place.root)
        if known is None:
            now = remote.commit_of(place.dataset_id, place.ref)
            known = self._known.commits.setdefault(
                place.root, now
            )  # another thread may have been first
        return known

    @contextmanager
    def _asking(self, path: str) -> Iterator[RemoteFiles]:
        """Give who asks the server, in this process; tell what goes wrong as an OSError about `path`."""
        remote = self._opened
        try:
            if remote is None or remote.pid != os.getpid():  # sockets stay in the parent
                remote = self._opened = RemoteFiles(self.server, self._token)
            yield remote
        except LabsetError as problem:
            if problem.code == "unauthenticated" or not (remote and remote.connection.token):
                self._opened = None  # somebody may log in meanwhile
            raise os_error(problem, path) from problem

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:  # noqa: ANN401 - one path, or a list of them
        plain = super()._strip_protocol(path)
        return plain if isinstance(plain, list) else plain.lstrip("/")


def _restored(
    kind: type[LabsetFileSystem],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    commits: Mapping[str, str],
) -> LabsetFileSystem:
    """Return a copy from another process, whose refs name the same commits."""
    files = kind(*arguments, **options)
    if not files.adopt(commits):
        files = kind(*arguments, **options, skip_instance_cache=True)
        files.adopt(commits)
    return files


def _leave_out_missing(problem: OSError) -> None:
    """Raise what is more than a folder that is not there."""
    if not isinstance(problem, FileNotFoundError):
        raise problem


def _raise_first(results: Sequence[object]) -> None:
    for one in results:
        if isinstance(one, Exception):
            raise one
