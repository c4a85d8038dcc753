"""Hooks of projects, and system hooks (those without a project)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database

SWITCHES: dict[str, bool] = {
    "push_events": True,
    "tag_push_events": False,
    "merge_requests_events": False,
    "repository_update_events": False,
    "enable_ssl_verification": True,
    "issues_events": False,
    "confidential_issues_events": False,
    "note_events": False,
    "confidential_note_events": False,
    "pipeline_events": False,
    "wiki_page_events": False,
    "deployment_events": False,
    "feature_flag_events": False,
    "job_events": False,
    "releases_events": False,
    "milestone_events": False,
    "emoji_events": False,
    "resource_access_token_events": False,
    "vulnerability_events": False,
}
SYSTEM_SWITCHES: dict[str, bool] = {
    "push_events": False,
    "tag_push_events": False,
    "merge_requests_events": False,
    "repository_update_events": True,
    "enable_ssl_verification": True,
}
TEXTS = ("name", "description", "push_events_branch_filter", "custom_webhook_template")
STRATEGIES = ("wildcard", "regex", "all_branches")


@dataclass(frozen=True, slots=True)
class Hook:
    """One address that wants to hear of events."""

    id: int
    project_id: int | None
    url: str
    token: str
    settings_json: str
    created_at: str

    @property
    def settings(self) -> dict[str, Any]:
        """What was set on it."""
        loaded: dict[str, Any] = json.loads(self.settings_json)
        return loaded

    @property
    def switches(self) -> dict[str, bool]:
        """What it listens to by itself: a system hook to other events than that of a project."""
        return SYSTEM_SWITCHES if self.project_id is None else SWITCHES

    def setting(self, name: str) -> bool:
        """Return one switch, by default where it was not set."""
        return bool(self.settings.get(name, self.switches.get(name, False)))

    @property
    def custom_headers(self) -> dict[str, str]:
        """Headers that go along with each message."""
        return dict(self.settings.get("custom_headers", {}))

    @property
    def url_variables(self) -> dict[str, str]:
        """What stands for `{name}` in the address."""
        return dict(self.settings.get("url_variables", {}))

    @property
    def target(self) -> str:
        """The address with its variables filled in."""
        url = self.url
        for name, value in self.url_variables.items():
            url = url.replace(f"{{{name}}}", value)
        return url


def hooks_of(database: Database, project_id: int | None) -> list[Hook]:
    """Return the hooks of a project, or the system hooks."""
    return [
        Hook(*row)
        for row in database.rows(
            "SELECT * FROM hooks WHERE project_id IS ? ORDER BY id", (project_id,)
        )
    ]


def find_hook(database: Database, project_id: int | None, hook_id: int) -> Hook | None:
    """Return one of them."""
    row = database.row(
        "SELECT * FROM hooks WHERE project_id IS ? AND id = ?", (project_id, hook_id)
    )
    return None if row is None else Hook(*row)
