"""Protected branches and tags; a rule may be made before the branch exists."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import administered_project, readable_project
from devstack.gitlab.entities.protection import protected_branch, protected_tag
from devstack.gitlab.entities.repository import branch_body
from devstack.gitlab.errors import Refusal, bad_request, conflict, invalid_parameters, not_found
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import DEVELOPER, MAINTAINER
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.protection import Protection, find_protection, protect, protections

blueprint = Blueprint("protected_refs", __name__)

_LEVELS = (0, 30, 40, 60)
_BRANCHES = "/projects/<segment:project>/protected_branches"
_TAGS = "/projects/<segment:project>/protected_tags"


@blueprint.get(_BRANCHES)
def list_branches(project: str) -> Response:
    """Answer the rules for branches."""
    given = read(Field("search"))
    text = given.get("search") or ""
    rules = [rule for rule in _rules(project, "branch") if text in rule.name]
    return paged_list([protected_branch(rule) for rule in rules], wanted_page())


@blueprint.get(_TAGS)
def list_tags(project: str) -> Response:
    """Answer the rules for tags."""
    return paged_list([protected_tag(rule) for rule in _rules(project, "tag")], wanted_page())


def _rules(project: str, kind: str) -> list[Protection]:
    """Return the rules; GitLab shows them to Developers and above."""
    rights = readable_project(project)
    if rights.level < DEVELOPER:
        administered_project(project)
    return protections(here().database, rights.project.id, kind)


@blueprint.get(f"{_BRANCHES}/<segment:name>")
def show_branch(project: str, name: str) -> Response:
    """Answer one rule for branches."""
    return jsonify(protected_branch(_named(_rules(project, "branch"), name)))


@blueprint.get(f"{_TAGS}/<segment:name>")
def show_tag(project: str, name: str) -> Response:
    """Answer one rule for tags."""
    return jsonify(protected_tag(_named(_rules(project, "tag"), name)))


def _named(rules: list[Protection], name: str) -> Protection:
    found = next((rule for rule in rules if rule.name == name), None)
    if found is None:
        raise not_found()
    return found


@blueprint.post(_BRANCHES)
def protect_branch(project: str) -> tuple[Response, int]:
    """Protect a branch, or all that match a pattern."""
    rights = administered_project(project)
    given = read(
        Field("name", required=True),
        Field("push_access_level", "integer", values=_LEVELS),
        Field("merge_access_level", "integer", values=_LEVELS),
        Field("unprotect_access_level", "integer", values=_LEVELS),
        Field("allow_force_push", "boolean"),
        Field("allowed_to_push", "objects"),
        Field("allowed_to_merge", "objects"),
        Field("code_owner_approval_required", "boolean"),
    )
    _check_name(given["name"])
    database, project_id = here().database, rights.project.id
    with database.changes():
        if find_protection(database, project_id, "branch", given["name"]):
            raise conflict(f"Protected branch '{given['name']}' already exists")
        protect(
            database,
            project_id,
            given["name"],
            push=_wanted(given, "push_access_level", "allowed_to_push"),
            merge=_wanted(given, "merge_access_level", "allowed_to_merge"),
            force=bool(given.get("allow_force_push")),
        )
    return jsonify(protected_branch(_named(protections(database, project_id), given["name"]))), 201


def _check_name(name: str | None) -> None:
    if not (name or "").strip():
        raise Refusal(422, {"message": ["Name can't be blank"]})


def _wanted(given: dict[str, Any], single: str, several: str) -> int:
    """Return the level asked for, in either of GitLab's two ways; Maintainer without."""
    if given.get(single) is not None:
        return int(given[single])
    levels = [
        item.get("access_level") for item in given.get(several) or [] if not item.get("_destroy")
    ]
    if any(level not in _LEVELS for level in levels):
        raise invalid_parameters(f"{several}[0][access_level] does not have a valid value")
    return min((int(level) for level in levels if level is not None), default=MAINTAINER)


