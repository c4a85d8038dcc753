"""Register, list, search, check, change and delete storage sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.errors import Conflict, Forbidden, Invalid, LabsetError, Unauthenticated
from core.model.access import ALLOWED, AccessLevel, Actor, Permission
from core.model.dataset import check_description, check_name, check_tags
from core.model.names import SiteId
from core.model.storage import (
    CheckStep,
    NewSite,
    SiteAddress,
    SiteChanges,
    SiteHealth,
    SiteKeys,
    SiteKind,
    SiteProject,
    SiteRecord,
)
from core.ports import Platform
from core.usecases.access.opening import Needs, open_site


@dataclass(frozen=True, slots=True)
class SiteView:
    """A storage site as its page shows it.

    `datasets` counts the bound ones; `drift` is what `site.yaml` says where it differs from the
    ledger (only asked on the site's own page).
    """

    project: SiteProject
    record: SiteRecord
    permissions: Mapping[str, Permission]
    datasets: int = 0
    drift: SiteAddress | None = None


def list_sites(
    platform: Platform,
    actor: Actor,
    *,
    search: str = "",
    kind: SiteKind | None = None,
    tags: Sequence[str] = (),
) -> list[SiteView]:
    """Return the sites that the caller may see, by name."""
    projects = platform.directory.list_sites(actor, search, tags)
    records = {
        record.id: record
        for record in platform.sites.list_site_records([project.id for project in projects])
    }
    return [
        SiteView(project, records[project.id], _permissions(project))
        for project in projects
        if project.id in records and kind in {None, records[project.id].address.kind}
    ]


def show_site(platform: Platform, actor: Actor, site_id: SiteId) -> SiteView:
    """Return one site with its use and its drift."""
    project, record = open_site(platform, actor, site_id)
    return SiteView(
        project,
        record,
        _permissions(project),
        datasets=len(platform.bindings.list_bound_to(site_id)),
        drift=_drift(platform, actor, record),
    )


def may_register_local(platform: Platform, actor: Actor) -> Permission:
    """Whether the caller may register a folder of the server: administrators of GitLab only."""
    if not actor.is_anonymous and platform.directory.read_person(actor).is_admin:
        return ALLOWED
    return Permission(allowed=False, why="needs a GitLab administrator")


def register_site(platform: Platform, actor: Actor, new: NewSite) -> SiteView:
    """Check a site for real, then make its project and keep its keys.

    Raises:  Invalid (`site_check_failed`) with the failed steps; Forbidden for local folders of
             whoever is no administrator. Nothing stays half made.
    """
    if actor.is_anonymous:
        raise Unauthenticated("Sign in, or send a GitLab token, to register a storage site.")
    check_name(new.name)
    check_description(new.description)
    check_tags(new.tags)
    _check_address(platform, actor, new.address, new.keys)
    health = _checked(platform, new.address, new.keys)
    project = platform.directory.create_site(actor, new)
    person = platform.directory.read_person(actor)
    record = SiteRecord(project.id, project.name, new.address, new.keys, person.username, health)
    try:
        platform.sites.save_site_record(record)
        platform.sites.save_site_health(project.id, health)
    except LabsetError:
        platform.directory.delete_site(actor, project.id)
        raise
    return show_site(platform, actor, project.id)


def change_site(
    platform: Platform, actor: Actor, site_id: SiteId, changes: SiteChanges
) -> SiteView:
    """Change a site; its address only while no dataset is bound. New keys are checked first."""
    _, record = open_site(platform, actor, site_id, Needs.BIND)
    _check_changes(changes)
    address, keys = changes.address or record.address, changes.keys or record.keys
    if address.is_elsewhere(record.address) and platform.bindings.list_bound_to(site_id):
        raise Conflict(
            f"Datasets are bound to {record.name}: its kind, url and endpoint stay as they are.",
            code="address_frozen",
        )
    health = record.health
    if changes.address is not None or changes.keys is not None:
        _check_address(platform, actor, address, keys)
        health = _checked(platform, address, keys)
    project = platform.directory.change_site(actor, site_id, changes)
    platform.sites.save_site_record(
        replace(record, name=project.name, address=address, keys=keys, health=health)
    )
    if health is not None:
        platform.sites.save_site_health(site_id, health)
    return show_site(platform, actor, site_id)


def check_site(platform: Platform, actor: Actor, site_id: SiteId) -> SiteHealth:
    """Try a site for real and keep the outcome; for whoever may write there."""
    _, record = open_site(platform, actor, site_id, Needs.WRITE)
    health = platform.objects.check(record.address, record.keys)
    platform.sites.save_site_health(site_id, health)
    return health


def delete_site(platform: Platform, actor: Actor, site_id: SiteId) -> None:
    """Forget a site that no dataset uses; its bytes and its bucket are left alone."""
    _, record = open_site(platform, actor, site_id, Needs.OWN)
    bound = platform.bindings.list_bound_to(site_id)
    if bound:
        raise Conflict(
            f"{len(bound)} datasets lie on {record.name}: it cannot be deleted.",
            code="site_in_use",
            details={"datasets": len(bound)},
        )
    platform.sites.delete_site_record(site_id)
    platform.directory.delete_site(actor, site_id)


def _check_changes(changes: SiteChanges) -> None:
    if changes.name is not None:
        check_name(changes.name)
    if changes.description is not None:
        check_description(changes.description)
    if changes.tags is not None:
        check_tags(changes.tags)


def _check_address(
    platform: Platform, actor: Actor, address: SiteAddress, keys: SiteKeys | None
) -> None:
    if address.kind is SiteKind.LOCAL and not platform.directory.read_person(actor).is_admin:
        raise Forbidden("needs a GitLab administrator: a local site is a folder of the server")
    if address.kind is SiteKind.S3 and keys is None:
        raise Invalid(
            "An S3 site needs credentials: access_key and secret_key.",
            details={"field": "credentials"},
        )
    platform.objects.check_address(address)


def _checked(platform: Platform, address: SiteAddress, keys: SiteKeys | None) -> SiteHealth:
    health = platform.objects.check(address, keys)
    if not health.ok:
        failed = [step for step in health.steps if not step.ok]
        raise Invalid(
            f"The site does not work: {failed[0].name}: {failed[0].problem}",
            code="site_check_failed",
            details={"steps": [_step(step) for step in health.steps]},
        )
    return health


def _step(step: CheckStep) -> dict[str, object]:
    return {
        "name": step.name,
        "ok": step.ok,
        "milliseconds": round(step.seconds * 1000, 1),
        "problem": step.problem,
    }


def _drift(platform: Platform, actor: Actor, record: SiteRecord) -> SiteAddress | None:
    stated = platform.directory.find_site_address(actor, record.id)
    return stated if stated is not None and stated != record.address else None


def _permissions(project: SiteProject) -> Mapping[str, Permission]:
    roles = {
        "write": AccessLevel.DEVELOPER,
        "edit": AccessLevel.MAINTAINER,
        "delete": AccessLevel.OWNER,
    }
    return {"read": ALLOWED} | {
        name: ALLOWED
        if project.level >= level
        else Permission(allowed=False, why=f"needs {level.label} on the storage site")
        for name, level in roles.items()
    }
