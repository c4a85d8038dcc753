"""Signing in with GitLab and out again."""

from __future__ import annotations

import re
import secrets

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug import Response

from app.caller import TOKEN_COOKIE, Door, caller, platform
from app.oauth import CALLBACK
from app.shell import shell
from core.errors import Forbidden, Invalid, NotFound
from core.model.access import Actor

blueprint = Blueprint("session", __name__)

_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}")
_STATE_BYTES = 24
_STATE = re.compile(r"[A-Za-z0-9_-]{32}")
_MINUTES_AT_GITLAB = 15


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Say what signing in means; whoever is signed in goes on to `?next=`."""
    goal = own_path(request.args.get("next", ""))
    if caller().door is not Door.NONE:
        return redirect(goal)
    return render_template("session/sign_in.html", goal=goal)


@blueprint.post("/sign-in")
def go_to_gitlab() -> ResponseReturnValue:
    """Send the browser to GitLab; back it comes to the form's `next`."""
    goal = own_path(request.form.get("next", ""))
    oauth = shell().oauth
    if not oauth.is_configured:
        raise NotFound(
            "Signing in is not set up here: whoever runs this Labset registers an application in "
            f"GitLab (callback {shell().settings.base_url}{CALLBACK}, scope api) and sets "
            "LABSET_GITLAB_OAUTH_ID and LABSET_GITLAB_OAUTH_SECRET.",
            code="sign_in_off",
        )
    state = secrets.token_urlsafe(_STATE_BYTES)
    response = redirect(oauth.authorization_url(state))
    response.set_cookie(
        _cookie(state),
        _signer().dumps([state, goal]),
        max_age=_MINUTES_AT_GITLAB * 60,
        path="/sign-in",
        secure=shell().settings.is_https,
        httponly=True,
        samesite="Lax",
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get(CALLBACK)
def callback() -> ResponseReturnValue:
    """Come back from GitLab with a code, as the browser that went there."""
    state = request.args.get("state", "")
    goal = _goal_of(state)
    if "error" in request.args:
        raise Forbidden("GitLab did not let you in, or you declined", code="sign_in_declined")
    tokens = shell().oauth.redeem(request.args.get("code", ""), state)
    person = platform().directory.read_person(Actor(tokens.access))
    response = redirect(goal)
    shell().sessions.end(request, response)
    shell().sessions.begin(person, tokens, response)
    response.delete_cookie(_cookie(state), path="/sign-in")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Forget this browser: the session, its tokens, and a token left in a cookie."""
    response: Response = redirect("/")
    shell().sessions.end(request, response)
    response.delete_cookie(TOKEN_COOKIE)
    return response


def own_path(text: str) -> str:
    """Return `text` if it is a path of this server, else the start page."""
    return text if _OWN_PATH.fullmatch(text) else "/"


def _goal_of(state: str) -> str:
    """Return where the browser wanted to go when it left with `state`.

    Raises:  Invalid, if this browser did not leave with it within the last 15 minutes.
    """
    signed = request.cookies.get(_cookie(state), "") if _STATE.fullmatch(state) else ""
    try:
        known, goal = _signer().loads(signed, max_age=_MINUTES_AT_GITLAB * 60)
    except BadSignature as problem:
        raise _not_begun() from problem
    if known != state:
        raise _not_begun()
    return own_path(goal)


def _not_begun() -> Invalid:
    return Invalid(
        "This sign-in was not begun in this browser, or too long ago: start again at /sign-in.",
        code="sign_in_expired",
    )


def _cookie(state: str) -> str:
    """Return a cookie's name per sign-in, so that two tabs do not disturb each other."""
    return f"labset_sign_in_{state[:8]}"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(shell().settings.derive_key("sign-in state"))
