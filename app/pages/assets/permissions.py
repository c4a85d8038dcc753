"""What pages say of permissions: who is nobody yet is told to sign in, and not whom to ask."""

from __future__ import annotations

from collections.abc import Mapping

from app.caller import actor, asset_house
from core.model.access import ALLOWED, Permission


def adding_permission(wish: str) -> Permission:
    """Say whether the caller may add something; `wish` completes "sign in to …".

    Raises:  Unauthenticated, for a token that is refused.
    """
    house = asset_house()
    if house.rules.is_open or house.people.find_person(actor()) is not None:
        return ALLOWED
    return Permission(allowed=False, why=f"sign in to {wish}")


def told_permissions(permissions: Mapping[str, Permission]) -> Mapping[str, Permission]:
    """Return permissions as the caller is told of them.

    Raises:  Unauthenticated, if the credential cannot be one.
    """
    if not actor().is_anonymous:
        return permissions
    return {name: _told_to_nobody(one) for name, one in permissions.items()}


def _told_to_nobody(permission: Permission) -> Permission:
    if permission.allowed or not permission.ask:
        return permission
    return Permission(
        allowed=False, why="sign in to change it: only its owner and administrators may"
    )
