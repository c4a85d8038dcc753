"""The Flask application: blueprints, scopes, errors, the headers that every answer carries."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Flask, Response, g, jsonify, request

from devstack.gitlab import errors, git_http
from devstack.gitlab.api import (
    applications,
    archives,
    commits,
    files,
    forks,
    group_moves,
    groups,
    hook_details,
    hooks,
    impersonation_tokens,
    invitations,
    members,
    namespaces,
    personal_access_tokens,
    project_actions,
    project_lists,
    projects,
    protected_refs,
    refs,
    releases,
    settings,
    topics,
    trees,
    user_states,
    users,
    version,
)
from devstack.gitlab.git_rights import GitRefusal
from devstack.gitlab.identity import READING_SCOPES, WRITING_SCOPES, caller, require_scope
from devstack.gitlab.oauth import endpoints
from devstack.gitlab.pages import browse, consent, session
from devstack.gitlab.repository.opening import RepositoryGone
from devstack.gitlab.request_target import PagePath, RawTarget, Rest, Segment
from devstack.gitlab.throttle import Throttle

if TYPE_CHECKING:
    from devstack.gitlab.state import Server

API = "/api/v4"
_API_MODULES = (
    version, settings, users, user_states, personal_access_tokens, groups, members, project_lists, projects,
    impersonation_tokens, protected_refs, refs, releases, trees, archives, commits, files, namespaces, applications,
    forks, group_moves, hooks, hook_details, invitations, project_actions, topics,
)  # fmt: skip
# Beyond api and read_api: what a narrower scope opens, by the first part of the path.
_USER_PATHS = ("/api/v4/user", "/api/v4/users", "/api/v4/version", "/api/v4/metadata")
_ANY_SCOPE_PATHS = ("/api/v4/personal_access_tokens/self",)


def create_app(server: Server) -> Flask:
    """Build the application around the state of one server."""
    app = Flask(__name__, static_url_path="/assets")
    app.extensions["gitlab"] = server
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # the default provider has it
    app.json.compact = True  # type: ignore[attr-defined] # the default provider has it
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.url_map.converters |= {"segment": Segment, "rest": Rest, "page_path": PagePath}
    app.config["MAX_FORM_MEMORY_SIZE"] = None
    for module in _API_MODULES:
        app.register_blueprint(module.blueprint, url_prefix=API)
    for module in (git_http, endpoints, session, consent, browse):
        app.register_blueprint(module.blueprint)
    app.add_url_rule("/-/<any(health, readiness, liveness):probe>", view_func=_health)
    throttle = Throttle()
    app.before_request(lambda: _check_caller(throttle))
    app.after_request(_add_headers)
    errors.install(app)
    app.register_error_handler(GitRefusal, GitRefusal.response)
    app.register_error_handler(browse.NotSeen, browse.not_seen)
    app.register_error_handler(RepositoryGone, _repository_gone)
    app.wsgi_app = RawTarget(app.wsgi_app)  # type: ignore[method-assign] # Flask's own way to add middleware
    return app


def _repository_gone(_: RepositoryGone) -> Response:
    return errors.refusal_response(errors.not_found("Project"))


def _health(probe: str) -> Response:
    return (
        jsonify({"status": "ok"})
        if probe != "health"
        else Response("GitLab OK", content_type="text/plain")
    )


def _check_caller(throttle: Throttle) -> Response | None:
    """Judge the token and its scopes before any resource is looked at."""
    if not request.path.startswith(API):
        return None
    refusal = throttle.refusal(caller().user)
    if refusal is not None:
        return refusal
    if request.path.startswith(_ANY_SCOPE_PATHS):
        return None
    if request.method not in ("GET", "HEAD"):
        require_scope(*WRITING_SCOPES)
    elif f"{request.path}/".startswith(tuple(f"{path}/" for path in _USER_PATHS)):
        require_scope(*READING_SCOPES, "read_user")
    elif "/repository/files/" in request.path:
        require_scope(*READING_SCOPES, "read_repository")
    else:
        require_scope(*READING_SCOPES)
    return None


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Request-Id", request.headers.get("X-Request-Id") or uuid.uuid4().hex)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.path.startswith(API):
        headers.update(g.get("rate_limit", {}))
        headers.setdefault("Cache-Control", "max-age=0, private, must-revalidate")
        headers.setdefault("Vary", "Origin")
        headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        if response.status_code in (204, 304):
            headers.pop("Content-Type", None)
    return response
