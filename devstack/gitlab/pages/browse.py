"""Pages to look at: dashboard, people, groups, projects, folders, files, commits. What may not be seen is not there."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pygit2
from flask import Blueprint, Response, g, make_response, redirect, request

from devstack.gitlab.api.archives import KINDS, packed
from devstack.gitlab.entities.repository import commit_body
from devstack.gitlab.errors import Refusal
from devstack.gitlab.identity import READING_SCOPES, caller, token_of_request
from devstack.gitlab.pages.session import page, sign_in_first, viewer
from devstack.gitlab.policy import GroupRights, ProjectRights
from devstack.gitlab.repository import names
from devstack.gitlab.repository.differences import commit_diff, diff_items
from devstack.gitlab.repository.history import entry_at, walk, walk_path
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import Namespace, find_namespace
from devstack.gitlab.store.project_search import ProjectSearch
from devstack.gitlab.store.projects import Project, find_moved, find_project, topics_of

if TYPE_CHECKING:
    from collections.abc import Callable

blueprint = Blueprint("browse", __name__)

_MOST_LISTED = 500
_LARGEST_SHOWN_BYTES = 512 * 1024
_COMMITS_SHOWN = 50
_FOR_PROGRAMS = ("raw", "archive")
_KINDS_BY_LENGTH = sorted(KINDS, key=len, reverse=True)


class NotSeen(Exception):
    """Nothing is there, or nothing that this browser may see."""


def not_seen(_: NotSeen) -> Response:
    """Ask strangers to sign in; tell the others that there is nothing."""
    if viewer() is None:
        return sign_in_first()
    return page(
        "refused.html",
        404,
        title="Page not found",
        text="It does not exist, or you may not see it.",
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A commit of a project, and a path in it."""

    project: Project
    repository: pygit2.Repository
    commit: pygit2.Commit
    ref: str
    path: str

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        """Return each part of the path with the path up to it."""
        parts = self.path.split("/") if self.path else []
        return [(part, "/".join(parts[: number + 1])) for number, part in enumerate(parts)]


@blueprint.get("/")
@blueprint.get("/dashboard")
@blueprint.get("/dashboard/projects")
@blueprint.get("/explore")
def dashboard() -> Response:
    """Show the projects that the viewer belongs to, and all that are open."""
    user = viewer()
    if user is None:
        return sign_in_first()
    mine = ProjectSearch(here().database, user)
    mine.where("best.level >= 10")
    return page(
        "dashboard.html",
        mine=mine.page(_MOST_LISTED),
        everything=ProjectSearch(here().database, user).page(_MOST_LISTED),
    )


@blueprint.get("/groups/<rest:path>")
def group(path: str) -> Response:
    """Show a group by its long address."""
    return _namespace(path)


def _namespace(path: str) -> Response:
    """Show a group or a person: the projects and groups inside that the viewer may see."""
    found = find_namespace(here().database, path) if not path.isdecimal() else None
    if found is None or (
        found.is_group and not GroupRights(here().database, viewer(), found).can_see
    ):
        raise NotSeen(path)
    search = ProjectSearch(here().database, viewer())
    search.where("p.namespace_id = :space", space=found.id)
    rows = here().database.rows(
        "SELECT * FROM namespaces WHERE parent_id = ? ORDER BY name", (found.id,)
    )
    inside = [
        space
        for space in (Namespace(*row) for row in rows)
        if GroupRights(here().database, viewer(), space).can_see
    ]
    return page("namespace.html", space=found, groups=inside, projects=search.page(_MOST_LISTED))


@blueprint.get("/<page_path:path>")
def show(path: str) -> Response:
    """Show a project, a group or a person, or one of a project's pages behind `/-/`."""
    full_path, dash, rest = path.strip("/").partition("/-/")
    if not dash:
        project = _find_project(full_path)
        if project is None:
            return _moved_or_namespace(full_path)
        return _overview(project)
    kind, _, where = rest.partition("/")
    if kind in _FOR_PROGRAMS:
        _see_by_token()
    project = _find_project(full_path)
    if project is None or kind not in _VIEWS:
        raise NotSeen(path)
    return _VIEWS[kind](project, where)


def _see_by_token() -> None:
    """Let a program in by a token, for one answer; one that is no good counts as none."""
    if token_of_request() is None:
        return
    try:
        asking = caller()
    except Refusal:
        return
    if asking.has_scope(*READING_SCOPES):
        g.viewer = asking.user


def _find_project(full_path: str) -> Project | None:
    """Return the project, if the viewer may see it."""
    project = find_project(here().database, full_path) if not full_path.isdecimal() else None
    if project is None or not ProjectRights(here().database, viewer(), project).can_see:
        return None
    return project


def _moved_or_namespace(full_path: str) -> Response:
    moved = find_moved(here().database, full_path)
    if moved is not None and ProjectRights(here().database, viewer(), moved).can_see:
        return make_response(redirect(f"{here().external_url}/{moved.full_path}"))
    return _namespace(full_path)


