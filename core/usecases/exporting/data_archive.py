"""Hand out the files of a revision as one archive of their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, tee

from core.errors import Damaged, DataMissing
from core.model.access import Actor
from core.model.content import Broken, Entry, Pointer, Text
from core.model.names import DatasetId, FilePath, Md5, Ref
from core.model.storage import ByteRange, OpenObject, Placement, WantedObject
from core.model.tar import END, RECORD_BYTES, header, header_bytes
from core.ports import Platform
from core.usecases.reading.contents import MAX_NAMED, Chosen, Contents, open_contents, with_sizes
from core.usecases.reading.download import bytes_missing

_FORMAT = "1"  # part of every ETag: another way to write the same files is another archive


@dataclass(frozen=True, slots=True)
class DataArchive:
    """Which files go into an archive, in their order; `name` is the top folder.

    `left_out` counts links, submodules and pointers that cannot be read. `modified_at` is when the
    commit was made.
    """

    name: str
    contents: Contents
    chosen: Chosen
    members: Sequence[Entry]
    modified_at: datetime
    left_out: int

    def member_name(self, member: Entry) -> str:
        """Return the name of a member inside the archive."""
        return f"{self.name}/{member.path}"

    def etag(self, form: str) -> str:
        """Return what names these very bytes: same commit, choice and names, same archive."""
        paths = (path.text for path in self.chosen.paths)
        sizes = str(sum(map(size_of, self.members)))
        parts = (_FORMAT, form, self.name, self.contents.revision.sha, sizes, self.chosen.glob)
        told = "\0".join((*parts, *paths))
        return hashlib.sha256(told.encode()).hexdigest()[:40]


def open_data_archive(
    platform: Platform, actor: Actor, dataset_id: DatasetId, ref: Ref | None, chosen: Chosen
) -> DataArchive:
    """Return what an archive of the data holds; no bytes are read yet.

    Raises:  NotFound, SiteForbidden, TooLarge; DataMissing, naming the files of packed folders that
             the site does not hold.
    """
    contents = open_contents(platform, actor, dataset_id, ref, chosen, with_bytes=True)
    contents = with_sizes(platform, contents)
    members = [entry for entry in contents.files if not isinstance(entry.content, Broken)]
    _check_sized(contents, members)
    slug = contents.dataset.path_with_namespace.rpartition("/")[2]
    label = (ref or Ref(contents.dataset.default_branch)).name.replace("/", "-")
    newest = platform.history.list_commits(dataset_id, contents.revision, None, 1, 1).items
    modified_at = newest[0].authored_at if newest else datetime.fromtimestamp(0, UTC)
    left_out = len(contents.files) - len(members)
    return DataArchive(f"{slug}-{label}", contents, chosen, members, modified_at, left_out)


def size_of(member: Entry) -> int:
    """Return the size of a member in bytes."""
    content = member.content
    return (content.size_bytes or 0) if isinstance(content, Pointer | Text) else 0


def tar_bytes(archive: DataArchive) -> int:
    """Return the exact length of the tar, from pointers alone."""
    return len(END) + sum(_lengths_of(archive, member)[-1] for member in archive.members)


def open_tar(
    platform: Platform, archive: DataArchive, byte_range: ByteRange | None = None
) -> OpenObject:
    """Open the tar or a range of it; verified, and its first object is here when this returns.

    Raises:  DataMissing, Damaged, naming the path; later ones by the chunks.
    """
    size_bytes = tar_bytes(archive)
    wanted = byte_range or ByteRange(0, size_bytes - 1)
    bodies = ((part.member, part.of_body) for part in _parts(archive, wanted) if part.of_body)
    return OpenObject(size_bytes, _tar(archive, _opened(platform, archive, bodies), wanted))


def open_bodies(platform: Platform, archive: DataArchive) -> Iterator[OpenObject]:
    """Open the bytes of all members but empty ones in their order; the first is here at once."""
    full = (member for member in archive.members if size_of(member))
    bodies = ((member, ByteRange(0, size_of(member) - 1)) for member in full)
    return _opened(platform, archive, bodies)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a range wants of one member: `first` and `last` count from its header's first byte."""

    member: Entry
    first: int
    last: int
    of_body: ByteRange | None


