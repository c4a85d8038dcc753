from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import Conflict
from core.model.access import Secret
from ledger.engine import Ledger, open_ledger
from tests.conformance.records.samples import LATER, NOW, SOON, at_once, some_login

FRESH = Secret("access-2")
AGAIN = Secret("refresh-2")


def test_a_log_in_comes_back_with_its_tokens(ledger: Ledger) -> None:
    login = some_login()
    ledger.logins.create_login(login)
    found = ledger.logins.find_login(login.id, NOW)
    assert found == login
    assert found.access_token.reveal() == "access-1"
    assert ledger.logins.find_login(Secret("another cookie"), NOW) is None
    with pytest.raises(Conflict):
        ledger.logins.create_login(login)


def test_a_log_out_counts_at_once(ledger: Ledger, database_url: str) -> None:
    other = open_ledger(database_url, [Secret("a key of the tests, long enough to be one")])
    login = some_login()
    other.logins.create_login(login)
    assert ledger.logins.find_login(login.id, NOW) == login
    other.logins.delete_login(login.id)
    assert ledger.logins.find_login(login.id, NOW) is None
    assert not ledger.logins.claim_refresh(login, NOW, SOON)
    assert not ledger.logins.replace_tokens(login, FRESH, AGAIN, None)
    assert ledger.logins.find_login(login.id, NOW) is None
    other.close()


def test_of_fifty_who_want_to_refresh_one_may(ledger: Ledger) -> None:
    login = some_login()
    ledger.logins.create_login(login)
    assert sum(at_once(50, lambda _: ledger.logins.claim_refresh(login, NOW, SOON))) == 1
    assert ledger.logins.claim_refresh(login, SOON, LATER)


def test_a_refresh_token_is_used_once_also_by_who_saw_it_before_the_refresh(
    ledger: Ledger,
) -> None:
    login = some_login()
    ledger.logins.create_login(login)
    assert ledger.logins.claim_refresh(login, NOW, SOON)
    assert ledger.logins.replace_tokens(login, FRESH, AGAIN, LATER)
    assert not ledger.logins.claim_refresh(login, LATER, LATER)
    assert not ledger.logins.replace_tokens(login, Secret("stale"), None, None)
    found = ledger.logins.find_login(login.id, NOW)
    assert found == replace(
        login, access_token=FRESH, refresh_token=AGAIN, expires_at=LATER, generation=1
    )
    assert ledger.logins.claim_refresh(found, NOW, SOON)


def test_a_refresh_that_failed_lets_the_next_one_try(ledger: Ledger) -> None:
    login = some_login()
    ledger.logins.create_login(login)
    assert ledger.logins.claim_refresh(login, NOW, SOON)
    ledger.logins.release_refresh(login)
    assert ledger.logins.claim_refresh(login, NOW, SOON)


def test_being_here_is_noted_every_few_minutes(ledger: Ledger) -> None:
    login = some_login()
    ledger.logins.create_login(login)
    for minutes, noted in ((4, 0), (6, 6)):
        ledger.logins.touch_login(login, NOW + timedelta(minutes=minutes))
        found = ledger.logins.find_login(login.id, NOW)
        assert found is not None
        assert found.last_seen_at == NOW + timedelta(minutes=noted)


def test_who_was_not_seen_for_14_days_is_logged_out_and_swept(ledger: Ledger) -> None:
    idle, seen = some_login(), some_login()
    for login in (idle, seen):
        ledger.logins.create_login(login)
    ledger.logins.touch_login(seen, NOW + timedelta(days=1))
    later = NOW + timedelta(days=14)
    assert ledger.logins.find_login(idle.id, later) is None
    assert ledger.logins.find_login(seen.id, later) is not None
    assert ledger.logins.sweep_logins(later) == 1
    assert ledger.logins.sweep_logins(later) == 0
    assert ledger.logins.find_login(idle.id, NOW) is None
