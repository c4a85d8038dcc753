"""Log-in sessions of browsers: sealed whole, found by the hash of what the cookie holds."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, Damaged
from core.model.access import Secret
from core.model.logins import IDLE_LIFETIME, SEEN_EVERY, Login
from ledger.database import AnyRow, Database
from ledger.tables import logins
from ledger.vault import Vault

_IS_ONE = logins.c.id == bindparam("login")
_IS_GENERATION = logins.c.generation == bindparam("seen_generation")
_FIND = select(logins).where(_IS_ONE, logins.c.last_seen_at > bindparam("oldest"))
_TOUCH = (
    update(logins)
    .where(_IS_ONE, logins.c.last_seen_at < bindparam("moment"))
    .values(last_seen_at=bindparam("moment"))
)
_CLAIM = (
    update(logins)
    .where(
        _IS_ONE,
        _IS_GENERATION,
        or_(logins.c.refresh_until.is_(None), logins.c.refresh_until <= bindparam("now")),
    )
    .values(refresh_until=bindparam("until"))
)
_REPLACE = (
    update(logins)
    .where(_IS_ONE, _IS_GENERATION)
    .values(person=bindparam("sealed"), generation=logins.c.generation + 1, refresh_until=None)
)
_RELEASE = update(logins).where(_IS_ONE, _IS_GENERATION).values(refresh_until=None)
_DELETE = delete(logins).where(_IS_ONE)
_SWEEP = delete(logins).where(logins.c.last_seen_at <= bindparam("oldest"))
_log = logging.getLogger(__name__)


class SqlLoginRecords:
    """`LoginRecords` in the database; nothing of them is cached, so that a log-out counts at once."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def create_login(self, login: Login) -> None:
        """Keep a new log-in.

        Raises:  Conflict, if there is one of that id.
        """
        row = {
            "id": login.id.fingerprint(),
            "person": self._seal(login, login.access_token, login.refresh_token, login.expires_at),
            "generation": login.generation,
            "created_at": login.created_at,
            "last_seen_at": login.last_seen_at,
        }
        try:
            with self._database.writing() as connection:
                connection.execute(insert(logins), row)
        except IntegrityError as error:
            raise Conflict("There is a log-in of that id.") from error

    def find_login(self, login_id: Secret, now: datetime) -> Login | None:
        """Return a log-in that was seen within the last 14 days.

        One that no key opens any more is none: the person logs in again.
        """
        wanted = {"login": login_id.fingerprint(), "oldest": now - IDLE_LIFETIME}
        with self._database.reading() as connection:
            row = connection.execute(_FIND, wanted).first()
        if row is None:
            return None
        try:
            return self._login_of(login_id, row)
        except Damaged as error:
            _log.warning("a log-in session is not usable any more: %s", error.message)
            return None

    def touch_login(self, login: Login, now: datetime) -> None:
        """Note that the person was here; written at most every 5 minutes."""
        if now - login.last_seen_at < SEEN_EVERY:
            return
        with self._database.writing() as connection:
            connection.execute(_TOUCH, {"login": login.id.fingerprint(), "moment": now})

    def claim_refresh(self, login: Login, now: datetime, lease_until: datetime) -> bool:
        """Take the one right to refresh the tokens of this generation, across processes."""
        wanted = {**_generation_of(login), "now": now, "until": lease_until}
        with self._database.writing() as connection:
            return connection.execute(_CLAIM, wanted).rowcount == 1

    def replace_tokens(
        self, login: Login, access: Secret, refresh: Secret | None, expires_at: datetime | None
    ) -> bool:
        """Keep refreshed tokens as the next generation and end the claim."""
        sealed = self._seal(login, access, refresh, expires_at)
        with self._database.writing() as connection:
            changed = connection.execute(_REPLACE, {**_generation_of(login), "sealed": sealed})
            return changed.rowcount == 1

    def release_refresh(self, login: Login) -> None:
        """End a claim that brought no tokens (GitLab did not answer)."""
        with self._database.writing() as connection:
            connection.execute(_RELEASE, _generation_of(login))

    def delete_login(self, login_id: Secret) -> None:
        """Log out, at once and everywhere."""
        with self._database.writing() as connection:
            connection.execute(_DELETE, {"login": login_id.fingerprint()})

    def sweep_logins(self, now: datetime) -> int:
        """Forget log-ins that were not seen for 14 days; return how many."""
        with self._database.writing() as connection:
            return connection.execute(_SWEEP, {"oldest": now - IDLE_LIFETIME}).rowcount

    def _seal(
        self, login: Login, access: Secret, refresh: Secret | None, expires_at: datetime | None
    ) -> bytes:
        person = {
            "person_id": login.person_id,
            "username": login.username,
            "name": login.name,
            "access_token": access.reveal(),
            "refresh_token": refresh.reveal() if refresh else None,
            "expires_at": expires_at.isoformat() if expires_at else None,
            "csrf": login.csrf.reveal(),
        }
        return self._vault.seal(json.dumps(person), person_context(login.id.fingerprint()))

    def _login_of(self, login_id: Secret, row: AnyRow) -> Login:
        person = json.loads(self._vault.open(row.person, person_context(row.id)))
        refresh, expires_at = person["refresh_token"], person["expires_at"]
        return Login(
            id=login_id,
            person_id=person["person_id"],
            username=person["username"],
            name=person["name"],
            access_token=Secret(person["access_token"]),
            refresh_token=Secret(refresh) if refresh else None,
            expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
            csrf=Secret(person["csrf"]),
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            generation=row.generation,
        )


def person_context(fingerprint: str) -> str:
    """Name the place where a log-in is sealed."""
    return f"logins.person:{fingerprint}"


def _generation_of(login: Login) -> dict[str, Any]:
    return {"login": login.id.fingerprint(), "seen_generation": login.generation}
