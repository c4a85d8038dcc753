"""The file of tokens: one line `name token` or `name token admin` for everybody who may write."""

from __future__ import annotations

import hmac
import logging
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from app.assets_alone.identity import number_of
from core.errors import Invalid, Unavailable
from core.model.access import Person, Secret

SHORTEST_TOKEN_CHARACTERS = 20
MAX_TOKENS_FILE_BYTES = 1024 * 1024

_log = logging.getLogger("labset.tokens")
_NAME = re.compile(r"\S{1,64}")
_TOKEN = re.compile(rf"[\x21-\x7e]{{{SHORTEST_TOKEN_CHARACTERS},4096}}")
_FEWEST_DIFFERENT_CHARACTERS = 8
_ADMIN = "admin"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_HOW_TO_MAKE_ONE = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


@dataclass(frozen=True, slots=True)
class KnownToken:
    """Whose token has this sha256 (hex); the token itself is not kept."""

    fingerprint: str
    person: Person


@dataclass(slots=True)
class TokenFile:
    """The tokens of one file, read again whenever the file is another: a line taken out counts at once."""

    path: Path
    assets_db_id: str
    _seen: tuple[int, ...] = ()
    _known: tuple[KnownToken, ...] = field(default=())

    def check(self) -> None:
        """Read the file. Raises Invalid, in words that name the line and not the token."""
        found = self.path_facts()
        self._known = read_tokens(self.path, self.assets_db_id)
        self._seen = found

    def find_person(self, token: Secret) -> Person | None:
        """Return whose token it is; takes as long for every wrong one.

        Raises:  Unavailable, if the file cannot be read any more: nobody is known then.
        """
        self._look_again()
        wanted = token.fingerprint()
        matches = [one for one in self._known if hmac.compare_digest(one.fingerprint, wanted)]
        return matches[0].person if matches else None

    def path_facts(self) -> tuple[int, ...]:
        """Return what changes when the file does. Raises Invalid, where it cannot be looked at."""
        try:
            facts = self.path.stat()
        except OSError as problem:
            raise _unreadable(self.path, problem) from problem
        return (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)

    def _look_again(self) -> None:
        try:
            if self.path_facts() != self._seen:
                self.check()
        except Invalid as problem:
            _log.error("%s", problem.message)
            raise Unavailable(
                "The tokens of this asset database cannot be read just now: tell whoever runs it."
            ) from problem


def read_tokens(path: Path, assets_db_id: str) -> tuple[KnownToken, ...]:
    """Return the tokens of a file.

    Raises:  Invalid: it cannot be read, others may read it, a line is wrong, or there is none.
    """
    text = _read_private(path)
    found: dict[str, KnownToken] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        known = _read_line(line, assets_db_id, f"line {number} of {path}")
        if known.fingerprint in found:
            raise Invalid(f"line {number} of {path} has a token that stands there already.")
        found[known.fingerprint] = known
    if not found:
        raise Invalid(
            f"{path} has no token: give it a line `name token` for everybody who may write."
        )
    return tuple(found.values())


def _read_private(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TOKENS_FILE_BYTES + 1)
        mode = path.stat().st_mode
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    if mode & _OTHERS:
        raise Invalid(f"Others than its owner may read {path}: chmod 600 {path}")
    if len(data) > MAX_TOKENS_FILE_BYTES:
        raise Invalid(
            f"{path} is larger than {MAX_TOKENS_FILE_BYTES} bytes: is it a file of tokens?"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Invalid(f"{path} is not text in UTF-8.") from problem


def _read_line(line: str, assets_db_id: str, where: str) -> KnownToken:
    name, token, right = (*line.split(), "", "")[:3]
    if len(line.split()) not in {2, 3} or right not in {"", _ADMIN} or not _NAME.fullmatch(name):
        raise Invalid(f"{where} is not `name token` or `name token admin`.")
    if not _TOKEN.fullmatch(token) or len(set(token)) < _FEWEST_DIFFERENT_CHARACTERS:
        raise Invalid(
            f"The token in {where} is short, guessable or has other characters than ASCII's; "
            f"{_HOW_TO_MAKE_ONE}"
        )
    person = Person(
        id=number_of(assets_db_id, f"person/{name}"),
        username=name,
        name=name,
        email="",
        is_admin=right == _ADMIN,
    )
    return KnownToken(Secret(token).fingerprint(), person)


def _unreadable(path: Path, problem: OSError) -> Invalid:
    return Invalid(f"LABSET_ASSETS_TOKENS names {path}, which cannot be read: {problem.strerror}.")
