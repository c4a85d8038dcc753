"""Members of projects and groups."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.api.sources import Place, place
from devstack.gitlab.entities.groups import member_body
from devstack.gitlab.errors import Refusal, conflict, forbidden, invalid, not_found
from devstack.gitlab.identity import current_user
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import HUMAN_ROLES, OWNER
from devstack.gitlab.state import here
from devstack.gitlab.store.database import today
from devstack.gitlab.store.members import (
    add_member,
    all_members,
    change_member,
    direct_members,
    inherited_level,
    other_owners,
    remove_below,
    remove_member,
)
from devstack.gitlab.store.namespaces import read_namespace
from devstack.gitlab.store.users import User, find_by_username
from devstack.gitlab.system_events import member_event

blueprint = Blueprint("members", __name__)

_SOURCE = "/<any(projects, groups):kind>/<segment:key>/members"
_LIST_FIELDS = (Field("query"), Field("user_ids", "integers"), Field("skip_users", "integers"))


@blueprint.get(_SOURCE)
def list_direct(kind: str, key: str) -> Response:
    """Answer the direct members."""
    current_user()
    return _list(direct_members(here().database, place(kind, key).source))


@blueprint.get(f"{_SOURCE}/all")
def list_all(kind: str, key: str) -> Response:
    """Answer everybody who has a level here, with the highest."""
    current_user()
    return _list(all_members(here().database, place(kind, key).source))


@blueprint.get(f"{_SOURCE}/<int:user_id>")
def show_direct(kind: str, key: str, user_id: int) -> Response:
    """Answer one direct member."""
    current_user()
    return jsonify(_one(direct_members(here().database, place(kind, key).source), user_id))


@blueprint.get(f"{_SOURCE}/all/<int:user_id>")
def show_any(kind: str, key: str, user_id: int) -> Response:
    """Answer one member, direct or not."""
    current_user()
    return jsonify(_one(all_members(here().database, place(kind, key).source), user_id))


def _list(rows: list[sqlite3.Row]) -> Response:
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
    current_user()
    where = place(kind, key)
    where.require_management()
    given = read(
        Field("user_id", "integers"),
        Field("username", "strings"),
        Field("access_level", "integer", required=True),
        Field("expires_at", "day"),
        at_least_one=("user_id", "username"),
        exclusive=("user_id", "username"),
    )
    _check_level(where, given["access_level"])
    where.require_grant(given["access_level"])
    users = _named(given)
    if len(users) > 1:
        return _add_several(where, users, given), 201
    check_expiry(given.get("expires_at"))
    _add_one(where, users[0], given)
    rows = direct_members(here().database, where.source, ended=True)
    return jsonify(_one(rows, users[0].id)), 201


def _check_level(where: Place, access_level: int | None) -> None:
    """Refuse a level that no member can have, in the words of the model."""
    if access_level not in where.roles:
        raise invalid(access_level=["is not included in the list"])


def _named(given: dict[str, Any]) -> list[User]:
    """Return the accounts that are meant by number or name; 404 where one is unknown."""
    if "username" not in given:
        users: list[User | None] = [existing_user(user_id) for user_id in given["user_id"]]
    else:
        users = [find_by_username(here().database, name) for name in given["username"]]
    known = [user for user in users if user is not None]
    if not known or len(known) < len(users):
        raise not_found("User")
    return known


def _add_several(where: Place, users: list[User], given: dict[str, Any]) -> Response:
    """Make many people members, or give the members they are this level; what fails is told per name."""
    problems = {user.username: enrol(where, user, given) for user in users}
    problems = {name: text for name, text in problems.items() if text}
    if problems:
        return jsonify({"status": "error", "message": problems})
    return jsonify({"status": "success"})


def enrol(where: Place, user: User, given: dict[str, Any]) -> str:
    """Make an account a member, or give the member it is the wanted role; return what went wrong, or nothing."""
    database = here().database
    old = next(
        (row for row in direct_members(database, where.source) if row["id"] == user.id), None
    )
    try:
        check_expiry(given.get("expires_at"))
        if old is None:
            _add_one(where, user, given)
            return ""
        check_inherited(where, user.id, given["access_level"])
        where.require_grant(old["access_level"])
    except Refusal as refusal:
        return _sentence(refusal)
    if where.personal_owner_id() != user.id:
        values = {name: given.get(name) for name in ("access_level", "expires_at")}
        change_member(database, where.source, user.id, values)
        member_event("update", where.source, user, given["access_level"])
    return ""


def _sentence(refusal: Refusal) -> str:
    message = refusal.body.get("message")
    if not isinstance(message, dict):
        return str(message)
    return ", ".join(
        f"{name.replace('_', ' ').capitalize()} {text}"
        for name, texts in message.items()
        for text in texts
    )


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
    member_event("add", where.source, user, given["access_level"])


def check_expiry(expires_at: str | None) -> None:
    """Refuse a last day that is over."""
    if expires_at is not None and expires_at < today():
        raise invalid(expires_at=["cannot be a date in the past"])


def check_inherited(where: Place, user_id: int, access_level: int) -> None:
    """Refuse a level below the one that somebody has from a group above."""
    above, above_id = inherited_level(here().database, where.source, user_id)
    if access_level < above:
        group = read_namespace(here().database, above_id).name
        text = f"should be greater than or equal to {HUMAN_ROLES[above]} inherited membership from group {group}"
        raise invalid(access_level=[text])


@blueprint.put(f"{_SOURCE}/<int:user_id>")
def change(kind: str, key: str, user_id: int) -> Response:
    """Change somebody's level or last day."""
    current_user()
    where = place(kind, key)
    where.require_management()
    given = read(Field("access_level", "integer", required=True), Field("expires_at", "day"))
    _check_level(where, given["access_level"])
    old = _one(direct_members(here().database, where.source), user_id)
    where.require_grant(max(given["access_level"], old["access_level"]))
    _keep_an_owner(where, user_id, given["access_level"])
    check_expiry(given.get("expires_at"))
    check_inherited(where, user_id, given["access_level"])
    change_member(here().database, where.source, user_id, given)
    member_event("update", where.source, existing_user(user_id), given["access_level"])
    return jsonify(_one(direct_members(here().database, where.source, ended=True), user_id))


@blueprint.delete(f"{_SOURCE}/<int:user_id>")
def remove(kind: str, key: str, user_id: int) -> tuple[str, int]:
    """End a membership, and those in what a group contains; everybody may end the own one."""
    user = current_user()
    where = place(kind, key)
    given = read(Field("skip_subresources", "boolean"))
    old = _one(direct_members(here().database, where.source), user_id)
    if user.id != user_id:
        where.require_management()
        where.require_grant(old["access_level"])
    _keep_an_owner(where, user_id, 0)
    with here().database.changes():
        remove_member(here().database, where.source, user_id)
        if where.is_group and not given.get("skip_subresources"):
            remove_below(here().database, where.source, user_id)
    member_event("remove", where.source, existing_user(user_id), old["access_level"])
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
