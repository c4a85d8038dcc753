"""What can go wrong, by what the caller can do about it; each class has its exit code.

```text
LabsetError    1  a failure without a class of its own
├── Misused      2  the command or argument is wrong: mend it
├── NotAllowed   3  no token, a refused one, or a role that is too low: ask `details["ask"]`
├── NotFound     4  no such thing, or not for this caller
├── Conflict     5  somebody or something was first: look, then decide
├── Damaged      6  bytes are missing or not what their md5 says
└── Unreachable  1  the server or the site does not answer: try again
```
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class LabsetError(Exception):
    """Any failure that the client names; `code` is stable, and the server's own where it spoke.

    `code` and `details` of the server's answers are documented in docs/errors.md.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "error"

    def __init__(
        self, message: str, code: str = "", details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details: dict[str, object] = dict(details or {})


class Misused(LabsetError):
    """The command, an argument or a setting is wrong: the message says how to mend it."""

    exit_code = 2
    default_code = "misused"


class NotAllowed(LabsetError):
    """No credential, one that GitLab refuses, or a role that is too low."""

    exit_code = 3
    default_code = "not_allowed"


class NotFound(LabsetError):
    """There is no such thing, or none that this caller may know of."""

    exit_code = 4
    default_code = "not_found"


class Conflict(LabsetError):
    """Another change was first, or something announced is not there yet."""

    exit_code = 5
    default_code = "conflict"


class Damaged(LabsetError):
    """Bytes are missing or are not what their md5 says; nothing wrong was kept."""

    exit_code = 6
    default_code = "damaged"


class Unreachable(LabsetError):
    """The server or the storage site did not answer, or not in time."""

    default_code = "unreachable"


_BY_CODE: Mapping[str, type[LabsetError]] = {
    "body_cut_off": Damaged,
    "damaged": Damaged,
    "data_missing": Damaged,
    "wrong_checksum": Damaged,
    "wrong_size": Damaged,
}
_BY_STATUS: Mapping[int, type[LabsetError]] = {
    400: Misused,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    405: NotFound,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    413: Misused,
    416: Misused,
    422: Conflict,
    429: Unreachable,
    502: Unreachable,
    503: Unreachable,
    504: Unreachable,
}


def error_of(status: int, code: str, message: str, details: Mapping[str, object]) -> LabsetError:
    """Return the error for an answer of the server, by its code, else by its HTTP status."""
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status) or LabsetError
    return kind(message, code, details)
