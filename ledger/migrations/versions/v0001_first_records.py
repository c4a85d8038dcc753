"""Sites, bindings, staging, facts, uploads, jobs and log-ins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the first tables."""
    _create_sites_and_bindings()
    _create_object_records()
    _create_uploads()
    _create_upload_files()
    _create_jobs()
    _create_logins()


def _create_sites_and_bindings() -> None:
    op.create_table(
        "sites",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("endpoint", sa.Text),
        sa.Column("public_endpoint", sa.Text),
        sa.Column("region", sa.Text),
        sa.Column("registered_by", sa.Text, nullable=False),
        sa.Column("sealed_keys", sa.LargeBinary),
        sa.Column("health", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
    )
    op.create_table(
        "bindings",
        sa.Column("dataset_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("site_id", sa.BigInteger, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("order_key", sa.Text, nullable=False),
        sa.Column("bound", sa.Boolean, nullable=False),
        sa.Column("lease_until", _MOMENT),
        sa.Column("token", sa.LargeBinary),
        sa.PrimaryKeyConstraint("dataset_id", name="pk_bindings"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_bindings_site_id"),
        sa.UniqueConstraint("site_id", "prefix", name="uq_bindings_site_id_prefix"),
    )


def _create_object_records() -> None:
    op.create_table(
        "staging",
        sa.Column("dataset_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("multipart_id", sa.Text),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", "key", name="pk_staging"),
    )
    op.create_index("ix_staging_recorded_at", "staging", ["recorded_at"])
    op.create_table(
        "facts",
        sa.Column("dataset_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("md5", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("block_sha256", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", "md5", name="pk_facts"),
        sqlite_with_rowid=False,
    )


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("dataset_id", sa.BigInteger, nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("token", sa.LargeBinary),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("author_email", sa.Text, nullable=False),
        sa.Column("branch", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("base", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("revision", sa.Text),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_state_expires_at", "uploads", ["state", "expires_at"])


def _create_upload_files() -> None:
    op.create_table(
        "upload_files",
        sa.Column("upload_id", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("md5", sa.Text, nullable=False),
        sa.Column("git_candidate", sa.Boolean, nullable=False),
        sa.Column("received", sa.Boolean, nullable=False),
        sa.Column("unchanged", sa.Boolean, nullable=False),
        sa.Column("text", sa.LargeBinary),
        sa.PrimaryKeyConstraint("upload_id", "path", name="pk_upload_files"),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name="fk_upload_files_upload_id", ondelete="CASCADE"
        ),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_until", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_created_at", "jobs", ["state", "created_at"])


def _create_logins() -> None:
    op.create_table(
        "logins",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("person", sa.LargeBinary, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("refresh_until", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
    )
    op.create_index("ix_logins_last_seen_at", "logins", ["last_seen_at"])
