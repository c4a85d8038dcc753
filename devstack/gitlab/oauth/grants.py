"""Turning codes and refresh tokens into token pairs, each of them once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devstack.gitlab.errors import Refusal
from devstack.gitlab.oauth.openid import identity_token
from devstack.gitlab.state import Server
from devstack.gitlab.store.oauth import (
    ACCESS_SECONDS,
    CODE_SECONDS,
    Application,
    find_refresh_token,
    issue_tokens,
    revoke_family,
)
from devstack.gitlab.store.tokens import digest

if TYPE_CHECKING:
    import sqlite3

_GRANT_TEXT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the"
    " authorization request, or was issued to another client."
)


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What an application asked a person for."""

    application: Application
    redirect_uri: str
    scopes: str
    state: str
    code_challenge: str
    code_challenge_method: str
    nonce: str


def invalid_grant() -> Refusal:
    """400: the code or refresh token is worth nothing."""
    return Refusal(400, {"error": "invalid_grant", "error_description": _GRANT_TEXT})


def issue_code(server: Server, user_id: int, wanted: CodeRequest) -> str:
    """Write a code down and return its text."""
    code = secrets.token_hex(32)
    server.database.run(
        "DELETE FROM authorization_codes WHERE expires_at < ?", (time.time() - CODE_SECONDS,)
    )
    server.database.insert(
        "authorization_codes",
        digest=digest(code),
        application_id=wanted.application.id,
        user_id=user_id,
        redirect_uri=wanted.redirect_uri,
        scopes=wanted.scopes,
        code_challenge=wanted.code_challenge,
        code_challenge_method=wanted.code_challenge_method,
        nonce=wanted.nonce,
        family=secrets.token_hex(16),
        expires_at=time.time() + CODE_SECONDS,
    )
    return code


def redeem_code(server: Server, application: Application, given: dict[str, Any]) -> dict[str, Any]:
    """Return a token pair for a code. A code that comes a second time ends what the first time gave."""
    with server.database.changes() as connection:
        row = server.database.row(
            "SELECT * FROM authorization_codes WHERE digest = ?",
            (digest(str(given.get("code") or "")),),
        )
        if row is not None and row["used"] and row["application_id"] == application.id:
            revoke_family(server.database, row["family"])
        good = row is not None and not row["used"] and _fits(row, application, given)
        if row is not None and good:
            connection.execute(
                "UPDATE authorization_codes SET used = 1 WHERE digest = ?", (row["digest"],)
            )
            return _pair(
                server, application, row["user_id"], row["scopes"], row["family"], row["nonce"]
            )
    raise invalid_grant()


def _fits(row: sqlite3.Row, application: Application, given: dict[str, Any]) -> bool:
    if row["application_id"] != application.id or row["expires_at"] < time.time():
        return False
    if row["redirect_uri"] != (given.get("redirect_uri") or ""):
        return False
    return _verified(
        row["code_challenge"], row["code_challenge_method"], str(given.get("code_verifier") or "")
    )


def _verified(challenge: str, method: str, verifier: str) -> bool:
    if not challenge:
        return True
    if method == "S256":
        verifier = (
            base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
            .decode()
            .rstrip("=")
        )
    return hmac.compare_digest(challenge.encode(), verifier.encode())


def refresh(server: Server, application: Application, given: dict[str, Any]) -> dict[str, Any]:
    """Return a new token pair for a refresh token; the old pair is dead from then on."""
    with server.database.changes():
        old = find_refresh_token(server.database, str(given.get("refresh_token") or ""))
        if old is None or old.revoked or old.application_id != application.id:
            raise invalid_grant()
        server.database.update("access_tokens", old.id, revoked=1)
        return _pair(server, application, old.user_id, old.scopes, old.family, "")


def _pair(
    server: Server, application: Application, user_id: int, scopes: str, family: str, nonce: str
) -> dict[str, Any]:
    access, renewal, moment = issue_tokens(server.database, application.id, user_id, scopes, family)
    body: dict[str, Any] = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "refresh_token": renewal,
        "scope": scopes,
        "created_at": int(moment),
    }
    if "openid" in scopes.split():
        body["id_token"] = identity_token(server, application.uid, user_id, nonce)
    return body
