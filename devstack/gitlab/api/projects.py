"""Making, showing, changing and deleting projects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import (
    administered_project,
    existing_user,
    owned_project,
    visible_project,
)
from devstack.gitlab.api.project_rules import check_names, check_visibility, namespace_for
from devstack.gitlab.api.removal import delete_project
from devstack.gitlab.entities.projects import full_project, project_bodies
from devstack.gitlab.entities.settings import setting_fields
from devstack.gitlab.errors import Refusal, forbidden, invalid
from devstack.gitlab.identity import caller, current_user, require_admin
from devstack.gitlab.naming import parameterised
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import VISIBILITIES, ProjectRights
from devstack.gitlab.repository import names
from devstack.gitlab.repository.first_commit import commit_readme
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, create_repository, open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.namespaces import Namespace, read_namespace
from devstack.gitlab.store.projects import (
    Project,
    create_project,
    find_project,
    read_project,
    set_topics,
)
from devstack.gitlab.store.protection import protect
from devstack.gitlab.system_events import project_event

if TYPE_CHECKING:
    from devstack.gitlab.store.users import User

blueprint = Blueprint("projects", __name__)

_SETTINGS = setting_fields()
_SETTING_NAMES = frozenset(field.name for field in _SETTINGS)
_COMMON = (
    Field("name"),
    Field("path"),
    Field("description"),
    Field("visibility", values=VISIBILITIES),
    Field("default_branch", blank=False),
    Field("topics", "strings"),
    Field("tag_list", "strings"),
    *_SETTINGS,
)
_LONGEST_DESCRIPTION = 2000


@blueprint.post("/projects")
def create() -> tuple[Response, int]:
    """Make a project in the caller's namespace or another one."""
    return _create(current_user())


@blueprint.post("/projects/user/<int:user_id>")
def create_for_user(user_id: int) -> tuple[Response, int]:
    """Make a project in somebody's namespace (administrators)."""
    require_admin()
    read(Field("name", required=True))
    return _create(existing_user(user_id))


def _create(user: User) -> tuple[Response, int]:
    given = read(
        *_COMMON,
        Field("namespace_id", "integer"),
        Field("initialize_with_readme", "boolean"),
        at_least_one=("name", "path"),
    )
    namespace = namespace_for(user, given.get("namespace_id"))
    path = given.get("path") or parameterised(given.get("name") or "")
    name = given.get("name") or path
    visibility = given.get("visibility") or "private"
    check_visibility(namespace, visibility)
    _check_texts(given)
    with here().database.changes():
        check_names(namespace, name, path)
        project_id = _insert(user, namespace, given, name=name, path=path, visibility=visibility)
    if given.get("initialize_with_readme"):
        _start_with_readme(project_id, name, user)
    project_event("project_create", project_id)
    return jsonify(full_project(read_project(here().database, project_id), user)), 201


def _insert(
    user: User,
    namespace: Namespace,
    given: dict[str, Any],
    *,
    name: str,
    path: str,
    visibility: str,
) -> int:
    server = here()
    project_id = create_project(
        server.database,
        owner_id=None if namespace.is_group else user.id,
        namespace_id=namespace.id,
        creator_id=user.id,
        name=name,
        path=path,
        full_path=f"{namespace.full_path}/{path}",
        description=given.get("description"),
        visibility=visibility,
        default_branch=given.get("default_branch"),
        settings=json.dumps({key: value for key, value in given.items() if key in _SETTING_NAMES}),
    )
    set_topics(server.database, project_id, _topics(given) or [])
    create_repository(server, project_id, given.get("default_branch") or DEFAULT_BRANCH)
    return project_id


def _start_with_readme(project_id: int, name: str, user: User) -> None:
    server = here()
    branch = read_project(server.database, project_id).default_branch or DEFAULT_BRANCH
    commit_readme(open_repository(server, project_id), branch, name, user)
    server.database.update("projects", project_id, default_branch=branch)
    protect(server.database, project_id, branch)


def _topics(given: dict[str, Any]) -> list[str] | None:
    return given.get("topics", given.get("tag_list"))


