"""`GET /projects` and its relatives: the same filters, order and pages over different sets."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from devstack.gitlab.api.lookup import existing_user, visible_group
from devstack.gitlab.entities.projects import project_bodies
from devstack.gitlab.errors import Refusal, bad_request, not_found
from devstack.gitlab.identity import caller
from devstack.gitlab.pagination import keyset_page, paged, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import ROLES, VISIBILITIES
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import ancestors, descendant_ids
from devstack.gitlab.store.project_search import ORDERS, SHARED_WITH, ProjectSearch
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
    Field("with_issues_enabled", "boolean"),
    Field("with_merge_requests_enabled", "boolean"),
)
_OF_GROUP = (
    Field("include_subgroups", "boolean"),
    Field("include_ancestor_groups", "boolean"),
    Field("with_shared", "boolean"),
)


@blueprint.get("/projects")
def list_projects() -> Response:
    """Answer everything that the caller may see."""
    given = read(*_FILTERS)
    updated = given.get("updated_after") or given.get("updated_before")
    if updated and given.get("order_by") != "updated_at":
        text = "`updated_at` filter and `updated_at` sorting must be paired"
        raise bad_request(f"400 Bad request - {text}")
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
    given = read(*_OF_GROUP)
    database = here().database
    ids = [found.id]
    if given.get("include_subgroups"):
        ids += descendant_ids(database, found.id)
    if given.get("include_ancestor_groups"):
        ids += [above.id for above in ancestors(database, found.id)]
    within = f"p.namespace_id IN ({','.join(str(number) for number in ids)})"
    search = _search()
    search.where(
        within if given.get("with_shared") is False else f"({within} OR {SHARED_WITH})",
        group=found.id,
    )
    return answer(search, permissions=False)


@blueprint.get("/groups/<segment:group>/projects/shared")
def list_shared_projects(group: str) -> Response:
    """Answer the projects that are shared with a group."""
    search = _search()
    search.where(SHARED_WITH, group=visible_group(group).group.id)
    return answer(search, permissions=False)


def answer(search: ProjectSearch, *, permissions: bool = True) -> Response:
    """Narrow by the request's filters and answer the wanted page; `permissions`: whether to tell the caller's own."""
    given = read(*_FILTERS)
    narrow(search, given)
    user = caller().user
    simple = bool(given.get("simple")) or user is None
    options = {
        "simple": simple,
        "permissions": permissions and user is not None,
        "statistics": bool(given.get("statistics")),
    }
    if given.get("pagination") == "keyset":
        return _keyset(search, given, options)
    page = wanted_page(of="Project")
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
    _order(search, given)


def _order(search: ProjectSearch, given: dict[str, Any]) -> None:
    """Order as asked; by similarity only what was searched for and is one's own."""
    order = given.get("order_by") or "created_at"
    if order == "similarity":
        if given.get("search") and caller().user is not None:
            search.where("best.level >= 10")
        else:
            order = "created_at"
    if given.get("order_by") or given.get("sort"):
        search.sorted_by(order, given.get("sort") or "desc")


_CONDITIONS = {
    "membership": "best.level >= 10",
    "owned": "best.level >= 50",
    "starred": "EXISTS (SELECT 1 FROM stars s WHERE s.project_id = p.id AND s.user_id = :user)",
    "with_issues_enabled": "COALESCE(json_extract(p.settings, '$.issues_enabled'), 1)",
    "with_merge_requests_enabled": "COALESCE(json_extract(p.settings, '$.merge_requests_enabled'), 1)",
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
