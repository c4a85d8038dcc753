"""Take back bytes that no entry names: noted when the last name went, removed 14 days later.

Source:  PROMISES.md, P7.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from core.errors import LabsetError
from core.model.assets import KeptObject
from core.model.names import SiteId
from core.ports import AssetPlatform
from core.usecases.assets.placing import open_kept_placement

UNNAMED_LIFETIME = timedelta(days=14)
COLLECTING_LEASE = timedelta(hours=1)
_WORKING_TIME = (
    COLLECTING_LEASE / 2
)  # long before the lease ends, and somebody may upload them anew
_AT_ONCE = 100

_log = logging.getLogger("labset.assets")


def collect_unnamed(house: AssetPlatform, limit: int = 1000) -> int:
    """Remove bytes of this database that nothing has named for 14 days; return how many there were.

    From the claim on nobody can name them, so that whoever uploads the same bytes in that moment
    is told so (`being_collected`). A site that does not answer keeps its bytes for the next time.
    """
    now = house.clock.now()
    claimed = house.assets.claim_collectable(
        house.rules.assets_db_id,
        now - UNNAMED_LIFETIME,
        limit,
        now=now,
        lease_until=now + COLLECTING_LEASE,
    )
    by_site = groupby(sorted(claimed), key=lambda kept: kept.site_id)
    stop_at = now + _WORKING_TIME
    return sum(_remove(house, site_id, list(kept), stop_at) for site_id, kept in by_site)


def _remove(
    house: AssetPlatform, site_id: SiteId, kept: Sequence[KeptObject], stop_at: datetime
) -> int:
    if house.places.find_site(site_id) is None:
        _log.warning("%s objects stay on site %s, which is not known any more", len(kept), site_id)
        house.assets.forget_collected(house.rules.assets_db_id, kept)
        return 0
    removed = 0
    try:
        placement = open_kept_placement(house, site_id)
        for start in range(0, len(kept), _AT_ONCE):
            some = kept[start : start + _AT_ONCE]
            if house.clock.now() >= stop_at:
                break
            house.objects.remove_objects(
                placement,
                [one.md5 for one in some if not one.slot],
                slots=[one.slot for one in some if one.slot],
            )
            house.assets.forget_collected(house.rules.assets_db_id, some)
            removed += len(some)
    except LabsetError as problem:
        _log.warning("bytes that no asset names stay on site %s: %s", site_id, problem.message)
    return removed