def _check_texts(given: dict[str, Any]) -> None:
    if len(given.get("description") or "") > _LONGEST_DESCRIPTION:
        raise invalid(description=[f"is too long (maximum is {_LONGEST_DESCRIPTION} characters)"])
    for topic in _topics(given) or []:
        if len(topic) > 255 or "\n" in topic:  # noqa: PLR2004 - GitLab's longest topic
            raise invalid(topics=["is too long (maximum is 255 characters)"])


@blueprint.get("/projects/<segment:project>")
def show(project: str) -> Response:
    """Answer one project; its basic fields only to nobody in particular."""
    rights = visible_project(project)
    given = read(Field("statistics", "boolean"))
    user = caller().user
    return jsonify(
        project_bodies(
            [rights.project],
            user,
            simple=user is None,
            permissions=user is not None,
            statistics=bool(given.get("statistics")),
        )[0]
    )


@blueprint.put("/projects/<segment:project>")
def change(project: str) -> Response:
    """Change names, texts, visibility, topics, default branch or settings."""
    current_user()
    rights = administered_project(project)
    given = read(
        *_COMMON, Field("archived", "boolean"), at_least_one=tuple(field.name for field in _COMMON)
    )
    _check_change(rights, given)
    server, row = here(), rights.project
    changes: dict[str, Any] = {
        name: given[name]
        for name in ("name", "path", "description", "visibility", "default_branch")
        if name in given
    }
    changes = {
        name: value for name, value in changes.items() if value is not None or name == "description"
    }
    if changes.get("path", row.path) != row.path:
        changes["full_path"] = _moved(rights, changes["path"])
    settings = {
        **row.settings,
        **{key: value for key, value in given.items() if key in _SETTING_NAMES},
    }
    with server.database.changes():
        server.database.update(
            "projects", row.id, **changes, settings=json.dumps(settings), updated_at=now()
        )
        topics = _topics(given)
        if topics is not None:
            set_topics(server.database, row.id, topics)
    if "default_branch" in changes:
        open_repository(server, row.id).set_head(f"refs/heads/{changes['default_branch']}")
    if changes.get("path", row.path) != row.path:
        project_event("project_rename", row.id, old_path_with_namespace=row.full_path)
    project_event("project_update", row.id)
    return jsonify(full_project(read_project(server.database, row.id), caller().user))


def _check_change(rights: ProjectRights, given: dict[str, Any]) -> None:
    row = rights.project
    namespace = read_namespace(here().database, row.namespace_id)
    wanted = given.get("visibility")
    if wanted is not None and not rights.is_owner:
        raise forbidden()
    if wanted not in (None, row.visibility):
        check_visibility(namespace, wanted, _visibility_of_source(row))
    if "name" in given or "path" in given:
        check_names(
            namespace,
            _kept(given.get("name"), row.name),
            _kept(given.get("path"), row.path),
            but=row.id,
        )
    branch = given.get("default_branch")
    repository = open_repository(here(), row.id)
    if (
        branch is not None
        and branch != row.default_branch
        and not names.is_empty(repository)
        and names.find_branch(repository, branch) is None
    ):
        raise Refusal(
            400,
            {
                "message": {
                    "base": [
                        f"Could not set the default branch. Do you have a branch named '{branch}' in your repository?"
                    ]
                }
            },
        )
    _check_texts(given)


def _visibility_of_source(row: Project) -> str | None:
    source = row.forked_from_id and find_project(here().database, row.forked_from_id)
    return source.visibility if source else None


def _kept(given: str | None, old: str) -> str:
    return old if given is None else given


def _moved(rights: ProjectRights, path: str) -> str:
    """Remember the old path for redirects and return the new one."""
    database, old = here().database, rights.project.full_path
    new = f"{old.rpartition('/')[0]}/{path}"
    database.run("INSERT OR REPLACE INTO former_paths VALUES (?, ?)", (old, rights.project.id))
    database.run("DELETE FROM former_paths WHERE full_path = ?", (new,))
    return new


@blueprint.delete("/projects/<segment:project>")
def remove(project: str) -> tuple[Response, int]:
    """Delete a project; it is gone at once for callers, its files soon after."""
    current_user()
    rights = owned_project(project)
    project_event("project_destroy", rights.project.id)
    delete_project(rights.project)
    return jsonify({"message": "202 Accepted"}), 202
