"""What the caller may do with a dataset, and for each "no": why, and who can grant it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial

from core.model.access import ALLOWED, AccessLevel, Actor, Permission
from core.model.dataset import Dataset
from core.model.storage import Placement, SiteProject
from core.ports import Platform

_ROLES = {
    "read": AccessLevel.REPORTER,
    "write": AccessLevel.DEVELOPER,
    "bind": AccessLevel.MAINTAINER,
    "edit": AccessLevel.MAINTAINER,
    "delete": AccessLevel.OWNER,
}

_STILL = frozenset({"write", "bind", "delete"})  # what an archived dataset does not let anybody do


def describe_permissions(
    platform: Platform, actor: Actor, dataset: Dataset
) -> Mapping[str, Permission]:
    """Return read, write, bind, edit and delete, each with the missing key named."""
    granters = partial(platform.directory.list_granters, actor, dataset.id)
    ask = cache(lambda: tuple(granters()))
    found = {name: _on_dataset(dataset, name, ask) for name in _ROLES}
    placement = platform.bindings.find_placement(dataset.id)
    if placement is None:
        reason = Permission(allowed=False, why="needs a storage site first", ask=())
        found["write"] = found["write"] if not found["write"].allowed else reason
        return found
    found["bind"] = Permission(allowed=False, why="a storage site is chosen once and for ever")
    project = platform.directory.find_site(actor, placement.site.id, fresh=False)
    for name, level in (("read", AccessLevel.NONE), ("write", AccessLevel.DEVELOPER)):
        if found[name].allowed:
            found[name] = _on_site(platform, actor, placement, project, level)
    return found


def _on_dataset(dataset: Dataset, name: str, ask: Callable[[], tuple[str, ...]]) -> Permission:
    required = _ROLES[name]
    allowed = dataset.readable if name == "read" else dataset.level >= required
    if allowed and dataset.archived and name in _STILL:
        return Permission(allowed=False, why="the dataset is archived in GitLab", ask=ask())
    if allowed:
        return ALLOWED
    return Permission(allowed=False, why=f"needs {required.label} on the dataset", ask=ask())


def _on_site(
    platform: Platform,
    actor: Actor,
    placement: Placement,
    project: SiteProject | None,
    level: AccessLevel,
) -> Permission:
    if project is not None and project.level >= level:
        return ALLOWED
    need = level.label if level else "access"
    preposition = "on" if level else "to"
    ask = tuple(platform.directory.list_granters(actor, placement.site.id))
    return Permission(
        allowed=False,
        why=f"needs {need} {preposition} the storage site {placement.site.name}",
        ask=ask or (placement.site.registered_by,),
    )
