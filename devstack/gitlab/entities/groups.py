"""Groups, namespaces and members as JSON."""

from __future__ import annotations

from typing import Any

from devstack.gitlab.entities.projects import namespace_summary
from devstack.gitlab.entities.users import basic_user
from devstack.gitlab.policy import MAINTAINER, GroupRights
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import Namespace, ancestors
from devstack.gitlab.store.users import User

SETTING_DEFAULTS: dict[str, Any] = {
    "share_with_group_lock": False,
    "require_two_factor_authentication": False,
    "two_factor_grace_period": 48,
    "project_creation_level": "developer",
    "subgroup_creation_level": "maintainer",
    "auto_devops_enabled": None,
    "emails_disabled": False,
    "emails_enabled": True,
    "mentions_disabled": None,
    "lfs_enabled": True,
    "request_access_enabled": True,
    "default_branch": None,
    "default_branch_protection": 2,
    "math_rendering_limits_enabled": True,
    "lock_math_rendering_limits_enabled": False,
    "max_artifacts_size": None,
}
_DEFAULT_PROTECTION: dict[str, Any] = {
    "allowed_to_push": [{"access_level": MAINTAINER}],
    "allow_force_push": False,
    "allowed_to_merge": [{"access_level": MAINTAINER}],
}


def _full_name(group: Namespace) -> str:
    above = ancestors(here().database, group.id)
    return " / ".join(one.name for one in reversed(above))


def public_group(group: Namespace) -> dict[str, Any]:
    """Return a group without its settings."""
    return {
        "id": group.id,
        "web_url": f"{here().external_url}/groups/{group.full_path}",
        "name": group.name,
        "avatar_url": None,
        "full_name": _full_name(group),
        "full_path": group.full_path,
    }


def group_body(group: Namespace) -> dict[str, Any]:
    """Return one group."""
    return {
        "id": group.id,
        "web_url": f"{here().external_url}/groups/{group.full_path}",
        "name": group.name,
        "path": group.path,
        "description": group.description,
        "visibility": group.visibility,
        **SETTING_DEFAULTS,
        **group.settings,
        "default_branch_protection_defaults": _DEFAULT_PROTECTION,
        "avatar_url": None,
        "full_name": _full_name(group),
        "full_path": group.full_path,
        "created_at": group.created_at,
        "parent_id": group.parent_id,
        "organization_id": 1,
        "shared_runners_setting": "enabled",
        "archived": False,
        "marked_for_deletion_on": None,
    }


def group_shares(group: Namespace) -> list[dict[str, Any]]:
    """Return the groups that a group is shared with."""
    rows = here().database.rows(
        """SELECT g.id, g.name, g.full_path, s.group_access, s.expires_at FROM group_shares s
           JOIN namespaces g ON g.id = s.group_id WHERE s.shared_group_id = ? ORDER BY s.id""",
        (group.id,),
    )
    keys = ("group_id", "group_name", "group_full_path", "group_access_level", "expires_at")
    return [dict(zip(keys, row, strict=True)) for row in rows]


def namespace_body(namespace: Namespace, user: User) -> dict[str, Any]:
    """Return one namespace; counts of members for those who run it."""
    body = {
        **namespace_summary(namespace),
        "plan": "default",
        "trial": False,
        "trial_ends_on": None,
        "projects_count": _projects(namespace),
    }
    if namespace.is_group and GroupRights(here().database, user, namespace).level >= MAINTAINER:
        body["members_count_with_descendants"] = _members(namespace)
        body["root_repository_size"] = None
    return body


def _projects(namespace: Namespace) -> int:
    return int(
        here().database.value(
            "SELECT COUNT(*) FROM projects WHERE namespace_id = ? AND deleting = 0", (namespace.id,)
        )
    )


def _members(namespace: Namespace) -> int:
    return int(
        here().database.value(
            """WITH RECURSIVE down(id) AS (
                   SELECT ? UNION ALL SELECT n.id FROM namespaces n JOIN down ON n.parent_id = down.id)
               SELECT COUNT(DISTINCT user_id) FROM group_members WHERE group_id IN (SELECT id FROM down)""",
            (namespace.id,),
        )
    )


def member_body(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of users joined with a membership
    """Return a member: the basic account and its role."""
    user = User(*tuple(row)[:14])
    created_by = here().database.row("SELECT * FROM users WHERE id = ?", (row["created_by_id"],))
    body = {
        **(basic_user(user) or {}),
        "access_level": row["access_level"],
        "created_at": row["member_since"],
        "expires_at": row["member_until"],
        "membership_state": "active",
    }
    if created_by is not None:
        body["created_by"] = basic_user(User(*created_by))
    return body
