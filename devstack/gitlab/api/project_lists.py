"""`GET /projects` and its relatives: the same filters, order and pages over different sets."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from devstack.gitlab.api.lookup import existing_user, visible_group
from devstack.gitlab.entities.projects import project_bodies
from devstack.gitlab.errors import Refusal, not_found
from devstack.gitlab.identity import caller
from devstack.gitlab.pagination import keyset_page, paged, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import ROLES, VISIBILITIES
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import descendant_ids
from devstack.gitlab.store.project_search import ORDERS, ProjectSearch
from devstack.gitlab.store.users import find_by_username

if TYPE_CHECKING:
    from datetime import datetime

    from devstack.gitlab.store.users import User

blueprint = Blueprint("project_lists", __name__)

_FILTERS = (
    Field("search"),
    Field("search_namespaces", "boolean"),
    Field("membership", "boolean"),
    Field("owned", "boolean"),
    Field("starred", "boolean"),
    Field("archived", "boolean"),
    Field("simple", "boolean"),
    Field("statistics", "boolean"),
    Field("visibility", values=VISIBILITIES),
    Field("min_access_level", "integer", values=ROLES),
    Field("topic", "strings"),
    Field("topic_id", "integer"),
    Field("id_after", "integer"),
    Field("id_before", "integer"),
    Field("last_activity_after", "time"),
    Field("last_activity_before", "time"),
    Field("updated_after", "time"),
    Field("updated_before", "time"),
    Field("order_by", values=tuple(ORDERS)),
    Field("sort", values=("asc", "desc")),
    Field("pagination"),
    Field("include_subgroups", "boolean"),
    Field("with_shared", "boolean"),
)


@blueprint.get("/projects")
def list_projects() -> Response:
    """Answer everything that the caller may see."""
    return answer(_search())


@blueprint.get("/users/<segment:user>/projects")
def list_user_projects(user: str) -> Response:
    """Answer the projects in somebody's own namespace."""
    owner = _user(user)
    search = _search()
    search.where(
        "p.namespace_id = (SELECT id FROM namespaces WHERE kind = 'user' AND owner_id = :owner)",
        owner=owner.id,
    )
    return answer(search)


@blueprint.get("/users/<segment:user>/starred_projects")
def list_starred_projects(user: str) -> Response:
    """Answer the projects that somebody starred."""
    search = _search()
    search.where(
        "EXISTS (SELECT 1 FROM stars s WHERE s.project_id = p.id AND s.user_id = :fan)",
        fan=_user(user).id,
    )
    return answer(search)


@blueprint.get("/groups/<segment:group>/projects")
def list_group_projects(group: str) -> Response:
    """Answer the projects of a group, those of its subgroups on request, those shared with it by default."""
    found = visible_group(group).group
    given = read(Field("include_subgroups", "boolean"), Field("with_shared", "boolean"))
    ids = [
        found.id,
        *(descendant_ids(here().database, found.id) if given.get("include_subgroups") else []),
    ]
    within = f"p.namespace_id IN ({','.join(str(number) for number in ids)})"
    shared = (
        "EXISTS (SELECT 1 FROM project_shares s WHERE s.project_id = p.id AND s.group_id = :group)"
    )
    search = _search()
    search.where(
        within if given.get("with_shared") is False else f"({within} OR {shared})", group=found.id
    )
    return answer(search)


def answer(search: ProjectSearch) -> Response:
    """Narrow by the request's filters and answer the wanted page."""
    given = read(*_FILTERS)
    narrow(search, given)
    user = caller().user
    simple = bool(given.get("simple")) or user is None
    options = {
        "simple": simple,
        "permissions": user is not None,
        "statistics": bool(given.get("statistics")),
    }
    if given.get("pagination") == "keyset":
        return _keyset(search, given, options)
    page = wanted_page()
    found = search.page(page.size, page.offset)
    return paged(project_bodies(found, user, **options), page, search.count())


def narrow(search: ProjectSearch, given: dict[str, Any]) -> None:
    """Apply filters and order."""
    for name, condition in _CONDITIONS.items():
        if given.get(name):
            search.where(condition)
    for name, condition in _COMPARISONS.items():
        if given.get(name) is not None:
            value = given[name]
            search.where(
                condition, **{name: value if isinstance(value, str | int) else _moment(value)}
            )
    if given.get("archived") is not None:
        search.where("p.archived = :archived", archived=int(given["archived"]))
    if given.get("topic"):
        search.having_topics(given["topic"])
    if given.get("search"):
        search.having_text(given["search"], namespaces=bool(given.get("search_namespaces")))
    if given.get("order_by") or given.get("sort"):
        search.sorted_by(given.get("order_by") or "created_at", given.get("sort") or "desc")


_CONDITIONS = {
    "membership": "best.level >= 10",
    "owned": "best.level >= 50",
    "starred": "EXISTS (SELECT 1 FROM stars s WHERE s.project_id = p.id AND s.user_id = :user)",
}
_COMPARISONS = {
    "visibility": "p.visibility = :visibility",
    "min_access_level": "best.level >= :min_access_level",
    "topic_id": "EXISTS (SELECT 1 FROM project_topics pt WHERE pt.project_id = p.id AND pt.topic_id = :topic_id)",
    "id_after": "p.id > :id_after",
    "id_before": "p.id < :id_before",
    "last_activity_after": "p.last_activity_at > :last_activity_after",
    "last_activity_before": "p.last_activity_at < :last_activity_before",
    "updated_after": "p.updated_at > :updated_after",
    "updated_before": "p.updated_at < :updated_before",
}


def _search() -> ProjectSearch:
    return ProjectSearch(here().database, caller().user)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _keyset(search: ProjectSearch, given: dict[str, Any], options: dict[str, bool]) -> Response:
    if given.get("order_by") != "id":
        raise Refusal(
            405, {"error": "Keyset pagination is not yet available for this type of request"}
        )
    size = wanted_page().size
    found = search.page(size + 1)
    bodies = project_bodies(found[:size], caller().user, **options)
    ascending = given.get("sort") == "asc"
    cursor = (
        {"id_after" if ascending else "id_before": found[size - 1].id}
        if len(found) > size
        else None
    )
    return keyset_page(bodies, size, cursor)


def _user(key: str) -> User:
    if key.isdecimal():
        return existing_user(int(key))
    found = find_by_username(here().database, key)
    if found is None:
        raise not_found("User")
    return found
