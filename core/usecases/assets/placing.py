"""Where the bytes of an asset database lie: `<site prefix>/assets-<assets_db_id>` on each site."""

from __future__ import annotations

import re

from core.errors import DataMissing, Invalid
from core.model.names import DatasetId, SiteId
from core.model.storage import Placement, SiteRecord, place_on
from core.ports import AssetPlatform, BindingRecords, SiteRecords

_DB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MARK = "assets-"


def assets_placement(site: SiteRecord, assets_db_id: str) -> Placement:
    """Return where an asset database keeps its bytes on a site.

    A site's project is no dataset, so that its number is free to stand for the assets there.
    Raises:  Invalid, for an id that cannot be the name of a folder.
    """
    if not _DB_ID.fullmatch(assets_db_id):
        raise Invalid(
            "The id of an asset database has 1 to 64 letters, digits, dashes and underscores.",
            details={"field": "assets_db_id"},
        )
    prefix = place_on(site.address, f"{_MARK}{assets_db_id}")
    return Placement(DatasetId(site.id.number), site, prefix)


def open_kept_placement(house: AssetPlatform, site_id: SiteId) -> Placement:
    """Return where bytes lie that an entry names.

    Raises:  DataMissing, if this installation does not know the site any more.
    """
    site = house.places.find_site(site_id)
    if site is None:
        raise DataMissing(
            f"The storage site {site_id}, on which the bytes lie, is not known here any more."
        )
    return assets_placement(site, house.rules.assets_db_id)


def find_staged_placement(
    sites: SiteRecords, bindings: BindingRecords, dataset_id: DatasetId, key: str
) -> Placement | None:
    """Return where temporary bytes lie that were recorded for a dataset or for assets on a site."""
    placement = bindings.find_placement(dataset_id)
    if placement is not None and key.startswith(f"{placement.prefix}/"):
        return placement
    site = sites.find_site_record(SiteId(dataset_id.number))
    if site is None:
        return placement
    beginning = place_on(site.address, _MARK)
    assets_db_id = key.removeprefix(beginning).partition("/")[0]
    if not key.startswith(beginning) or not _DB_ID.fullmatch(assets_db_id):
        return placement
    return assets_placement(site, assets_db_id)
