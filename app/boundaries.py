r"""Where one part of a form ends and the next begins, read without werkzeug 3.1's mistake.

Its decoder takes the `\r` of `\r\n--boundary-` for the end of the file, if that is all that has come
yet: one byte more than was sent would be kept. So it is never given data that end there.
"""

from __future__ import annotations

from typing import IO, Any

from werkzeug.formparser import FormDataParser

_PADDING_BYTES = 100
_MORE_BYTES = 1024


class CarefulFormParser(FormDataParser):
    """The parser of werkzeug's requests."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - what werkzeug returns has no name
        """Read a form."""
        boundary = (options or {}).get("boundary", "")
        if mimetype == "multipart/form-data" and boundary:
            mark = b"--" + boundary.encode("ascii", "replace")
            stream = _WholeMarks(stream, mark)  # type: ignore[assignment] # of which only read is used
        return super().parse(stream, mimetype, content_length, options)


class _WholeMarks:
    """A stream of which no piece ends amid the last bytes of a boundary."""

    def __init__(self, stream: IO[bytes], mark: bytes) -> None:
        self._stream = stream
        self._mark = mark
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """Return the next piece, of a little more than `size` bytes where that is needed."""
        data = more = self._stream.read(size)
        while more and ends_amid_boundary(self._last + data, self._mark):
            more = self._stream.read(_MORE_BYTES)
            data += more
        self._last = data[-len(self._mark) - _PADDING_BYTES :]
        return data


def ends_amid_boundary(data: bytes | bytearray, mark: bytes) -> bool:
    """Whether the data end in a boundary of which the last bytes, dashes or blanks, may be missing."""
    _, found, behind = data[-len(mark) - _PADDING_BYTES :].rpartition(mark)
    return bool(found) and not behind.strip(b" \t-")