def _overview(project: Project) -> Response:
    """Show the start page of a project: what it is, its files, its README."""
    rights = ProjectRights(here().database, viewer(), project)
    place = (
        _place(project, project.default_branch or DEFAULT_BRANCH) if rights.can_download else None
    )
    readme = entry_at(place.commit, "README.md") if place else None
    return page(
        "project.html",
        project=project,
        topics=topics_of(here().database, [project.id])[project.id],
        may_read=rights.can_download,
        place=place,
        entries=_entries(place, place.commit.tree) if place else [],
        branches=list(names.branches(place.repository)) if place else [],
        tags=list(names.tags(place.repository)) if place else [],
        readme=_text(readme) if isinstance(readme, pygit2.Blob) else None,
    )


def _place(project: Project, where: str) -> Place | None:
    """Split `ref/path` (refs may hold slashes; the longest branch or tag wins) and find the commit."""
    if not ProjectRights(here().database, viewer(), project).can_download:
        return None
    repository = open_repository(here(), project.id)
    parts = where.strip("/").split("/")
    for length in range(len(parts), 0, -1):
        ref = "/".join(parts[:length])
        commit = names.find_branch(repository, ref) or names.find_commit(repository, ref)
        if commit is not None:
            return Place(project, repository, commit, ref, "/".join(parts[length:]))
    return None


def _existing(project: Project, where: str) -> Place:
    place = _place(project, where)
    if place is None:
        raise NotSeen(where)
    return place


def _entries(place: Place, tree: pygit2.Tree) -> list[dict[str, Any]]:
    prefix = f"{place.path}/" if place.path else ""
    items = [
        {"name": item.name, "path": f"{prefix}{item.name}", "folder": isinstance(item, pygit2.Tree)}
        for item in tree
    ]
    return sorted(items, key=lambda item: (not item["folder"], str(item["name"])))


def _tree(project: Project, where: str) -> Response:
    place = _existing(project, where)
    tree = entry_at(place.commit, place.path)
    if not isinstance(tree, pygit2.Tree):
        raise NotSeen(where)
    return page("tree.html", project=project, place=place, entries=_entries(place, tree))


def _blob(project: Project, where: str) -> Response:
    place = _existing(project, where)
    blob = entry_at(place.commit, place.path)
    if not isinstance(blob, pygit2.Blob):
        raise NotSeen(where)
    last = next(walk_path([place.commit], place.path), place.commit)
    return page(
        "blob.html",
        project=project,
        place=place,
        size=blob.size,
        text=_text(blob),
        last=commit_body(last, project),
    )


def _text(blob: pygit2.Blob) -> str | None:
    """Return the text of a file, None where it is too large or none."""
    if blob.size > _LARGEST_SHOWN_BYTES or blob.is_binary:
        return None
    return blob.data.decode("utf-8", "replace")


def _raw(project: Project, where: str) -> Response:
    place = _existing(project, where)
    blob = entry_at(place.commit, place.path)
    if not isinstance(blob, pygit2.Blob):
        raise NotSeen(where)
    response = make_response(blob.data)
    response.content_type = (
        "application/octet-stream" if blob.is_binary else "text/plain; charset=utf-8"
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if request.args.get("inline") == "false":
        name = quote(place.path.rpartition("/")[2])
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


def _archive(project: Project, where: str) -> Response:
    """Answer the tree of `ref` in `ref/name.kind`, packed."""
    ref, _, file = where.rpartition("/")
    kind = next((kind for kind in _KINDS_BY_LENGTH if file.endswith(f".{kind}")), None)
    place = _place(project, ref)
    if place is None or place.path or kind is None:
        raise NotSeen(where)
    folder = (request.args.get("path") or "").strip("/")
    if entry_at(place.commit, folder) is None:
        raise NotSeen(where)
    name = "-".join(part for part in (project.path, ref, folder) if part).replace("/", "-")
    return packed(place.commit, folder, name, kind)


def _commit(project: Project, where: str) -> Response:
    place = _existing(project, where)
    return page(
        "commit.html",
        project=project,
        commit=commit_body(place.commit, project),
        diffs=diff_items(commit_diff(place.commit))[:_COMMITS_SHOWN],
    )


def _commits(project: Project, where: str) -> Response:
    place = _existing(project, where or project.default_branch or DEFAULT_BRANCH)
    history = (
        walk_path([place.commit], place.path)
        if place.path
        else walk(place.repository, [place.commit])
    )
    shown = [commit_body(commit, project) for commit in itertools.islice(history, _COMMITS_SHOWN)]
    return page("commits.html", project=project, place=place, commits=shown)


def _tag(project: Project, where: str) -> Response:
    return make_response(
        redirect(
            f"{here().external_url}/{project.full_path}/-/tree/{where}"
            if where
            else f"{here().external_url}/{project.full_path}"
        )
    )


_VIEWS: dict[str, Callable[[Project, str], Response]] = {
    "tree": _tree,
    "blob": _blob,
    "raw": _raw,
    "archive": _archive,
    "commit": _commit,
    "commits": _commits,
    "tags": _tag,
}
