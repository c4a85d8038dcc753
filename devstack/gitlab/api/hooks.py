"""Hooks of projects and of the system."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import administered_project
from devstack.gitlab.deliveries import deliver
from devstack.gitlab.errors import Refusal, bad_request, not_found
from devstack.gitlab.identity import current_user, require_admin
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import ProjectRights
from devstack.gitlab.push_events import NO_COMMIT, RefChange, push_payload
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.hooks import SWITCHES, TEXTS, Hook, find_hook, hooks_of

blueprint = Blueprint("hooks", __name__)

_HOOKS = "/projects/<segment:project>/hooks"
_OPTIONS = (
    *(Field(name, "boolean") for name in SWITCHES),
    *(Field(name) for name in TEXTS),
    Field("token"),
)
_SYSTEM_SWITCHES = (
    "push_events",
    "tag_push_events",
    "merge_requests_events",
    "repository_update_events",
    "enable_ssl_verification",
)


def _body(hook: Hook) -> dict[str, Any]:
    """Return a hook; its secret never."""
    shown = SWITCHES if hook.project_id is not None else _SYSTEM_SWITCHES
    body: dict[str, Any] = {
        "id": hook.id,
        "url": hook.url,
        "name": hook.settings.get("name"),
        "description": hook.settings.get("description"),
        "created_at": hook.created_at,
        **{name: hook.setting(name) for name in shown},
        "alert_status": "executable",
        "disabled_until": None,
        "url_variables": [],
        "custom_headers": [],
        "push_events_branch_filter": hook.settings.get("push_events_branch_filter"),
        "branch_filter_strategy": hook.settings.get("branch_filter_strategy") or "wildcard",
        "custom_webhook_template": hook.settings.get("custom_webhook_template"),
    }
    return body if hook.project_id is None else {**body, "project_id": hook.project_id}


def _project(project: str) -> ProjectRights:
    current_user()
    return administered_project(project)


@blueprint.get(_HOOKS)
def list_hooks(project: str) -> Response:
    """Answer the hooks of a project."""
    rights = _project(project)
    return paged_list(
        [_body(hook) for hook in hooks_of(here().database, rights.project.id)], wanted_page()
    )


@blueprint.get(f"{_HOOKS}/<int:hook_id>")
def show(project: str, hook_id: int) -> Response:
    """Answer one of them."""
    return jsonify(_body(_hook(_project(project).project.id, hook_id)))


def _hook(project_id: int | None, hook_id: int) -> Hook:
    found = find_hook(here().database, project_id, hook_id)
    if found is None:
        raise not_found()
    return found


@blueprint.post(_HOOKS)
def create(project: str) -> tuple[Response, int]:
    """Add one."""
    rights = _project(project)
    return jsonify(_body(_create(rights.project.id))), 201


def _create(project_id: int | None) -> Hook:
    given = read(Field("url", required=True, blank=False), *_OPTIONS)
    _check_url(given["url"])
    hook_id = here().database.insert(
        "hooks",
        project_id=project_id,
        url=given["url"],
        token=given.get("token") or "",
        settings=json.dumps(_settings(given)),
        created_at=now(),
    )
    return _hook(project_id, hook_id)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refusal(422, {"error": "Invalid url given"})


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in given.items()
        if name not in ("url", "token") and value is not None
    }


@blueprint.put(f"{_HOOKS}/<int:hook_id>")
def change(project: str, hook_id: int) -> Response:
    """Change one."""
    hook = _hook(_project(project).project.id, hook_id)
    given = read(Field("url", blank=False), *_OPTIONS)
    _check_url(given.get("url", hook.url))
    columns: dict[str, Any] = {
        name: given[name] for name in ("url", "token") if given.get(name) is not None
    }
    here().database.update(
        "hooks", hook.id, **columns, settings=json.dumps({**hook.settings, **_settings(given)})
    )
    return jsonify(_body(_hook(hook.project_id, hook.id)))


@blueprint.delete(f"{_HOOKS}/<int:hook_id>")
def remove(project: str, hook_id: int) -> tuple[str, int]:
    """Remove one."""
    hook = _hook(_project(project).project.id, hook_id)
    here().database.run("DELETE FROM hooks WHERE id = ?", (hook.id,))
    return "", 204


@blueprint.post(f"{_HOOKS}/<int:hook_id>/test/<any(push_events, tag_push_events):trigger>")
def test(project: str, hook_id: int, trigger: str) -> tuple[Response, int]:
    """Send what the last commit would have sent."""
    rights = _project(project)
    hook = _hook(rights.project.id, hook_id)
    branch = rights.project.default_branch or DEFAULT_BRANCH
    tip = names.find_branch(open_repository(here(), rights.project.id), branch)
    if tip is None:
        raise bad_request("Ensure the project has at least one commit.")
    is_tag = trigger == "tag_push_events"
    before = str(tip.parent_ids[0]) if tip.parent_ids else NO_COMMIT
    change_told = RefChange(
        before, str(tip.id), "refs/tags/test" if is_tag else f"refs/heads/{branch}"
    )
    deliver(
        hook,
        "Tag Push Hook" if is_tag else "Push Hook",
        push_payload(rights.project, rights.user, change_told),
    )
    return jsonify({"message": "201 Created"}), 201


@blueprint.get("/hooks")
def list_system_hooks() -> Response:
    """Answer the system hooks (administrators)."""
    require_admin()
    return paged_list([_body(hook) for hook in hooks_of(here().database, None)], wanted_page())


@blueprint.post("/hooks")
def create_system_hook() -> tuple[Response, int]:
    """Add one."""
    require_admin()
    return jsonify(_body(_create(None))), 201


@blueprint.get("/hooks/<int:hook_id>")
def show_system_hook(hook_id: int) -> Response:
    """Answer one of them."""
    require_admin()
    return jsonify(_body(_hook(None, hook_id)))


@blueprint.delete("/hooks/<int:hook_id>")
def remove_system_hook(hook_id: int) -> tuple[str, int]:
    """Remove one."""
    require_admin()
    hook = _hook(None, hook_id)
    here().database.run("DELETE FROM hooks WHERE id = ?", (hook.id,))
    return "", 204
