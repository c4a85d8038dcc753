"""Find again what the ledger should know: bindings, by the markers that lie beside the bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Conflict, LabsetError
from core.model.names import DatasetId
from core.model.storage import Placement, SiteRecord
from core.ports import Platform
from core.usecases.datasets.bind import MARKER_VERSION

_PLACE = re.compile(r"(?:.*/)?(?P<dataset>[1-9][0-9]{0,17})-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What was found: markers in all, and each problem as a sentence."""

    sites: int
    markers: int
    problems: tuple[str, ...]


def reindex(platform: Platform) -> Reindexed:
    """Restore the binding of every marker on every known site; those that are there stay.

    A repository's own `.dvc/config` is never asked: its users can edit it. A dataset with two
    markers keeps the binding that the ledger has, or gets the older one.
    """
    records = platform.sites.list_site_records()
    problems: list[str] = []
    found: list[tuple[str, Placement]] = []
    for record in records:
        try:
            markers = platform.objects.read_markers(record)
        except LabsetError as error:
            problems.append(f"{record.name}: {error.message}")
            continue
        for marker in markers:
            placement = parse_marker(marker, record)
            if placement is None:
                problems.append(f"{record.name}: {marker.get('prefix')!r} has no marker of ours.")
            else:
                found.append((str(marker.get("bound_at")), placement))
    for _, placement in sorted(found, key=lambda one: one[0]):
        try:
            platform.bindings.restore_binding(placement)
        except Conflict as error:
            problems.append(f"{placement.prefix}: {error.message}")
    return Reindexed(len(records), len(found), tuple(problems))


def parse_marker(marker: Mapping[str, object], record: SiteRecord) -> Placement | None:
    """Return the placement that a marker means, or None if it cannot be one of this site.

    `prefix` is where it was found; what it says of its dataset must agree with that.
    """
    prefix, number = marker.get("prefix"), marker.get("dataset_id")
    if marker.get("labset") != MARKER_VERSION or marker.get("site_id") != record.id.number:
        return None
    if not isinstance(prefix, str) or not isinstance(number, int):
        return None
    place = _PLACE.fullmatch(prefix)
    if place is None or int(place["dataset"]) != number:
        return None
    return Placement(DatasetId(number), record, prefix)
