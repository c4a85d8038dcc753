"""People as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devstack.gitlab.state import here
from devstack.gitlab.store.namespaces import find_personal
from devstack.gitlab.store.users import User, details_of, find_user

if TYPE_CHECKING:
    from devstack.gitlab.store.tokens import PersonalToken

PROFILE_TEXTS = (
    "location",
    "linkedin",
    "twitter",
    "discord",
    "website_url",
    "github",
    "job_title",
    "organization",
)


def basic_user(user: User | None) -> dict[str, Any] | None:
    """Return what everybody may know about somebody."""
    if user is None:
        return None
    return {
        "id": user.id,
        "username": user.username,
        "public_email": details_of(here().database, user.id).get("public_email", ""),
        "name": user.name,
        "state": user.state,
        "locked": False,
        "avatar_url": None,
        "web_url": f"{here().external_url}/{user.username}",
    }


def profile(user: User) -> dict[str, Any]:
    """Return the public profile."""
    known = details_of(here().database, user.id)
    return {
        **(basic_user(user) or {}),
        "created_at": user.created_at,
        "bio": user.bio,
        **{name: known.get(name, "") for name in PROFILE_TEXTS},
        "pronouns": known.get("pronouns"),
        "bot": False,
        "work_information": None,
        "followers": 0,
        "following": 0,
        "is_followed": False,
        "local_time": None,
    }


def own_user(user: User) -> dict[str, Any]:
    """Return what somebody sees of the own account."""
    known = details_of(here().database, user.id)
    body = {
        **profile(user),
        "last_sign_in_at": None,
        "confirmed_at": user.created_at if user.confirmed else None,
        "last_activity_on": user.last_activity_on,
        "email": user.email,
        "theme_id": known.get("theme_id", 3),
        "color_scheme_id": known.get("color_scheme_id", 1),
        "projects_limit": user.projects_limit,
        "current_sign_in_at": None,
        "identities": known.get("identities", []),
        "can_create_group": bool(user.can_create_group),
        "can_create_project": user.projects_limit > 0,
        "two_factor_enabled": False,
        "external": bool(user.external),
        "private_profile": known.get("private_profile", False),
        "commit_email": user.email,
        "preferred_language": "en",
    }
    return {**body, **_for_admin(user)} if user.admin else body


def user_for_admin(user: User) -> dict[str, Any]:
    """Return what administrators see of any account."""
    return {**own_user(user), **_for_admin(user)}


def user_details_for_admin(user: User) -> dict[str, Any]:
    """Return what administrators see of one account that they ask for by id."""
    return {**user_for_admin(user), "sign_in_count": 0, "highest_role": 0}


def _for_admin(user: User) -> dict[str, Any]:
    database = here().database
    personal, known = find_personal(database, user.id), details_of(database, user.id)
    maker = find_user(database, known["created_by_id"]) if "created_by_id" in known else None
    return {
        "is_admin": bool(user.admin),
        "note": known.get("note"),
        "namespace_id": personal.id if personal else None,
        "created_by": basic_user(maker),
        "email_reset_offered_at": None,
        "current_sign_in_ip": None,
        "last_sign_in_ip": None,
    }


def personal_token(token: PersonalToken, secret: str | None = None) -> dict[str, Any]:
    """Return a personal access token; its text only right after it was made."""
    body = {
        "id": token.id,
        "name": token.name,
        "revoked": bool(token.revoked),
        "created_at": token.created_at,
        "description": token.description,
        "scopes": token.scopes.split(),
        "user_id": token.user_id,
        "last_used_at": token.last_used_at,
        "active": token.active,
        "expires_at": token.expires_at,
    }
    return body if secret is None else {**body, "token": secret}
