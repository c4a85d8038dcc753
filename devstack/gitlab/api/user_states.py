"""Taking accounts out of use and putting them back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify

from devstack.gitlab.api.lookup import existing_user
from devstack.gitlab.errors import Refusal, forbidden
from devstack.gitlab.identity import require_admin
from devstack.gitlab.state import here

if TYPE_CHECKING:
    from devstack.gitlab.store.users import User

blueprint = Blueprint("user_states", __name__)

_DORMANT_DAYS = 90
_TOO_LIVELY = (
    f"The user you are trying to deactivate has been active in the past {_DORMANT_DAYS} days"
    " and cannot be deactivated"
)


@blueprint.post(
    "/users/<int:user_id>/<any(block, unblock, deactivate, activate, ban, unban):action>"
)
def switch(user_id: int, action: str) -> tuple[Response, int]:
    """Take an account out of use, or put it back (administrators).

    True where something changed; null or false, where it was so before, as GitLab has it.
    """
    admin = require_admin()
    user = existing_user(user_id)
    if user.id == admin.id:
        raise forbidden("The API initiating user cannot be blocked by the API")
    wanted = {"block": "blocked", "deactivate": "deactivated", "ban": "banned"}.get(
        action, "active"
    )
    if user.state == wanted:
        return _unchanged(action)
    _refuse_switch(user, action)
    here().database.update("users", user.id, state=wanted)
    return jsonify(True), 201  # noqa: FBT003 - GitLab's answer is the word true


def _unchanged(action: str) -> tuple[Response, int]:
    if action in ("ban", "unban"):
        state = "banned" if action == "ban" else "active"
        raise Refusal(403, {"message": f"You cannot {action} {state} users."})
    answers = {"unblock": False, "activate": True}
    return jsonify(answers.get(action)), 201


def _refuse_switch(user: User, action: str) -> None:
    """403, if the way from one state to the other is not open."""
    if action == "activate" and user.state == "blocked":
        raise forbidden("A blocked user must be unblocked to be activated")
    if action == "unblock" and user.state == "deactivated":
        raise forbidden("Deactivated users cannot be unblocked by the API")
    if action == "deactivate":
        _refuse_deactivation(user)
    if (action == "ban" and user.state != "active") or (
        action == "unban" and user.state != "banned"
    ):
        raise Refusal(403, {"message": f"You cannot {action} {user.state} users."})


def _refuse_deactivation(user: User) -> None:
    if user.state == "blocked":
        raise Refusal(403, {"message": "Error occurred. A blocked user cannot be deactivated"})
    recent = (datetime.now(UTC) - timedelta(days=_DORMANT_DAYS)).date().isoformat()
    if (user.last_activity_on or "") > recent:
        raise Refusal(403, {"message": _TOO_LIVELY})
