"""How registered asset databases are: looked at when somebody asks, and every ten minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from core.model.registry import HealthCheck
from core.ports import AssetPlatform
from core.usecases.registry.entries import find_entry

CHECKED_EVERY: Final = timedelta(minutes=10)
BELIEVED_FOR: Final = timedelta(seconds=10)
CHECKS_AT_ONCE = 16


def check_health(house: AssetPlatform, entry_id: str) -> HealthCheck:
    """Look at a database now; a look that is younger than 10 seconds is told again.

    Raises:  NotFound.
    """
    entry = find_entry(house, entry_id)
    last = entry.health
    if last is not None and house.clock.now() - last.checked_at < BELIEVED_FOR:
        return last
    [check] = house.others.look_at_health([entry.public_url])
    house.registry.save_check(entry.id, check, url=entry.public_url)
    return check


def list_health(house: AssetPlatform, entry_id: str, limit: int) -> Sequence[HealthCheck]:
    """Return the newest looks first.

    Raises:  NotFound.
    """
    return house.registry.list_checks(find_entry(house, entry_id).id, limit)


def check_due(house: AssetPlatform, limit: int = CHECKS_AT_ONCE) -> int:
    """Look at entries that nobody looked at for ten minutes; return how many there were.

    Several workers share them: each entry is claimed by one of them.
    """
    now = house.clock.now()
    due = house.registry.claim_due_entries(now, now - CHECKED_EVERY, limit)
    looks = house.others.look_at_health([entry.public_url for entry in due])
    for entry, check in zip(due, looks, strict=True):
        house.registry.save_check(entry.id, check, url=entry.public_url)
    return len(due)
