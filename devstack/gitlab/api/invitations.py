"""Inviting people by e-mail to projects and groups."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.api.members import check_expiry, enrol
from devstack.gitlab.api.sources import Place, place
from devstack.gitlab.errors import Refusal, bad_request, invalid_parameters
from devstack.gitlab.identity import current_user
from devstack.gitlab.naming import EMAIL
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.database import today
from devstack.gitlab.store.invitations import add_invitation, invitations_of
from devstack.gitlab.store.users import find_by_email

blueprint = Blueprint("invitations", __name__)

_INVITATIONS = "/<any(projects, groups):kind>/<segment:key>/invitations"


@blueprint.post(_INVITATIONS)
def invite(kind: str, key: str) -> tuple[Response, int]:
    """Invite addresses; those of accounts become members at once. What fails is told per address, still with 201."""
    current_user()
    where = place(kind, key)
    where.require_management()
    given = read(
        Field("email", "strings"),
        Field("user_id", "integers"),
        Field("access_level", "integer", required=True, values=where.roles),
        Field("expires_at", "day"),
        at_least_one=("email", "user_id"),
    )
    where.require_grant(given["access_level"])
    if any(not EMAIL.fullmatch(address) for address in given.get("email", [])):
        raise invalid_parameters("email contains an invalid email address")
    problems = {
        address: text
        for address in given.get("email", [])
        if (text := _invite_address(where, address, given))
    }
    for user in (existing_user(user_id) for user_id in given.get("user_id", [])):
        if text := enrol(where, user, given):
            problems[user.username] = text
    if problems:
        return jsonify({"status": "error", "message": problems}), 201
    return jsonify({"status": "success"}), 201


def _invite_address(where: Place, address: str, given: dict[str, Any]) -> str:
    """Invite one address; return what went wrong, or nothing."""
    user = find_by_email(here().database, address)
    if user is not None:
        return enrol(where, user, given)
    expires_at = given.get("expires_at")
    if expires_at is not None and expires_at < today():
        return "Expires at cannot be a date in the past"
    try:
        add_invitation(here().database, where.source, address, **_values(given))
    except sqlite3.IntegrityError:
        return "The member's email address has already been taken"
    return ""


def _values(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "access_level": given["access_level"],
        "expires_at": given.get("expires_at"),
        "created_by_id": current_user().id,
    }


@blueprint.get(_INVITATIONS)
def list_invitations(kind: str, key: str) -> Response:
    """Answer the open invitations; `query` is a whole address."""
    current_user()
    where = place(kind, key)
    where.require_management()
    wanted = (read(Field("query")).get("query") or "").casefold()
    rows = [
        row
        for row in invitations_of(here().database, where.source)
        if wanted in ("", row["invite_email"].casefold())
    ]
    return paged_list([_body(row) for row in rows], wanted_page())


def _body(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "invite_email": row["invite_email"],
        "created_at": row["created_at"],
        "access_level": row["access_level"],
        "expires_at": row["expires_at"],
        "user_name": None,
        "created_by_name": row["created_by_name"],
    }


@blueprint.put(f"{_INVITATIONS}/<segment:address>")
def change(kind: str, key: str, address: str) -> Response:
    """Change the role or last day of an open invitation."""
    where, row = _found(kind, key, address)
    given = read(Field("access_level", "integer", values=where.roles), Field("expires_at", "day"))
    if not given:
        raise bad_request("400 Bad request")
    if "access_level" in given:
        where.require_grant(given["access_level"])
    check_expiry(given.get("expires_at"))
    here().database.update("invitations", row["id"], **given)
    return jsonify(_body(_row(where, address)))


@blueprint.delete(f"{_INVITATIONS}/<segment:address>")
def remove(kind: str, key: str, address: str) -> tuple[str, int]:
    """Take an invitation back."""
    _, row = _found(kind, key, address)
    here().database.run("DELETE FROM invitations WHERE id = ?", (row["id"],))
    return "", 204


def _found(kind: str, key: str, address: str) -> tuple[Place, sqlite3.Row]:
    current_user()
    where = place(kind, key)
    where.require_management()
    return where, _row(where, address)


def _row(where: Place, address: str) -> sqlite3.Row:
    rows = invitations_of(here().database, where.source)
    row = next((row for row in rows if row["invite_email"].casefold() == address.casefold()), None)
    if row is None:
        raise Refusal(404, {"message": "404 Not Found"})
    return row
