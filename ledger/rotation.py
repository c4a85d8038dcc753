"""Rewrite what an older key sealed, so that the older key can be taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, func, select, update

from ledger.bindings import token_context as binding_token_context
from ledger.database import Database
from ledger.logins import person_context
from ledger.sites import keys_context
from ledger.tables import bindings, logins, sites, uploads
from ledger.uploads import token_context as upload_token_context
from ledger.vault import PREFIX_BYTES, Vault

_MANY = 200

# The column of the secret, that of the row's id, and how the place is named after the id.
_SEALED: tuple[tuple[Column[bytes], Column[Any], Callable[[Any], str]], ...] = (
    (sites.c.sealed_keys, sites.c.id, keys_context),
    (bindings.c.token, bindings.c.dataset_id, binding_token_context),
    (uploads.c.token, uploads.c.id, upload_token_context),
    (logins.c.person, logins.c.id, person_context),
)


def reencrypt(database: Database, vault: Vault) -> int:
    """Seal with the first key whatever another one sealed; return how many values that were.

    In short transactions of at most 200 values each.
    Raises:  Damaged, if no key opens a value.
    """
    rewritten = 0
    for sealed, row_id, context in _SEALED:
        while count := _rewrite_some(database, vault, sealed, row_id, context):
            rewritten += count
    return rewritten


def _rewrite_some(
    database: Database,
    vault: Vault,
    sealed: Column[bytes],
    row_id: Column[Any],
    context: Callable[[Any], str],
) -> int:
    is_older = func.substr(sealed, 1, PREFIX_BYTES) != vault.prefix
    older = select(row_id, sealed).where(sealed.is_not(None), is_older).limit(_MANY)
    with database.writing() as connection:
        rows = connection.execute(older.with_for_update()).all()
        for number, former in rows:
            place = context(number)
            fresh = vault.seal(vault.open(former, place), place)
            connection.execute(update(sealed.table).where(row_id == number).values({sealed: fresh}))
    return len(rows)
