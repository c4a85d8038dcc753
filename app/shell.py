"""What one Flask application carries: its settings and the platform below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from app.oauth import GitLabOAuth
from app.sessions import Sessions
from app.settings import Settings
from core.ports import LoginRecords, Platform

EXTENSION = "labset"


@dataclass(frozen=True, slots=True)
class Shell:
    """One application's settings, what its verbs reach, and its log-in sessions."""

    settings: Settings
    platform: Platform
    oauth: GitLabOAuth
    sessions: Sessions
    csrf_key: bytes


def make_shell(settings: Settings, platform: Platform, logins: LoginRecords) -> Shell:
    """Put it together."""
    oauth = GitLabOAuth(settings)
    sessions = Sessions(settings, logins, platform.clock, oauth)
    return Shell(settings, platform, oauth, sessions, settings.derive_key("csrf"))


def shell() -> Shell:
    """Return what the current application carries."""
    return cast("Shell", current_app.extensions[EXTENSION])
