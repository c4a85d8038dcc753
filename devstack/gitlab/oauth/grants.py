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
    DEFAULT_SCOPES,
    Application,
    find_refresh_token,
    issue_tokens,
)
from devstack.gitlab.store.tokens import digest
from devstack.gitlab.store.users import find_by_login, find_user

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


def refused(error: str, text: str, status: int = 400) -> Refusal:
    """Return a refusal in the form of RFC 6749, 5.2, with the challenge that GitLab adds to each."""
    return Refusal(
        status,
        {"error": error, "error_description": text},
        WWW_Authenticate=f'Bearer realm="Doorkeeper", error="{error}", error_description="{text}"',
        Cache_Control="no-store",
    )


def missing(name: str) -> Refusal:
    """400: a parameter is not there."""
    return refused("invalid_request", f"Missing required parameter: {name}.")


def invalid_grant() -> Refusal:
    """400: the code, refresh token or password is worth nothing."""
    return refused("invalid_grant", _GRANT_TEXT)


def invalid_scope() -> Refusal:
    """400: scopes that the application may not have."""
    return refused("invalid_scope", "The requested scope is invalid, unknown, or malformed.")


def scopes_asked(application: Application, scope: str) -> str | None:
    """Return the scopes of a request, `api` if it names none; None, if the application may not have them."""
    allowed = set(application.scopes.split())
    wanted = scope.split() or [name for name in DEFAULT_SCOPES if name in allowed]
    return " ".join(wanted) if wanted and set(wanted) <= allowed else None


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
    """Return a token pair for a code, once; what the first time gave stays good."""
    if not given.get("redirect_uri"):
        raise missing("redirect_uri")
    with server.database.changes() as connection:
        row = server.database.row(
            "SELECT * FROM authorization_codes WHERE digest = ?",
            (digest(str(given.get("code") or "")),),
        )
        if row is not None and row["code_challenge"] and not given.get("code_verifier"):
            raise missing("code_verifier")
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
        scopes = str(given.get("scope") or "").split() or old.scopes.split()
        if not set(scopes) <= set(old.scopes.split()):
            raise invalid_scope()
        server.database.update("access_tokens", old.id, revoked=1)
        return _pair(server, application, old.user_id, " ".join(scopes), old.family, "")


def redeem_password(
    server: Server, application: Application, given: dict[str, Any]
) -> dict[str, Any]:
    """Return a token pair for a name and a password."""
    scopes = scopes_asked(application, str(given.get("scope") or ""))
    if scopes is None:
        raise invalid_scope()
    login, password = str(given.get("username") or ""), str(given.get("password") or "")
    user = find_by_login(server.database, login) if login else None
    if user is None or not user.active or not user.has_password(password):
        raise invalid_grant()
    return _pair(server, application, user.id, scopes, secrets.token_hex(16), "")


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
    user = find_user(server.database, user_id)
    if "openid" in scopes.split() and user is not None:
        granted = frozenset(scopes.split())
        body["id_token"] = identity_token(server, application.uid, user, granted, nonce)
    return body
