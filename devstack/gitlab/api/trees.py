"""Trees, blobs, comparisons and common ancestors."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pygit2
from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import readable_project
from devstack.gitlab.api.throttling import spare_large
from devstack.gitlab.entities.repository import commit_body, tree_entry
from devstack.gitlab.errors import bad_request, invalid_parameters, not_found
from devstack.gitlab.pagination import keyset_page, paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.repository import names
from devstack.gitlab.repository.differences import diff_items, tree_diff
from devstack.gitlab.repository.history import entry_at, walk
from devstack.gitlab.repository.opening import open_repository
from devstack.gitlab.state import here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devstack.gitlab.policy import ProjectRights

blueprint = Blueprint("trees", __name__)

_REPOSITORY = "/projects/<segment:project>/repository"
_SHORTEST_ID = 7


@blueprint.get(f"{_REPOSITORY}/tree")
def list_tree(project: str) -> Response:
    """Answer the entries of a folder (of everything below it with `recursive`), folders first."""
    rights = readable_project(project)
    given = read(
        Field("path"),
        Field("ref"),
        Field("recursive", "boolean"),
        Field("pagination", values=("legacy", "keyset", "none")),
        Field("page_token"),
    )
    if given.get("pagination") == "none" and not given.get("recursive"):
        raise invalid_parameters('pagination cannot be "none" unless "recursive" is true')
    entries = _entries(rights, given)
    if given.get("pagination") == "none":
        return jsonify(entries)
    if given.get("pagination") == "keyset":
        return _keyset(entries, given.get("page_token"))
    return paged_list(entries, wanted_page())


def _entries(rights: ProjectRights, given: dict[str, Any]) -> list[dict[str, Any]]:
    repository = open_repository(here(), rights.project.id)
    commit = names.find_commit(
        repository, given.get("ref") or rights.project.default_branch or "HEAD"
    )
    if commit is None:
        raise not_found("Tree")
    path = (given.get("path") or "").strip("/")
    tree = entry_at(commit, path)
    if not isinstance(tree, pygit2.Tree):
        raise not_found("invalid revision or path")
    found = list(_listed(tree, f"{path}/" if path else "", recursive=bool(given.get("recursive"))))
    return [entry for entry in found if entry["type"] == "tree"] + [
        entry for entry in found if entry["type"] != "tree"
    ]


def _listed(tree: pygit2.Tree, prefix: str, *, recursive: bool) -> Iterator[dict[str, Any]]:
    for item in tree:
        path = f"{prefix}{item.name}"
        yield tree_entry(item, path)
        if recursive and isinstance(item, pygit2.Tree):
            yield from _listed(item, f"{path}/", recursive=True)


def _keyset(entries: list[dict[str, Any]], token: str | None) -> Response:
    """Answer the entries after the one that the token names."""
    size, first = wanted_page().size, 0
    if token:
        known = {_token(entry): number for number, entry in enumerate(entries)}
        if token not in known:
            raise invalid_parameters("page_token is invalid")
        first = known[token] + 1
    window = entries[first : first + size]
    more = first + size < len(entries)
    return keyset_page(
        window, size, {"page_token": _token(window[-1])} if more and window else None
    )


def _token(entry: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(entry["path"].encode()).decode().rstrip("=")


@blueprint.get(f"{_REPOSITORY}/blobs/<segment:sha>")
def show_blob(project: str, sha: str) -> Response:
    """Answer one blob with its content in base64."""
    rights = readable_project(project)
    blob = _blob(rights, sha)
    spare_large(blob, rights.project.id, "blobs/:sha/raw")
    content = base64.b64encode(blob.data).decode()
    return jsonify(
        {"size": blob.size, "encoding": "base64", "content": content, "sha": str(blob.id)}
    )


@blueprint.get(f"{_REPOSITORY}/blobs/<segment:sha>/raw")
def show_raw_blob(project: str, sha: str) -> Response:
    """Answer the bytes of one blob."""
    return Response(
        _blob(readable_project(project), sha).data, content_type="text/plain; charset=utf-8"
    )


def _blob(rights: ProjectRights, sha: str) -> pygit2.Blob:
    try:
        found = open_repository(here(), rights.project.id).get(sha)
    except ValueError:
        found = None
    if not isinstance(found, pygit2.Blob) or len(sha) < _SHORTEST_ID:
        raise not_found("Blob")
    return found


@blueprint.get(f"{_REPOSITORY}/compare")
def compare(project: str) -> Response:
    """Answer the commits that `to` has and `from` has not, and the changes since they parted."""
    rights = readable_project(project)
    given = read(
        Field("from", required=True),
        Field("to", required=True),
        Field("straight", "boolean"),
        Field("from_project_id", "integer"),
        Field("unidiff", "boolean"),
    )
    _refuse_other_project(rights, given.get("from_project_id"))
    repository = open_repository(here(), rights.project.id)
    old, new = (
        names.find_commit(repository, given["from"]),
        names.find_commit(repository, given["to"]),
    )
    if old is None or new is None:
        raise not_found("Ref")
    commits = [
        commit_body(commit, rights.project)
        for commit in walk(repository, [new], hidden=[old], topological=True)
    ]
    base = old if given.get("straight") else _base(repository, old, new)
    same = old.id == new.id
    unidiff = bool(given.get("unidiff"))
    diffs = [] if same or not base else diff_items(tree_diff(base.tree, new.tree), unidiff=unidiff)
    return jsonify(
        {
            "commit": commits[0] if commits else None,
            "commits": commits[::-1],
            "diffs": diffs,
            "compare_timeout": False,
            "compare_same_ref": same,
            "web_url": f"{here().external_url}/{rights.project.full_path}/-/compare/{given['from']}...{given['to']}",
        }
    )


def _base(
    repository: pygit2.Repository, one: pygit2.Commit, other: pygit2.Commit
) -> pygit2.Commit | None:
    found = str(repository.merge_base(one.id, other.id))  # "None" without one
    return None if found == "None" else names.find_commit(repository, found)


def _refuse_other_project(rights: ProjectRights, other: int | None) -> None:
    """400 for every other project to compare with: the look-alike compares within one alone."""
    number = rights.project.id
    if other is not None and other != number:
        text = f"Target project id:{other} is not a fork of project id:{number}"
        raise bad_request(text)


@blueprint.get(f"{_REPOSITORY}/merge_base")
def merge_base(project: str) -> Response:
    """Answer the commit at which two refs parted."""
    rights = readable_project(project)
    given = read(Field("refs", "strings", required=True))
    if len(given["refs"]) < 2:  # noqa: PLR2004 - a pair
        raise bad_request("Provide at least 2 refs")
    repository = open_repository(here(), rights.project.id)
    found = {ref: names.find_commit(repository, ref) for ref in given["refs"]}
    unknown = [ref for ref, commit in found.items() if commit is None]
    if unknown:
        noun = "ref" if len(unknown) == 1 else "refs"
        raise bad_request(f"Could not find {noun}: {', '.join(unknown)}")
    first, *others = (commit for commit in found.values() if commit is not None)
    for other in others:
        base = _base(repository, first, other)
        if base is None:
            raise not_found("Merge Base")
        first = base
    return jsonify(commit_body(first, rights.project))


@blueprint.get(f"{_REPOSITORY}/contributors")
def list_contributors(project: str) -> Response:
    """Answer who made how many commits of a branch, the default one unless told otherwise."""
    rights = readable_project(project)
    given = read(
        Field("ref"),
        Field("order_by", values=("email", "name", "commits")),
        Field("sort", values=("asc", "desc")),
    )
    repository = open_repository(here(), rights.project.id)
    tip = names.find_commit(repository, given.get("ref") or rights.project.default_branch or "HEAD")
    counts: dict[tuple[str, str], int] = {}
    for commit in walk(repository, [tip]) if tip else []:
        key = (commit.author.name, commit.author.email)
        counts[key] = counts.get(key, 0) + 1
    bodies: list[dict[str, Any]] = [
        {"name": name, "email": mail, "commits": number, "additions": 0, "deletions": 0}
        for (name, mail), number in counts.items()
    ]
    order = given.get("order_by") or "commits"
    bodies.sort(key=lambda body: body[order], reverse=given.get("sort") == "desc")
    return paged_list(bodies, wanted_page())
