"""Branches and tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pygit2
from flask import Blueprint, Response, jsonify, request

from devstack.gitlab.api.committing import (
    BESIDE,
    HEX_BRANCH,
    NOT_ALLOWED,
    CommitRequest,
    commit_changes,
    may_commit_to,
    require_push,
)
from devstack.gitlab.api.lookup import readable_project
from devstack.gitlab.entities.releases import tag_release
from devstack.gitlab.entities.repository import branch_body, tag_body
from devstack.gitlab.errors import Refusal, bad_request, forbidden, not_found
from devstack.gitlab.identity import current_user
from devstack.gitlab.pagination import keyset_page, paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import MAINTAINER, ProjectRights, matches
from devstack.gitlab.push_events import NO_COMMIT, RefChange
from devstack.gitlab.pushes import Push, finish_push
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, open_repository
from devstack.gitlab.repository.writing import Action, RefMoved, delete_ref, move_ref
from devstack.gitlab.state import here
from devstack.gitlab.store.protection import Protection, protections

if TYPE_CHECKING:
    from collections.abc import Callable

blueprint = Blueprint("refs", __name__)

_BRANCHES = "/projects/<segment:project>/repository/branches"
_TAGS = "/projects/<segment:project>/repository/tags"
_KEYSET_FIELDS = (Field("pagination"), Field("page_token"))
_KEEP_PROTECTED = (
    "You are not allowed to delete protected branches from this project. Only a project maintainer or owner can"
    " delete a protected branch."
)
NO_TAG_RIGHTS = "You are not allowed to create this tag as it is protected."


def _repository(rights: ProjectRights) -> pygit2.Repository:
    return open_repository(here(), rights.project.id)


def _rules(rights: ProjectRights, kind: str = "branch") -> list[Protection]:
    return protections(here().database, rights.project.id, kind)


def _fits(name: str, search: str) -> bool:
    """Whether a name contains the text; `^text` asks for its beginning, `text$` for its end."""
    text = search.casefold()
    begins, ends = text.startswith("^"), text.endswith("$")
    core, folded = text.removeprefix("^").removesuffix("$"), name.casefold()
    if begins and ends:
        return folded == core
    return folded.startswith(core) if begins else folded.endswith(core) if ends else core in folded


@blueprint.get(_BRANCHES)
def list_branches(project: str) -> Response:
    """Answer the branches, by name."""
    rights = readable_project(project)
    given = read(
        Field("search"),
        Field("regex"),
        Field("sort", values=("name_asc", "updated_asc", "updated_desc")),
        *_KEYSET_FIELDS,
    )
    repository, rules = _repository(rights), _rules(rights)
    search, pattern = given.get("search") or "", _pattern(given.get("regex") or "")
    found = [
        name for name in names.branches(repository) if _fits(name, search) and pattern.search(name)
    ]
    if (given.get("sort") or "name_asc") != "name_asc":
        found.sort(
            key=lambda name: _branch_age(repository, name), reverse=given["sort"] == "updated_desc"
        )
    return _window(found, given, lambda name: branch_body(repository, rights, rules, name), "heads")


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise bad_request("Regex is invalid") from error


def _branch_age(repository: pygit2.Repository, name: str) -> int:
    tip = names.find_branch(repository, name)
    return tip.commit_time if tip else 0


def _window(
    found: list[str], given: dict[str, Any], describe: Callable[[str], Any], kind: str
) -> Response:
    """Answer one page of names, each described: by number, or by the name that was the last one seen."""
    page = wanted_page()
    if given.get("pagination") != "keyset":
        bodies: list[Any] = [None] * len(found)
        window = slice(page.offset, page.offset + page.size)
        bodies[window] = [describe(name) for name in found[window]]
        return paged_list(bodies, page)
    token, first = given.get("page_token"), 0
    if token:
        if token not in found:
            raise Refusal(422, {"message": f"Invalid page token: refs/{kind}/{token}"})
        first = found.index(token) + 1
    part = found[first : first + page.size]
    more = first + page.size < len(found)
    return keyset_page(
        [describe(name) for name in part], page.size, {"page_token": part[-1]} if more else None
    )


@blueprint.get(f"{_BRANCHES}/<segment:branch>")
def show_branch(project: str, branch: str) -> Response | tuple[str, int]:
    """Answer one branch; HEAD only tells whether it is there."""
    body = _branch(readable_project(project), branch)
    return ("", 204) if request.method == "HEAD" else jsonify(body)


def _branch(rights: ProjectRights, name: str) -> dict[str, Any]:
    _check_refname(name)
    body = branch_body(_repository(rights), rights, _rules(rights), name)
    if body is None:
        raise not_found("Branch")
    return body


def _check_refname(name: str) -> None:
    if not names.valid_branch_name(name):
        raise bad_request("The branch refname is invalid")


@blueprint.post(_BRANCHES)
def create_branch(project: str) -> tuple[Response, int]:
    """Make a branch at a commit; in an empty repository that commit is made first."""
    rights = readable_project(project)
    require_push(rights)
    given = read(
        Field("branch", required=True, blank=False), Field("ref", required=True, blank=False)
    )
    name, ref = given["branch"], given["ref"]
    repository = _repository(rights)
    if names.is_empty(repository):
        _begin(rights)
    if not names.valid_branch_name(name):
        raise bad_request("Branch name is invalid")
    if names.find_branch(repository, name) is not None:
        raise bad_request("Branch already exists")
    start = names.find_branch(repository, ref) or names.find_commit(repository, ref)
    if start is None:
        raise bad_request(f"Failed to create branch '{name}': invalid reference name '{ref}'")
    if names.branch_poses_as_commit(name):
        raise bad_request(HEX_BRANCH)
    if not may_commit_to(rights, name):
        raise bad_request("You are not allowed to create protected branches on this project.")
    _move(
        rights,
        f"refs/heads/{name}",
        None,
        start.id,
        BESIDE.format(name),
    )
    return jsonify(_branch(rights, name)), 201


def _begin(rights: ProjectRights) -> None:
    """Give an empty repository its first commit, as GitLab does before it makes a branch."""
    branch = rights.project.default_branch or DEFAULT_BRANCH
    readme = Action("create", "README.md", content="")
    if not may_commit_to(rights, branch):
        raise bad_request(NOT_ALLOWED)
    commit_changes(rights, CommitRequest(branch, "Add README.md", [readme]))


def _move(
    rights: ProjectRights, full_name: str, old: pygit2.Oid | None, new: pygit2.Oid, complaint: str
) -> None:
    try:
        move_ref(_repository(rights), full_name, old, new)
    except RefMoved as error:
        raise bad_request(complaint) from error
    finish_push(Push(rights, (RefChange(str(old) if old else NO_COMMIT, str(new), full_name),)))


@blueprint.delete(f"{_BRANCHES}/<segment:branch>")
def remove_branch(project: str, branch: str) -> tuple[str, int]:
    """Delete a branch; never the default one, a protected one as Maintainer only."""
    rights = readable_project(project)
    require_push(rights)
    _check_refname(branch)
    repository = _repository(rights)
    tip = names.find_branch(repository, branch)
    if tip is None:
        raise not_found("Branch")
    if branch == (rights.project.default_branch or DEFAULT_BRANCH):
        raise bad_request("The default branch of a project cannot be deleted.")
    if any(matches(rule.name, branch) for rule in _rules(rights)) and rights.level < MAINTAINER:
        raise bad_request(_KEEP_PROTECTED)
    _remove(rights, repository, f"refs/heads/{branch}", str(tip.id))
    return "", 204


@blueprint.delete("/projects/<segment:project>/repository/merged_branches")
def remove_merged(project: str) -> tuple[Response, int]:
    """Delete the branches that the default one contains, but for protected ones."""
    rights = readable_project(project)
    require_push(rights)
    repository, rules = _repository(rights), _rules(rights)
    for name in list(names.branches(repository)):
        body = branch_body(repository, rights, rules, name)
        if body and body["merged"] and not body["protected"]:
            _remove(rights, repository, f"refs/heads/{name}", body["commit"]["id"])
    return jsonify({"message": "202 Accepted"}), 202


def _remove(rights: ProjectRights, repository: pygit2.Repository, full_name: str, old: str) -> None:
    delete_ref(repository, full_name)
    finish_push(Push(rights, (RefChange(old, NO_COMMIT, full_name),)))


@blueprint.get(_TAGS)
def list_tags(project: str) -> Response:
    """Answer the tags, the youngest first unless told otherwise."""
    rights = readable_project(project)
    given = read(
        Field("search"),
        Field("order_by", values=("name", "updated", "version")),
        Field("sort", values=("asc", "desc")),
        *_KEYSET_FIELDS,
    )
    repository = _repository(rights)
    found = [name for name in names.tags(repository) if _fits(name, given.get("search") or "")]
    keys = {name: _tag_key(repository, name, given.get("order_by") or "updated") for name in found}
    found.sort(key=lambda name: keys[name], reverse=(given.get("sort") or "desc") == "desc")
    return _window(found, given, lambda name: _tag(rights, name), "tags")


def _tag_key(repository: pygit2.Repository, name: str, order: str) -> tuple[Any, ...]:
    if order == "name":
        return (name,)
    if order == "version":
        return (
            *(
                int(part) if part.isdecimal() else -1
                for part in name.lstrip("vV").replace("-", ".").split(".")
            ),
            name,
        )
    target = names.find_tag(repository, name)
    commit = names.commit_of(target)
    tagger = target.tagger if isinstance(target, pygit2.Tag) else None
    return (tagger.time if tagger else commit.commit_time if commit else 0, name)


@blueprint.get(f"{_TAGS}/<segment:tag>")
def show_tag(project: str, tag: str) -> Response:
    """Answer one tag."""
    return jsonify(_tag(readable_project(project), tag))


@blueprint.get(f"{_TAGS}/<segment:tag>/signature")
def show_tag_signature(project: str, tag: str) -> Response:
    """Say that nobody signs tags here."""
    _tag(readable_project(project), tag)
    raise not_found("Signature")


def _tag(rights: ProjectRights, name: str) -> dict[str, Any]:
    target = names.find_tag(_repository(rights), name)
    if target is None:
        raise not_found("Tag")
    return tag_body(
        name, target, rights.project, _rules(rights, "tag"), tag_release(rights.project.id, name)
    )


@blueprint.post(_TAGS)
def create_tag(project: str) -> tuple[Response, int]:
    """Make a tag; with a message it gets an object of its own."""
    rights = readable_project(project)
    require_push(rights)
    given = read(Field("tag_name", required=True), Field("ref", required=True), Field("message"))
    make_tag(rights, given["tag_name"] or "", given["ref"], given.get("message"))
    return jsonify(_tag(rights, given["tag_name"])), 201


def make_tag(rights: ProjectRights, name: str, ref: str | None, message: str | None) -> None:
    """Make a tag at a commit.

    Raises: Refusal 400 in GitLab's words, where that cannot be or may not be.
    """
    repository = _repository(rights)
    if not ref:
        raise bad_request("Target is empty")
    if not names.valid_branch_name(name):
        raise bad_request("Tag name invalid")
    if names.find_tag(repository, name) is not None:
        raise bad_request(f"Tag {name} already exists")
    commit = names.find_commit(repository, ref)
    if commit is None:
        raise bad_request(f"Target {ref} is invalid")
    _check_tag_name(rights, name)
    target, text = commit.id, (message or "").strip()
    if text:
        user = current_user()
        tagger = pygit2.Signature(user.name, user.email)
        target = _tag_object(repository, name, commit, tagger, text)
    _move(rights, f"refs/tags/{name}", None, target, f"Tag {name} already exists")


def _check_tag_name(rights: ProjectRights, name: str) -> None:
    """Refuse what GitLab's check of every new tag refuses."""
    if name == (rights.project.default_branch or DEFAULT_BRANCH):
        raise bad_request("You cannot use default branch name to create a tag")
    if names.tag_poses_as_commit(name):
        raise bad_request("You cannot create a tag with a SHA-1 or SHA-256 tag name.")
    if not may_create_tag(rights, name):
        raise bad_request(NO_TAG_RIGHTS)


