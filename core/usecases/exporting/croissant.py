"""Describe a revision for programs that load datasets: what it is, its files, and the columns of its tables."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import Conflict, Damaged, DataMissing, SiteForbidden, Unavailable
from core.model.access import Actor
from core.model.content import Entry, Pointer, Text
from core.model.dataset import Dataset
from core.model.history import Commit, Tag
from core.model.licenses import is_license_name, spdx_identifier
from core.model.names import DatasetId, FilePath, Ref, Revision
from core.model.storage import BLOCK_BYTES, ByteRange, Placement
from core.ports import Platform
from core.usecases.access.opening import open_placement
from core.usecases.reading.contents import Chosen, Contents, open_contents, with_sizes

MAX_DESCRIBED_TABLES = 20
MAX_DESCRIBED_COLUMNS = 500
TABLE_HEAD_BYTES = 256 * 1024
DELIMITERS = {"csv": ",", "tsv": "\t"}
_VERSION = re.compile(r"v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")


class ColumnKind(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class Table:
    """A csv or tsv file and its columns."""

    path: FilePath
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class License:
    """Under what a revision may be used: `path` of the text, `spdx` where it is a known one."""

    path: FilePath
    spdx: str | None


@dataclass(frozen=True, slots=True)
class Heading:
    """What is said of a dataset at one revision, whatever it holds.

    `version` is the release's where its name is one (`v0.1.0`), else it names the commit. `license`
    is None where the revision has no license file.
    """

    dataset: Dataset
    revision: Revision
    version: str
    license: License | None
    published_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """A dataset at one revision, its files, and the columns of its first tables."""

    heading: Heading
    contents: Contents
    tables: Sequence[Table] = ()


def make_card(platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref | None) -> Card:
    """Return the facts at a ref, with the columns of its first tables.

    Columns are told only to whom the bytes may be given, and only of tables whose first bytes can be
    read without reading all of them.
    """
    contents = open_contents(platform, actor, dataset_id, ref, Chosen(), with_bytes=False)
    contents = with_sizes(platform, contents)
    heading = read_heading(platform, actor, contents.dataset, contents.revision, ref)
    return Card(heading, contents, _tables(platform, actor, contents))


def read_heading(
    platform: Platform, actor: Actor, dataset: Dataset, revision: Revision, ref: Ref | None
) -> Heading:
    """Return what is said of a dataset that was opened, at a revision of it."""
    (commit,) = platform.history.list_commits(dataset.id, revision, None, 1, 1).items
    tag = _find_tag(platform, actor, dataset, revision, ref)
    released_at = tag.released_at if tag else None
    return Heading(
        dataset=dataset,
        revision=revision,
        version=_version(tag, commit),
        license=_find_license(platform, dataset, revision),
        published_at=released_at or commit.authored_at,
        modified_at=commit.authored_at,
    )


def _find_tag(
    platform: Platform, actor: Actor, dataset: Dataset, revision: Revision, ref: Ref | None
) -> Tag | None:
    """Return the release that was asked for, or one that names the same commit."""
    tags = platform.history.list_refs(actor, dataset.id).tags
    here = [tag for tag in tags if tag.revision == revision]
    asked = [tag for tag in here if ref is not None and tag.name == ref.name]
    return next(iter(asked or here), None)


def _version(tag: Tag | None, commit: Commit) -> str:
    match = _VERSION.fullmatch(tag.name) if tag else None
    return match[1] if match else f"0.0.0+{commit.revision.sha[:8]}"


def _find_license(platform: Platform, dataset: Dataset, revision: Revision) -> License | None:
    entries = platform.history.list_entries(dataset.id, revision, None)
    files = (entry for entry in entries if entry.type == "file")
    entry = next((one for one in files if is_license_name(one.path)), None)
    if entry is None:
        return None
    if not isinstance(entry.content, Text):
        return License(entry.path, None)
    data = platform.history.read_text(dataset.id, entry.content)
    return License(entry.path, spdx_identifier(data.decode("utf-8", "replace")))


def _tables(platform: Platform, actor: Actor, contents: Contents) -> list[Table]:
    found = (
        entry
        for entry in contents.files
        if entry.path.suffix in DELIMITERS and isinstance(entry.content, Pointer)
    )
    entries = [entry for entry, _ in zip(found, range(MAX_DESCRIBED_TABLES), strict=False)]
    try:
        placement = open_placement(platform, actor, contents.dataset) if entries else None
    except (Conflict, SiteForbidden):
        return []  # whoever may not have the bytes is not told what is in them
    tables = (_table(platform, placement, entry) for entry in entries) if placement else ()
    return [table for table in tables if table is not None]


def _table(platform: Platform, placement: Placement, entry: Entry) -> Table | None:
    """Return the columns of a table, or None where its head tells none."""
    pointer = entry.content
    if not isinstance(pointer, Pointer) or not pointer.size_bytes:
        return None
    known = platform.facts.find_facts(placement.dataset_id, pointer.md5)
    if pointer.size_bytes > BLOCK_BYTES and not (known and known.block_sha256):
        return None  # a range of it would read all of it first
    length_bytes = min(pointer.size_bytes, TABLE_HEAD_BYTES)
    try:
        opened = platform.objects.open(
            placement,
            pointer.md5,
            pointer.size_bytes,
            ByteRange(0, length_bytes - 1),
            legacy=pointer.legacy,
        )
        head = b"".join(opened.chunks)
    except (DataMissing, Damaged, Unavailable):
        return None  # the description stays right without it
    is_whole = length_bytes == pointer.size_bytes
    columns = read_columns(head, DELIMITERS[entry.path.suffix], is_whole=is_whole)
    return Table(entry.path, columns) if columns else None


def read_columns(head: bytes, delimiter: str, *, is_whole: bool) -> tuple[Column, ...]:
    """Return the columns that the head of a table tells; none for what is no table in UTF-8.

    Numbers are called so if all values are; whole ones only where the table was seen whole, since
    further down there might be others.
    """
    text = head.removeprefix(codecs.BOM_UTF8)
    if not is_whole:
        text = text[: text.rfind(b"\n") + 1]
    try:
        rows = list(csv.reader(io.StringIO(text.decode(), newline=""), delimiter=delimiter))
    except (UnicodeDecodeError, csv.Error):
        return ()
    names = rows[0] if rows else []
    wrong = len(set(names)) < len(names) or not all(name.strip() for name in names)
    if wrong or len(names) > MAX_DESCRIBED_COLUMNS:
        return ()
    body = [row for row in rows[1:] if len(row) == len(names)]
    columns = zip(*body, strict=True) if body else ((),) * len(names)
    return tuple(
        Column(name, _kind(values, is_whole=is_whole))
        for name, values in zip(names, columns, strict=True)
    )


def _kind(values: Sequence[str], *, is_whole: bool) -> ColumnKind:
    if not values or not all(map(_is_number, values)):
        return ColumnKind.TEXT
    if is_whole and all(re.fullmatch(r"[+-]?\d{1,18}", value.strip()) for value in values):
        return ColumnKind.INTEGER
    return ColumnKind.FLOAT


def _is_number(text: str) -> bool:
    return bool(
        re.fullmatch(r"\s*[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?\s*", text)
    )
