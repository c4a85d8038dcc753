from __future__ import annotations

import pytest

from core.errors import Unavailable
from storage_sites.site_threads import SiteThreads


def test_a_pool_of_a_process_that_ends_says_so_in_our_words() -> None:
    pool = SiteThreads(1)
    assert pool.submit(int, "7").result() == 7
    pool.shutdown()
    with pytest.raises(Unavailable, match="restarted"):
        pool.submit(int, "7")
