"""Who this asset database is among those that share its records: an id, and numbers made of it.

The id lies in the home and not in the database: servers that share one database are told apart by it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from app.environment import check_assets_db_id
from core.model.names import SiteId

_FILE = "assets-db-id"
_ID_BYTES = 16
_ABOVE_GITLAB = 2**62  # no GitLab counts so far, and every database takes twice as much


def keep_assets_db_id(home: Path) -> str:
    """Return the id that this home keeps; made at the first start, the same for ever.

    Raises:  Invalid, if what is kept there is none.
    """
    place = home / _FILE
    if not place.exists():
        _make(place)
    return check_assets_db_id(place.read_text(encoding="utf-8").strip(), str(place))


def number_of(assets_db_id: str, name: str) -> int:
    """Return a number for a thing of this asset database, apart from every number of a GitLab."""
    digest = hashlib.sha256(f"{assets_db_id}/{name}".encode()).digest()
    return _ABOVE_GITLAB + int.from_bytes(digest[:8], "big") % _ABOVE_GITLAB


def site_id_of(assets_db_id: str) -> SiteId:
    """Return the number of the one place where its bytes lie; it names them in the shared records."""
    return SiteId(number_of(assets_db_id, "store"))


def _make(place: Path) -> None:
    """Write a new id whole, unless another process was first."""
    with NamedTemporaryFile("w", dir=place.parent, prefix=f"{_FILE}.", encoding="utf-8") as file:
        file.write(secrets.token_hex(_ID_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, place)
