"""The tables, as the newest migration leaves them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A time with its zone, always UTC; SQLite, which knows no zones, keeps the naive UTC text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse times without a zone; hand the rest over in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the ledger carry their zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Sentences from anywhere: what no database can store of them is kept as a question mark.

    A failure's reason must never be the reason for another failure.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Replace NULs and halves of surrogate pairs."""
        if value is None:
            return None
        return value.replace("\x00", "?").encode("utf-8", "replace").decode()


class TermList(TypeDecorator[list[int]]):
    """What PostgreSQL's inverted index is made of; SQLite has a table for it, and nothing here."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Be an array where there are arrays."""
        kind = ARRAY(BigInteger) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> list[int] | None:
        """Keep nothing in SQLite."""
        return value if dialect.name == "postgresql" else None


_COUNTED = BigInteger().with_variant(Integer, "sqlite")  # which numbers only those by itself
_DOCUMENT = JSON().with_variant(JSONB, "postgresql")
_CODE_POINTS = Text().with_variant(Text(collation="C"), "postgresql")

sites = Table(
    "sites",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("endpoint", Text),
    Column("public_endpoint", Text),
    Column("region", Text),
    Column("registered_by", Words, nullable=False),
    Column("sealed_keys", LargeBinary),  # sealed JSON of access and secret key
    Column("health", Text),  # JSON of the last check
)

bindings = Table(
    "bindings",
    metadata,
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("site_id", BigInteger, ForeignKey("sites.id"), nullable=False),
    Column("prefix", Text, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("bound", Boolean, nullable=False),
    Column("lease_until", Moment),
    Column("token", LargeBinary),  # sealed
    UniqueConstraint("site_id", "prefix"),
)

staging = Table(
    "staging",
    metadata,
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    Column("multipart_id", Text),
    Column("recorded_at", Moment, nullable=False, index=True),
)

facts = Table(
    "facts",
    metadata,
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("md5", Text, primary_key=True),  # 32 hex digits, `.dir` after those of listings
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("block_sha256", LargeBinary, nullable=False),  # 32 bytes for each block
    sqlite_with_rowid=False,
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("dataset_id", BigInteger, nullable=False),
    Column("owner_id", BigInteger, nullable=False),
    Column("token", LargeBinary),  # sealed
    Column("author_name", Words, nullable=False),
    Column("author_email", Words, nullable=False),
    Column("branch", Text, nullable=False),
    Column("message", Words, nullable=False),
    Column("base", Text),
    Column("state", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("files", Integer, nullable=False),
    Column("reason", Words),
    Column("revision", Text),
    Column("lease_until", Moment),
    Column("multipart", Boolean, nullable=False, server_default=false()),
    Index(None, "state", "expires_at"),
)

staged_files = Table(
    "staged_files",
    metadata,
    Column("upload_id", Text, ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("multipart_id", Text),
    Column("proving_until", Moment),
    Column("problem_code", Text),
    Column("problem", Words),
)

upload_files = Table(
    "upload_files",
    metadata,
    Column("upload_id", Text, ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("md5", Text, nullable=False),
    Column("git_candidate", Boolean, nullable=False),
    Column("received", Boolean, nullable=False),
    Column("unchanged", Boolean, nullable=False),
    Column("text", LargeBinary),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("unit", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("result", Text, nullable=False),  # JSON
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Moment),
    Index(None, "state", "created_at"),
)

logins = Table(
    "logins",
    metadata,
    Column("id", Text, primary_key=True),  # sha256 of what the cookie holds
    Column("person", LargeBinary, nullable=False),  # sealed JSON of all else
    Column("generation", Integer, nullable=False),
    Column("refresh_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False, index=True),
)

refusals = Table(
    "refusals",
    metadata,
    Column("person_id", BigInteger, primary_key=True, autoincrement=False),
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("refused_at", Moment, nullable=False, index=True),
    Column("method", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Words, nullable=False),
)

assets = Table(
    "assets",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", _CODE_POINTS, nullable=False, unique=True),
    Column("assets_db_id", Text, nullable=False),
    Column("uri_key", Text, index=True),  # sha256 of the URI, which may be too long for an index
    Column("name", _CODE_POINTS, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("owner_id", BigInteger),
    Column("dataset_id", BigInteger),
    Column("site_id", BigInteger),
    Column("md5", Text),
    Column("slot", Text, nullable=False, server_default=text("''")),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("document", _DOCUMENT, nullable=False),  # what GET shows, and the version's sort key
    Column("terms", TermList),
    Column("pinned_revision", Text),  # of a file that the dataset keeps
    Column("pinned_path", Text),
    UniqueConstraint("assets_db_id", "uri_key"),
    Index(None, "updated_at", "id"),
    Index(None, "name", "id"),
    Index(None, "md5", "assets_db_id"),
)
Index(  # which datasets have assets at all
    "ix_assets_dataset",
    assets.c.assets_db_id,
    assets.c.dataset_id,
    assets.c.number,
    postgresql_where=assets.c.dataset_id.isnot(None),
    sqlite_where=assets.c.dataset_id.isnot(None),
)
Index(
    "ix_assets_owner",
    assets.c.assets_db_id,
    assets.c.owner_id,
    assets.c.number,
    postgresql_where=assets.c.owner_id.isnot(None),
    sqlite_where=assets.c.owner_id.isnot(None),
)
Index("ix_assets_site", assets.c.site_id)
Index("ix_assets_terms", assets.c.terms, postgresql_using="gin").ddl_if(dialect="postgresql")

asset_terms = Table(  # SQLite's inverted index of the documents; PostgreSQL's is on assets.terms
    "asset_terms",
    metadata,
    Column("term", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

asset_objects = Table(  # bytes that no entry names
    "asset_objects",
    metadata,
    Column("assets_db_id", Text, primary_key=True),
    Column("site_id", BigInteger, primary_key=True, autoincrement=False),
    Column("md5", Text, primary_key=True),
    Column("slot", Text, primary_key=True),
    Column("unnamed_since", Moment, nullable=False, index=True),
    Column("claimed", Boolean, nullable=False),
    Column("claimed_until", Moment),  # whose turn it is to remove them
)

installation = Table(  # what this installation made up once, and keeps
    "installation",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

registry_entries = Table(
    "registry_entries",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("id", _CODE_POINTS, nullable=False, unique=True),
    Column("name", _CODE_POINTS, nullable=False),
    Column("owner_id", BigInteger),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("checked_at", Moment),
    Column("seconds", Float),
    Column("problem", Words),
    Column("due_from", Moment, index=True),  # when somebody last began to look at its health
    Column("document", _DOCUMENT, nullable=False),
)

registry_checks = Table(
    "registry_checks",
    metadata,
    Column("number", _COUNTED, primary_key=True, autoincrement=True),
    Column("entry_id", _CODE_POINTS, nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("problem", Words),
    Index(None, "entry_id", "number"),
)
