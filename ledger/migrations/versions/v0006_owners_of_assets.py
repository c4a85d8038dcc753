"""The assets of one person are found by who he is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    has_owner = sa.text("owner_id IS NOT NULL")
    op.create_index(
        "ix_assets_owner",
        "assets",
        ["assets_db_id", "owner_id", "number"],
        postgresql_where=has_owner,
        sqlite_where=has_owner,
    )
