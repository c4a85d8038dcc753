from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Index, text

from core.errors import Conflict, Invalid
from core.model.access import Secret
from core.model.assets import KeptObject
from core.model.names import Md5, SiteId
from ledger.database import make_lone_engine
from ledger.engine import Ledger, open_ledger
from ledger.tables import metadata
from tests.conformance.records.samples import LATER, NOW, kept_session
from tests.conformance.records.test_assets import kept_asset
from tests.integration.database.fixtures import KEY


def is_for(dialect: str) -> Callable[..., bool]:
    """Leave out the indexes that another database alone has."""

    def is_wanted(thing: object, *_: object) -> bool:
        is_gin = isinstance(thing, Index) and thing.dialect_options["postgresql"]["using"]
        return dialect == "postgresql" or not is_gin

    return is_wanted


def test_the_migrations_make_exactly_the_tables_that_the_code_expects(ledger: Ledger) -> None:
    engine = make_lone_engine(ledger.database.url)
    with engine.connect() as connection:
        options = {"compare_server_default": True, "include_object": is_for(engine.dialect.name)}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_opening_again_changes_nothing_and_keeps_everything(
    ledger: Ledger, database_url: str
) -> None:
    session = kept_session(ledger)
    again = open_ledger(database_url, [KEY])
    assert again.uploads.find_upload(session.dataset_id, session.id) == session
    assert again.check_answers() < 5
    again.close()


def test_a_database_of_a_newer_labset_is_left_alone(ledger: Ledger, database_url: str) -> None:
    with ledger.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict) as refused:
        open_ledger(database_url, [KEY])
    assert refused.value.code == "ledger_newer"


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    ledger = open_ledger(url, [KEY])
    with ledger.database.writing() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("DROP TABLE sites"))
    with pytest.raises(Exception, match="brought up to date"):
        open_ledger(url, [KEY])
    with ledger.database.reading() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master")).scalars().all()
    assert "sites" not in names
    ledger.close()


def test_the_file_is_made_with_its_folder_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.db"
    open_ledger(f"sqlite:///{path}", [KEY]).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_short_key_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with pytest.raises(Invalid):
        open_ledger(f"sqlite:///{path}", [Secret("short")])
    assert not path.exists()


OBJECTS_OF_VERSION_4 = (
    "ALTER TABLE asset_objects RENAME TO asset_objects_now",
    "DROP INDEX ix_asset_objects_unnamed_since",
    """CREATE TABLE asset_objects (assets_db_id TEXT NOT NULL, site_id BIGINT NOT NULL,
    md5 TEXT NOT NULL, unnamed_since TIMESTAMP WITH TIME ZONE NOT NULL, claimed BOOLEAN NOT NULL,
    PRIMARY KEY (assets_db_id, site_id, md5))""",
    "CREATE INDEX ix_asset_objects_unnamed_since ON asset_objects (unnamed_since)",
    """INSERT INTO asset_objects SELECT assets_db_id, site_id, md5, unnamed_since, claimed
    FROM asset_objects_now""",
    "DROP TABLE asset_objects_now",
)


def test_assets_of_an_older_labset_are_there_after_the_migration(database_url: str) -> None:
    """What version 4 kept has no revision, and its unnamed bytes no lease."""
    ledger = open_ledger(database_url, [KEY])
    asset = kept_asset(ledger)
    other = KeptObject(SiteId(3), Md5("7" * 32))
    ledger.assets.expect_object("db", other, NOW)
    with ledger.database.writing() as connection:
        for index in ("ix_assets_dataset", "ix_assets_owner", "ix_assets_site"):
            connection.execute(text(f"DROP INDEX {index}"))
        for column in ("pinned_revision", "pinned_path", "slot"):
            connection.execute(text(f"ALTER TABLE assets DROP COLUMN {column}"))
        for statement in OBJECTS_OF_VERSION_4:
            connection.execute(text(statement))
        connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    ledger.close()
    again = open_ledger(database_url, [KEY])
    assert again.assets.find_asset("db", asset.id) == asset
    claimed = again.assets.claim_collectable("db", LATER, 9, now=LATER, lease_until=LATER)
    assert claimed == [other]
    again.close()
