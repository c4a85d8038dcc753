"""A zip that is sent while it is written: stored, without compression, of any size."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, cast

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # what the format can say
_LATEST = datetime(2107, 12, 31, tzinfo=UTC)
_MODE = (stat.S_IFREG | 0o644) << 16


class Outlet(io.RawIOBase):
    """Collects what a writer writes until it is sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: object) -> int:
        """Keep the bytes."""
        part = bytes(cast("bytes", data))
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """Hand over what has gathered."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One file on its way into a zip."""

    name: str
    size_bytes: int
    chunks: Iterable[bytes]


def stored_zip(members: Iterable[ZipMember], modified_at: datetime) -> Iterator[bytes]:
    """Yield a zip of the members; zip64 where sizes and numbers need it."""
    outlet = Outlet()
    moment = min(max(modified_at.astimezone(UTC), _EARLIEST), _LATEST).timetuple()[:6]
    with zipfile.ZipFile(cast("IO[bytes]", outlet), "w", zipfile.ZIP_STORED) as packed:
        for member in members:
            info = zipfile.ZipInfo(member.name, date_time=moment)
            info.external_attr = _MODE
            info.file_size = member.size_bytes
            with packed.open(info, "w") as entry:
                for chunk in member.chunks:
                    entry.write(chunk)
                    yield outlet.take()
        yield outlet.take()
    yield outlet.take()
