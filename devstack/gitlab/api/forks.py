"""Forks: a copy of a project in another namespace, filled in the background."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import administered_project, owned_project, readable_project
from devstack.gitlab.api.project_lists import answer
from devstack.gitlab.api.project_rules import (
    check_names,
    check_visibility,
    least_visibility,
    namespace_for,
)
from devstack.gitlab.entities.projects import full_project
from devstack.gitlab.errors import Refusal, not_found
from devstack.gitlab.identity import caller, current_user
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import VISIBILITIES
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, create_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.database import Column
from devstack.gitlab.store.namespaces import Namespace
from devstack.gitlab.store.project_search import ProjectSearch
from devstack.gitlab.store.projects import Project, create_project, read_project
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
    source = readable_project(project).project
    given = read(*_FIELDS)
    namespace = namespace_for(
        user, given.get("namespace_id") or given.get("namespace_path") or given.get("namespace")
    )
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


def _check_free(namespace: Namespace, name: str, path: str) -> None:
    try:
        check_names(namespace, name, path)
    except Refusal as refusal:
        taken = any("has already been taken" in texts for texts in refusal.body["message"].values())
        raise Refusal(409 if taken else 400, refusal.body) from refusal


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
    target, origin = administered_project(project).project, readable_project(source).project
    if target.forked_from_id is not None:
        raise Refusal(409, {"message": "Project already forked"})
    if target.id == origin.id:
        raise not_found("Project")
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
