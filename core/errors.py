"""Everything that can go wrong, drawn as a tree and sorted by what the caller can do about it.

```text
LabsetError
├── Invalid              the request is wrong: mend it                     details: what and where
├── Unauthenticated      the credential is missing or refused: get another
├── Forbidden            the role is too low: ask somebody                 details: why, ask
│   └── SiteForbidden    the dataset's key is there, the site's is missing
├── NotFound             no such thing, or not for this caller
├── Conflict             somebody or something was first: look, then decide
│   └── DataMissing      the pointer is there, its bytes are not
├── Gone                 it was removed for good
├── Incomplete           something announced has not arrived yet           details: missing
├── TooLarge             over a documented limit
├── RangeUnsatisfiable   the asked bytes lie outside the file              size_bytes
├── Damaged              bytes are not what their name says: repair or restore
└── Unavailable          GitLab or a site does not answer: try again       retry_after_seconds
```

Errors carry facts, never status codes: HTTP is one table in `app/errors.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class LabsetError(Exception):
    """Any failure that Labset itself names; `code` is stable and tested from outside."""

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details: dict[str, object] = dict(details or {})


class Invalid(LabsetError):
    """The request is wrong and stays wrong: the message says how to mend it."""

    code = "invalid"


class Unauthenticated(LabsetError):
    """No credential where one is needed, or one that GitLab refuses."""

    code = "unauthenticated"


class Forbidden(LabsetError):
    """The caller sees the thing but the role is too low."""

    code = "forbidden"

    def __init__(self, why: str, *, ask: Sequence[str] = (), code: str | None = None) -> None:
        advice = f" Ask {', '.join(ask)}." if ask else ""
        details = {"why": why, "ask": list(ask)}
        super().__init__(f"{_as_sentence(why)}.{advice}", code=code, details=details)
        self.why = why
        self.ask = tuple(ask)


def _as_sentence(why: str) -> str:
    """Return a reason as a sentence begins; what begins with the name of a host stays as it is."""
    first = why.partition(" ")[0]
    return why[:1].upper() + why[1:] if first.isalpha() else why


class SiteForbidden(Forbidden):
    """The dataset may be read, the storage site that holds its bytes may not."""

    code = "site_access"


class NotFound(LabsetError):
    """There is no such thing, or none that this caller may know of."""

    code = "not_found"


class Conflict(LabsetError):
    """Another change was first, or a one-time decision was already taken."""

    code = "conflict"


class DataMissing(Conflict):
    """A pointer names bytes that the storage site does not hold."""

    code = "data_missing"


class Gone(LabsetError):
    """It was there and was removed for good."""

    code = "gone"


class Incomplete(LabsetError):
    """Bytes that were announced have not arrived; `details["missing"]` names the paths."""

    code = "incomplete"


class TooLarge(LabsetError):
    """A size or a count lies over a limit of `docs/limits.md`."""

    code = "too_large"


class RangeUnsatisfiable(LabsetError):
    """The asked range lies outside the file."""

    code = "range_not_satisfiable"

    def __init__(self, size_bytes: int) -> None:
        super().__init__(
            f"The file has {size_bytes} bytes; ask for a range inside it.",
            details={"size": size_bytes},
        )
        self.size_bytes = size_bytes


class Damaged(LabsetError):
    """Bytes at the site are not what their name says; they were not passed on."""

    code = "damaged"


class Unavailable(LabsetError):
    """GitLab or a storage site did not answer in time."""

    code = "unavailable"

    def __init__(
        self, message: str, *, retry_after_seconds: int = 5, code: str | None = None
    ) -> None:
        super().__init__(message, code=code, details={"retry_after": retry_after_seconds})
        self.retry_after_seconds = retry_after_seconds
