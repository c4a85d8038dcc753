"""The stores of this process, by site; opened when first needed, never carried through a fork."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from core.errors import Forbidden, Invalid, Unavailable
from core.model.addresses import Resolve
from core.model.storage import SiteAddress, SiteKind, SiteRecord
from core.ports import StagingRecords
from storage_sites.local_folder import find_root
from storage_sites.local_store import LocalStore
from storage_sites.s3_connection import Connections
from storage_sites.s3_store import S3Store
from storage_sites.store import Store


class Stores:
    """Finds the store of a site."""

    def __init__(
        self,
        staging: StagingRecords,
        *,
        allowed_hosts: Sequence[str],
        local_roots: Sequence[Path],
        resolve: Resolve,
        calls_at_once: int,
    ) -> None:
        self.connections = Connections(tuple(allowed_hosts), resolve, calls_at_once=calls_at_once)
        self._staging = staging
        self._local_roots = tuple(local_roots)
        self._begin_anew()

    def of(self, site: SiteRecord) -> Store:
        """Return the store of a site. Raises Unavailable, if it has no keys or may not be reached."""
        if site.address.kind is SiteKind.S3:
            return S3Store(self.connections.of(site), self._staging)
        return self.local(site)

    def local(self, site: SiteRecord) -> LocalStore:
        """Return the store of a folder."""
        if self._pid != os.getpid():
            self._begin_anew()
        with self._lock:
            key = (site.name, site.address)
            if key not in self._local:
                self._local[key] = self.open_local(site.name, site.address, self._staging)
            return self._local[key]

    def open_local(self, name: str, address: SiteAddress, staging: StagingRecords) -> LocalStore:
        """Open a store that is not kept."""
        return LocalStore(name, lambda: self._find_root(name, address), staging)

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = Lock()
        self._local: dict[tuple[str, SiteAddress], LocalStore] = {}

    def _find_root(self, name: str, address: SiteAddress) -> Path:
        try:
            return find_root(address.url, self._local_roots)
        except (Forbidden, Invalid) as problem:
            raise Unavailable(f"The storage site {name}: {problem.message}") from problem
