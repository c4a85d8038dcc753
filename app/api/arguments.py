"""What requests carry, parsed once at the door: query arguments, JSON bodies, byte streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from flask import request

from app.bodies import read_json, read_piece, stream_body
from core.errors import Invalid, NotFound
from core.model.names import FilePath, Md5, Ref, SiteId, UploadId
from core.model.storage import CHUNK_BYTES

MAX_PER_PAGE = 100
MAX_PAGE = 1_000_000
_MOST_DIGITS = 19

EnumT = TypeVar("EnumT", bound=StrEnum)


def ref_argument(name: str = "ref") -> Ref | None:
    """Return `?ref=`, or None where it is absent or empty."""
    text = request.args.get(name, "")
    return Ref(text) if text else None


def path_argument(name: str = "path") -> FilePath | None:
    """Return `?path=`, or None."""
    text = request.args.get(name, "").strip("/")
    return FilePath(text) if text else None


def folder(text: str) -> FilePath | None:
    """Return the folder that a URL names; None is the root."""
    text = text.strip("/")
    return FilePath(text) if text else None


def upload_id(text: str) -> UploadId:
    """Return the upload session that a URL names.

    Raises:  NotFound, for what no session can be called.
    """
    try:
        return UploadId(text)
    except Invalid as error:
        raise NotFound(
            "There is no such upload of yours in this dataset.", code="upload_not_found"
        ) from error


def flag(name: str) -> bool:
    """Whether `?name=` says yes."""
    return request.args.get(name, "").lower() in {"1", "true", "yes"}


def message_argument(fallback: str) -> str:
    """Return `?message=`, or a sentence that says what is done."""
    return request.args.get("message", "").strip() or fallback


def page_arguments(per_page: int = 20) -> tuple[int, int]:
    """Return `?page=` (from 1) and `?per_page=` (at most 100; more is cut, as in GitLab)."""
    page = _positive("page", 1)
    return min(page, MAX_PAGE), min(_positive("per_page", per_page), MAX_PER_PAGE)


def choice(name: str, kind: type[EnumT]) -> EnumT | None:
    """Return `?name=` as one of an enumeration's values, or None where it is absent."""
    text = request.args.get(name, "")
    return one_of(text, kind, name) if text else None


def one_of(value: object, kind: type[EnumT], field: str) -> EnumT:
    """Return `value` as one of an enumeration's values."""
    try:
        return kind(str(value))
    except ValueError:
        known = ", ".join(item.value for item in kind)
        raise Invalid(
            f"{value!r} is no {field}: choose one of {known}.", details={"field": field}
        ) from None


def site_argument() -> SiteId | None:
    """Return `?site=`, or None."""
    text = request.args.get("site", "")
    return SiteId(whole_number(text, "site")) if text else None


def tags_argument(name: str = "tag") -> tuple[str, ...]:
    """Return `?tag=`, repeated or separated by commas."""
    given = (part.strip() for text in request.args.getlist(name) for part in text.split(","))
    return tuple(dict.fromkeys(part for part in given if part))


def whole_number(value: object, field: str) -> int:
    """Return a whole number given as a number or as digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) < 10**_MOST_DIGITS:
            return value
        raise Invalid(f"{field} is too large a number.", details={"field": field})
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= _MOST_DIGITS
    ):
        return int(value)
    raise Invalid(f"{field} is a whole number, not {value!a:.100}.", details={"field": field})


def namespace_text(body: Body) -> str:
    """Return the namespace that a body names by its path or by its number."""
    value = body.get("namespace")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(whole_number(value, "namespace"))
    return body.text("namespace").strip()


def object_name(head: str, rest: str) -> Md5:
    """Return the md5 that `<2 hex>/<30 hex>[.dir]` spells.

    Raises:  NotFound, for what no object can be called.
    """
    try:
        return Md5.parse(head + rest)
    except Invalid as error:
        raise NotFound(error.message, code="object_not_found") from error


class Body:
    """A JSON object whose fields are taken by name and type; what is wrong is said in words."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without `default` it must be there."""
        value = self._fields.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, str):
            return value
        if value is None:
            raise Invalid(f"{name} is missing.", details={"field": name})
        raise Invalid(f"{name} must be a text.", details={"field": name})

    def maybe_text(self, name: str) -> str | None:
        """Return a text, or None where it is absent or empty."""
        return self.text(name, "") or None

    def number(self, name: str) -> int:
        """Return a whole number that must be there."""
        if name not in self:
            raise Invalid(f"{name} is missing.", details={"field": name})
        return whole_number(self._fields[name], name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts (or one text with commas); absent is empty."""
        value = self._fields.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(dict.fromkeys(value))
        raise Invalid(f"{name} must be a list of texts.", details={"field": name})

    def flag(self, name: str) -> bool:
        """Return a yes or no; absent is no."""
        value = self._fields.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise Invalid(f"{name} must be true or false.", details={"field": name})

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers, each once; absent is empty."""
        value = self._fields.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise Invalid(f"{name} must be a list of numbers.", details={"field": name})
        return tuple(dict.fromkeys(whole_number(item, name) for item in value))

    def rows(self, name: str) -> list[Body]:
        """Return a list of objects that must be there."""
        value = self._fields.get(name)
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return [Body(item) for item in value]
        raise Invalid(f"{name} must be a list of objects.", details={"field": name})

    def part(self, name: str) -> Body | None:
        """Return an object inside, or None."""
        value = self._fields.get(name)
        if value is None:
            return None
        if isinstance(value, dict):
            return Body(value)
        raise Invalid(f"{name} must be an object.", details={"field": name})

    def get(self, name: str) -> object:
        """Return whatever is there."""
        return self._fields.get(name)


def json_body() -> Body:
    """Return the request's JSON object.

    Raises:  Invalid, where the body is no JSON object; TooLarge.
    """
    value = read_json()
    if not isinstance(value, dict):
        raise Invalid("Send a JSON object as the body (Content-Type: application/json).")
    return Body(value)


def body_size() -> int | None:
    """Return the announced Content-Length in bytes, or None for a chunked body."""
    return request.content_length


def body_chunks() -> Iterator[bytes]:
    """Yield the request's body as it comes.

    Raises:  Invalid with code `body_cut_off`, where the client stopped before the end.
    """
    stream_body()
    while chunk := read_piece(CHUNK_BYTES):
        yield chunk


def _positive(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    number = whole_number(text, name)
    if number < 1:
        raise Invalid(f"{name} counts from 1.", details={"field": name})
    return number
