from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from core.model.access import Secret
from core.model.storage import SiteKeys
from ledger.engine import open_ledger
from ledger.sites import MAX_AGE_SECONDS
from tests.conformance.records.samples import at_once, bound_placement, some_site
from tests.integration.database.fixtures import KEY


def test_keys_that_another_process_changed_are_used_within_five_seconds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    ours, theirs = open_ledger(url, [KEY]), open_ledger(url, [KEY])
    site = some_site()
    ours.sites.save_site_record(site)
    placement = bound_placement(ours, site)
    assert ours.bindings.find_placement(placement.dataset_id) == placement
    changed = replace(site, keys=SiteKeys(Secret("new access"), Secret("new secret")))
    theirs.sites.save_site_record(changed)
    deadline = time.monotonic() + MAX_AGE_SECONDS + 2
    while ours.bindings.find_placement(placement.dataset_id) != replace(placement, site=changed):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    found = at_once(8, lambda _: ours.bindings.find_placement(placement.dataset_id))
    assert len({id(one) for one in found}) == 1
    ours.close()
    theirs.close()


def test_a_dataset_that_another_process_bound_is_found_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    ours, theirs = open_ledger(url, [KEY]), open_ledger(url, [KEY])
    site = some_site()
    ours.sites.save_site_record(site)
    placement = replace(bound_placement(ours, site), prefix="elsewhere")
    unbound = replace(placement, dataset_id=type(placement.dataset_id)(10**9))
    assert ours.bindings.find_placement(unbound.dataset_id) is None
    theirs.bindings.restore_binding(unbound)
    assert ours.bindings.find_placement(unbound.dataset_id) == unbound
    ours.close()
    theirs.close()
