"""Assets that are files of datasets, leases on bytes that are removed, slots, and indexes of owners and datasets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns; what is there has none of it."""
    op.add_column("assets", sa.Column("pinned_revision", sa.Text))
    op.add_column("assets", sa.Column("pinned_path", sa.Text))
    op.add_column(
        "assets", sa.Column("slot", sa.Text, nullable=False, server_default=sa.text("''"))
    )
    _give_slots_to_objects()
    op.create_index("ix_assets_site", "assets", ["site_id"])
    for column in ("dataset_id", "owner_id"):
        is_known = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_assets_{column.removesuffix('_id')}",
            "assets",
            ["assets_db_id", column, "number"],
            postgresql_where=is_known,
            sqlite_where=is_known,
        )


def _give_slots_to_objects() -> None:
    """Make the table anew: SQLite cannot change a primary key."""
    op.execute("CREATE TABLE asset_objects_before AS SELECT * FROM asset_objects")
    op.drop_table("asset_objects")
    op.create_table(
        "asset_objects",
        sa.Column("assets_db_id", sa.Text, nullable=False),
        sa.Column("site_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("md5", sa.Text, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("unnamed_since", _MOMENT, nullable=False),
        sa.Column("claimed", sa.Boolean, nullable=False),
        sa.Column("claimed_until", _MOMENT),
        sa.PrimaryKeyConstraint("assets_db_id", "site_id", "md5", "slot", name="pk_asset_objects"),
    )
    op.create_index("ix_asset_objects_unnamed_since", "asset_objects", ["unnamed_since"])
    op.execute(
        "INSERT INTO asset_objects (assets_db_id, site_id, md5, slot, unnamed_since, claimed) "
        "SELECT assets_db_id, site_id, md5, '', unnamed_since, claimed FROM asset_objects_before"
    )
    op.drop_table("asset_objects_before")
