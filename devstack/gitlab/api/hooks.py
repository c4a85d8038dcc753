"""Hooks of projects and of the system."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from math import isinf
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import administered_project
from devstack.gitlab.deliveries import deliver, disabled_until
from devstack.gitlab.errors import Refusal, invalid_parameters, not_found
from devstack.gitlab.identity import current_user, require_admin
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import ProjectRights
from devstack.gitlab.repository.names import valid_branch_name
from devstack.gitlab.state import here
from devstack.gitlab.store.database import now
from devstack.gitlab.store.hooks import STRATEGIES, SWITCHES, TEXTS, Hook, find_hook, hooks_of

blueprint = Blueprint("hooks", __name__)

HOOKS = "/projects/<segment:project>/hooks"
_OPTIONS = (
    *(Field(name, "boolean") for name in SWITCHES),
    *(Field(name) for name in TEXTS),
    Field("branch_filter_strategy", values=STRATEGIES),
    Field("token"),
    Field("custom_headers", "objects"),
    Field("url_variables", "objects"),
)
_PAIRS = ("custom_headers", "url_variables")
_KEY = re.compile(r"[A-Za-z]+[0-9]*[\w.-]*")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_SAMPLE = {
    "event_name": "project_create",
    "name": "Ruby",
    "path": "ruby",
    "project_id": 1,
    "owner_name": "Someone",
    "owner_email": "example@gitlabhq.com",
}


def _body(hook: Hook) -> dict[str, Any]:
    """Return a hook; its secrets never."""
    until = disabled_until(hook)
    body: dict[str, Any] = {
        "id": hook.id,
        "url": hook.url,
        "name": hook.settings.get("name"),
        "description": hook.settings.get("description"),
        "created_at": hook.created_at,
        **{name: hook.setting(name) for name in hook.switches},
        "alert_status": _alert(until),
        "disabled_until": None if until is None or isinf(until) else _moment(until),
        "url_variables": [{"key": name} for name in hook.url_variables],
        "custom_headers": [{"key": name} for name in hook.custom_headers],
        "push_events_branch_filter": hook.settings.get("push_events_branch_filter"),
        "branch_filter_strategy": hook.settings.get("branch_filter_strategy") or STRATEGIES[0],
        "custom_webhook_template": hook.settings.get("custom_webhook_template"),
    }
    return body if hook.project_id is None else {**body, "project_id": hook.project_id}


def _alert(until: float | None) -> str:
    if until is None:
        return "executable"
    return "disabled" if isinf(until) else "temporarily_disabled"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def hooked_project(project: str) -> ProjectRights:
    """Return the rights in a project whose hooks the caller may see."""
    current_user()
    return administered_project(project)


def wanted_hook(project: str | None, hook_id: int) -> Hook:
    """Return a hook of a project or, without one, of the system; 403 or 404 where the caller has none there."""
    project_id = None
    if project is None:
        require_admin()
    else:
        project_id = hooked_project(project).project.id
    found = find_hook(here().database, project_id, hook_id)
    if found is None:
        raise not_found()
    return found


@blueprint.get(HOOKS)
def list_hooks(project: str) -> Response:
    """Answer the hooks of a project."""
    return _list(hooked_project(project).project.id)


@blueprint.get("/hooks")
def list_system_hooks() -> Response:
    """Answer the system hooks (administrators)."""
    require_admin()
    return _list(None)


def _list(project_id: int | None) -> Response:
    hooks = hooks_of(here().database, project_id)
    return paged_list([_body(hook) for hook in hooks], wanted_page())


@blueprint.get(f"{HOOKS}/<int:hook_id>")
@blueprint.get("/hooks/<int:hook_id>", defaults={"project": None})
def show(project: str | None, hook_id: int) -> Response:
    """Answer one of them."""
    return jsonify(_body(wanted_hook(project, hook_id)))


@blueprint.post(HOOKS)
def create(project: str) -> tuple[Response, int]:
    """Add one to a project."""
    return _create(hooked_project(project).project.id)


@blueprint.post("/hooks")
def create_system_hook() -> tuple[Response, int]:
    """Add one to the system (administrators)."""
    require_admin()
    return _create(None)


def _create(project_id: int | None) -> tuple[Response, int]:
    given = read(Field("url", required=True), *_OPTIONS)
    hook = Hook(0, project_id, given["url"] or "", "", json.dumps(_settings(given, {})), now())
    check_hook(hook)
    hook_id = here().database.insert(
        "hooks",
        project_id=project_id,
        url=hook.url,
        token=given.get("token") or "",
        settings=hook.settings_json,
        created_at=hook.created_at,
    )
    made = find_hook(here().database, project_id, hook_id)
    if made is None:
        raise not_found()
    return jsonify(_body(made)), 201


def check_hook(hook: Hook) -> None:
    """Refuse an address, a filter or pairs that GitLab would not keep."""
    parts = urlsplit(hook.url)
    named = set(_VARIABLE.findall(hook.url))
    if parts.scheme not in ("http", "https") or not parts.hostname or named - {*hook.url_variables}:
        raise Refusal(422, {"error": "Invalid url given"})
    if not _fits(hook.settings):
        raise Refusal(422, {"error": "Invalid branch filter given"})
    for name, value in (*hook.custom_headers.items(), *hook.url_variables.items()):
        if not _KEY.fullmatch(name) or not value or "\n" in value or "\r" in value:
            raise Refusal(422, {"error": "Illegal key or value"})


def _fits(settings: dict[str, Any]) -> bool:
    """Whether the branch filter is a pattern of its kind."""
    pattern = settings.get("push_events_branch_filter")
    strategy = settings.get("branch_filter_strategy") or STRATEGIES[0]
    if not pattern or strategy == "all_branches":
        return True
    if strategy == "wildcard":
        return valid_branch_name(pattern.replace("*", "x"))
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _settings(given: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with what was given; headers and variables are added to those there are."""
    kept = {
        name: value
        for name, value in given.items()
        if name not in ("url", "token", *_PAIRS) and value is not None
    }
    for name in _PAIRS:
        if given.get(name):
            kept[name] = {**old.get(name, {}), **_pairs(name, given[name])}
    return {**old, **kept}


