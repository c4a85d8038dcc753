"""What one Flask application carries: its settings and what its verbs reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app

from app.oauth import GitLabOAuth
from app.probes import Probes, make_probes
from app.sessions import Sessions
from app.settings import Settings
from core.model.names import DatasetId
from core.ports import AssetPlatform, LoginRecords, Platform

EXTENSION = "labset"
ASSETS = "labset.assets"


@dataclass(frozen=True, slots=True)
class Services:
    """What a process works with; opened by `app.wiring` after it forked.

    `wake` tells the workers of a job that waits. `check_ledger` answers how long the database took,
    in seconds. `note_change` tells the bridge
    that something of a project is not what it was. `sweep_staging` removes temporary bytes that were
    recorded before a time, and returns how many.
    """

    platform: Platform
    assets: AssetPlatform
    wake: Callable[[str], None]
    logins: LoginRecords
    check_ledger: Callable[[], float]
    note_change: Callable[[DatasetId], None]
    sweep_staging: Callable[[datetime], int]


@dataclass(frozen=True, slots=True)
class Shell:
    """One application's settings, services and log-in sessions."""

    settings: Settings
    services: Services
    oauth: GitLabOAuth
    sessions: Sessions
    csrf_key: bytes
    probes: Probes

    @property
    def platform(self) -> Platform:
        """What the verbs need."""
        return self.services.platform


def make_shell(settings: Settings, services: Services) -> Shell:
    """Put it together."""
    oauth = GitLabOAuth(settings)
    sessions = Sessions(settings, services.logins, services.platform.clock, oauth)
    probes = make_probes(settings.home, services.platform, services.check_ledger)
    return Shell(settings, services, oauth, sessions, settings.derive_key("csrf"), probes)


def shell() -> Shell:
    """Return what the current application carries."""
    return cast("Shell", current_app.extensions[EXTENSION])


def find_sessions() -> Sessions | None:
    """Return the log-in sessions; None where the asset database runs alone, which has none."""
    found = cast("Shell | None", current_app.extensions.get(EXTENSION))
    return found.sessions if found else None
