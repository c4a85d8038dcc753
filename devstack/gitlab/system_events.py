"""System hooks: what happened to projects and accounts, told to whoever an administrator named."""

from __future__ import annotations

from typing import Any

from devstack.gitlab.deliveries import deliver
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.hooks import hooks_of
from devstack.gitlab.store.projects import Project, find_project
from devstack.gitlab.store.users import User, find_user


def project_event(event_name: str, project_id: int, **more: str) -> None:
    """Tell every system hook about a project; names are project_create, _update, _destroy, _transfer."""
    database = here().database
    hooks, project = hooks_of(database, None), find_project(database, project_id)
    if project is None:
        return
    for hook in hooks:
        deliver(hook, "System Hook", {**_about(event_name, project), **more})


def _about(event_name: str, project: Project) -> dict[str, Any]:
    owner = find_user(here().database, project.creator_id) if project.creator_id else None
    return {
        "event_name": event_name,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
        "name": project.name,
        "path": project.path,
        "path_with_namespace": project.full_path,
        "project_id": project.id,
        "owner_name": owner.name if owner else "",
        "owner_email": owner.email if owner else "",
        "owners": [{"name": owner.name, "email": owner.email}] if owner else [],
        "project_visibility": project.visibility,
    }


def user_event(event_name: str, user: User) -> None:
    """Tell every system hook about an account: user_create, user_destroy, user_rename."""
    body = {
        "event_name": event_name,
        "created_at": user.created_at,
        "updated_at": now(),
        "email": user.email,
        "name": user.name,
        "username": user.username,
        "user_id": user.id,
    }
    for hook in hooks_of(here().database, None):
        deliver(hook, "System Hook", body)
