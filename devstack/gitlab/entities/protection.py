"""Protected branches and tags as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devstack.gitlab.policy import ADMIN, DEVELOPER, MAINTAINER, NO_ACCESS

if TYPE_CHECKING:
    from devstack.gitlab.store.protection import Protection


_DESCRIPTIONS = {
    NO_ACCESS: "No one",
    DEVELOPER: "Developers + Maintainers",
    MAINTAINER: "Maintainers",
    ADMIN: "Instance admins",
}


def protected_branch(rule: Protection) -> dict[str, Any]:
    """Return a rule for branches."""
    return {
        "id": rule.id,
        "name": rule.name,
        "push_access_levels": [_level(rule, rule.push_level)],
        "merge_access_levels": [_level(rule, rule.merge_level)],
        "allow_force_push": bool(rule.allow_force_push),
        "unprotect_access_levels": [],
        "code_owner_approval_required": bool(rule.code_owner_approval_required),
        "inherited": False,
    }


def protected_tag(rule: Protection) -> dict[str, Any]:
    """Return a rule for tags."""
    return {"name": rule.name, "create_access_levels": [_level(rule, rule.push_level)]}


def _level(rule: Protection, level: int) -> dict[str, Any]:
    return {
        "id": rule.id,
        "access_level": level,
        "access_level_description": _DESCRIPTIONS.get(level, "Maintainers"),
        "deploy_key_id": None,
        "user_id": None,
        "group_id": None,
    }