@blueprint.put(
    "/projects/<segment:project>/repository/branches/<segment:branch>/<any(protect, unprotect):wanted>"
)
def protect_by_branch(project: str, branch: str, wanted: str) -> Response:
    """Protect one branch, or free it: the older way, by the branch itself."""
    rights = administered_project(project)
    given = read(Field("developers_can_push", "boolean"), Field("developers_can_merge", "boolean"))
    if not names.valid_branch_name(branch):
        raise bad_request("The branch refname is invalid")
    database, project_id = here().database, rights.project.id
    repository = open_repository(here(), project_id)
    if names.find_branch(repository, branch) is None:
        raise not_found("Branch")
    if wanted == "protect":
        push, merge = given.get("developers_can_push"), given.get("developers_can_merge")
        _protect_by_flags(project_id, branch, push=push, merge=merge)
    else:
        database.run(
            "DELETE FROM protected_refs WHERE project_id = ? AND kind = 'branch' AND name = ?",
            (project_id, branch),
        )
    return jsonify(branch_body(repository, rights, protections(database, project_id), branch))


def _protect_by_flags(
    project_id: int, branch: str, *, push: bool | None, merge: bool | None
) -> None:
    """Set what developers may; None leaves an existing rule as it is."""
    database = here().database
    with database.changes():
        protect(database, project_id, branch)
        rule = find_protection(database, project_id, "branch", branch)
        columns = {
            column: DEVELOPER if flag else MAINTAINER
            for column, flag in (("push_level", push), ("merge_level", merge))
            if flag is not None
        }
        if rule is not None:
            database.update("protected_refs", rule.id, **columns)


@blueprint.patch(f"{_BRANCHES}/<segment:name>")
def change_branch(project: str, name: str) -> Response:
    """Change a rule for branches."""
    rights = administered_project(project)
    given = read(
        Field("allow_force_push", "boolean"),
        Field("allowed_to_push", "objects"),
        Field("allowed_to_merge", "objects"),
        Field("code_owner_approval_required", "boolean"),
    )
    database = here().database
    rule = _named(protections(database, rights.project.id), name)
    columns: dict[str, int] = {}
    if given.get("allow_force_push") is not None:
        columns["allow_force_push"] = int(given["allow_force_push"])
    for column, field in (("push_level", "allowed_to_push"), ("merge_level", "allowed_to_merge")):
        if given.get(field):
            columns[column] = _wanted(given, "", field)
    database.update("protected_refs", rule.id, **columns)
    return jsonify(protected_branch(_named(protections(database, rights.project.id), name)))


@blueprint.post(_TAGS)
def protect_tag(project: str) -> tuple[Response, int]:
    """Protect a tag, or all that match a pattern."""
    rights = administered_project(project)
    given = read(
        Field("name", required=True),
        Field("create_access_level", "integer", values=_LEVELS),
    )
    _check_name(given["name"])
    database, project_id, level = (
        here().database,
        rights.project.id,
        given.get("create_access_level"),
    )
    with database.changes():
        if find_protection(database, project_id, "tag", given["name"]):
            raise Refusal(422, {"message": ["Name has already been taken"]})
        protect(
            database,
            project_id,
            given["name"],
            kind="tag",
            push=MAINTAINER if level is None else level,
        )
    return jsonify(
        protected_tag(_named(protections(database, project_id, "tag"), given["name"]))
    ), 201


@blueprint.delete(
    "/projects/<segment:project>/<any(protected_branches, protected_tags):rules>/<segment:name>"
)
def unprotect(project: str, rules: str, name: str) -> tuple[str, int]:
    """Remove a rule."""
    rights = administered_project(project)
    kind = "branch" if rules == "protected_branches" else "tag"
    rule = _named(protections(here().database, rights.project.id, kind), name)
    here().database.run("DELETE FROM protected_refs WHERE id = ?", (rule.id,))
    return "", 204
