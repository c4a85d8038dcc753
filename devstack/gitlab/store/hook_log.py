"""What was sent to hooks and what came back, newest last; by it a hook that keeps failing is known."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devstack.gitlab.store.database import Database

KEPT_PER_HOOK = 200


def note(database: Database, hook_id: int, told: dict[str, Any], *, failed: bool | None) -> None:
    """Keep one try, unless the hook is gone; `failed` None: it will be tried again."""
    with database.changes() as connection:
        added = connection.execute(
            "INSERT INTO hook_deliveries (hook_id, failed, sent_at, told)"
            " SELECT id, ?, ?, ? FROM hooks WHERE id = ?",
            (None if failed is None else int(failed), time.time(), json.dumps(told), hook_id),
        )
        if added.rowcount:
            connection.execute(
                "DELETE FROM hook_deliveries WHERE hook_id = :hook AND id NOT IN"
                " (SELECT id FROM hook_deliveries WHERE hook_id = :hook ORDER BY id DESC LIMIT :kept)",
                {"hook": hook_id, "kept": KEPT_PER_HOOK},
            )


def deliveries_of(database: Database, hook_id: int) -> list[dict[str, Any]]:
    """Return the tries of one hook, the newest first."""
    rows = database.rows(
        "SELECT id, told FROM hook_deliveries WHERE hook_id = ? ORDER BY id DESC", (hook_id,)
    )
    return [_told(row) for row in rows]


def find_delivery(database: Database, hook_id: int, delivery_id: int) -> dict[str, Any] | None:
    """Return one of them."""
    row = database.row(
        "SELECT id, told FROM hook_deliveries WHERE hook_id = ? AND id = ?", (hook_id, delivery_id)
    )
    return None if row is None else _told(row)


def _told(row: sqlite3.Row) -> dict[str, Any]:
    return {"id": row["id"], **json.loads(row["told"])}


def failures_in_a_row(database: Database, hook_id: int) -> tuple[int, float]:
    """Return how many messages failed since the last success, and when the last did (seconds since 1970)."""
    row = database.row(
        """SELECT COUNT(*), MAX(sent_at) FROM hook_deliveries WHERE hook_id = :hook AND failed = 1
           AND id > (SELECT COALESCE(MAX(id), 0) FROM hook_deliveries WHERE hook_id = :hook AND failed = 0)""",
        {"hook": hook_id},
    )
    return (row[0], row[1] or 0.0) if row else (0, 0.0)
