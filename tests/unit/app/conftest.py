from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask

from app.factory import create_app
from app.settings import Settings, read_settings
from app.shell import Services

KEY = "bYw3vQ7pZrT1xLk9sNf5uHd2gJc8mAe4"


@pytest.fixture
def settings() -> Settings:
    return read_settings({"LABSET_SECRET_KEY": KEY, "LABSET_GITLAB_URL": "http://gitlab.test"})


@pytest.fixture
def app(settings: Settings) -> Flask:
    nothing = cast(
        "Any", SimpleNamespace(clock=None, directory=SimpleNamespace(check_answers=None))
    )
    return create_app(
        settings,
        Services(
            nothing, nothing, nothing, nothing, lambda: 0.0, lambda _id: None, lambda _moment: 0
        ),
    )