def _tag_object(
    repository: pygit2.Repository,
    name: str,
    commit: pygit2.Commit,
    tagger: pygit2.Signature,
    message: str,
) -> pygit2.Oid:
    """Write a tag object without a ref, so that the ref is made like every other."""
    sign = "+" if tagger.offset >= 0 else "-"
    zone = f"{sign}{abs(tagger.offset) // 60:02d}{abs(tagger.offset) % 60:02d}"
    by = f"{tagger.name} <{tagger.email}> {tagger.time} {zone}"
    text = f"object {commit.id}\ntype commit\ntag {name}\ntagger {by}\n\n{message}\n"
    return repository.odb.write(pygit2.enums.ObjectType.TAG, text.encode())


def may_create_tag(rights: ProjectRights, name: str) -> bool:
    """Whether no rule keeps the caller from making a tag of this name."""
    about = [rule for rule in _rules(rights, "tag") if matches(rule.name, name)]
    return not about or any(0 < rule.push_level <= rights.level for rule in about)


@blueprint.delete(f"{_TAGS}/<segment:tag>")
def remove_tag(project: str, tag: str) -> tuple[str, int]:
    """Delete a tag; a protected one as Maintainer only."""
    rights = readable_project(project)
    require_push(rights)
    repository = _repository(rights)
    target = names.find_tag(repository, tag)
    if target is None:
        raise not_found("Tag")
    if any(matches(rule.name, tag) for rule in _rules(rights, "tag")) and rights.level < MAINTAINER:
        raise forbidden()
    _remove(rights, repository, f"refs/tags/{tag}", str(target.id))
    return "", 204
