from __future__ import annotations

import pytest

from app.assets_alone.__main__ import _without_password, main


@pytest.mark.parametrize(
    ("url", "told"),
    (
        ("sqlite:////srv/assets.sqlite3", "sqlite:////srv/assets.sqlite3"),
        ("postgresql://me:p@ss@db.lan/assets", "postgresql://db.lan/assets"),
        ("postgresql://db.lan/assets?user=me&password=pass", "postgresql://db.lan/assets"),
    ),
)
def test_no_password_is_told_at_start(url: str, told: str) -> None:
    assert _without_password(url) == told


def test_help_is_no_failure_and_anything_else_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "Running alone" in capsys.readouterr().out
    assert main(["serve"]) == 2
    assert "usage" in capsys.readouterr().err
