"""Files of upload sessions that arrive in parts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Note where parts lie, and which sessions want links to them."""
    op.add_column(
        "uploads",
        sa.Column("multipart", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "staged_files",
        sa.Column("upload_id", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("multipart_id", sa.Text),
        sa.Column("proving_until", sa.DateTime(timezone=True)),
        sa.Column("problem_code", sa.Text),
        sa.Column("problem", sa.Text),
        sa.PrimaryKeyConstraint("upload_id", "path", name="pk_staged_files"),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name="fk_staged_files_upload_id", ondelete="CASCADE"
        ),
    )
