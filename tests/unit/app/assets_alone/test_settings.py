from __future__ import annotations

from pathlib import Path

import pytest

from app.assets_alone.settings import read_alone_settings
from core.errors import Invalid
from core.model.assets import AssetVisibility
from core.model.storage import SiteKind

OPEN = {"LABSET_ASSETS_OPEN": "1", "LABSET_HOME": "/srv/assets"}
S3 = OPEN | {
    "LABSET_ASSETS_STORE": "s3://bucket/some/prefix",
    "LABSET_ASSETS_S3_ENDPOINT": "http://minio.lan:9000/",
    "LABSET_ASSETS_S3_ACCESS_KEY": "key",
    "LABSET_ASSETS_S3_SECRET_KEY": "a secret of the store",
    "LABSET_ASSETS_S3_REGION": "eu-central-1",
}


def test_one_variable_is_enough() -> None:
    settings = read_alone_settings({"LABSET_ASSETS_OPEN": "1"})
    assert settings.home.parts[-2:] == ("var", "assets-alone")
    assert settings.store.url == (settings.home / "store").as_uri()
    assert settings.has_own_store
    assert settings.database_url == f"sqlite:///{settings.home}/assets.sqlite3"
    assert (settings.bind, settings.port) == ("127.0.0.1", 8010)
    assert settings.base_url == "http://127.0.0.1:8010"
    assert settings.visibility is AssetVisibility.PUBLIC
    assert settings.assets_db_id is None
    assert settings.keys is None


def test_without_tokens_and_without_being_open_it_refuses_and_says_how_to_let_people_write() -> (
    None
):
    with pytest.raises(Invalid, match=r"LABSET_ASSETS_TOKENS.*token_urlsafe.*LABSET_ASSETS_OPEN=1"):
        read_alone_settings({})
    with pytest.raises(Invalid, match="Nobody could write"):
        read_alone_settings({"LABSET_ASSETS_OPEN": "0"})


def test_a_file_of_tokens_is_enough_as_well() -> None:
    settings = read_alone_settings({"LABSET_ASSETS_TOKENS": "/etc/labset/tokens"})
    assert settings.tokens_file == Path("/etc/labset/tokens")
    assert not settings.is_open
    assert settings.warnings == ()


def test_a_bucket_is_described_by_its_variables() -> None:
    settings = read_alone_settings(S3)
    assert settings.store.kind is SiteKind.S3
    assert settings.store.url == "s3://bucket/some/prefix"
    assert settings.store.endpoint == "http://minio.lan:9000"
    assert settings.store.region == "eu-central-1"
    assert settings.endpoint is not None
    assert (settings.endpoint.host, settings.endpoint.port) == ("minio.lan", 9000)
    assert settings.keys is not None
    assert settings.keys.secret_key.reveal() == "a secret of the store"
    assert "a secret of the store" not in repr(settings)
    assert settings.folder is None


def test_amazons_own_buckets_need_no_endpoint() -> None:
    rest = {name: text for name, text in S3.items() if name != "LABSET_ASSETS_S3_ENDPOINT"}
    assert read_alone_settings(rest).endpoint is None


@pytest.mark.parametrize(
    ("variable", "text"),
    (
        ("LABSET_ASSETS_STORE", "/srv/files"),
        ("LABSET_ASSETS_STORE", "file:///"),
        ("LABSET_ASSETS_STORE", "file:///srv/../etc"),
        ("LABSET_ASSETS_STORE", "s3://No_Bucket"),
        ("LABSET_ASSETS_STORE", "http://bucket"),
        ("LABSET_ASSETS_S3_ENDPOINT", "minio.lan"),
        ("LABSET_ASSETS_S3_ENDPOINT", "http://user@minio.lan"),
        ("LABSET_ASSETS_S3_ACCESS_KEY", ""),
        ("LABSET_ASSETS_S3_SECRET_KEY", ""),
        ("LABSET_ASSETS_PORT", "http"),
        ("LABSET_ASSETS_PORT", "0"),
        ("LABSET_ASSETS_PORT", "65536"),
        ("LABSET_ASSETS_DB_ID", "two words"),
        ("LABSET_ASSETS_DB_ID", "../up"),
        ("LABSET_ASSETS_VISIBILITY", "dataset"),
        ("LABSET_BASE_URL", "assets.example.org"),
        ("LABSET_BASE_URL", "https://example.org/assets"),
        ("LABSET_TRUSTED_PROXIES", "everybody"),
    ),
)
def test_what_cannot_be_right_is_refused_by_its_name(variable: str, text: str) -> None:
    with pytest.raises(Invalid, match=variable) as refused:
        read_alone_settings(S3 | {variable: text})
    assert "a secret of the store" not in refused.value.message


def test_whoever_opens_it_to_everybody_is_warned() -> None:
    assert any("everybody" in told for told in read_alone_settings(OPEN).warnings)


def test_whoever_opens_it_to_the_network_without_an_address_is_warned() -> None:
    told = read_alone_settings(OPEN | {"LABSET_BIND": "0.0.0.0"}).warnings  # noqa: S104 - a text
    assert any("LABSET_BASE_URL" in line for line in told)
    reached = {"LABSET_BIND": "0.0.0.0", "LABSET_BASE_URL": "https://assets.example.org"}  # noqa: S104
    assert not any(
        "LABSET_BASE_URL" in told for told in read_alone_settings(OPEN | reached).warnings
    )
