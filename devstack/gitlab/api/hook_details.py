"""What belongs to one hook: its headers and variables, what was sent, sending again, and tests."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.hooks import HOOKS, check_hook, hooked_project, wanted_hook
from devstack.gitlab.deliveries import Outcome, deliver_now
from devstack.gitlab.errors import Refusal, not_found
from devstack.gitlab.pagination import paged_list, wanted_page
from devstack.gitlab.parameters import Field, read
from devstack.gitlab.policy import ProjectRights
from devstack.gitlab.push_events import NO_COMMIT, RefChange, push_payload
from devstack.gitlab.repository import names
from devstack.gitlab.repository.opening import DEFAULT_BRANCH, open_repository
from devstack.gitlab.state import here
from devstack.gitlab.store.hook_log import deliveries_of, find_delivery
from devstack.gitlab.store.hooks import Hook

blueprint = Blueprint("hook_details", __name__)

_ONE = f"{HOOKS}/<int:hook_id>"
_SYSTEM = "/hooks/<int:hook_id>"
_KINDS = "<any(custom_headers, url_variables):kind>"
_TITLES = {"custom_headers": "Custom header", "url_variables": "URL variable"}
_EVENT_NAMES = {"push_hooks": "Push Hook", "tag_push_hooks": "Tag Push Hook"}
_CLASSES = {
    "successful": range(200, 300),
    "client_failure": range(400, 500),
    "server_failure": range(500, 600),
}
# What a project has none of here, in the words that a test of the hook is refused with.
_LACKING = {
    "issues_events": "Ensure the project has issues.",
    "confidential_issues_events": "Ensure the project has issues.",
    "note_events": "Ensure the project has notes.",
    "confidential_note_events": "Ensure the project has notes.",
    "merge_requests_events": "Ensure the project has merge requests.",
    "job_events": "Ensure the project has CI jobs.",
    "pipeline_events": "Ensure the project has CI pipelines.",
    "wiki_page_events": "Ensure the wiki is enabled and has pages.",
    "deployment_events": "Ensure the project has deployments.",
    "releases_events": "Ensure the project has releases.",
    "milestone_events": "Ensure the project has milestones.",
    "emoji_events": "Ensure the project has notes.",
}


@blueprint.put(f"{_ONE}/{_KINDS}/<segment:key>")
@blueprint.put(f"{_SYSTEM}/{_KINDS}/<segment:key>", defaults={"project": None})
def set_pair(project: str | None, hook_id: int, kind: str, key: str) -> tuple[str, int]:
    """Set a header or a variable of the address."""
    hook = wanted_hook(project, hook_id)
    value = read(Field("value", required=True))["value"]
    _keep(hook, kind, {**hook.settings.get(kind, {}), key: value or ""})
    return "", 204


@blueprint.delete(f"{_ONE}/{_KINDS}/<segment:key>")
@blueprint.delete(f"{_SYSTEM}/{_KINDS}/<segment:key>", defaults={"project": None})
def unset_pair(project: str | None, hook_id: int, kind: str, key: str) -> tuple[str, int]:
    """Take it away."""
    hook = wanted_hook(project, hook_id)
    pairs = dict(hook.settings.get(kind, {}))
    if key not in pairs:
        raise not_found(_TITLES[kind])
    del pairs[key]
    _keep(hook, kind, pairs)
    return "", 204


def _keep(hook: Hook, kind: str, pairs: dict[str, str]) -> None:
    settings = json.dumps({**hook.settings, kind: pairs})
    changed = Hook(hook.id, hook.project_id, hook.url, hook.token, settings, hook.created_at)
    try:
        check_hook(changed)
    except Refusal as refusal:
        raise Refusal(422, {"error": "Illegal key or value"}) from refusal
    here().database.update("hooks", hook.id, settings=settings)


@blueprint.get(f"{_ONE}/events")
def list_events(project: str, hook_id: int) -> Response:
    """Answer what was sent and what came back, the newest first."""
    hook = wanted_hook(project, hook_id)
    given = read(Field("status", "strings"))
    told = deliveries_of(here().database, hook.id)
    wanted = {code for name in given.get("status", []) for code in _codes(name)}
    if "status" in given:
        told = [one for one in told if one["response_status"] in wanted]
    return paged_list(told, wanted_page())


def _codes(name: str) -> set[str]:
    return {str(code) for code in _CLASSES[name]} if name in _CLASSES else {name}


@blueprint.post(f"{_ONE}/events/<int:event_id>/resend")
def resend(project: str, hook_id: int, event_id: int) -> tuple[Response, int]:
    """Send a message once more."""
    hook = wanted_hook(project, hook_id)
    told = find_delivery(here().database, hook.id, event_id)
    if told is None:
        raise not_found()
    event = _EVENT_NAMES[told["trigger"]]
    outcome = _taken(deliver_now(hook, event, told["request_data"]))
    return jsonify({"response_status": outcome.status}), 201


def _taken(outcome: Outcome) -> Outcome:
    if not outcome.good:
        raise Refusal(422, {"message": outcome.text or f"The address answered {outcome.status}."})
    return outcome


@blueprint.post(f"{_ONE}/test/<segment:trigger>")
def test(project: str, hook_id: int, trigger: str) -> tuple[Response, int]:
    """Send what the last commit would have sent, and wait for the answer."""
    rights = hooked_project(project)
    hook = wanted_hook(project, hook_id)
    if trigger in _LACKING:
        raise Refusal(422, {"message": _LACKING[trigger]})
    if trigger not in ("push_events", "tag_push_events"):
        raise Refusal(400, {"error": "trigger does not have a valid value"})
    is_tag = trigger == "tag_push_events"
    event = "Tag Push Hook" if is_tag else "Push Hook"
    _taken(deliver_now(hook, event, _sample(rights, is_tag=is_tag)))
    return jsonify({"message": "201 Created"}), 201


def _sample(rights: ProjectRights, *, is_tag: bool) -> dict[str, Any]:
    branch = rights.project.default_branch or DEFAULT_BRANCH
    tip = names.find_branch(open_repository(here(), rights.project.id), branch)
    if tip is None:
        raise Refusal(422, {"message": "Ensure the project has at least one commit."})
    before = str(tip.parent_ids[0]) if tip.parent_ids else NO_COMMIT
    name = "refs/tags/test" if is_tag else f"refs/heads/{branch}"
    return push_payload(rights.project, rights.user, RefChange(before, str(tip.id), name))
