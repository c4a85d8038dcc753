"""Create, list, show, change and delete datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import Forbidden, NotFound, Unauthenticated
from core.model.access import AccessLevel, Actor, Permission
from core.model.content import Statistics
from core.model.dataset import (
    Dataset,
    DatasetChanges,
    DatasetQuery,
    Namespace,
    NewDataset,
    Page,
)
from core.model.names import DatasetId, Ref, Revision, SiteId
from core.model.refusals import Refusal
from core.model.storage import Placement
from core.ports import Platform
from core.usecases.access.opening import Needs, open_dataset
from core.usecases.access.permissions import describe_permissions
from core.usecases.access.refusals import find_last_refusal

_SITE_FILTER_PAGE = 100


@dataclass(frozen=True, slots=True)
class DatasetDetails:
    """A dataset with all that its page shows.

    `head` is None in an empty repository, or where the caller may not read; `statistics` count the
    default branch. `last_refusal` is what the caller's DVC was refused within the last 7 days.
    """

    dataset: Dataset
    placement: Placement | None
    head: Revision | None
    statistics: Statistics | None
    permissions: Mapping[str, Permission]
    last_refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A dataset in a list, with the site it lies on."""

    dataset: Dataset
    placement: Placement | None


def list_namespaces(platform: Platform, actor: Actor) -> Sequence[Namespace]:
    """Return where the caller may create datasets, the own place first."""
    if actor.is_anonymous:
        raise Unauthenticated("Sign in, or send a GitLab token, to create something.")
    return platform.directory.list_namespaces(actor)


def list_datasets(
    platform: Platform, actor: Actor, query: DatasetQuery, site: SiteId | None = None
) -> Page[DatasetRow]:
    """Return the datasets that the caller may see, those of one site if asked."""
    find = platform.directory.list_datasets
    page = find(actor, query) if site is None else _on_site(platform, actor, query, site)
    placements = platform.bindings.list_placements([dataset.id for dataset in page.items])
    rows = tuple(DatasetRow(item, placements.get(item.id)) for item in page.items)
    return Page(rows, page.page, page.per_page, page.total, page.has_next)


def create_dataset(platform: Platform, actor: Actor, new: NewDataset) -> DatasetDetails:
    """Create a dataset, not yet bound to a storage site."""
    if actor.is_anonymous:
        raise Unauthenticated("Sign in, or send a GitLab token, to create a dataset.")
    created = platform.directory.create_dataset(actor, new)
    return show_dataset(platform, actor, created.id, fresh=True)


def show_dataset(
    platform: Platform, actor: Actor, dataset_id: DatasetId, *, fresh: bool = False
) -> DatasetDetails:
    """Return a dataset with its site, its statistics and what the caller may do."""
    dataset = open_dataset(platform, actor, dataset_id, Needs.SEE, fresh=fresh)
    if dataset.level < AccessLevel.OWNER and not actor.is_anonymous:
        dataset = _with_full_role(platform, actor, dataset)
    head = _find_head(platform, actor, dataset) if dataset.readable else None
    return DatasetDetails(
        dataset=dataset,
        placement=platform.bindings.find_placement(dataset.id),
        head=head,
        statistics=platform.history.statistics(dataset.id, head) if head else None,
        permissions=describe_permissions(platform, actor, dataset),
        last_refusal=find_last_refusal(platform, actor, dataset.id),
    )


def _with_full_role(platform: Platform, actor: Actor, dataset: Dataset) -> Dataset:
    """Return the dataset with roles from groups and shares counted in."""
    found = platform.directory.find_dataset(
        actor, dataset.id, at_least=AccessLevel.OWNER, fresh=False
    )
    return found or dataset


def change_dataset(
    platform: Platform, actor: Actor, dataset_id: DatasetId, changes: DatasetChanges
) -> DatasetDetails:
    """Change name, description, visibility, tags or kind."""
    needs = Needs.OWN if changes.visibility is not None else Needs.BIND
    open_dataset(platform, actor, dataset_id, needs, fresh=True)
    platform.directory.change_dataset(actor, dataset_id, changes)
    return show_dataset(platform, actor, dataset_id, fresh=True)


def delete_dataset(platform: Platform, actor: Actor, dataset_id: DatasetId) -> None:
    """Delete the dataset's project; its bytes stay until garbage collection.

    Raises:  Forbidden for everybody but Owners.
    """
    dataset = open_dataset(platform, actor, dataset_id, Needs.OWN, fresh=True)
    if dataset.archived:
        raise Forbidden(f"{dataset.path_with_namespace} is archived: unarchive it in GitLab first")
    platform.directory.delete_dataset(actor, dataset_id)


def _find_head(platform: Platform, actor: Actor, dataset: Dataset) -> Revision | None:
    try:
        return platform.history.resolve(actor, dataset.id, Ref(dataset.default_branch))
    except NotFound:
        return None


def _on_site(platform: Platform, actor: Actor, query: DatasetQuery, site: SiteId) -> Page[Dataset]:
    bound = set(platform.bindings.list_bound_to(site))
    matching: list[Dataset] = []
    wide = replace(query, page=1, per_page=_SITE_FILTER_PAGE)
    while bound:
        page = platform.directory.list_datasets(actor, wide)
        matching.extend(item for item in page.items if item.id in bound)
        if not page.has_next:
            break
        wide = replace(wide, page=wide.page + 1)
    start = (query.page - 1) * query.per_page
    items = tuple(matching[start : start + query.per_page])
    more = len(matching) > start + query.per_page
    return Page(items, query.page, query.per_page, len(matching), more)
