"""What is looked after by itself, without anybody asking."""

from __future__ import annotations

from core.ports import Platform


def check_all_sites(platform: Platform) -> int:
    """Check every storage site and keep what was found; return how many failed."""
    failed = 0
    for record in platform.sites.list_site_records():
        health = platform.objects.check(record.address, record.keys)
        platform.sites.save_site_health(record.id, health)
        failed += not health.ok
    return failed
