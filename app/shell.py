"""What one Flask application carries: its settings and the platform below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from app.settings import Settings
from core.ports import Platform

EXTENSION = "labset"


@dataclass(frozen=True, slots=True)
class Shell:
    """One application's settings and what its verbs reach."""

    settings: Settings
    platform: Platform


def shell() -> Shell:
    """Return what the current application carries."""
    return cast("Shell", current_app.extensions[EXTENSION])
