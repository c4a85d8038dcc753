"""People: looking them up, and making, changing and blocking them as an administrator."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.api.removal import delete_group
from devstack.gitlab.entities.users import basic_user, own_user, profile, user_for_admin
from devstack.gitlab.errors import Refusal, conflict, invalid, invalid_parameters
from devstack.gitlab.identity import caller, current_user, require_admin
from devstack.gitlab.naming import EMAIL, problems_of_username
from devstack.gitlab.pagination import paged, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.invitations import accept_invitations
from devstack.gitlab.store.namespaces import (
    Namespace,
    find_namespace,
    find_personal,
    read_namespace,
    rename_tree,
)
from devstack.gitlab.store.users import (
    User,
    create_user,
    find_by_email,
    find_by_username,
    hash_password,
)
from devstack.gitlab.system_events import user_event

blueprint = Blueprint("users", __name__)

_FIELDS = (
    Field("email", blank=False),
    Field("username", blank=False),
    Field("name", blank=False),
    Field("password"),
    Field("admin", "boolean"),
    Field("external", "boolean"),
    Field("can_create_group", "boolean"),
    Field("projects_limit", "integer"),
    Field("bio"),
    Field("skip_confirmation", "boolean"),
    Field("skip_reconfirmation", "boolean"),
    Field("reset_password", "boolean"),
    Field("force_random_password", "boolean"),
    Field("note"),
    Field("organization"),
    Field("location"),
    Field("private_profile", "boolean"),
)
_SWITCHES = ("admin", "external", "can_create_group")
_SHORTEST_PASSWORD = 8


@blueprint.get("/user")
def show_self() -> Response:
    """Answer the account that asks."""
    return jsonify(own_user(current_user()))


@blueprint.get("/users")
def list_users() -> Response:
    """Answer everybody, or those with a name, an address or some text."""
    given = read(
        Field("username"),
        Field("search"),
        Field("active", "boolean"),
        Field("blocked", "boolean"),
        Field("admins", "boolean"),
        Field("id_after", "integer"),
        Field("order_by", values=("id", "name", "username", "created_at")),
        Field("sort", values=("asc", "desc")),
    )
    asking = caller().user
    if asking is None and "username" not in given:
        raise Refusal(403, {"message": "403 Forbidden - Not authorized to access /api/v4/users"})
    wheres, values = _conditions(given, by_admin=bool(asking and asking.admin))
    page, database, where = wanted_page(), here().database, " AND ".join(wheres)
    order = f"{given.get('order_by') or 'id'} {given.get('sort') or 'desc'}"
    rows = database.rows(
        f"SELECT * FROM users WHERE {where} ORDER BY {order} LIMIT {page.size} OFFSET {page.offset}",
        values,
    )
    total = database.value(f"SELECT COUNT(*) FROM users WHERE {where}", values)
    return paged([_as_seen(User(*row)) for row in rows], page, total)


def _conditions(given: dict[str, Any], *, by_admin: bool) -> tuple[list[str], dict[str, Any]]:
    wheres, values = ["1"], dict(given)
    if given.get("username"):
        wheres.append("username = :username")
    if given.get("search"):
        exact = "email = :search"
        wheres.append(
            f"(instr(fold(name), fold(:search)) > 0 OR instr(fold(username), fold(:search)) > 0 OR {exact})"
        )
    if given.get("active"):
        wheres.append("state = 'active'")
    if given.get("blocked"):
        wheres.append("state = 'blocked'")
    if given.get("admins") and by_admin:
        wheres.append("admin = 1")
    if given.get("id_after") is not None:
        wheres.append("id > :id_after")
    return wheres, values


def _as_seen(user: User) -> dict[str, Any] | None:
    asking = caller().user
    return user_for_admin(user) if asking and asking.admin else basic_user(user)


@blueprint.get("/users/<int:user_id>")
def show(user_id: int) -> Response:
    """Answer one account: its public profile, all of it for administrators."""
    user = existing_user(user_id)
    asking = caller().user
    return jsonify(user_for_admin(user) if asking and asking.admin else profile(user))


@blueprint.post("/users")
def create() -> tuple[Response, int]:
    """Make an account (administrators)."""
    require_admin()
    required = {"email", "username", "name"}
    given = read(
        *(Field(f.name, f.kind, required=f.name in required, blank=f.blank) for f in _FIELDS)
    )
    if not any(given.get(name) for name in ("password", "reset_password", "force_random_password")):
        names = "password, reset_password, force_random_password"
        raise invalid_parameters(f"{names} are missing, at least one parameter must be provided")
    password = given.get("password") or secrets.token_urlsafe(24)
    _check(given, password)
    with here().database.changes():
        _refuse_taken(given)
        user = create_user(
            here().database,
            username=given["username"],
            name=given["name"],
            email=given["email"],
            password=password,
            **_columns(given, but=("username", "name", "email")),
        )
        accept_invitations(here().database, user)
    user_event("user_create", user)
    return jsonify(user_for_admin(user)), 201


@blueprint.put("/users/<int:user_id>")
def change(user_id: int) -> Response:
    """Change an account (administrators)."""
    require_admin()
    user = existing_user(user_id)
    given = read(*_FIELDS)
    _check(
        {"username": user.username, "email": user.email, **given},
        given.get("password") or "unchanged password",
    )
    database = here().database
    with database.changes():
        _refuse_taken(given, but=user.id)
        columns = _columns(given)
        if given.get("password"):
            columns["password_hash"] = hash_password(given["password"])
        database.update("users", user.id, **columns)
        _rename_personal(user, given)
    return jsonify(user_for_admin(existing_user(user_id)))


def _rename_personal(user: User, given: dict[str, Any]) -> None:
    database = here().database
    personal = find_personal(database, user.id)
    if personal is None:
        return
    if given.get("username") and given["username"] != user.username:
        rename_tree(database, personal.full_path, given["username"])
        database.update("namespaces", personal.id, path=given["username"])
    if given.get("name"):
        database.update("namespaces", personal.id, name=given["name"])


@blueprint.delete("/users/<int:user_id>")
def remove(user_id: int) -> tuple[str, int]:
    """Delete an account with its personal projects; `hard_delete` takes the groups that it alone owns."""
    require_admin()
    user = existing_user(user_id)
    given = read(Field("hard_delete", "boolean"))
    groups = _owned_alone(user)
    if groups and not given.get("hard_delete"):
        raise conflict("User cannot be removed while is the sole-owner of a group")
    database = here().database
    user_event("user_destroy", user)
    for namespace in (find_personal(database, user.id), *groups):
        if namespace is not None:
            delete_group(namespace)
    database.run("DELETE FROM users WHERE id = ?", (user.id,))
    return "", 204


def _owned_alone(user: User) -> list[Namespace]:
    rows = here().database.rows(
        "SELECT group_id FROM group_members WHERE access_level = 50"
        " GROUP BY group_id HAVING count(*) = 1 AND max(user_id) = ?",
        (user.id,),
    )
    return [read_namespace(here().database, row[0]) for row in rows]


@blueprint.post(
    "/users/<int:user_id>/<any(block, unblock, deactivate, activate, ban, unban):action>"
)
def switch(user_id: int, action: str) -> tuple[Response, int]:
    """Take an account out of use, or put it back (administrators)."""
    admin = require_admin()
    user = existing_user(user_id)
    if user.id == admin.id:
        raise Refusal(
            403, {"message": "403 Forbidden - The API initiating user cannot be blocked by the API"}
        )
    states = {"block": "blocked", "deactivate": "deactivated", "ban": "banned"}
    here().database.update("users", user.id, state=states.get(action, "active"))
    return jsonify(True), 201  # noqa: FBT003 - GitLab's answer is the word true


def _check(given: dict[str, Any], password: str) -> None:
    problems: dict[str, list[str]] = {}
    if not EMAIL.fullmatch(given["email"]):
        problems["email"] = ["is invalid"]
    if len(password) < _SHORTEST_PASSWORD:
        problems["password"] = [f"is too short (minimum is {_SHORTEST_PASSWORD} characters)"]
    if texts := problems_of_username(given["username"]):
        problems["username"] = texts
    if problems:
        raise invalid(**problems)


def _refuse_taken(given: dict[str, Any], but: int = 0) -> None:
    database = here().database
    by_email = find_by_email(database, given["email"]) if "email" in given else None
    if by_email is not None and by_email.id != but:
        raise conflict("Email has already been taken")
    by_name = find_by_username(database, given["username"]) if "username" in given else None
    if by_name is not None and by_name.id != but:
        raise conflict("Username has already been taken")
    if (
        by_name is None
        and "username" in given
        and find_namespace(database, given["username"]) is not None
    ):
        raise conflict("Username has already been taken")


def _columns(given: dict[str, Any], but: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what of the parameters is a column of `users`."""
    columns = {
        name: given[name]
        for name in ("username", "name", "email", "bio", "projects_limit")
        if given.get(name) is not None
    }
    columns |= {name: int(given[name]) for name in _SWITCHES if given.get(name) is not None}
    return {name: value for name, value in columns.items() if name not in but}
