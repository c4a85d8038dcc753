"""`labset.json`: the binding, written where no user of the repository can edit it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from core.errors import Conflict
from core.model.storage import Placement
from storage_sites.keys import MARKER_NAME, marker_key
from storage_sites.store import Store

_LARGEST_BYTES: Final = 64 * 1024

_log = logging.getLogger("labset.storage")


def write_marker(store: Store, placement: Placement, marker: Mapping[str, object]) -> None:
    """Write the marker once; said twice for the same order it is written already.

    Raises:  Conflict, if another binding stands there.
    """
    data = (json.dumps(marker, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    if store.create(placement, MARKER_NAME, data):
        return
    there = find_marker(store, placement.prefix) or {}
    if there.get("order") != marker.get("order"):
        raise Conflict(f"Another binding stands at {marker_key(placement)} on {store.name}.")


def read_markers(store: Store, prefix: str) -> Sequence[Mapping[str, object]]:
    """Return all markers below a site's prefix, each with the `prefix` where it really stands."""
    names = store.list_folders(prefix)
    places = [f"{prefix}/{name}" if prefix else name for name in names]
    found = store.pool.map(find_marker, [store.in_pool()] * len(places), places)
    return [
        {**marker, "prefix": place}
        for place, marker in zip(places, found, strict=True)
        if marker is not None
    ]


def find_marker(store: Store, place: str) -> Mapping[str, object] | None:
    """Return the marker at a placement's prefix; None where there is none that can be read."""
    opened = store.open(f"{place}/{MARKER_NAME}", None, _LARGEST_BYTES)
    if opened is None or opened.data is None:
        return None
    try:
        marker = json.loads(opened.data)
    except ValueError:
        marker = None
    if not isinstance(marker, dict):
        _log.warning("the marker at %s on %s cannot be read", place, store.name)
        return None
    return marker
