"""Assets, the registry of asset databases, and what queries on them need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_DOCUMENT = sa.JSON().with_variant(postgresql.JSONB, "postgresql")
_TERMS = sa.Text().with_variant(postgresql.ARRAY(sa.BigInteger), "postgresql")
_CODE_POINTS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# The bytes by which the first value on a path is sorted, as ledger/filtering/ordering.py makes them.
# The bits of a double, taken as a whole number: with the sign turned, or all turned where it is set,
# they sort as the numbers do.
_SORT_KEY = r"""
CREATE FUNCTION labset_sort_key(document jsonb, path jsonpath) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
DECLARE
  value jsonb := jsonb_path_query_first(document, path);
  bits bigint;
BEGIN
  CASE jsonb_typeof(value)
    WHEN 'number' THEN
      bits := ('x' || encode(float8send(value::float8), 'hex'))::bit(64)::bigint;
      bits := CASE WHEN bits < 0 THEN ~bits ELSE bits # (-9223372036854775808)::bigint END;
      RETURN '\x02'::bytea || int8send(bits);
    WHEN 'string' THEN
      RETURN '\x03'::bytea || convert_to(left(value #>> '{}', 100), 'UTF8');
    WHEN 'object' THEN RETURN '\x04'::bytea;
    WHEN 'array' THEN RETURN '\x05'::bytea;
    WHEN 'boolean' THEN
      RETURN CASE WHEN value::boolean THEN '\x0601'::bytea ELSE '\x0600'::bytea END;
    ELSE RETURN '\x01'::bytea;
  END CASE;
END
$body$
"""


def upgrade() -> None:
    """Make the tables; each database gets the inverted index that it is quick with."""
    _create_assets()
    _create_objects_and_installation()
    _create_registry()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_SORT_KEY)
        op.create_index("ix_assets_terms", "assets", ["terms"], postgresql_using="gin")


def _create_assets() -> None:
    op.create_table(
        "assets",
        sa.Column("number", _COUNTED, autoincrement=True, nullable=False),
        sa.Column("id", _CODE_POINTS, nullable=False),
        sa.Column("assets_db_id", sa.Text, nullable=False),
        sa.Column("uri_key", sa.Text),
        sa.Column("name", _CODE_POINTS, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("owner_id", sa.BigInteger),
        sa.Column("dataset_id", sa.BigInteger),
        sa.Column("site_id", sa.BigInteger),
        sa.Column("md5", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("document", _DOCUMENT, nullable=False),
        sa.Column("terms", _TERMS),
        sa.PrimaryKeyConstraint("number", name="pk_assets"),
        sa.UniqueConstraint("id", name="uq_assets_id"),
        sa.UniqueConstraint("assets_db_id", "uri_key", name="uq_assets_assets_db_id_uri_key"),
    )
    op.create_index("ix_assets_uri_key", "assets", ["uri_key"])
    op.create_index("ix_assets_updated_at_id", "assets", ["updated_at", "id"])
    op.create_index("ix_assets_name_id", "assets", ["name", "id"])
    op.create_index("ix_assets_md5_assets_db_id", "assets", ["md5", "assets_db_id"])
    op.create_table(
        "asset_terms",
        sa.Column("term", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("term", "number", name="pk_asset_terms"),
        sqlite_with_rowid=False,
    )


def _create_objects_and_installation() -> None:
    op.create_table(
        "asset_objects",
        sa.Column("assets_db_id", sa.Text, nullable=False),
        sa.Column("site_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("md5", sa.Text, nullable=False),
        sa.Column("unnamed_since", _MOMENT, nullable=False),
        sa.Column("claimed", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("assets_db_id", "site_id", "md5", name="pk_asset_objects"),
    )
    op.create_index("ix_asset_objects_unnamed_since", "asset_objects", ["unnamed_since"])
    op.create_table(
        "installation",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_installation"),
    )


def _create_registry() -> None:
    op.create_table(
        "registry_entries",
        sa.Column("number", _COUNTED, autoincrement=True, nullable=False),
        sa.Column("id", _CODE_POINTS, nullable=False),
        sa.Column("name", _CODE_POINTS, nullable=False),
        sa.Column("owner_id", sa.BigInteger),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("checked_at", _MOMENT),
        sa.Column("seconds", sa.Float),
        sa.Column("problem", sa.Text),
        sa.Column("due_from", _MOMENT),
        sa.Column("document", _DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_registry_entries"),
        sa.UniqueConstraint("id", name="uq_registry_entries_id"),
    )
    op.create_index("ix_registry_entries_due_from", "registry_entries", ["due_from"])
    op.create_table(
        "registry_checks",
        sa.Column("number", _COUNTED, autoincrement=True, nullable=False),
        sa.Column("entry_id", _CODE_POINTS, nullable=False),
        sa.Column("checked_at", _MOMENT, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("problem", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_registry_checks"),
    )
    op.create_index("ix_registry_checks_entry_id_number", "registry_checks", ["entry_id", "number"])
