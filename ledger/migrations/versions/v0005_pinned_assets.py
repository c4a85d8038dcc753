"""Assets that are files of datasets, the datasets that have such, and leases on bytes that are removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there has none of it."""
    op.add_column("assets", sa.Column("pinned_revision", sa.Text))
    op.add_column("assets", sa.Column("pinned_path", sa.Text))
    op.add_column("asset_objects", sa.Column("claimed_until", sa.DateTime(timezone=True)))
    op.create_index("ix_assets_site", "assets", ["site_id"])
    has_dataset = sa.text("dataset_id IS NOT NULL")
    op.create_index(
        "ix_assets_dataset",
        "assets",
        ["assets_db_id", "dataset_id", "number"],
        postgresql_where=has_dataset,
        sqlite_where=has_dataset,
    )
