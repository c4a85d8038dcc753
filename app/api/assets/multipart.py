"""A form with one file, read as it comes: nothing of the file waits in memory or on a disk of ours.

Its parts may come in any order; fields are small and kept, before the file and behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
    Preamble,
    State,
)

from app.api.arguments import body_chunks
from app.bodies import MAX_FIELDS_BYTES
from app.boundaries import ends_amid_boundary
from core.errors import Invalid, TooLarge
from core.model.storage import CHUNK_BYTES

MAX_PARTS = 100
MAX_BOUNDARY_CHARACTERS = 200
_PLAIN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})


class ArrivingForm:
    """A form on its way in: first `find_file`, then all of `file_chunks`, then `read_fields`.

    `texts` are fields that stay fields, also where a client sends them as files (`-F name=@file`).
    Raises:  Invalid (`broken_form`, or for a second file), TooLarge; whatever the chunks raise.
    """

    def __init__(
        self, chunks: Iterable[bytes], boundary: bytes, *, file_field: str, texts: Collection[str]
    ) -> None:
        self._file_field = file_field
        self._texts = texts
        self._fields: dict[str, bytes] = {}
        self._fields_bytes = 0
        self._decoder = MultipartDecoder(
            boundary, MAX_FIELDS_BYTES + 2 * CHUNK_BYTES, max_parts=MAX_PARTS
        )
        self._events = _told(self._decoder, iter(chunks))
        self._has_file = False

    def find_file(self) -> str | None:
        """Read on until the file begins; return what it is called, or None where there is none."""
        for event in self._events:
            if isinstance(event, File) and event.name == self._file_field:
                self._has_file = True
                return event.filename
            if isinstance(event, File | Field):
                self._keep(event)
        return None

    def file_chunks(self) -> Iterator[bytes]:
        """Yield the file's bytes as they come."""
        for event in self._events:
            if isinstance(event, Data):
                yield event.data
                if not event.more_data:
                    return

    def read_fields(self) -> Mapping[str, bytes]:
        """Read the rest of the form; return all of its fields."""
        if self.find_file() is not None:
            raise _second_file(self._file_field)
        return self._fields

    def _keep(self, part: File | Field) -> None:
        """Read a field; a file that nobody asked for is refused."""
        if isinstance(part, File) and part.filename and part.name not in self._texts:
            raise (
                _second_file(part.name)
                if self._has_file
                else _other_file(part.name, self._file_field)
            )
        if part.name in self._fields:
            raise Invalid(
                f"The form has two fields {part.name!a:.100}.", details={"field": part.name}
            )
        data = bytearray()
        for chunk in self.file_chunks():
            data += chunk
            self._fields_bytes += len(chunk)
            if self._fields_bytes > MAX_FIELDS_BYTES:
                raise TooLarge(f"The fields of a form have at most {MAX_FIELDS_BYTES:,} bytes.")
        self._fields[part.name] = bytes(data)


def arriving_form(file_field: str, texts: Collection[str]) -> ArrivingForm:
    """Return the form that the request brings; none of it has been read yet.

    Raises:  UnsupportedMediaType, where it brings something else; Invalid, without a boundary.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType(
            f"Send a form with a file: curl -F {file_field}=@FILE (multipart/form-data)."
        )
    boundary = request.mimetype_params.get("boundary", "")
    if not 0 < len(boundary) <= MAX_BOUNDARY_CHARACTERS:
        raise Invalid(
            "The Content-Type of the form names no boundary: let your client write that header.",
            code="broken_form",
        )
    return ArrivingForm(
        body_chunks(), boundary.encode("latin-1", "replace"), file_field=file_field, texts=texts
    )


def _told(decoder: MultipartDecoder, chunks: Iterator[bytes]) -> Iterator[Event]:
    """Yield what the bytes say, until the form is over."""
    try:
        while True:
            event = decoder.next_event()
            if isinstance(event, NeedData):
                chunk = next(chunks, None)
                if chunk and _is_all_content(decoder, chunk):
                    yield Data(data=chunk, more_data=True)
                else:
                    _feed(decoder, chunk, chunks)
            elif isinstance(event, Epilogue):
                return
            elif not isinstance(event, Preamble):
                _check_part(event)
                yield event
    except ValueError as error:
        raise Invalid(
            "The form stops before its end, or its parts are not divided by the boundary that its "
            "Content-Type names.",
            code="broken_form",
        ) from error
    except RequestEntityTooLarge as error:
        raise TooLarge(
            f"A form has at most {MAX_PARTS} parts, and {MAX_FIELDS_BYTES:,} bytes beside its file."
        ) from error


def _is_all_content(decoder: MultipartDecoder, chunk: bytes) -> bool:
    """Whether no byte of the chunk can belong to a boundary, inside of a part.

    The decoder would find that out as well, with five copies of the chunk.
    """
    mark = b"--" + decoder.boundary
    if decoder.state is not State.DATA or decoder.buffer or mark in chunk:
        return False
    last = chunk[-len(mark) - 2 :]
    breaks = (place for place, byte in enumerate(last) if byte in b"\r\n")
    return not any(
        last[place + 1 :] == b"\n" or mark.startswith(last[place + 1 :]) for place in breaks
    )


def _feed(decoder: MultipartDecoder, chunk: bytes | None, chunks: Iterator[bytes]) -> None:
    """Give the decoder the chunk, and further ones where it ends amid a boundary's last bytes."""
    mark = b"--" + decoder.boundary
    while True:
        decoder.receive_data(chunk)
        if chunk is None or not ends_amid_boundary(decoder.buffer, mark):
            return
        chunk = next(chunks, None)


def _check_part(event: Event) -> None:
    if not isinstance(event, File | Field):
        return
    encoding = event.headers.get("Content-Transfer-Encoding", "").strip().lower()
    if not event.name or encoding not in _PLAIN_ENCODINGS:
        raise Invalid(
            "Each part of a form has a name, and its bytes as they are (no base64).",
            code="broken_form",
        )


def _second_file(name: str) -> Invalid:
    return Invalid(f"One file at a time: {name!a:.100} is a second one.", details={"field": name})


def _other_file(name: str, wanted: str) -> Invalid:
    return Invalid(
        f"The file belongs into the part {wanted}, not {name!a:.100}.",
        code="no_file",
        details={"field": wanted},
    )
