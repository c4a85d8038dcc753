"""Finding the project, group or user that an address names, as the caller may see it."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from devstack.gitlab.errors import Refusal, forbidden, not_found
from devstack.gitlab.identity import caller
from devstack.gitlab.policy import OWNER, GroupRights, ProjectRights
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import find_namespace
from devstack.gitlab.store.projects import Project, find_moved, find_project
from devstack.gitlab.store.users import User, find_user


def visible_project(key: str) -> ProjectRights:
    """Return the rights in the project with this id or full path.

    Raises: Refusal 404, if it does not exist for the caller; 301 (405 for other verbs than GET), if it was renamed.
    """
    database = here().database
    project = find_project(database, key)
    if project is not None:
        return _checked(project)
    moved = find_moved(database, key)
    if moved is None:
        raise not_found("Project")
    _checked(moved)
    if request.method not in ("GET", "HEAD"):
        raise Refusal(405, {"message": "Non GET methods are not allowed for moved projects"})
    raise Refusal(
        301,
        {"message": "This resource has been moved permanently"},
        Location=_moved_address(moved.id),
    )


def _checked(project: Project) -> ProjectRights:
    rights = ProjectRights(here().database, caller().user, project)
    if not rights.can_see:
        raise not_found("Project")
    return rights


def _moved_address(project_id: int) -> str:
    target = urlsplit(request.environ.get("RAW_URI", request.full_path))
    segments = target.path.split("/")
    segments[4] = str(project_id)
    query = f"?{target.query}" if target.query else ""
    return f"{here().external_url}{'/'.join(segments)}{query}"


def readable_project(key: str) -> ProjectRights:
    """Return the rights in a project whose code the caller may read; 403 where only the project is visible."""
    rights = visible_project(key)
    if not rights.can_download:
        raise forbidden()
    return rights


def administered_project(key: str) -> ProjectRights:
    """Return the rights in a project that the caller may administer (Maintainer)."""
    rights = visible_project(key)
    if not rights.can_administer:
        raise forbidden()
    return rights


def owned_project(key: str) -> ProjectRights:
    """Return the rights in a project that the caller owns."""
    rights = visible_project(key)
    if not rights.is_owner:
        raise forbidden()
    return rights


def visible_group(key: str) -> GroupRights:
    """Return the rights in the group with this id or full path; 404 if it does not exist for the caller."""
    group = find_namespace(here().database, key)
    if group is None or not group.is_group:
        raise not_found("Group")
    rights = GroupRights(here().database, caller().user, group)
    if not rights.can_see:
        raise not_found("Group")
    return rights


def owned_group(key: str) -> GroupRights:
    """Return the rights in a group that the caller owns."""
    rights = visible_group(key)
    if rights.level < OWNER:
        raise forbidden()
    return rights


def existing_user(user_id: int) -> User:
    """Return an account by id; 404 without one."""
    user = find_user(here().database, user_id)
    if user is None:
        raise not_found("User")
    return user
