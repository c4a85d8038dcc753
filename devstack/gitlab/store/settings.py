"""The settings of the whole server: defaults, changed by administrators."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database

DEFAULTS: dict[str, Any] = {
    "can_create_group": True,
    "default_projects_limit": 100000,
    "rate_limiting_response_text": None,
    "throttle_authenticated_api_enabled": False,
    "throttle_authenticated_api_requests_per_period": 7200,
    "throttle_authenticated_api_period_in_seconds": 3600,
    "throttle_unauthenticated_api_enabled": False,
    "throttle_unauthenticated_api_requests_per_period": 3600,
    "throttle_unauthenticated_api_period_in_seconds": 3600,
}


def server_settings(database: Database) -> dict[str, Any]:
    """Return every setting: what was set, else GitLab's default."""
    rows = database.rows("SELECT name, value FROM application_settings")
    return {**DEFAULTS, **{row["name"]: json.loads(row["value"]) for row in rows}}


def change_settings(database: Database, changes: dict[str, Any]) -> None:
    """Set some of them."""
    with database.changes() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO application_settings (name, value) VALUES (?, ?)",
            [(name, json.dumps(value)) for name, value in changes.items()],
        )
