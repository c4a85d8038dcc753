"""`/oauth/authorize`: a signed-in person lets an application act, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, request

from devstack.gitlab.oauth.grants import CodeRequest, issue_code, scopes_asked
from devstack.gitlab.pages.session import form_is_ours, page, sign_in_first, viewer
from devstack.gitlab.state import here
from devstack.gitlab.store.oauth import Application, find_application

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

blueprint = Blueprint("consent", __name__)

SCOPE_TEXTS = {
    "api": "Read and change everything that you can, over the API and over git",
    "read_api": "Read everything that you can, over the API",
    "read_user": "Read your profile",
    "read_repository": "Fetch the repositories that you can",
    "write_repository": "Fetch from and push to the repositories that you can",
    "sudo": "Act as any user, if you are an administrator",
    "openid": "Know who you are",
    "profile": "Read your profile",
    "email": "Read your e-mail address",
}

_LOOPBACK = ("127.0.0.1", "::1")
REFUSAL_TEXTS = {
    "invalid_request": "Missing required parameter: response_type.",
    "access_denied": "The resource owner or authorization server denied the request.",
    "unsupported_response_type": "The authorization server does not support this response type.",
    "invalid_scope": "The requested scope is invalid, unknown, or malformed.",
    "invalid_code_challenge_method": "The code challenge method must be plain or S256.",
}


class _Unknown(Exception):
    """The application or its address is not registered: nobody is sent anywhere."""


class _Refused(Exception):
    """The request is wrong, and the application is told so by its registered address."""

    def __init__(self, address: str, state: str, error: str) -> None:
        super().__init__(error)
        text = REFUSAL_TEXTS[error]
        answer = {"error": error, "error_description": text, **({"state": state} if state else {})}
        self.address = _with_query(address, answer)


@blueprint.get("/oauth/authorize")
def ask() -> Response:
    """Show the consent page; left out where the same was granted before."""
    return _guarded(request.args, _ask)


@blueprint.post("/oauth/authorize")
def decide() -> Response:
    """Take the answer to it: `_method=delete` is a no."""
    return _guarded(request.form, _deny if request.form.get("_method") == "delete" else _grant)


def _guarded(given: Mapping[str, str], act: Callable[[CodeRequest], Response]) -> Response:
    if viewer() is None:
        return sign_in_first()
    try:
        return act(_wanted(given))
    except _Unknown as unknown:
        return page("refused.html", 400, title="Authorization is not possible", text=str(unknown))
    except _Refused as refused:
        return make_response(redirect(refused.address))


def _wanted(given: Mapping[str, str]) -> CodeRequest:
    """Read and check what the application asks for."""
    application = _application(given)
    address, state = given["redirect_uri"], given.get("state", "")
    scopes = scopes_asked(application, given.get("scope", ""))
    challenge = given.get("code_challenge", "")
    method = given.get("code_challenge_method") or ("plain" if challenge else "")
    problem = None
    if not given.get("response_type"):
        problem = "invalid_request"
    elif given["response_type"] != "code":
        problem = "unsupported_response_type"
    elif scopes is None:
        problem = "invalid_scope"
    elif method not in ("", "plain", "S256"):
        problem = "invalid_code_challenge_method"
    if problem is not None or scopes is None:
        raise _Refused(address, state, problem or "invalid_scope")
    return CodeRequest(
        application, address, scopes, state, challenge, method, given.get("nonce", "")
    )


def _application(given: Mapping[str, str]) -> Application:
    """Return the application that asks, once its address is known to be its own."""
    application = find_application(here().database, given.get("client_id", ""))
    if application is None:
        raise _Unknown(
            "Client authentication failed due to unknown client, no client authentication included, or unsupported"
            " authentication method."
        )
    known = application.redirect_uris.split("\n")
    if not any(_same_address(given.get("redirect_uri", ""), address) for address in known):
        raise _Unknown("The redirect URI included is not valid.")
    return application


def _same_address(wanted: str, registered: str) -> bool:
    """Whether two addresses are one; the port of a loopback address may be any (RFC 8252, 7.3)."""
    if wanted == registered:
        return True
    try:
        one, other = urlsplit(wanted), urlsplit(registered)
    except ValueError:
        return False
    if one.hostname != other.hostname or one.hostname not in _LOOPBACK or one.username:
        return False
    return (one.scheme, one.path, one.query) == (other.scheme, other.path, other.query) and (
        "#" not in wanted
    )


def _ask(wanted: CodeRequest) -> Response:
    if _granted_before(wanted):
        return _send_code(wanted)
    texts = [SCOPE_TEXTS.get(scope, scope) for scope in wanted.scopes.split()]
    return page("consent.html", wanted=wanted, texts=texts)


def _granted_before(wanted: CodeRequest) -> bool:
    user = viewer()
    rows = here().database.rows(
        "SELECT DISTINCT scopes FROM access_tokens WHERE application_id = ? AND user_id = ? AND revoked = 0",
        (wanted.application.id, user.id if user else 0),
    )
    return any(set(wanted.scopes.split()) <= set(row[0].split()) for row in rows)


def _grant(wanted: CodeRequest) -> Response:
    if not form_is_ours():
        return page(
            "refused.html",
            422,
            title="The form was too old",
            text="Go back to the application and start again.",
        )
    return _send_code(wanted)


def _send_code(wanted: CodeRequest) -> Response:
    user = viewer()
    if user is None:
        return sign_in_first()
    answer = {"code": issue_code(here(), user.id, wanted)}
    if wanted.state:
        answer["state"] = wanted.state
    return make_response(redirect(_with_query(wanted.redirect_uri, answer)))


def _deny(wanted: CodeRequest) -> Response:
    if not form_is_ours():
        return page(
            "refused.html",
            422,
            title="The form was too old",
            text="Go back to the application and start again.",
        )
    raise _Refused(wanted.redirect_uri, wanted.state, "access_denied")


def _with_query(address: str, answer: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(answer)}"
