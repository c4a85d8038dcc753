"""The application as it is, over nothing: for its routes and its own refusals, not for its answers."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Flask

from app.factory import create_app
from app.settings import read_settings
from app.shell import Services

ENVIRONMENT = {
    "LABSET_SECRET_KEY": "mQ2vXr8LpZ4nTs7WbY1kJd6HgF3cRe9A",
    "LABSET_GITLAB_URL": "http://gitlab.test",
}


class Nothing:
    """Has every attribute and answers nothing."""

    def __getattr__(self, _name: str) -> Any:  # noqa: ANN401 - whatever is asked for
        return self

    def __call__(self, *_arguments: object, **_named: object) -> None:
        """Do nothing."""


def make_app() -> Flask:
    nothing: Any = Nothing()
    services = Services(**{field.name: nothing for field in fields(Services)})
    return create_app(read_settings(ENVIRONMENT), services)
