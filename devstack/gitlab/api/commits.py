"""Commits: listing, showing, and making them of actions."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pygit2
from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.committing import (
    BRANCH_FIELDS,
    NOT_ALLOWED,
    CommitRequest,
    commit_changes,
    may_commit_to,
)
from devstack.gitlab.api.lookup import readable_project, visible_project
from devstack.gitlab.entities.repository import commit_body, commit_detail
from devstack.gitlab.errors import bad_request, forbidden, invalid_parameters, not_found
from devstack.gitlab.identity import current_user
from devstack.gitlab.pagination import paged, paged_list, wanted_page
from devstack.gitlab.parameters import Field, check, read
from devstack.gitlab.repository import names
from devstack.gitlab.repository.differences import commit_diff, diff_items, stats
from devstack.gitlab.repository.history import walk, walk_path
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.repository.writing import Action
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import read_namespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from devstack.gitlab.policy import ProjectRights

blueprint = Blueprint("commits", __name__)

_COMMITS = "/projects/<segment:project>/repository/commits"
_ACTION_FIELDS = (
    Field(
        "action", required=True, blank=False, values=("create", "update", "move", "delete", "chmod")
    ),
    Field("file_path", required=True),
    Field("previous_path"),
    Field("content"),
    Field("encoding", values=("text", "base64")),
    Field("execute_filemode", "boolean"),
    Field("last_commit_id"),
)
_LIST_FIELDS = (
    Field("ref_name"),
    Field("path"),
    Field("since", "time"),
    Field("until", "time"),
    Field("author"),
    Field("all", "boolean"),
    Field("with_stats", "boolean"),
    Field("first_parent", "boolean"),
    Field("order", values=("default", "topo")),
    Field("trailers", "boolean"),
)
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_NEEDED = {"move": "previous_path", "update": "content", "chmod": "execute_filemode"}


@blueprint.get(_COMMITS)
def list_commits(project: str) -> Response:
    """Answer history, newest first; without totals, for counting would mean walking all of it."""
    rights = readable_project(project)
    given, page = read(*_LIST_FIELDS), wanted_page()
    name = given.get("ref_name") or ""
    if name.startswith("-") or any(character.isspace() for character in name):
        raise bad_request("ref_name is invalid")
    repository = open_repository(here(), rights.project.id)
    found = _filtered(_history(repository, rights, given), given)
    wanted = list(itertools.islice(found, page.offset, page.offset + page.size))
    bodies = [
        {
            **commit_body(commit, rights.project, with_trailers=bool(given.get("trailers"))),
            **({"stats": stats(commit)} if given.get("with_stats") else {}),
        }
        for commit in wanted
    ]
    another = [None] if len(wanted) == page.size else []  # GitLab does not look ahead
    return paged(bodies + another, page, None)


def _history(
    repository: pygit2.Repository, rights: ProjectRights, given: dict[str, Any]
) -> Iterable[pygit2.Commit]:
    hidden: list[pygit2.Commit] = []
    if given.get("all"):
        starts = [
            tip
            for tip in (names.find_branch(repository, name) for name in names.branches(repository))
            if tip
        ]
        starts += [
            tip
            for tip in (
                names.commit_of(names.find_tag(repository, name)) for name in names.tags(repository)
            )
            if tip
        ]
    else:
        starts, hidden = _range(
            repository, given.get("ref_name") or rights.project.default_branch or "HEAD"
        )
    path = (given.get("path") or "").strip("/")
    if path and not hidden:
        return walk_path(starts, path)
    if given.get("first_parent"):
        return _first_parents(starts)
    return walk(repository, starts, hidden=hidden, topological=given.get("order") == "topo")


def _range(
    repository: pygit2.Repository, name: str
) -> tuple[list[pygit2.Commit], list[pygit2.Commit]]:
    """Return where `ref` or `from..to` starts, and what it leaves out; nothing for what is not there."""
    before, dots, after = name.rpartition("..")
    start = names.find_commit(repository, after)
    if not dots or before == _EMPTY_TREE:
        return ([start] if start else []), []
    hidden = names.find_commit(repository, before)
    return ([start], [hidden]) if start and hidden else ([], [])


def _first_parents(starts: list[pygit2.Commit]) -> Iterator[pygit2.Commit]:
    commit = starts[0] if starts else None
    while commit is not None:
        yield commit
        commit = commit.parents[0] if commit.parents else None


def _filtered(commits: Iterable[pygit2.Commit], given: dict[str, Any]) -> Iterator[pygit2.Commit]:
    since, until, author = (
        given.get("since"),
        given.get("until"),
        (given.get("author") or "").casefold(),
    )
    for commit in commits:
        if since is not None and commit.commit_time < since.timestamp():
            continue
        if until is not None and commit.commit_time > until.timestamp():
            continue
        if author and author not in f"{commit.author.name} <{commit.author.email}>".casefold():
            continue
        yield commit


def _commit(repository: pygit2.Repository, name: str) -> pygit2.Commit:
    found = names.find_commit(repository, name)
    if found is None:
        raise not_found("Commit")
    return found


@blueprint.post(_COMMITS)
def create(project: str) -> tuple[Response, int]:
    """Make one commit of several actions: all of them or none."""
    rights = readable_project(project)
    current_user()
    given = read(
        *BRANCH_FIELDS,
        Field("commit_message", required=True),
        Field("actions", "objects", required=True),
        Field("start_sha"),
        Field("start_project"),
        Field("force", "boolean"),
        Field("stats", "boolean"),
        exclusive=("start_branch", "start_sha"),
    )
    actions = _actions(given["actions"])
    origin = _fork_origin(rights, given.get("start_project"))
    if not may_commit_to(rights, given["branch"]):
        raise forbidden(NOT_ALLOWED)
    made = commit_changes(rights, CommitRequest.of(given, actions, origin))
    return jsonify(
        commit_detail(made, rights.project, with_stats=given.get("stats") is not False)
    ), 201


def _fork_origin(rights: ProjectRights, key: str | None) -> int | None:
    """Return the project to start from: one that this one was forked from and that the caller may read."""
    if not key:
        return None
    start = visible_project(key)
    if not start.can_download or rights.project.forked_from_id != start.project.id:
        space = read_namespace(here().database, start.project.namespace_id)
        name = f"{space.name} / {start.project.name}"
        raise forbidden(f"Project is not included in the fork network for {name}")
    return start.project.id


def _actions(items: list[dict[str, Any]]) -> list[Action]:
    """Read the actions; 400 names every one that is incomplete."""
    problems, actions = [], []
    for number, item in enumerate(items):
        label = f"actions[{number}]"
        wrong, found = check(_ACTION_FIELDS, item, label)
        needed = _NEEDED.get(found.get("action", ""))
        if needed and found.get(needed) is None and f"{label}[{needed}]" not in " ".join(wrong):
            wrong.append(f"{label}[{needed}] is missing")
        problems += wrong
        if not wrong:
            actions.append(
                Action(
                    **{
                        "encoding": "text",
                        **{name: value for name, value in found.items() if value is not None},
                    }
                )
            )
    if problems:
        raise invalid_parameters(", ".join(problems))
    return actions


@blueprint.get(f"{_COMMITS}/<segment:sha>")
def show(project: str, sha: str) -> Response:
    """Answer one commit, by id, branch or tag."""
    rights = readable_project(project)
    given = read(Field("stats", "boolean"))
    commit = _commit(open_repository(here(), rights.project.id), sha)
    return jsonify(
        commit_detail(commit, rights.project, with_stats=given.get("stats") is not False)
    )


@blueprint.get(f"{_COMMITS}/<segment:sha>/diff")
def show_diff(project: str, sha: str) -> Response:
    """Answer what a commit changed."""
    rights = readable_project(project)
    unidiff = bool(read(Field("unidiff", "boolean")).get("unidiff"))
    commit = _commit(open_repository(here(), rights.project.id), sha)
    return paged_list(diff_items(commit_diff(commit), unidiff=unidiff), wanted_page())


@blueprint.get(f"{_COMMITS}/<segment:sha>/sequence")
def count_ancestors(project: str, sha: str) -> Response:
    """Answer how many commits a history has."""
    rights = readable_project(project)
    first_parent = bool(read(Field("first_parent", "boolean")).get("first_parent"))
    repository = open_repository(here(), rights.project.id)
    start = [_commit(repository, sha)]
    found = _first_parents(start) if first_parent else walk(repository, start)
    return jsonify({"count": sum(1 for _ in found)})


@blueprint.get(f"{_COMMITS}/<segment:sha>/signature")
def show_signature(project: str, sha: str) -> Response:
    """Say that nobody signs commits here."""
    rights = readable_project(project)
    _commit(open_repository(here(), rights.project.id), sha)
    raise not_found("Signature")


@blueprint.get(f"{_COMMITS}/<segment:sha>/refs")
def list_refs(project: str, sha: str) -> Response:
    """Answer the branches and tags that contain a commit."""
    rights = readable_project(project)
    given = read(Field("type", values=("branch", "tag", "all")))
    repository = open_repository(here(), rights.project.id)
    commit, kind = _commit(repository, sha), given.get("type") or "all"
    found: list[dict[str, str]] = []
    if kind in ("branch", "all"):
        tips = ((name, names.find_branch(repository, name)) for name in names.branches(repository))
        found += [
            {"type": "branch", "name": name}
            for name, tip in tips
            if tip and _contains(repository, tip, commit)
        ]
    if kind in ("tag", "all"):
        targets = (
            (name, names.commit_of(names.find_tag(repository, name)))
            for name in names.tags(repository)
        )
        found += [
            {"type": "tag", "name": name}
            for name, tip in targets
            if tip and _contains(repository, tip, commit)
        ]
    page = wanted_page()
    return paged(found[page.offset : page.offset + page.size + 1], page, None)


def _contains(repository: pygit2.Repository, tip: pygit2.Commit, commit: pygit2.Commit) -> bool:
    return tip.id == commit.id or repository.descendant_of(tip.id, commit.id)


@blueprint.get(
    f"{_COMMITS}/<segment:sha>/<any(comments, statuses, merge_requests, discussions):subject>"
)
def list_attachments(project: str, sha: str, **_subject: str) -> Response:
    """Answer what people and pipelines said about a commit: nothing here, as there are neither."""
    rights = readable_project(project)
    _commit(open_repository(here(), rights.project.id), sha)
    return paged_list([], wanted_page())
