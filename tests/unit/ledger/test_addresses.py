from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Dialect, make_url

from core.errors import Invalid
from ledger.database import parse_address
from ledger.tables import Moment, Words


def test_a_file_of_sqlite_is_named_from_the_root() -> None:
    assert parse_address("sqlite:////srv/labset/ledger.db").database == "/srv/labset/ledger.db"
    relative = parse_address("sqlite:///ledger.db").database
    assert relative is not None
    assert relative.startswith("/")
    assert relative.endswith("/ledger.db")


@pytest.mark.parametrize("scheme", ("postgresql", "postgres", "postgresql+psycopg"))
def test_postgresql_is_spoken_by_psycopg_however_it_is_spelled(scheme: str) -> None:
    url = parse_address(f"{scheme}://labset:pw@db.test:5433/ledger?sslmode=require")
    assert url.drivername == "postgresql+psycopg"
    assert (url.host, url.port, url.database) == ("db.test", 5433, "ledger")
    assert url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    "address",
    ("", "sqlite://", "sqlite:///:memory:", "mysql://host/db", "postgresql+asyncpg://h/d", "x"),
)
def test_any_other_address_is_refused_in_words(address: str) -> None:
    with pytest.raises(Invalid, match="LABSET_DATABASE_URL"):
        parse_address(address)


def dialect_of(address: str) -> Dialect:
    return make_url(address).get_dialect()()


@pytest.mark.parametrize("address", ("sqlite://", "postgresql+psycopg://"))
def test_times_are_kept_in_utc_and_never_without_a_zone(address: str) -> None:
    dialect = dialect_of(address)
    moment, east = Moment(), timezone(timedelta(hours=5))
    kept = moment.process_bind_param(datetime(2026, 1, 1, 3, tzinfo=east), dialect)
    assert moment.process_result_value(kept, dialect) == datetime(2025, 12, 31, 22, tzinfo=UTC)
    assert moment.process_bind_param(None, dialect) is None
    assert moment.process_result_value(None, dialect) is None
    naive = datetime(2026, 1, 1, 3)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="zone"):
        moment.process_bind_param(naive, dialect)


def test_words_that_no_database_stores_are_kept_as_far_as_they_can_be() -> None:
    kept = Words().process_bind_param("a\x00b\ud800c – ä", dialect_of("sqlite://"))
    assert kept == "a?b?c – ä"
