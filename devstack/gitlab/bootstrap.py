"""The first start: tables, folders, the administrator and a token for whoever sets the rest up."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from devstack.gitlab.oauth.openid import ensure_key
from devstack.gitlab.store.tokens import create_token, find_token, latest_expiry
from devstack.gitlab.store.users import create_user, find_by_username
from devstack.gitlab.upkeep import resume

if TYPE_CHECKING:
    from pathlib import Path

    from devstack.gitlab.state import Server

ROOT = "root"
_ROOT_SCOPES = ["api", "sudo", "admin_mode", "read_user", "read_repository", "write_repository"]


def prepare(server: Server, root_token_file: Path | None) -> None:
    """Bring the home of a server into the state in which it can serve; said twice, it changes nothing."""
    server.home.mkdir(parents=True, exist_ok=True)
    for name in ("repositories", "tmp"):
        (server.home / name).mkdir(exist_ok=True)
    for leftover in (server.home / "tmp").iterdir():
        leftover.unlink(missing_ok=True)
    server.database.create()
    ensure_key(server)
    root = find_by_username(server.database, ROOT) or create_user(
        server.database,
        username=ROOT,
        name="Administrator",
        email="admin@example.com",
        password=secrets.token_urlsafe(18),
        admin=1,
    )
    if root_token_file is not None:
        _keep_token(server, root.id, root_token_file)
    resume(server)
    server.database.close()


def _keep_token(server: Server, root_id: int, path: Path) -> None:
    """Leave the token in `path` (readable by the owner only) as it is while it works, else write a new one."""
    known = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    token = find_token(server.database, known) if known else None
    if token is not None and token.active and token.user_id == root_id:
        return
    _, secret = create_token(server.database, root_id, "bootstrap", _ROOT_SCOPES, latest_expiry())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
