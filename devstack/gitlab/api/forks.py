"""Forks: a copy of a project in another namespace, filled in the background."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import owned_project, readable_project, visible_project
from devstack.gitlab.api.project_lists import answer
from devstack.gitlab.api.project_rules import (
    check_names,
    check_visibility,
    least_visibility,
    may_create_in,
    namespace_for,
    visible_namespace,
)
from devstack.gitlab.entities.projects import full_project
from devstack.gitlab.errors import Refusal, bad_request, conflict, not_found
from devstack.gitlab.identity import caller, current_user
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import VISIBILITIES
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, create_repository, open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.database import Column
from devstack.gitlab.store.namespaces import Namespace
from devstack.gitlab.store.project_search import ProjectSearch
from devstack.gitlab.store.projects import Project, create_project, read_project
from devstack.gitlab.store.users import User
from devstack.gitlab.system_events import project_event
from devstack.gitlab.upkeep import fill_fork

blueprint = Blueprint("forks", __name__)

_FIELDS = (
    Field("namespace"),
    Field("namespace_id", "integer"),
    Field("namespace_path"),
    Field("path"),
    Field("name"),
    Field("description"),
    Field("visibility", values=VISIBILITIES),
    Field("branches"),
)


@blueprint.post("/projects/<segment:project>/fork")
def fork(project: str) -> tuple[Response, int]:
    """Begin a fork; `import_status` tells when it is filled."""
    user = current_user()
    rights = visible_project(project)
    source = rights.project
    given = read(*_FIELDS)
    if not rights.can_download:
        raise Refusal(404, {"message": "404 Not Found"})
    namespace = _target(user, given)
    _check_branch(source, given.get("branches"))
    visibility = given.get("visibility") or least_visibility(source.visibility, namespace)
    path, name = given.get("path") or source.path, given.get("name") or source.name
    check_visibility(namespace, visibility, source.visibility)
    with here().database.changes():
        _check_free(namespace, name, path)
        project_id = _insert(
            source,
            namespace,
            name=name,
            path=path,
            visibility=visibility,
            description=given.get("description", source.description),
        )
    server = here()
    server.in_background(lambda: fill_fork(server, project_id))
    project_event("project_create", project_id)
    return jsonify(full_project(read_project(server.database, project_id), user)), 201


def _target(user: User, given: dict[str, Any]) -> Namespace:
    """Return the namespace to fork into; 404, not 400, where that cannot be."""
    wanted = given.get("namespace_id") or given.get("namespace_path") or given.get("namespace")
    if not wanted:
        return namespace_for(user, None)
    namespace = visible_namespace(user, wanted)
    if not may_create_in(user, namespace):
        raise not_found("Target Namespace")
    return namespace


def _check_branch(source: Project, branch: str | None) -> None:
    if branch and names.find_branch(open_repository(here(), source.id), branch) is None:
        raise not_found("Source Branch")


def _check_free(namespace: Namespace, name: str, path: str) -> None:
    """Refuse a name or path that cannot be, with a list of sentences."""
    try:
        check_names(namespace, name, path)
    except Refusal as refusal:
        texts = [
            f"{field.replace('_', ' ').replace('.', ' ').capitalize()} {text}"
            for field, found in refusal.body["message"].items()
            for text in found
        ]
        raise Refusal(409, {"message": texts}) from refusal


def _insert(source: Project, namespace: Namespace, **values: Column) -> int:
    user = current_user()
    project_id = create_project(
        here().database,
        owner_id=None if namespace.is_group else user.id,
        namespace_id=namespace.id,
        creator_id=user.id,
        full_path=f"{namespace.full_path}/{values['path']}",
        default_branch=source.default_branch,
        forked_from_id=source.id,
        import_status="scheduled",
        settings=json.dumps(source.settings),
        **values,
    )
    create_repository(here(), project_id, source.default_branch or DEFAULT_BRANCH)
    return project_id


@blueprint.get("/projects/<segment:project>/forks")
def list_forks(project: str) -> Response:
    """Answer the forks that the caller may see."""
    source = readable_project(project).project
    search = ProjectSearch(here().database, caller().user)
    search.where("p.forked_from_id = :source", source=source.id)
    return answer(search)


@blueprint.post("/projects/<segment:project>/fork/<segment:source>")
def relate(project: str, source: str) -> tuple[Response, int]:
    """Say that a project is a fork of another one."""
    current_user()
    target, origin = owned_project(project).project, readable_project(source).project
    if target.forked_from_id is not None:
        raise conflict("Project already forked")
    if target.id == origin.id:
        raise bad_request("Target project cannot be equal to source project")
    here().database.update("projects", target.id, forked_from_id=origin.id)
    return jsonify(full_project(read_project(here().database, target.id), caller().user)), 201


@blueprint.delete("/projects/<segment:project>/fork")
def unrelate(project: str) -> tuple[str, int]:
    """End that."""
    current_user()
    target = owned_project(project).project
    if target.forked_from_id is None:
        return "", 304
    here().database.update("projects", target.id, forked_from_id=None)
    return "", 204
