from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import Damaged
from core.model.access import Secret
from ledger.engine import Ledger, open_ledger
from tests.conformance.records.samples import (
    LATER,
    NOW,
    SOON,
    bound_placement,
    some_login,
    some_reservation,
    some_session,
    some_site,
)
from tests.integration.database.fixtures import KEY

NEW_KEY = Secret("the next key of the tests, long enough as well")
CANARIES = ("canary-access", "canary-secret", "canary-upload", "canary-bind", "canary-login")


def keep_canaries(ledger: Ledger) -> None:
    site, login = some_site(), some_login()
    assert site.keys is not None
    keys = replace(site.keys, access_key=Secret(CANARIES[0]), secret_key=Secret(CANARIES[1]))
    ledger.sites.save_site_record(replace(site, keys=keys))
    ledger.uploads.create_upload(replace(some_session(), token=Secret(CANARIES[2])), [])
    ledger.bindings.reserve_binding(
        replace(some_reservation(site), token=Secret(CANARIES[3])), SOON
    )
    bound_placement(ledger, site)
    token = Secret(CANARIES[4])
    ledger.logins.create_login(
        replace(login, id=token, access_token=token, refresh_token=token, csrf=token, name="Käthe")
    )


def revealed(ledger: Ledger) -> set[str]:
    (site,) = ledger.sites.list_site_records()
    (binding,) = ledger.bindings.claim_stale_bindings(SOON, LATER)
    login = ledger.logins.find_login(Secret(CANARIES[4]), NOW)
    with ledger.database.reading() as connection:
        sealed = connection.execute(text("SELECT id, token FROM uploads")).one()
    assert site.keys is not None
    assert binding.token is not None
    assert login is not None
    return {
        site.keys.access_key.reveal(),
        site.keys.secret_key.reveal(),
        ledger.vault.open(bytes(sealed.token), f"uploads.token:{sealed.id}"),
        binding.token.reveal(),
        login.access_token.reveal(),
    }


def test_no_secret_lies_in_the_files_in_clear(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", [KEY])
    keep_canaries(ledger)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"alice@lab.test" in written
    assert [one for one in (*CANARIES, "Käthe") if one.encode() in written] == []
    assert revealed(ledger) == set(CANARIES)
    ledger.close()


def test_keys_are_replaced_without_losing_a_secret(ledger: Ledger, database_url: str) -> None:
    keep_canaries(ledger)
    both = open_ledger(database_url, [NEW_KEY, KEY])
    assert both.reencrypt() == 4
    assert both.reencrypt() == 0
    both.close()
    new_only = open_ledger(database_url, [NEW_KEY])
    assert revealed(new_only) == set(CANARIES)
    new_only.close()


def test_without_the_right_key_sites_are_refused_in_words_and_people_log_in_again(
    ledger: Ledger, database_url: str
) -> None:
    keep_canaries(ledger)
    (site,) = ledger.sites.list_site_records()
    wrong = open_ledger(database_url, [NEW_KEY])
    with pytest.raises(Damaged, match="LABSET_SECRET_KEY_OLD"):
        wrong.sites.find_site_record(site.id)
    with pytest.raises(Damaged):
        wrong.reencrypt()
    assert wrong.logins.find_login(Secret(CANARIES[4]), NOW) is None
    wrong.close()


def test_a_secret_that_was_moved_to_another_row_is_refused(ledger: Ledger) -> None:
    first, second = some_site(), some_site()
    for site in (first, second):
        ledger.sites.save_site_record(site)
    with ledger.database.writing() as connection:
        connection.execute(
            text(
                "UPDATE sites SET sealed_keys = "
                "(SELECT sealed_keys FROM sites WHERE id = :first) WHERE id = :second"
            ),
            {"first": first.id.number, "second": second.id.number},
        )
    with pytest.raises(Damaged) as refused:
        ledger.sites.find_site_record(second.id)
    assert refused.value.code == "secret_unreadable"
