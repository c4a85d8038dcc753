"""People: looking them up, and making, changing and blocking them as an administrator."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.api.removal import delete_group
from devstack.gitlab.api.user_rules import check_account, check_identity, refuse_taken
from devstack.gitlab.entities.users import (
    PROFILE_TEXTS,
    basic_user,
    own_user,
    profile,
    user_details_for_admin,
    user_for_admin,
)
from devstack.gitlab.errors import conflict, forbidden, invalid_parameters
from devstack.gitlab.identity import caller, current_user, require_admin
from devstack.gitlab.pagination import keyset_page, no_keyset, paged, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.state import here
from devstack.gitlab.store.invitations import accept_invitations
from devstack.gitlab.store.namespaces import (
    Namespace,
    find_personal,
    read_namespace,
    rename_tree,
)
from devstack.gitlab.store.settings import server_settings
from devstack.gitlab.store.users import (
    User,
    add_details,
    create_user,
    hash_password,
)
from devstack.gitlab.system_events import user_event

blueprint = Blueprint("users", __name__)

_FIELDS = (
    Field("email"),
    Field("username"),
    Field("name"),
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
    Field("private_profile", "boolean"),
    Field("extern_uid"),
    Field("provider"),
    *(Field(name) for name in (*PROFILE_TEXTS, "note", "pronouns", "public_email")),
    *(Field(name, "integer") for name in ("theme_id", "color_scheme_id")),
)
_PASSWORDS = ("password", "reset_password", "force_random_password")
_DETAILS = (
    *(*PROFILE_TEXTS, "note", "pronouns", "public_email"),
    *("theme_id", "color_scheme_id", "private_profile"),
)
_ORDERS = {
    "id": "id",
    "name": "name",
    "username": "username",
    "created_at": "created_at",
    "updated_at": "created_at",
}
_SWITCHED = {
    "active": "state = 'active'",
    "blocked": "state = 'blocked'",
    "external": "external = 1",
    "exclude_external": "external = 0",
    "exclude_active": "state <> 'active'",
    "admins": "admin = 1",
    "without_projects": """NOT EXISTS (SELECT 1 FROM projects p JOIN namespaces n ON n.id = p.namespace_id
        WHERE n.owner_id = users.id)""",
}
_COMPARED = {
    "username": "username = :username",
    "search": """(instr(fold(name), fold(:search)) > 0 OR instr(fold(username), fold(:search)) > 0
        OR email = :search)""",
    "created_after": "created_at >= :created_after",
    "created_before": "created_at <= :created_before",
    "id_after": "id > :id_after",
}
_ADMIN_FILTERS = {
    *("admins", "created_after", "created_before", "order_by", "sort", "without_projects"),
}
_FILTERS = (
    *(Field(name) for name in ("username", "search")),
    *(Field(name, "boolean") for name in _SWITCHED),
    *(Field(name, "time") for name in ("created_after", "created_before")),
    Field("id_after", "integer"),
    Field("order_by", values=tuple(_ORDERS)),
    Field("sort", values=("asc", "desc")),
    Field("pagination"),
)
_SWITCHES = ("admin", "external", "can_create_group")


@blueprint.get("/user")
def show_self() -> Response:
    """Answer the account that asks."""
    return jsonify(own_user(current_user()))


@blueprint.get("/users")
def list_users() -> Response:
    """Answer everybody, or those with a name, an address or some text."""
    given = read(*_FILTERS)
    asking = caller().user
    if asking is None and not given.get("username"):
        raise forbidden("Not authorized to access /api/v4/users")
    if not (asking and asking.admin):
        given = {name: value for name, value in given.items() if name not in _ADMIN_FILTERS}
    where, values = _conditions(given)
    order_by, sort = given.get("order_by") or "id", given.get("sort") or "desc"
    if given.get("pagination") == "keyset":
        return _keyset(where, values, order_by, sort)
    page, database = wanted_page(of="User"), here().database
    order = f"{_ORDERS[order_by]} {sort}, id {sort}"
    rows = database.rows(
        f"SELECT * FROM users WHERE {where} ORDER BY {order} LIMIT {page.size} OFFSET {page.offset}",
        values,
    )
    total = database.value(f"SELECT COUNT(*) FROM users WHERE {where}", values)
    return paged([_as_seen(User(*row)) for row in rows], page, total)


def _keyset(where: str, values: dict[str, Any], order_by: str, sort: str) -> Response:
    """Answer the page that a cursor opens: the accounts after the last one of the page before."""
    if order_by != "id":
        raise no_keyset()
    size, before = wanted_page().size, read(Field("cursor")).get("cursor")
    if before:
        if not before.isdecimal():
            raise invalid_parameters("cursor is invalid")
        where = f"{where} AND id {'>' if sort == 'asc' else '<'} :cursor"
    rows = here().database.rows(
        f"SELECT * FROM users WHERE {where} ORDER BY id {sort} LIMIT {size + 1}",
        {**values, "cursor": int(before or 0)},
    )
    found = [User(*row) for row in rows]
    cursor = {"cursor": found[size - 1].id} if len(found) > size else None
    return keyset_page([_as_seen(user) for user in found[:size]], size, cursor)


def _conditions(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the condition of SQL that the filters make, and its values."""
    wheres = ["1", *(condition for name, condition in _SWITCHED.items() if given.get(name))]
    values = {name: _plain(given[name]) for name in _COMPARED if given.get(name) is not None}
    wheres += [_COMPARED[name] for name in values]
    return " AND ".join(wheres), values


