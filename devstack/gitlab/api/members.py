"""Members of projects and groups."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.api.sources import Place, place
from devstack.gitlab.entities.groups import member_body
from devstack.gitlab.errors import Refusal, conflict, forbidden, not_found
from devstack.gitlab.identity import current_user
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import OWNER, ROLE_NAMES
from devstack.gitlab.state import here
from devstack.gitlab.store.database import today
from devstack.gitlab.store.members import (
    add_member,
    all_members,
    change_member,
    direct_members,
    inherited_level,
    other_owners,
    remove_member,
)
from devstack.gitlab.store.users import User, find_by_username

blueprint = Blueprint("members", __name__)

_SOURCE = "/<any(projects, groups):kind>/<segment:key>/members"
_LIST_FIELDS = (Field("query"), Field("user_ids", "integers"), Field("skip_users", "integers"))


@blueprint.get(_SOURCE)
def list_direct(kind: str, key: str) -> Response:
    """Answer the direct members."""
    return _list(direct_members(here().database, place(kind, key).source))


@blueprint.get(f"{_SOURCE}/all")
def list_all(kind: str, key: str) -> Response:
    """Answer everybody who has a level here, with the highest."""
    return _list(all_members(here().database, place(kind, key).source))


@blueprint.get(f"{_SOURCE}/<int:user_id>")
def show_direct(kind: str, key: str, user_id: int) -> Response:
    """Answer one direct member."""
    return jsonify(_one(direct_members(here().database, place(kind, key).source), user_id))


@blueprint.get(f"{_SOURCE}/all/<int:user_id>")
def show_any(kind: str, key: str, user_id: int) -> Response:
    """Answer one member, direct or not."""
    return jsonify(_one(all_members(here().database, place(kind, key).source), user_id))


def _list(rows: list[sqlite3.Row]) -> Response:
    current_user()
    given = read(*_LIST_FIELDS)
    text = (given.get("query") or "").casefold()
    wanted = [
        member_body(row)
        for row in rows
        if (
            text in row["name"].casefold()
            or text in row["username"].casefold()
            or text == row["email"].casefold()
        )
        and (not given.get("user_ids") or row["id"] in given["user_ids"])
        and row["id"] not in given.get("skip_users", [])
    ]
    return paged_list(wanted, wanted_page())


def _one(rows: list[sqlite3.Row], user_id: int) -> dict[str, Any]:
    found = next((row for row in rows if row["id"] == user_id), None)
    if found is None:
        raise not_found()
    return member_body(found)


@blueprint.post(_SOURCE)
def add(kind: str, key: str) -> tuple[Response, int]:
    """Make somebody a member."""
    where = place(kind, key)
    current_user()
    where.require_management()
    given = read(
        Field("user_id", "integers"),
        Field("username"),
        Field("access_level", "integer", required=True, values=where.roles),
        Field("expires_at", "day"),
        exactly_one=("user_id", "username"),
    )
    where.require_grant(given["access_level"])
    check_expiry(given.get("expires_at"))
    users = _named(given)
    for user in users:
        _add_one(where, user, given)
    if len(users) > 1:
        return jsonify({"status": "success"}), 201
    return jsonify(_one(direct_members(here().database, where.source), users[0].id)), 201


def _named(given: dict[str, Any]) -> list[User]:
    if "username" in given:
        found = find_by_username(here().database, given["username"])
        if found is None:
            raise not_found("User")
        return [found]
    if not given["user_id"]:
        raise not_found("User")
    return [existing_user(user_id) for user_id in given["user_id"]]


def _add_one(where: Place, user: User, given: dict[str, Any]) -> None:
    check_inherited(where, user.id, given["access_level"])
    try:
        add_member(
            here().database,
            where.source,
            user.id,
            access_level=given["access_level"],
            expires_at=given.get("expires_at"),
            created_by_id=current_user().id,
        )
    except sqlite3.IntegrityError as error:
        raise conflict("Member already exists") from error


def check_expiry(expires_at: str | None) -> None:
    """Refuse a last day that is over."""
    if expires_at is not None and expires_at < today():
        raise Refusal(400, {"message": {"expires_at": ["cannot be a date in the past"]}})


def check_inherited(where: Place, user_id: int, access_level: int) -> None:
    """Refuse a level below the one that somebody has from a group above."""
    above = inherited_level(here().database, where.source, user_id)
    if access_level < above:
        name = ROLE_NAMES[above].removesuffix("s").split(" ")[0]
        text = f"should be greater than or equal to {name} inherited membership from group"
        raise Refusal(400, {"message": {"access_level": [text]}})


@blueprint.put(f"{_SOURCE}/<int:user_id>")
def change(kind: str, key: str, user_id: int) -> Response:
    """Change somebody's level or last day."""
    where = place(kind, key)
    current_user()
    where.require_management()
    given = read(
        Field("access_level", "integer", required=True, values=where.roles),
        Field("expires_at", "day"),
    )
    old = _one(direct_members(here().database, where.source), user_id)
    where.require_grant(max(given["access_level"], old["access_level"]))
    _keep_an_owner(where, user_id, given["access_level"])
    check_expiry(given.get("expires_at"))
    check_inherited(where, user_id, given["access_level"])
    change_member(here().database, where.source, user_id, given)
    return jsonify(_one(direct_members(here().database, where.source), user_id))


@blueprint.delete(f"{_SOURCE}/<int:user_id>")
def remove(kind: str, key: str, user_id: int) -> tuple[str, int]:
    """End a membership; everybody may end the own one."""
    where = place(kind, key)
    user = current_user()
    old = _one(direct_members(here().database, where.source), user_id)
    if user.id != user_id:
        where.require_management()
        where.require_grant(old["access_level"])
    _keep_an_owner(where, user_id, 0)
    remove_member(here().database, where.source, user_id)
    return "", 204


def _keep_an_owner(where: Place, user_id: int, access_level: int) -> None:
    """Refuse to leave a group without an owner, or a personal project without the person."""
    if access_level >= OWNER:
        return
    if where.personal_owner_id() == user_id:
        raise forbidden()
    if where.is_group and not other_owners(here().database, where.source, user_id):
        rows = direct_members(here().database, where.source)
        if any(row["id"] == user_id and row["access_level"] == OWNER for row in rows):
            raise forbidden()
