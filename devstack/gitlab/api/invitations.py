"""Inviting people by e-mail to projects and groups."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.api.members import check_expiry, check_inherited
from devstack.gitlab.api.sources import Place, place
from devstack.gitlab.errors import Refusal, invalid_parameters, not_found
from devstack.gitlab.identity import current_user
from devstack.gitlab.naming import EMAIL
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.invitations import add_invitation, invitations_of
from devstack.gitlab.store.members import add_member, change_member, direct_members
from devstack.gitlab.store.users import User, find_by_email

blueprint = Blueprint("invitations", __name__)

_INVITATIONS = "/<any(projects, groups):kind>/<segment:key>/invitations"


@blueprint.post(_INVITATIONS)
def invite(kind: str, key: str) -> tuple[Response, int]:
    """Invite addresses; those of accounts become members at once. What fails is told per address, still with 201."""
    where = place(kind, key)
    current_user()
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
        if text := _enrol(where, user, given):
            problems[user.username] = text
    if problems:
        return jsonify({"status": "error", "message": problems}), 201
    return jsonify({"status": "success"}), 201


def _invite_address(where: Place, address: str, given: dict[str, Any]) -> str:
    """Invite one address; return what went wrong, or nothing."""
    user = find_by_email(here().database, address)
    if user is not None:
        return _enrol(where, user, given)
    try:
        check_expiry(given.get("expires_at"))
        add_invitation(here().database, where.source, address, **_values(given))
    except sqlite3.IntegrityError:
        return "The member's email address has already been taken"
    except Refusal as refusal:
        return _sentence(refusal)
    return ""


def _enrol(where: Place, user: User, given: dict[str, Any]) -> str:
    """Make an account a member, or give the member it is the wanted role."""
    database = here().database
    try:
        check_expiry(given.get("expires_at"))
        check_inherited(where, user.id, given["access_level"])
        old = next(
            (row for row in direct_members(database, where.source) if row["id"] == user.id), None
        )
        if old is None:
            add_member(database, where.source, user.id, **_values(given))
            return ""
        where.require_grant(old["access_level"])
        if where.personal_owner_id() != user.id:
            change_member(
                database,
                where.source,
                user.id,
                {name: given.get(name) for name in ("access_level", "expires_at")},
            )
    except Refusal as refusal:
        return _sentence(refusal)
    return ""


def _values(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "access_level": given["access_level"],
        "expires_at": given.get("expires_at"),
        "created_by_id": current_user().id,
    }


def _sentence(refusal: Refusal) -> str:
    message = refusal.body.get("message")
    if isinstance(message, dict):
        return ", ".join(
            f"{name.replace('_', ' ').capitalize()} {text}"
            for name, texts in message.items()
            for text in texts
        )
    return str(message)


@blueprint.get(_INVITATIONS)
def list_invitations(kind: str, key: str) -> Response:
    """Answer the open invitations."""
    where = place(kind, key)
    current_user()
    where.require_management()
    text = (read(Field("query")).get("query") or "").casefold()
    rows = [
        row
        for row in invitations_of(here().database, where.source)
        if text in row["invite_email"].casefold()
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
    where = place(kind, key)
    current_user()
    where.require_management()
    return where, _row(where, address)


def _row(where: Place, address: str) -> sqlite3.Row:
    rows = invitations_of(here().database, where.source)
    row = next((row for row in rows if row["invite_email"].casefold() == address.casefold()), None)
    if row is None:
        raise not_found()
    return row
