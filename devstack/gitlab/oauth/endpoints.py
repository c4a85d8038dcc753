"""What programs call: token, revoke, introspect, token info, user info and the discovery document."""

from __future__ import annotations

import hmac
import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from devstack.gitlab.errors import Refusal
from devstack.gitlab.identity import caller_of_secret, token_of_request
from devstack.gitlab.oauth import openid
from devstack.gitlab.oauth.grants import redeem_code, refresh
from devstack.gitlab.parameters import everything
from devstack.gitlab.state import here
from devstack.gitlab.store.oauth import (
    SCOPES,
    AccessToken,
    Application,
    application_of,
    find_access_token,
    find_application,
    find_refresh_token,
)
from devstack.gitlab.store.tokens import digest

blueprint = Blueprint("oauth", __name__)

_CLIENT_TEXT = (
    "Client authentication failed due to unknown client, no client authentication included, or unsupported"
    " authentication method."
)
_ADDRESSES = {
    "authorization_endpoint": "/oauth/authorize",
    "token_endpoint": "/oauth/token",
    "revocation_endpoint": "/oauth/revoke",
    "introspection_endpoint": "/oauth/introspect",
    "userinfo_endpoint": "/oauth/userinfo",
    "jwks_uri": "/oauth/discovery/keys",
}
_ABILITIES: dict[str, list[str]] = {
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "grant_types_supported": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "claim_types_supported": ["normal"],
    "claims_supported": [
        *("iss", "sub", "aud", "exp", "iat", "name", "nickname", "preferred_username"),
        *("email", "email_verified", "profile", "picture"),
    ],
    "code_challenge_methods_supported": ["plain", "S256"],
}
_GRANTS = {
    "authorization_code": (redeem_code, ("code", "redirect_uri")),
    "refresh_token": (refresh, ("refresh_token",)),
}


@blueprint.post("/oauth/token")
def token() -> Response:
    """Answer a token pair for a code or a refresh token."""
    given = everything()
    grant = given.get("grant_type")
    if not grant:
        raise _missing("grant_type")
    if grant not in _GRANTS:
        text = "The authorization grant type is not supported by the authorization server."
        raise Refusal(400, {"error": "unsupported_grant_type", "error_description": text})
    redeem, needed = _GRANTS[grant]
    application = _client(given)
    for name in needed:
        if not given.get(name):
            raise _missing(name)
    return _uncached(redeem(here(), application, given))


def _missing(name: str) -> Refusal:
    return Refusal(
        400,
        {"error": "invalid_request", "error_description": f"Missing required parameter: {name}."},
    )


def _uncached(body: dict[str, Any]) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response


def _client(given: dict[str, Any]) -> Application:
    """Return the application that calls; one with a secret has to know it.

    Raises: Refusal 401 invalid_client.
    """
    basic = (
        request.authorization
        if request.authorization and request.authorization.type == "basic"
        else None
    )
    uid = (basic.username if basic else given.get("client_id")) or ""
    secret = (basic.password if basic else given.get("client_secret")) or ""
    found = find_application(here().database, str(uid))
    known = found is not None and hmac.compare_digest(found.secret_digest, digest(str(secret)))
    if found is None or (not known and (found.confidential or secret)):
        raise Refusal(
            401,
            {"error": "invalid_client", "error_description": _CLIENT_TEXT},
            WWW_Authenticate='Bearer realm="Doorkeeper"',
        )
    return found


@blueprint.post("/oauth/revoke")
def revoke() -> Response:
    """End a token pair, named by either half."""
    given = everything()
    application = _client(given)
    found = _either(str(given.get("token") or ""))
    if found is not None and found.application_id == application.id:
        here().database.update("access_tokens", found.id, revoked=1)
    return jsonify({})


def _either(secret: str) -> AccessToken | None:
    database = here().database
    return find_access_token(database, secret) or find_refresh_token(database, secret)


@blueprint.post("/oauth/introspect")
def introspect() -> Response:
    """Whether a token works, asked by the application it belongs to."""
    given = everything()
    application = _client(given)
    found = find_access_token(here().database, str(given.get("token") or ""))
    if found is None or found.application_id != application.id or found.revoked or found.expired:
        return jsonify({"active": False})
    body = {
        "active": True,
        "scope": found.scopes,
        "client_id": application.uid,
        "token_type": "Bearer",
    }
    return jsonify({**body, "exp": int(found.expires_at), "iat": int(found.created_at)})


@blueprint.get("/oauth/token/info")
def token_info() -> Response:
    """Answer what a token is worth."""
    found = find_access_token(here().database, token_of_request() or "")
    if found is None or found.revoked or found.expired:
        text = (
            "The access token is invalid"
            if found is None
            else "The access token was revoked"
            if found.revoked
            else "The access token expired"
        )
        raise Refusal(
            401,
            {"error": "invalid_token", "error_description": text},
            WWW_Authenticate='Bearer realm="Doorkeeper"',
        )
    application = application_of(
        here().database.row("SELECT * FROM applications WHERE id = ?", (found.application_id,))
    )
    seconds, scopes = int(found.expires_at - time.time()), found.scopes.split()
    return jsonify(
        {
            "resource_owner_id": found.user_id,
            "scope": scopes,
            "expires_in": seconds,
            "application": {"uid": application.uid if application else None},
            "created_at": int(found.created_at),
            "scopes": scopes,
            "expires_in_seconds": seconds,
        }
    )


@blueprint.route("/oauth/userinfo", methods=["GET", "POST"])
def user_info() -> Response:
    """Answer who signed in."""
    asking = caller_of_secret(here().database, token_of_request() or "")
    if asking.user is None or not asking.has_scope("openid"):
        raise Refusal(
            403,
            {
                "error": "insufficient_scope",
                "error_description": "The access token lacks the scope openid.",
            },
        )
    return jsonify(openid.claims(here(), asking.user.id, asking.scopes))


@blueprint.get("/oauth/discovery/keys")
def keys() -> Response:
    """Answer the public keys that identity tokens are signed with."""
    return jsonify(openid.public_keys(here()))


@blueprint.get("/.well-known/<any('openid-configuration', 'oauth-authorization-server'):document>")
def discovery(document: str) -> Response:
    """Answer where everything is; the same for both documents, which the standards name."""
    root = here().external_url
    addresses = {name: f"{root}{path}" for name, path in _ADDRESSES.items()}
    body = {"issuer": root, **addresses, "scopes_supported": list(SCOPES), **_ABILITIES}
    if document == "oauth-authorization-server":
        body["service_documentation"] = f"{root}/api/v4"
    return jsonify(body)
