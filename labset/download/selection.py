"""Which files of a revision are wanted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import NamedTuple

from labset.errors import NotFound
from labset.manifest import Row

_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that somebody asked for: a path, a folder, a file name or a pattern."""

    said: str
    path: str
    is_folder: bool

    @classmethod
    def parse(cls, said: str) -> Wanted:
        """Read what was typed; a leading `/` or `./` means nothing, a slash at the end a folder."""
        text = unicodedata.normalize("NFC", said.strip())
        parts = [part for part in text.split("/") if part not in {"", "."}]
        return cls(said, "/".join(parts), text.endswith("/"))

    @property
    def is_plain(self) -> bool:
        """Whether it can only be the path of a file or folder, or a file name."""
        return not _GLOB.search(self.path)

    @property
    def is_all(self) -> bool:
        """Whether it is the root."""
        return not self.path


def parse_wanted(said: Sequence[str]) -> list[Wanted]:
    """Read all that was typed; equal ones collapse. Nothing, or the root, means everything: []."""
    wanted = {one.path + "/" * one.is_folder: one for one in map(Wanted.parse, said)}
    return [] if any(one.is_all for one in wanted.values()) else list(wanted.values())


def select(rows: Iterable[Row], wanted: Sequence[Wanted]) -> list[Row]:
    """Return the rows that are wanted, each once, in their order; all, where nothing is named.

    A path means itself or the folder. A pattern is held against whole paths (`*` also stands for
    slashes) and, if it has no slash, against file names. A bare name that is nothing at the root
    means the files of that name.
    Raises:  NotFound, naming everything that means nothing.
    """
    if not wanted:
        return list(rows)
    rows = list(rows)
    choice = _Choice(wanted)
    hits = [choice.hits(row.path) for row in rows]
    met = set().union(*(one.exact | one.loose for one in set(hits)))
    missed = [wanted[index].said for index in range(len(wanted)) if index not in met]
    if missed:
        more = f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
        raise NotFound(
            f"There is nothing like {missed[0]!r}{more} in this revision.",
            "file_not_found",
            {"missing": missed},
        )
    exact = set().union(*(one.exact for one in set(hits)))
    return [row for row, one in zip(rows, hits, strict=True) if one.exact or one.loose - exact]


class _Hits(NamedTuple):
    """Which of the wanted a path is, or lies below (`exact`); which it resembles (`loose`)."""

    exact: frozenset[int]
    loose: frozenset[int]


class _Choice:
    """What is wanted, made ready for many paths."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._files: dict[str, set[int]] = {}
        self._folders: dict[str, set[int]] = {}
        self._names: dict[str, set[int]] = {}
        self._patterns: list[tuple[int, re.Pattern[str], bool]] = []
        self._met: dict[_Hits, _Hits] = {}
        for index, one in enumerate(wanted):
            self._folders.setdefault(one.path, set()).add(index)
            if one.is_folder and one.is_plain:
                continue
            self._files.setdefault(one.path, set()).add(index)
            if "/" not in one.path:
                self._names.setdefault(one.path, set()).add(index)
            if not one.is_plain:
                pattern = re.compile(translate(one.path + "/*" * one.is_folder))
                self._patterns.append((index, pattern, "/" not in one.path))

    def hits(self, path: str) -> _Hits:
        """Say what a path is of the wanted."""
        exact = set(self._files.get(path, ()))
        folder, _, name = path.rpartition("/")
        loose = set(self._names.get(name, ()))
        while folder:
            exact |= self._folders.get(folder, set())
            folder = folder.rpartition("/")[0]
        for index, pattern, by_name in self._patterns:
            if pattern.match(path) or (by_name and pattern.match(name)):
                loose.add(index)
        hits = _Hits(frozenset(exact), frozenset(loose))
        return self._met.setdefault(hits, hits)  # there are few different ones
