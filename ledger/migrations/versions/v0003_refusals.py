"""What DVC was refused last, by person and dataset."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for the newest refusal of each person and dataset."""
    op.create_table(
        "refusals",
        sa.Column("person_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("dataset_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "dataset_id", name="pk_refusals"),
    )
    op.create_index("ix_refusals_refused_at", "refusals", ["refused_at"])