def _pairs(name: str, items: list[dict[str, Any]]) -> dict[str, str]:
    if any(not {"key", "value"} <= set(item) for item in items):
        raise invalid_parameters(f"{name}[0][key] is missing, {name}[0][value] is missing")
    return {str(item["key"]): str(item["value"]) for item in items}


@blueprint.put(f"{HOOKS}/<int:hook_id>")
@blueprint.put("/hooks/<int:hook_id>", defaults={"project": None})
def change(project: str | None, hook_id: int) -> Response:
    """Change one; at another address the old secret is not kept."""
    hook = wanted_hook(project, hook_id)
    given = read(Field("url"), *_OPTIONS)
    if not given:
        raise invalid_parameters("No parameters provided")
    url = hook.url if given.get("url") is None else given["url"]
    token = given.get("token")
    if token is None:
        token = hook.token if url == hook.url else ""
    settings = json.dumps(_settings(given, hook.settings))
    check_hook(Hook(hook.id, hook.project_id, url, token, settings, hook.created_at))
    here().database.update("hooks", hook.id, url=url, token=token, settings=settings)
    return jsonify(_body(wanted_hook(project, hook_id)))


@blueprint.delete(f"{HOOKS}/<int:hook_id>")
@blueprint.delete("/hooks/<int:hook_id>", defaults={"project": None})
def remove(project: str | None, hook_id: int) -> tuple[str, int]:
    """Remove one."""
    hook = wanted_hook(project, hook_id)
    here().database.run("DELETE FROM hooks WHERE id = ?", (hook.id,))
    return "", 204


@blueprint.post("/hooks/<int:hook_id>")
def test_system_hook(hook_id: int) -> tuple[Response, int]:
    """Send a sample and answer it (administrators)."""
    deliver(wanted_hook(None, hook_id), "System Hook", _SAMPLE)
    return jsonify(_SAMPLE), 201
