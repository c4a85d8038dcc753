"""The one door: nobody holds a dataset, a placement or a site that was not asked for here."""

from __future__ import annotations

from enum import Enum

from core.errors import Conflict, Forbidden, NotFound, SiteForbidden, Unauthenticated
from core.model.access import AccessLevel, Actor
from core.model.dataset import Dataset
from core.model.names import DatasetId, SiteId
from core.model.storage import Placement, SiteProject, SiteRecord
from core.ports import Platform


class Needs(Enum):
    """What the caller is about to do, as the role that it takes."""

    SEE = AccessLevel.NONE
    READ = AccessLevel.REPORTER
    WRITE = AccessLevel.DEVELOPER
    BIND = AccessLevel.MAINTAINER
    OWN = AccessLevel.OWNER

    @property
    def is_write(self) -> bool:
        """Whether GitLab is asked at once, never a cache."""
        return self.value >= AccessLevel.DEVELOPER


def open_dataset(
    platform: Platform, actor: Actor, dataset_id: DatasetId, needs: Needs, *, fresh: bool = False
) -> Dataset:
    """Return the dataset, if the caller may do what `needs` says.

    Raises:  NotFound for whoever may not even see it; Unauthenticated for nobody who wants to
             write; Forbidden, with why and whom to ask.
    """
    dataset = platform.directory.find_dataset(actor, dataset_id, at_least=needs.value, fresh=fresh)
    if dataset is None or not _is_ours(platform, dataset):
        raise NotFound(
            f"There is no dataset {dataset_id}, or you may not see it.",
            details={"dataset": dataset_id.number},
        )
    if needs is Needs.READ and not dataset.readable:
        raise _refusal(platform, actor, dataset, AccessLevel.REPORTER)
    if needs.is_write:
        _check_level(platform, actor, dataset, needs.value)
    if needs is Needs.WRITE:
        platform.directory.check_may_write(actor)
        if dataset.archived:
            raise Forbidden(
                f"{dataset.path_with_namespace} is archived in GitLab and takes no changes"
            )
    return dataset


def open_to_write(platform: Platform, actor: Actor, dataset_id: DatasetId) -> Dataset:
    """Return the dataset to somebody whom GitLab lets write, asked now."""
    return open_dataset(platform, actor, dataset_id, Needs.WRITE, fresh=True)


def open_placement(platform: Platform, actor: Actor, dataset: Dataset) -> Placement:
    """Return where the dataset's bytes lie, if the caller holds the site's key too.

    Raises:  Conflict (`not_bound`); SiteForbidden, naming the site and whom to ask.
    """
    placement = read_placement(platform, dataset)
    if platform.directory.find_site(actor, placement.site.id, fresh=False) is None:
        raise _site_refusal(platform, actor, placement.site, "needs access to")
    return placement


def open_placement_to_write(
    platform: Platform, actor: Actor, dataset: Dataset, *, fresh: bool = True
) -> Placement:
    """Return where bytes may be written: Developer on the site too."""
    placement = read_placement(platform, dataset)
    project = platform.directory.find_site(actor, placement.site.id, fresh=fresh)
    if project is None or project.level < AccessLevel.DEVELOPER:
        raise _site_refusal(platform, actor, placement.site, "needs Developer on")
    return placement


def read_placement(platform: Platform, dataset: Dataset) -> Placement:
    """Return the placement of a dataset that was opened.

    Raises:  Conflict, with code `not_bound`.
    """
    placement = platform.bindings.find_placement(dataset.id)
    if placement is None:
        raise Conflict(
            f"{dataset.path_with_namespace} has no storage site yet: choose one first "
            f"(PUT /api/v1/datasets/{dataset.id}/storage-site, or on its page).",
            code="not_bound",
        )
    return placement


def open_site(
    platform: Platform, actor: Actor, site_id: SiteId, needs: Needs = Needs.SEE
) -> tuple[SiteProject, SiteRecord]:
    """Return a storage site that the caller may see, and manage if `needs` says so."""
    project = platform.directory.find_site(actor, site_id, fresh=needs.is_write)
    record = platform.sites.find_site_record(site_id)
    if project is None or record is None:
        raise NotFound(
            f"There is no storage site {site_id}, or you may not see it.",
            details={"site": site_id.number},
        )
    if needs.is_write and project.level < needs.value:
        if actor.is_anonymous:
            raise Unauthenticated("Sign in to change a storage site.")
        raise Forbidden(
            f"needs {needs.value.label} on the storage site {project.name}",
            ask=platform.directory.list_granters(actor, site_id),
        )
    if needs is Needs.WRITE:
        platform.directory.check_may_write(actor)
    return project, record


def _is_ours(platform: Platform, dataset: Dataset) -> bool:
    return dataset.marked or platform.bindings.find_placement(dataset.id) is not None


def _check_level(platform: Platform, actor: Actor, dataset: Dataset, required: AccessLevel) -> None:
    if dataset.level >= required:
        return
    if actor.is_anonymous:
        raise Unauthenticated("Sign in, or send a GitLab token, to change a dataset.")
    raise _refusal(platform, actor, dataset, required)


def _refusal(
    platform: Platform, actor: Actor, dataset: Dataset, required: AccessLevel
) -> Forbidden:
    role = dataset.level.label if dataset.level else "not a member"
    return Forbidden(
        f"needs {required.label} on the dataset {dataset.path_with_namespace}, you are {role}",
        ask=platform.directory.list_granters(actor, dataset.id),
    )


def _site_refusal(platform: Platform, actor: Actor, site: SiteRecord, phrase: str) -> SiteForbidden:
    ask = platform.directory.list_granters(actor, site.id) or (site.registered_by,)
    return SiteForbidden(f"{phrase} the storage site {site.name}", ask=ask)
