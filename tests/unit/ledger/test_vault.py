from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Damaged, Invalid
from core.model.access import Secret
from ledger.vault import Vault

FIRST = Secret("the first key, which is long enough")
SECOND = Secret("the second key, also long enough to be one")
VAULT = Vault([FIRST])


@given(st.text(), st.text())
def test_what_is_sealed_for_a_place_opens_there(text: str, context: str) -> None:
    assert VAULT.open(VAULT.seal(text, context), context) == text


def test_the_same_secret_is_sealed_differently_every_time() -> None:
    assert VAULT.seal("secret", "here") != VAULT.seal("secret", "here")


def test_another_place_a_changed_or_a_cut_value_is_refused() -> None:
    sealed = VAULT.seal("secret", "here")
    flipped = bytes([*sealed[:-1], sealed[-1] ^ 1])
    for value, place in ((sealed, "there"), (flipped, "here"), (sealed[:20], "here"), (b"", "")):
        with pytest.raises(Damaged):
            VAULT.open(value, place)


def test_the_first_key_seals_and_every_key_opens() -> None:
    both = Vault([SECOND, FIRST])
    assert both.open(VAULT.seal("secret", "here"), "here") == "secret"
    fresh = both.seal("secret", "here")
    assert fresh.startswith(Vault([SECOND]).prefix)
    with pytest.raises(Damaged, match="LABSET_SECRET_KEY_OLD"):
        VAULT.open(fresh, "here")


def test_a_key_named_twice_is_one_key() -> None:
    assert Vault([FIRST, FIRST]).open(VAULT.seal("secret", "here"), "here") == "secret"


@pytest.mark.parametrize("keys", ([], [Secret("x" * 31)], [FIRST, Secret("")]))
def test_no_key_or_a_short_one_is_refused(keys: list[Secret]) -> None:
    with pytest.raises(Invalid, match="LABSET_SECRET_KEY"):
        Vault(keys)


def test_nothing_stays_nothing() -> None:
    assert VAULT.seal_optional(None, "here") is None
    assert VAULT.open_optional(None, "here") is None
