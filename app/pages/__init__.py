"""Pages for people: blueprints by subject."""

from __future__ import annotations

from flask import Blueprint

from app.pages import session

BLUEPRINTS: tuple[Blueprint, ...] = (session.blueprint,)
