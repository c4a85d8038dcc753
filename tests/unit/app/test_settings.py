from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import read_settings
from core.errors import Invalid
from core.model.assets import AssetVisibility
from tests.unit.app.conftest import KEY

RIGHT = {"LABSET_SECRET_KEY": KEY, "LABSET_GITLAB_URL": "https://gitlab.example.org/"}


def test_two_variables_are_enough() -> None:
    settings = read_settings(RIGHT | {"LABSET_HOME": "/srv/labset"})
    assert settings.gitlab_url == "https://gitlab.example.org"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.database_url == "sqlite:////srv/labset/ledger.sqlite3"
    assert settings.broker_url == "labset-folder://localhost/"
    assert settings.oauth_id is None
    assert not settings.is_https


@pytest.mark.parametrize(
    "key",
    (
        "",
        "short",
        "x" * 64,
        "change-me-change-me-change-me-1234567890",
        "this is the default of some example 0123",
        "abcabcabcabcabcabcabcabcabcabcabcabcabc",
    ),
)
def test_a_missing_short_or_guessable_key_refuses_to_start_and_says_how_to_make_one(
    key: str,
) -> None:
    with pytest.raises(Invalid, match="token_urlsafe") as refused:
        read_settings(RIGHT | {"LABSET_SECRET_KEY": key})
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    ("gitlab", "ftp://x", "https://", "https://user@x", "https://x:notaport", "https://x?y=1"),
)
def test_a_wrong_address_is_refused_by_name(address: str) -> None:
    with pytest.raises(Invalid, match="LABSET_GITLAB_URL"):
        read_settings(RIGHT | {"LABSET_GITLAB_URL": address})


def test_gitlab_may_live_below_a_path_and_labset_may_not() -> None:
    assert read_settings(RIGHT | {"LABSET_GITLAB_URL": "https://x/gitlab"}).gitlab_url
    with pytest.raises(Invalid, match="LABSET_BASE_URL"):
        read_settings(RIGHT | {"LABSET_BASE_URL": "https://x/labset"})


def test_lists_are_taken_apart() -> None:
    settings = read_settings(
        RIGHT
        | {
            "LABSET_LOCAL_ROOTS": "/data:/more",
            "LABSET_ALLOWED_HOSTS": "minio:9000, 10.1.2.3",
            "LABSET_TRUSTED_PROXIES": "10.0.0.0/8 ::1",
            "LABSET_SECRET_KEY_OLD": KEY[::-1],
        }
    )
    assert settings.local_roots == (Path("/data"), Path("/more"))
    assert settings.allowed_hosts == ("minio:9000", "10.1.2.3")
    assert [str(one) for one in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert [one.reveal() for one in settings.secret_keys] == [KEY, KEY[::-1]]


@pytest.mark.parametrize(
    ("name", "value"),
    (
        ("LABSET_LOCAL_ROOTS", "data"),
        ("LABSET_TRUSTED_PROXIES", "proxy.example"),
        ("LABSET_ASSETS_DB_ID", "two words"),
        ("LABSET_ASSETS_VISIBILITY", "dataset"),
    ),
)
def test_what_cannot_be_right_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=name):
        read_settings(RIGHT | {name: value})


def test_the_site_of_assets_is_named_by_its_number_or_its_name() -> None:
    assert read_settings(RIGHT).assets_site == ""
    assert read_settings(RIGHT | {"LABSET_ASSETS_SITE": "12"}).assets_site == "12"
    assert read_settings(RIGHT | {"LABSET_ASSETS_SITE": " lab-s3 "}).assets_site == "lab-s3"


def test_assets_are_public_and_their_writes_closed_unless_told_otherwise() -> None:
    settings = read_settings(RIGHT)
    assert settings.assets_visibility is AssetVisibility.PUBLIC
    assert not settings.assets_open
    told = {"LABSET_ASSETS_VISIBILITY": "Internal", "LABSET_ASSETS_OPEN": "1"}
    settings = read_settings(RIGHT | told)
    assert settings.assets_visibility is AssetVisibility.INTERNAL
    assert settings.assets_open


def test_no_secret_shows_when_settings_are_printed() -> None:
    secrets = {
        "LABSET_GITLAB_OAUTH_SECRET": "oauth-canary",
        "LABSET_GITLAB_SERVICE_TOKEN": "service-canary",
        "LABSET_GITLAB_HOOK_TOKEN": "hook-canary",
    }
    text = repr(read_settings(RIGHT | secrets))
    assert "canary" not in text
    assert KEY not in text


def test_keys_of_different_purposes_have_nothing_in_common() -> None:
    settings = read_settings(RIGHT)
    assert settings.derive_key("csrf") != settings.derive_key("flask")
    assert len(settings.derive_key("csrf")) == 32
