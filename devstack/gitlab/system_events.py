"""System hooks: what happened to projects, groups, members and accounts, told to whoever an administrator named."""

from __future__ import annotations

from typing import Any

from devstack.gitlab.deliveries import deliver
from devstack.gitlab.policy import HUMAN_ROLES
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.hooks import hooks_of
from devstack.gitlab.store.members import Source
from devstack.gitlab.store.namespaces import Namespace, read_namespace
from devstack.gitlab.store.projects import Project, find_project, read_project
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


def group_event(event_name: str, group: Namespace, **more: str) -> None:
    """Tell every system hook about a group: group_create, group_destroy, group_rename."""
    body = {
        "event_name": event_name,
        "created_at": group.created_at,
        "updated_at": now(),
        "name": group.name,
        "path": group.path,
        "full_path": group.full_path,
        "group_id": group.id,
        **more,
    }
    for hook in hooks_of(here().database, None):
        deliver(hook, "System Hook", body)


def member_event(change: str, source: Source, user: User, access_level: int) -> None:
    """Tell every system hook about a member; `change` is add, remove or update."""
    database = here().database
    hooks = hooks_of(database, None)
    if not hooks:
        return
    word = {"add": "to", "remove": "from", "update": "for"}[change]
    kind = "team" if source.kind == "project" else "group"
    body = {
        "event_name": f"user_{change}_{word}_{kind}",
        "created_at": now(),
        "updated_at": now(),
        **(_project_of(source) if kind == "team" else _group_of(source)),
        "user_email": user.email,
        "user_name": user.name,
        "user_username": user.username,
        "user_id": user.id,
        "access_level" if kind == "team" else "group_access": HUMAN_ROLES.get(access_level, ""),
    }
    for hook in hooks:
        deliver(hook, "System Hook", body)


def _project_of(source: Source) -> dict[str, Any]:
    project = read_project(here().database, source.id)
    return {
        "project_id": project.id,
        "project_name": project.name,
        "project_path": project.path,
        "project_path_with_namespace": project.full_path,
        "project_visibility": project.visibility,
    }


def _group_of(source: Source) -> dict[str, Any]:
    group = read_namespace(here().database, source.id)
    return {"group_id": group.id, "group_name": group.name, "group_path": group.path}


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
