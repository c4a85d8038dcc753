"""Log-in sessions: a random id in the cookie, everything else in the ledger."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import Request
from werkzeug import Response

from app.oauth import GitLabOAuth, Tokens
from app.settings import Settings
from core.errors import LabsetError, Unauthenticated, Unavailable
from core.model.access import Person, Secret
from core.model.logins import IDLE_LIFETIME, REFRESH_LEASE, Login
from core.ports import Clock, LoginRecords

_log = logging.getLogger("labset.sessions")
_REFRESH_AHEAD = timedelta(seconds=60)
_LOOK_AGAIN_SECONDS = 0.05
_ID_BYTES = 32
_ID_CHARACTERS = 43


@dataclass(frozen=True, slots=True)
class Sessions:
    """The log-in sessions of one installation."""

    settings: Settings
    records: LoginRecords
    clock: Clock
    oauth: GitLabOAuth

    @property
    def cookie(self) -> str:
        """The cookie's name; browsers keep the `__Host-` one to this host and to https."""
        return "__Host-labset_session" if self.settings.is_https else "labset_session"

    def find(self, asked: Request) -> Login | None:
        """Return who is logged in with the request's cookie, with tokens that still live.

        Raises:  Unavailable, if the tokens have run out and GitLab does not answer.
        """
        text = asked.cookies.get(self.cookie, "")
        if len(text) != _ID_CHARACTERS:
            return None
        now = self.clock.now()
        login = self.records.find_login(Secret(text), now)
        if login is None:
            return None
        self.records.touch_login(login, now)
        return self._with_living_tokens(login)

    def begin(self, person: Person, tokens: Tokens, response: Response) -> Login:
        """Log a person in under a new id and give the browser its cookie."""
        now = self.clock.now()
        login = Login(
            id=Secret(secrets.token_urlsafe(_ID_BYTES)),
            person_id=person.id,
            username=person.username,
            name=person.name,
            access_token=tokens.access,
            refresh_token=tokens.refresh,
            expires_at=self._expiry(tokens),
            csrf=Secret(secrets.token_urlsafe(_ID_BYTES)),
            created_at=now,
            last_seen_at=now,
        )
        self.records.create_login(login)
        response.set_cookie(
            self.cookie,
            login.id.reveal(),
            max_age=IDLE_LIFETIME,
            secure=self.settings.is_https,
            httponly=True,
            samesite="Lax",
        )
        return login

    def end(self, asked: Request, response: Response) -> None:
        """Log out: the session at once, the tokens at GitLab if it answers."""
        text = asked.cookies.get(self.cookie, "")
        response.delete_cookie(
            self.cookie, secure=self.settings.is_https, httponly=True, samesite="Lax"
        )
        login = self.records.find_login(Secret(text), self.clock.now())
        if login is None:
            return
        self.records.delete_login(login.id)
        for token in filter(None, (login.refresh_token, login.access_token)):
            self._revoke(token)

    def _expiry(self, tokens: Tokens) -> datetime | None:
        return self.clock.now() + tokens.lifetime if tokens.lifetime else None

    def _revoke(self, token: Secret) -> None:
        try:
            self.oauth.revoke(token)
        except LabsetError as error:
            _log.warning("a token was not revoked at log-out: %s", error.message)

    def _with_living_tokens(self, login: Login) -> Login | None:
        if login.expires_at is None or login.expires_at - self.clock.now() > _REFRESH_AHEAD:
            return login
        if login.refresh_token is None:
            return self._until_the_end(login)
        now = self.clock.now()
        if self.records.claim_refresh(login, now, now + REFRESH_LEASE):
            return self._refresh(login, login.refresh_token)
        return self._await_refresh(login)

    def _until_the_end(self, login: Login) -> Login | None:
        if login.expires_at is None or login.expires_at > self.clock.now():
            return login
        self.records.delete_login(login.id)
        return None

    def _refresh(self, login: Login, token: Secret) -> Login | None:
        """Refresh as the one who holds the claim."""
        try:
            tokens = self.oauth.refresh(token)
        except Unauthenticated:
            self.records.delete_login(login.id)
            return None
        except Unavailable:
            self.records.release_refresh(login)
            if login.expires_at and login.expires_at > self.clock.now():
                return login
            raise
        expires_at = self._expiry(tokens)
        if not self.records.replace_tokens(login, tokens.access, tokens.refresh, expires_at):
            return self.records.find_login(login.id, self.clock.now())
        return replace(
            login,
            access_token=tokens.access,
            refresh_token=tokens.refresh,
            expires_at=expires_at,
            generation=login.generation + 1,
        )

    def _await_refresh(self, login: Login) -> Login | None:
        """Wait for the other thread or process that refreshes; its claim ends by itself."""
        give_up_at = self.clock.now() + REFRESH_LEASE
        while self.clock.now() < give_up_at:
            current = self.records.find_login(login.id, self.clock.now())
            if current is None or current.generation != login.generation:
                return current
            self.clock.sleep(_LOOK_AGAIN_SECONDS)
        raise Unavailable("GitLab is slow to renew your log-in; try again.")
