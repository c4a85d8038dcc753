"""Which key an object has. For local sites a key is a path below the site's folder.

Source:  DVC's remote layouts 3 (`files/md5/`) and 2 (legacy), COMPAT 4.1. Keys shorter than about 16
         characters are refused by some servers; a placement's prefix alone is longer.
"""

from __future__ import annotations

import re
import secrets

from core.errors import Invalid
from core.model.names import Md5
from core.model.storage import Placement

MARKER_NAME = "labset.json"
_STAGING = "staging"
_TAILS = ".tails"
_LARGE = "large"
_SLOT = re.compile(r"[0-9a-f]{32}")
_COPY_MARK = "#"  # in no key: segments of prefixes and names have no such character


def object_key(placement: Placement, md5: Md5, *, legacy: bool = False) -> str:
    """Return the one name that these bytes have in this dataset."""
    folder = placement.prefix if legacy else f"{placement.prefix}/files/md5"
    suffix = ".dir" if md5.is_directory else ""
    return f"{folder}/{md5.hex[:2]}/{md5.hex[2:]}{suffix}"


def slot_key(placement: Placement, slot: str) -> str:
    """Return where bytes lie whose md5 was not known when they began to come."""
    if not _SLOT.fullmatch(slot):
        raise Invalid("A slot has 32 hex digits.", details={"field": "slot"})
    return f"{placement.prefix}/{_LARGE}/{slot}"


def place_key(placement: Placement, md5: Md5, slot: str, *, legacy: bool = False) -> str:
    """Return where an object lies: in its slot, or under its name."""
    return slot_key(placement, slot) if slot else object_key(placement, md5, legacy=legacy)


def marker_key(placement: Placement) -> str:
    """Return where the binding is written down."""
    return f"{placement.prefix}/{MARKER_NAME}"  # what `Store.create` makes of the name


def new_staging_key(placement: Placement) -> str:
    """Return a fresh key for bytes that have no name yet."""
    return f"{placement.prefix}/{_STAGING}/{secrets.token_hex(16)}"


def is_staging_key(placement: Placement, key: str) -> bool:
    """Whether a key may be deleted as temporary: objects and markers never are."""
    return key.startswith(f"{placement.prefix}/{_STAGING}/")


def new_copy_record(key: str) -> str:
    """Return the name under which a multipart copy to `key` is recorded; two may run at once."""
    return f"{key}{_COPY_MARK}{secrets.token_hex(8)}"


def recorded_key(record: str) -> str:
    """Return the key that a staging record speaks of."""
    return record.partition(_COPY_MARK)[0]


def tails_prefix(key: str) -> str:
    """Return where the pieces lie that are less than a part of the file staged at `key`."""
    return f"{key}{_TAILS}/"


def tail_key(key: str, number: int) -> str:
    """Return where the beginning of a part waits for the rest of it."""
    return f"{tails_prefix(key)}{number}"
