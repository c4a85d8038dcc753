"""What programs call: token, revoke, introspect, token info, user info and the discovery document."""

from __future__ import annotations

import hmac
import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from devstack.gitlab.errors import Refusal
from devstack.gitlab.identity import token_of_request
from devstack.gitlab.oauth import openid
from devstack.gitlab.oauth.grants import missing, redeem_code, redeem_password, refresh, refused
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
    "grant_types_supported": ["authorization_code", "password", "refresh_token"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "claim_types_supported": ["normal"],
    "claims_supported": [
        *("iss", "sub", "aud", "exp", "iat", "sub_legacy", *openid.CLAIMS),
    ],
    "code_challenge_methods_supported": ["plain", "S256"],
}
_OPEN_TO_ALL = {  # what pages of other addresses may call, and by which verbs
    "/oauth/token": "POST, OPTIONS",
    "/oauth/revoke": "POST, OPTIONS",
    "/oauth/userinfo": "GET, HEAD, POST, OPTIONS",
    "/oauth/discovery/keys": "GET, HEAD",
    "/.well-known/openid-configuration": "GET, HEAD",
}
_GRANTS = {
    "authorization_code": redeem_code,
    "password": redeem_password,
    "refresh_token": refresh,
}
_TOKEN_TEXTS = {
    "unknown": "The access token is invalid",
    "revoked": "The access token was revoked",
    "expired": "The access token expired",
}
_UNAUTHORIZED_TEXT = "Request need to be authorized. Required parameter for authorizing request is missing or invalid."


@blueprint.after_request
def open_to_all(response: Response) -> Response:
    """Let pages of other addresses read the answers, as far as GitLab does."""
    verbs = _OPEN_TO_ALL.get(request.path)
    if verbs and request.headers.get("Origin"):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Methods"] = verbs
        asked = request.headers.get("Access-Control-Request-Headers", "")
        if request.method == "OPTIONS" and asked.lower() == "authorization":
            response.headers["Access-Control-Allow-Headers"] = asked
    return response


@blueprint.post("/oauth/token")
def token() -> Response:
    """Answer a token pair for a code, a refresh token or a password."""
    given = everything()
    grant = given.get("grant_type")
    if not grant:
        raise missing("grant_type")
    if grant not in _GRANTS:
        text = "The authorization grant type is not supported by the authorization server."
        raise refused("unsupported_grant_type", text)
    if grant == "refresh_token" and not given.get("refresh_token"):
        raise missing("refresh_token")
    return _uncached(_GRANTS[grant](here(), _client(given), given))


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
        raise refused("invalid_client", _CLIENT_TEXT, 401)
    return found


@blueprint.post("/oauth/revoke")
def revoke() -> Response:
    """End a token pair, named by either half; what is no token is as good as ended."""
    given = everything()
    found = _either(str(given.get("token") or ""))
    if found is None:
        return jsonify({})
    if not _is_client_of(found, given):
        text = "You are not authorized to revoke this token"
        raise Refusal(403, {"error": "unauthorized_client", "error_description": text})
    here().database.update("access_tokens", found.id, revoked=1)
    return jsonify({})


def _is_client_of(token: AccessToken, given: dict[str, Any]) -> bool:
    try:
        return _client(given).id == token.application_id
    except Refusal:
        return False


def _either(secret: str) -> AccessToken | None:
    database = here().database
    return find_access_token(database, secret) or find_refresh_token(database, secret)


@blueprint.post("/oauth/introspect")
def introspect() -> Response:
    """Whether a token works, asked by the application it belongs to."""
    given = everything()
    if not request.authorization and not given.get("client_id"):
        raise refused("invalid_request", _UNAUTHORIZED_TEXT)
    application = _client(given)
    found = _either(str(given.get("token") or ""))
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
    if found is None or _what_is_wrong(found):
        raise refused("invalid_token", _TOKEN_TEXTS[_what_is_wrong(found)], 401)
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


def _what_is_wrong(token: AccessToken | None) -> str:
    """Return why a token is not good; empty, if it is."""
    if token is None:
        return "unknown"
    return "revoked" if token.revoked else "expired" if token.expired else ""


@blueprint.route("/oauth/userinfo", methods=["GET", "POST"])
def user_info() -> Response:
    """Answer who signed in; a refusal has no body, only the challenge."""
    found = find_access_token(here().database, token_of_request() or "")
    if found is None or (wrong := _what_is_wrong(found)):
        text = _TOKEN_TEXTS["unknown" if found is None else wrong]
        return _challenge(401, "invalid_token", text)
    if "openid" not in found.scopes.split():
        text = 'Access to this resource requires scope "openid".'
        return _challenge(403, "insufficient_scope", text)
    return jsonify(openid.claims(here(), found.user_id, frozenset(found.scopes.split())))


def _challenge(status: int, error: str, text: str) -> Response:
    words = text.replace('"', "'")
    value = f'Bearer realm="Doorkeeper", error="{error}", error_description="{words}"'
    return Response(status=status, headers={"WWW-Authenticate": value})


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
