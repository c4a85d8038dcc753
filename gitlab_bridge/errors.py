"""What GitLab and the way to it can answer, in Labset's words: one table by status.

Texts of GitLab are passed on where they say what to mend; never for 401, never HTML, never long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from gitlab.exceptions import GitlabError

from core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LabsetError,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

MAX_REASON_CHARACTERS = 300

_OUR_FIELDS = {
    "visibility_level": "visibility",
    "path": "name",
    "project_namespace.name": "name",
    "project_namespace.path": "name",
    "namespace_id": "namespace",
    "topic_list": "tags",
    "topics": "tags",
    "tag_list": "tags",
}
_NO_SENTENCE = ("<", "{", "[")  # HTML and raw JSON
_LEADING_STATUS = re.compile(r"^\d{3} [A-Z]\w+(?: [A-Z]\w+)*(?: - |: |$)")


def translate(error: GitlabError, subject: str) -> LabsetError:
    """Return the failure of ours that `error` means for `subject` ("the dataset 12")."""
    status = error.response_code
    if status is None:
        return Unavailable("GitLab's answer could not be read; try again in a moment.")
    build = _BY_STATUS.get(status)
    if build is not None:
        return build(error, subject)
    if status in range(400, 500):
        return _invalid(error, subject)
    return _unavailable(error, subject)


@contextmanager
def translated(subject: str) -> Iterator[None]:
    """Turn every failure of python-gitlab inside into one of ours."""
    try:
        yield
    except GitlabError as error:
        raise translate(error, subject) from error


def problems_of(error: GitlabError) -> dict[str, list[str]]:
    """Return GitLab's complaints by field of ours; those without a field under "".

    Shape:   GitLab says `{"message": {"field": ["text", …]}}`, `{"message": "text"}` or
             `{"error": "field is missing"}`; all three are read.
    """
    said: object = error.error_message
    found: dict[str, list[str]] = {}
    if isinstance(said, Mapping):
        for field, texts in said.items():
            listed = [_short(text) for text in (texts if isinstance(texts, list) else [texts])]
            known = found.setdefault(_OUR_FIELDS.get(str(field), str(field)), [])
            known.extend(text for text in listed if text and text not in known)
        return {field: texts for field, texts in found.items() if texts}
    text = _short(said)
    return {"": [text]} if text else {}


def reason_of(error: GitlabError) -> str:
    """Return GitLab's reason as one short line, "" where it gives none."""
    problems = problems_of(error)
    parts = [f"{field} {text}".strip() for field, texts in problems.items() for text in texts]
    return "; ".join(parts)[:MAX_REASON_CHARACTERS]


def _short(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    line = " ".join(text.split())
    return "" if line.startswith(_NO_SENTENCE) else line[:MAX_REASON_CHARACTERS]


def _invalid(error: GitlabError, subject: str) -> LabsetError:
    problems = problems_of(error)
    reason = reason_of(error).rstrip(".") or "it gives no reason"
    details: dict[str, object] = {"problems": problems}
    field = next((name for name in problems if name), None)
    if field:
        details["field"] = field
    return Invalid(f"GitLab refuses this for {subject}: {reason}.", details=details)


def _unauthenticated(_error: GitlabError, _subject: str) -> LabsetError:
    return Unauthenticated(
        "GitLab refuses the token: it is wrong, expired or revoked. Sign in again, or make a new "
        "token in GitLab."
    )


def scopes_too_narrow() -> Forbidden:
    """Return what is said to a token that was made for less."""
    return Forbidden(
        "the token's scopes are too narrow: make one with the scope api (to read only: read_api)",
        code="insufficient_scope",
    )


def _forbidden(error: GitlabError, subject: str) -> LabsetError:
    reason = reason_of(error)
    if reason == "insufficient_scope":
        return scopes_too_narrow()
    words = _LEADING_STATUS.sub("", reason).rstrip(".")
    return Forbidden(words or f"GitLab does not allow this on {subject} with your role")


def _not_found(_error: GitlabError, subject: str) -> LabsetError:
    return NotFound(f"There is no such thing in GitLab, or you may not see it: {subject}.")


def _conflict(error: GitlabError, subject: str) -> LabsetError:
    reason = _LEADING_STATUS.sub("", reason_of(error)).rstrip(".: ")
    return Conflict(f"GitLab has something there already for {subject}: {reason or 'a conflict'}.")


def _too_large(_error: GitlabError, subject: str) -> LabsetError:
    return TooLarge(f"GitLab finds this too large for {subject}.")


def _unavailable(error: GitlabError, _subject: str) -> LabsetError:
    if error.response_code in range(300, 400):
        return Unavailable(
            "GitLab answers with a redirection; LABSET_GITLAB_URL must be its own address.",
            retry_after_seconds=60,
        )
    return Unavailable(f"GitLab failed with status {error.response_code}; try again in a moment.")


_BY_STATUS: Mapping[int, Callable[[GitlabError, str], LabsetError]] = {
    400: _invalid,
    401: _unauthenticated,
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    412: _conflict,
    413: _too_large,
    422: _invalid,
    429: _unavailable,
}