def _plain(value: Any) -> Any:  # noqa: ANN401 - what a parameter holds
    """Return a moment in the form in which times are kept, anything else as it is."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _as_seen(user: User) -> dict[str, Any] | None:
    asking = caller().user
    return user_for_admin(user) if asking and asking.admin else basic_user(user)


@blueprint.get("/users/<int:user_id>")
def show(user_id: int) -> Response:
    """Answer one account: its public profile, all of it for administrators."""
    asking = caller().user
    if asking is None:
        raise forbidden("Not authorized!")
    user = existing_user(user_id)
    return jsonify(user_details_for_admin(user) if asking.admin else profile(user))


@blueprint.post("/users")
def create() -> tuple[Response, int]:
    """Make an account (administrators)."""
    current_user()
    required = {"email", "username", "name"}
    given = read(
        *(Field(f.name, f.kind, required=f.name in required) for f in _FIELDS),
        at_least_one=_PASSWORDS,
    )
    check_identity(given)
    admin = require_admin()
    chosen = not (given.get("reset_password") or given.get("force_random_password"))
    password = (given.get("password") or "") if chosen else secrets.token_urlsafe(24)
    with here().database.changes():
        refuse_taken(given)
        check_account({"name": "", **given}, password)
        user = create_user(
            here().database,
            username=given["username"],
            name=given["name"],
            email=given["email"],
            password=password,
            **{**_defaults(), **_columns(given, but=("username", "name", "email"))},
        )
        add_details(here().database, user.id, {**_details(given), "created_by_id": admin.id})
        accept_invitations(here().database, user)
    user_event("user_create", user)
    return jsonify(user_for_admin(user)), 201


@blueprint.put("/users/<int:user_id>")
def change(user_id: int) -> Response:
    """Change an account (administrators)."""
    current_user()
    given = read(*_FIELDS)
    check_identity(given)
    require_admin()
    user = existing_user(user_id)
    database = here().database
    with database.changes():
        refuse_taken(given, but=user.id)
        check_account(
            {"username": user.username, "email": user.email, "name": user.name, **given},
            given.get("password") or "unchanged password",
        )
        columns = _columns(given)
        if given.get("password"):
            columns["password_hash"] = hash_password(given["password"])
        database.update("users", user.id, **columns)
        add_details(database, user.id, _details(given))
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


def _defaults() -> dict[str, Any]:
    settings = server_settings(here().database)
    return {
        "projects_limit": settings["default_projects_limit"],
        "can_create_group": int(settings["can_create_group"]),
    }


def _details(given: dict[str, Any]) -> dict[str, Any]:
    """Return what of the parameters is part of the profile alone."""
    found = {name: given[name] for name in _DETAILS if given.get(name) is not None}
    if given.get("provider") and given.get("extern_uid"):
        identity = {"provider": given["provider"], "extern_uid": given["extern_uid"]}
        found["identities"] = [{**identity, "saml_provider_id": None}]
    return found


def _columns(given: dict[str, Any], but: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what of the parameters is a column of `users`."""
    columns = {
        name: given[name]
        for name in ("username", "name", "email", "bio", "projects_limit")
        if given.get(name) is not None
    }
    columns |= {name: int(given[name]) for name in _SWITCHES if given.get(name) is not None}
    return {name: value for name, value in columns.items() if name not in but}
