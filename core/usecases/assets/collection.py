"""Take back bytes that no entry names: noted when the last name went, removed 14 days later.

Source:  PROMISES.md, P7.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import groupby

from core.errors import LabsetError
from core.model.assets import KeptObject
from core.model.names import SiteId
from core.ports import AssetPlatform
from core.usecases.assets.placing import open_kept_placement

UNNAMED_LIFETIME = timedelta(days=14)
COLLECTING_LEASE = timedelta(hours=1)
_WORKING_TIME = timedelta(seconds=10)  # whoever collects has other things to do
_CLAIMED_AT_ONCE = 100
_REMOVED_AT_ONCE = 10

_log = logging.getLogger("labset.assets")


def collect_unnamed(house: AssetPlatform, limit: int = _CLAIMED_AT_ONCE) -> int:
    """Remove bytes of this database that nothing has named for 14 days; return how many there were.

    Ends after some 10 seconds; there may be more, unless it removed nothing.
    From the claim on nobody can name them, so that whoever uploads the same bytes in that moment
    is told so (`being_collected`). What was not tried is given back at the end; what a site did not
    answer about may still be removed there, so that it stays claimed for an hour.
    """
    now, db_id = house.clock.now(), house.rules.assets_db_id
    oldest, lease_until = now - UNNAMED_LIFETIME, now + COLLECTING_LEASE
    claimed = house.assets.claim_collectable(db_id, oldest, limit, now=now, lease_until=lease_until)
    removed, untried = 0, list[KeptObject]()
    for site_id, kept in groupby(sorted(claimed), key=lambda one: one.site_id):
        waiting = list(kept)
        removed += _remove(house, site_id, waiting, now + _WORKING_TIME)
        untried += waiting
    house.assets.give_back_claimed(db_id, untried, lease_until=lease_until, unnamed_since=oldest)
    return removed


def _remove(
    house: AssetPlatform, site_id: SiteId, waiting: list[KeptObject], stop_at: datetime
) -> int:
    """Remove what waits on a site, and take it from the list; what is left there was not tried."""
    if house.places.find_site(site_id) is None:
        _log.warning(
            "%s objects stay on site %s, which is not known any more", len(waiting), site_id
        )
        house.assets.forget_collected(house.rules.assets_db_id, waiting)
        waiting.clear()
        return 0
    removed = 0
    try:
        placement = open_kept_placement(house, site_id)
        while waiting and house.clock.now() < stop_at:
            some = waiting[:_REMOVED_AT_ONCE]
            del waiting[:_REMOVED_AT_ONCE]
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
