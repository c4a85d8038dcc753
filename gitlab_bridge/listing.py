"""Lists of datasets and sites: GitLab filters what it can, the rest is filtered here.

Scopes of a list of datasets, as Labset reads them:

- `personal`: in the caller's own (user) namespace.
- `shared`: the caller is a member, and it lies in somebody else's or a group's namespace.
- `enterprise`: open to everybody of the installation: visibility internal or public.
- `all`: whatever the caller may see.

GitLab's search wants three characters (shorter texts match whole names only), and it knows neither
"not in my namespace" nor two visibilities at once. Such lists are read whole, up to `MAX_SIFTED`
projects, sorted and cut into pages here; beyond that `total` is None and the oldest are not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.model.access import Person, Visibility
from core.model.dataset import (
    DATASET_TOPIC,
    KIND_TOPIC_PREFIX,
    SITE_TOPIC,
    Dataset,
    DatasetQuery,
    Page,
)
from core.model.storage import SiteProject
from gitlab_bridge.client import Client
from gitlab_bridge.projects import Project, parse_projects

MAX_SIFTED = 1000
MAX_SITES = 5000
SHORTEST_SEARCH = 3

_ORDERS = {
    "last_activity": {"order_by": "last_activity_at", "sort": "desc"},
    "name": {"order_by": "name", "sort": "asc"},
    "created": {"order_by": "created_at", "sort": "desc"},
}
_OPEN = (Visibility.INTERNAL, Visibility.PUBLIC)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to ask GitLab (`queries`, one walk each) and what then to keep of it."""

    path: str
    queries: Sequence[dict[str, object]]
    filters: Sequence[Callable[[Dataset], bool]] = field(default_factory=tuple)


def list_datasets(client: Client, query: DatasetQuery, person: Person | None) -> Page[Dataset]:
    """Return one page of the datasets that the caller may see; `person` is None for nobody."""
    plan = _plan(query, person)
    if plan is None:
        return Page((), query.page, query.per_page, 0, has_next=False)
    if not plan.filters and len(plan.queries) == 1:
        return _asked_page(client, plan, query, anonymous=person is None)
    return _sifted_page(client, plan, query, anonymous=person is None)


def list_sites(
    client: Client, search: str, tags: Sequence[str], *, anonymous: bool
) -> list[SiteProject]:
    """Return all sites that the caller may see, by name."""
    query: dict[str, object] = {
        "topic": ",".join([SITE_TOPIC, *tags]),
        "pagination": "keyset",
        "order_by": "id",
        "sort": "asc",
    }
    wanted = search.strip()
    if len(wanted) >= SHORTEST_SEARCH:
        query["search"] = wanted
    rows, _ = client.walk("/projects", "the storage sites", query, max_rows=MAX_SITES)
    sites = [project.site for project in parse_projects(rows, anonymous=anonymous)]
    if 0 < len(wanted) < SHORTEST_SEARCH:
        sites = [site for site in sites if _site_matches(site, wanted)]
    return sorted(sites, key=lambda site: (site.name.casefold(), site.id.number))


def _plan(query: DatasetQuery, person: Person | None) -> _Plan | None:
    asked = _query(query)
    search = query.search.strip()
    filters: list[Callable[[Dataset], bool]] = []
    if len(search) >= SHORTEST_SEARCH:
        asked["search"] = search
    elif search:
        filters.append(lambda dataset: _matches(dataset, search))
    if query.scope == "all":
        return _Plan("/projects", [asked], filters)
    if query.scope == "enterprise":
        return _enterprise(asked, query.visibility, filters)
    if person is None:
        return None
    if query.scope == "personal":
        return _Plan(f"/users/{person.id}/projects", [asked], filters)
    asked["membership"] = "true"
    own = person.username.casefold()
    filters.append(lambda dataset: dataset.namespace.full_path.casefold() != own)
    return _Plan("/projects", [asked], filters)


def _enterprise(
    asked: dict[str, object],
    visibility: Visibility | None,
    filters: Sequence[Callable[[Dataset], bool]],
) -> _Plan | None:
    if visibility is None:
        return _Plan(
            "/projects", [{**asked, "visibility": level.value} for level in _OPEN], filters
        )
    return _Plan("/projects", [asked], filters) if visibility in _OPEN else None


def _query(query: DatasetQuery) -> dict[str, object]:
    kinds = [f"{KIND_TOPIC_PREFIX}{query.kind.value}"] if query.kind else []
    asked: dict[str, object] = {
        "topic": ",".join([DATASET_TOPIC, *kinds, *query.tags]),
        **_ORDERS[query.order],
    }
    if query.visibility is not None:
        asked["visibility"] = query.visibility.value
    return asked


def _asked_page(
    client: Client, plan: _Plan, query: DatasetQuery, *, anonymous: bool
) -> Page[Dataset]:
    asked = {**plan.queries[0], "page": query.page, "per_page": query.per_page}
    rows = client.page(plan.path, "the datasets", asked)
    if rows.per_page is None or rows.per_page < query.per_page:  # its pages are not ours
        return _sifted_page(client, plan, query, anonymous=anonymous)
    items = _datasets(parse_projects(rows.items, anonymous=anonymous))
    return Page(tuple(items), query.page, query.per_page, rows.total, rows.has_next)


def _sifted_page(
    client: Client, plan: _Plan, query: DatasetQuery, *, anonymous: bool
) -> Page[Dataset]:
    found: dict[int, Dataset] = {}
    whole = True
    for asked in plan.queries:
        rows, ended = client.walk(plan.path, "the datasets", asked, max_rows=MAX_SIFTED)
        whole = whole and ended
        for dataset in _datasets(parse_projects(rows, anonymous=anonymous)):
            found[dataset.id.number] = dataset
    kept = [item for item in found.values() if all(keeps(item) for keeps in plan.filters)]
    kept.sort(key=_sort_key(query), reverse=query.order != "name")
    start = (query.page - 1) * query.per_page
    end = start + query.per_page
    return Page(
        items=tuple(kept[start:end]),
        page=query.page,
        per_page=query.per_page,
        total=len(kept) if whole else None,
        has_next=len(kept) > end,
    )


def _datasets(projects: Sequence[Project]) -> list[Dataset]:
    return [project.dataset for project in projects if project.dataset.marked]


def _sort_key(query: DatasetQuery) -> Callable[[Dataset], tuple[str, int]]:
    if query.order == "name":
        return lambda dataset: (dataset.name.casefold(), dataset.id.number)
    if query.order == "created":
        return lambda dataset: (dataset.created_at.isoformat(), dataset.id.number)
    return lambda dataset: (dataset.last_activity_at.isoformat(), dataset.id.number)


def _matches(dataset: Dataset, text: str) -> bool:
    path = dataset.path_with_namespace.rpartition("/")[2]
    return _holds((dataset.name, path, dataset.description), text)


def _site_matches(site: SiteProject, text: str) -> bool:
    path = site.path_with_namespace.rpartition("/")[2]
    return _holds((site.name, path, site.description), text)


def _holds(texts: Sequence[str], wanted: str) -> bool:
    return any(wanted.casefold() in text.casefold() for text in texts)
