"""Who may fetch from and push to a project over HTTP, with the answers that git clients show."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request

from devstack.gitlab.errors import Refusal
from devstack.gitlab.identity import NOBODY, Caller, caller_of_secret, token_of_request
from devstack.gitlab.policy import DEVELOPER, ProjectRights
from devstack.gitlab.state import here
from devstack.gitlab.store.projects import Project, find_moved, find_project
from devstack.gitlab.store.users import find_by_login

FETCH_SCOPES = ("api", "read_api", "read_repository", "write_repository")
PUSH_SCOPES = ("api", "write_repository")
_DENIED = (
    "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're"
    " required to use a token instead of a password. If a token was provided, it was either incorrect, expired, or"
    " improperly scoped. See {}/help/topics/git/troubleshooting_git.md#error-on-git-fetch-http-basic-access-denied"
)
_UNSEEN = (
    "The project you were looking for could not be found or you don't have permission to view it."
)


@dataclass(frozen=True, slots=True)
class GitCaller:
    """Somebody who was let in: the rights in the project and the name for git's log."""

    rights: ProjectRights
    name: str


class GitRefusal(Refusal):
    """A refusal as plain text, which is what git clients show."""

    def __init__(self, status: int, text: str) -> None:
        """Keep status and text; 401 asks for credentials."""
        super().__init__(status, {"message": text})
        self.text = text

    def response(self) -> Response:
        """Dress the refusal."""
        response = Response(self.text, self.status, content_type="text/plain; charset=utf-8")
        if self.status == 401:  # noqa: PLR2004 - HTTP
            response.headers["WWW-Authenticate"] = 'Basic realm="GitLab"'
        return response


def admit(path: str, *, writing: bool) -> GitCaller:
    """Let a git client in.

    Raises: GitRefusal 401 without (right) credentials, 404 where nothing is seen, 403 where the role is too low.
    """
    asking = _caller()
    database = here().database
    project = find_project(database, path) if not path.isdecimal() else None
    project = project or find_moved(database, path)
    rights = None if project is None else ProjectRights(database, asking.user, project)
    if asking.user is None and (writing or rights is None or not rights.can_download):
        raise _denied()
    if rights is None or not rights.can_see:
        raise GitRefusal(404, _UNSEEN)
    _check_scopes(asking, rights.project, writing=writing)
    _check_role(rights, writing=writing)
    return GitCaller(rights, asking.user.username if asking.user else "")


def _check_scopes(asking: Caller, project: Project, *, writing: bool) -> None:
    if asking.user is None:
        return
    if not asking.has_scope(*FETCH_SCOPES) and (writing or project.visibility != "public"):
        raise GitRefusal(403, "You are not allowed to download code from this project.")
    if writing and not asking.has_scope(*PUSH_SCOPES):
        raise GitRefusal(403, "You are not allowed to upload code.")


def _check_role(rights: ProjectRights, *, writing: bool) -> None:
    if not rights.can_download:
        raise GitRefusal(403, "You are not allowed to download code from this project.")
    if not writing:
        return
    if rights.project.archived:
        raise GitRefusal(403, "You can't push code to an archived project.")
    if rights.level < DEVELOPER:
        raise GitRefusal(403, "You are not allowed to push code to this project.")


def _caller() -> Caller:
    """Return who asks: a token as password (or as bearer), or name and password."""
    credentials = request.authorization
    if credentials is None:
        return NOBODY
    try:
        if credentials.type != "basic":
            return _by_token(token_of_request() or "")
        login, password = credentials.username or "", credentials.password or ""
        return _by_password(login, password) or _by_token(password, login)
    except Refusal as refusal:
        raise _denied() from refusal


def _by_token(secret: str, login: str = "oauth2") -> Caller:
    found = caller_of_secret(here().database, secret)
    if found.token is None and login != "oauth2":
        raise _denied()
    return found


def _denied() -> GitRefusal:
    return GitRefusal(401, _DENIED.format(here().external_url))


def _by_password(login: str, password: str) -> Caller | None:
    """Return the account that has this password; token-like passwords are not worth the hashing."""
    if password.startswith("glpat-") or login == "oauth2" or not login:
        return None
    user = find_by_login(here().database, login)
    if user is None or not user.active or not user.has_password(password):
        return None
    return Caller(user, None)
