"""What GitLab refuses when an account is made or changed."""

from __future__ import annotations

from typing import Any

from devstack.gitlab.errors import conflict, invalid, invalid_parameters
from devstack.gitlab.naming import EMAIL, problems_of_username
from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import find_namespace
from devstack.gitlab.store.users import find_by_email, find_by_username

_SHORTEST_PASSWORD, _LONGEST_PASSWORD = 8, 128
_LONGEST_TEXT = 255


def check_identity(given: dict[str, Any]) -> None:
    """400, unless the account elsewhere and its provider come together."""
    if ("extern_uid" in given) != ("provider" in given):
        raise invalid_parameters("extern_uid, provider provide all or none of parameters")


def check_account(given: dict[str, Any], password: str) -> None:
    """400 with every complaint about an account: all that it would be afterwards."""
    problems: dict[str, list[str]] = {}
    if not EMAIL.fullmatch(given["email"] or ""):
        problems["email"] = ["is invalid"] if given["email"] else ["can't be blank"]
    if texts := _password_problems(password):
        problems["password"] = texts
    if texts := problems_of_username(given["username"] or ""):
        problems["username"] = texts
    if not (given["name"] or "").strip():
        problems["name"] = ["can't be blank"]
    for name in ("name", "bio"):
        if len(given.get(name) or "") > _LONGEST_TEXT:
            problems[name] = [f"is too long (maximum is {_LONGEST_TEXT} characters)"]
    if (given.get("projects_limit") or 0) < 0:
        problems["projects_limit"] = ["must be greater than or equal to 0"]
    if problems:
        raise invalid(**problems)


def _password_problems(password: str) -> list[str]:
    if not password:
        return ["can't be blank"]
    if len(password) < _SHORTEST_PASSWORD:
        return [f"is too short (minimum is {_SHORTEST_PASSWORD} characters)"]
    if len(password) > _LONGEST_PASSWORD:
        return [f"is too long (maximum is {_LONGEST_PASSWORD} characters)"]
    return []


def refuse_taken(given: dict[str, Any], but: int = 0) -> None:
    """409, if somebody else than `but` has the address or the name."""
    database = here().database
    by_email = find_by_email(database, given["email"]) if given.get("email") else None
    if by_email is not None and by_email.id != but:
        raise conflict("Email has already been taken")
    by_name = find_by_username(database, given["username"]) if given.get("username") else None
    if by_name is not None and by_name.id != but:
        raise conflict("Username has already been taken")
    if (
        by_name is None
        and given.get("username")
        and find_namespace(database, given["username"]) is not None
    ):
        raise conflict("Username has already been taken")
