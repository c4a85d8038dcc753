"""What every request can reach: the database, the repositories, the address of the server."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devstack.gitlab.store.database import Database

VERSION = "18.9.2"
REVISION = hashlib.sha1(VERSION.encode(), usedforsecurity=False).hexdigest()[:11]
BACKGROUND_THREADS = 8


@dataclass(slots=True)
class Server:
    """One running look-alike."""

    home: Path
    external_url: str
    database: Database
    _locks: dict[int, threading.Lock] = field(default_factory=dict)
    _pool: ThreadPoolExecutor | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def repository_path(self, project_id: int) -> Path:
        """Return where the bare repository of a project lies; the path survives renames of the project."""
        return self.home / "repositories" / f"{project_id}.git"

    def project_lock(self, project_id: int) -> threading.Lock:
        """Return the lock that API commits to one project queue on (git itself guards against pushes)."""
        with self._guard:
            return self._locks.setdefault(project_id, threading.Lock())

    def in_background(self, work: Callable[[], None], *, after_seconds: float = 0) -> None:
        """Run `work` on another thread, soon or after a while; what it raises is logged."""
        app = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - Flask's way to hand it on

        def guarded() -> None:
            with app.app_context():
                try:
                    work()
                except Exception:
                    app.logger.exception("background work failed")

        if not after_seconds:
            self._threads().submit(guarded)
            return
        timer = threading.Timer(after_seconds, lambda: self._threads().submit(guarded))
        timer.daemon = True
        timer.start()

    def _threads(self) -> ThreadPoolExecutor:
        with self._guard:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(BACKGROUND_THREADS, thread_name_prefix="background")
            return self._pool


def here() -> Server:
    """Return the server that answers the current request."""
    return cast("Server", current_app.extensions["gitlab"])