def _lengths_of(archive: DataArchive, member: Entry) -> tuple[int, int, int]:
    """Return where a member's body begins and ends, and where all of it ends, from its header on."""
    size_bytes = size_of(member)
    head = header_bytes(archive.member_name(member), size_bytes)
    return head, head + size_bytes, head + size_bytes + -size_bytes % RECORD_BYTES


def _parts(archive: DataArchive, wanted: ByteRange) -> Iterator[_Part]:
    start = 0
    for member in archive.members:
        if start > wanted.last:
            return
        head, body_end, length = _lengths_of(archive, member)
        first, last = max(0, wanted.first - start), min(length - 1, wanted.last - start)
        start += length
        if first > last:
            continue
        of_first, of_last = max(first, head) - head, min(last, body_end - 1) - head
        of_body = ByteRange(of_first, of_last) if of_first <= of_last else None
        yield _Part(member, first, last, of_body)


def _tar(archive: DataArchive, bodies: Iterator[OpenObject], wanted: ByteRange) -> Iterator[bytes]:
    moment = max(0, int(archive.modified_at.timestamp()))
    sent_bytes = 0
    for part in _parts(archive, wanted):
        head, body_end, _ = _lengths_of(archive, part.member)
        if part.first < head:
            whole = header(archive.member_name(part.member), size_of(part.member), moment)
            yield whole[part.first : part.last + 1]
        if part.of_body is not None:
            yield from next(bodies).chunks
        if part.last >= body_end:
            yield bytes(part.last + 1 - max(part.first, body_end))
        sent_bytes += part.last + 1 - part.first
    yield bytes(wanted.length_bytes - sent_bytes)  # of the two empty records at the end


_Body = tuple[Entry, ByteRange]


def _opened(
    platform: Platform, archive: DataArchive, bodies: Iterable[_Body]
) -> Iterator[OpenObject]:
    """Open bodies in their order, read ahead; what is wrong with the first is told at once."""
    opened = _open_in_order(platform, archive, bodies)
    first = next(opened, None)
    return chain(() if first is None else (first,), opened)


def _open_in_order(
    platform: Platform, archive: DataArchive, bodies: Iterable[_Body]
) -> Iterator[OpenObject]:
    mine, its = tee(bodies)
    placement = archive.contents.placement
    wanted = (_wanted(member, part) for member, part in its if isinstance(member.content, Pointer))
    objects = platform.objects.open_many(placement, wanted) if placement else iter(())
    for member, part in mine:
        content = member.content
        if isinstance(content, Text):
            data = platform.history.read_text(archive.contents.dataset.id, content)
            yield OpenObject(len(data), iter((data[part.first : part.last + 1],)))
        elif isinstance(content, Pointer) and placement:
            with _naming(member.path, content.md5, placement):
                opened = next(objects)
            yield opened


def _wanted(member: Entry, part: ByteRange) -> WantedObject:
    content, size_bytes = member.content, size_of(member)
    if not isinstance(content, Pointer):
        raise TypeError(member.path)
    is_whole = part.length_bytes == size_bytes
    return WantedObject(content.md5, size_bytes, None if is_whole else part, legacy=content.legacy)


@contextmanager
def _naming(path: FilePath, md5: Md5, placement: Placement) -> Iterator[None]:
    """Let errors about an object name its path."""
    try:
        yield
    except DataMissing as error:
        raise bytes_missing(path, md5, placement) from error
    except Damaged as error:
        raise Damaged(
            f"{path}: {error.message}", details=error.details | {"path": path.text}
        ) from error


def _check_sized(contents: Contents, members: Sequence[Entry]) -> None:
    """Refuse files whose size nobody tells: the site does not hold them."""
    unknown = [
        (member.path, member.content)
        for member in members
        if isinstance(member.content, Pointer) and member.content.size_bytes is None
    ]
    if unknown and contents.placement is not None:
        (path, pointer), *_ = unknown
        error = bytes_missing(path, pointer.md5, contents.placement)
        error.details["missing"] = [path.text for path, _ in unknown[:MAX_NAMED]]
        raise error
