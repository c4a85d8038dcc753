"""The registry of a server: other asset databases, found by words and looked after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labset.assets.answers import address_of, ask_body, object_in
from labset.assets.model import Checked, Health, RegistryEntry
from labset.assets.queries import REGISTRY_WORDS, Question, ask_rows, make_filter
from labset.errors import NotFound
from labset.transport.connection import Connection

Json = Mapping[str, Any]


class Registry:
    """The registered asset databases; an entry is named by its id. Failures are `labset.errors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        url: str,
        name: str,
        *,
        metadata: Json | None = None,
        tags: str | Sequence[str] = (),
    ) -> RegistryEntry:
        """Register an asset database; one that does not answer now is registered too, with that result."""
        draft = {
            "asset_registry_name": name,
            "asset_registry_public_url": url,
            "asset_registry_metadata": dict(metadata or {}),
            "asset_registry_tags": _listed(tags),
        }
        made = object_in(ask_body(self._connection, "POST", "/asset_registry", json=draft))
        entry_id = str(made.get("asset_registry_id") or made.get("id") or "")
        try:
            return self.info(entry_id)
        except NotFound:  # a server whose answer has an id of its own
            return RegistryEntry.parse({**draft, "asset_registry_id": entry_id, **made})

    def info(self, entry_id: str) -> RegistryEntry:
        """Return one entry."""
        body = ask_body(self._connection, "GET", address_of("asset_registry", entry_id))
        return RegistryEntry.parse(object_in(body))

    def find(
        self,
        words: str = "",
        *,
        tags: str | Sequence[str] = (),
        metadata: Json | None = None,
        filter: Json | None = None,  # noqa: A002 - what MongoDB calls it
        sort: str | Sequence[str] = (),
        limit: int | None = None,
    ) -> Iterator[RegistryEntry]:
        """Yield the entries of which all is true, newest first; see `Assets.find`."""
        asked = make_filter(REGISTRY_WORDS, words, _listed(tags), metadata, filter)
        question = Question(asked, _listed(sort), limit)
        for row in ask_rows(self._connection, "/asset_registries", question):
            yield RegistryEntry.parse(row)

    def check(self, entry_id: str) -> Checked:
        """Let the server look now whether a database is well."""
        body = ask_body(self._connection, "GET", address_of("check_health", entry_id))
        told = body.get("data")
        if not isinstance(told, dict):  # a server that says success and no more
            return Checked(Health(ok=True), (), body)
        return Checked.parse(told)

    def change(
        self,
        entry_id: str,
        *,
        name: str | None = None,
        url: str | None = None,
        metadata: Json | None = None,
        tags: Sequence[str] | None = None,
    ) -> RegistryEntry:
        """Give an entry another name, address, other metadata or tags; what is None stays."""
        told = {
            "asset_registry_name": name,
            "asset_registry_public_url": url,
            "asset_registry_metadata": None if metadata is None else dict(metadata),
            "asset_registry_tags": None if tags is None else list(tags),
        }
        body = {field: value for field, value in told.items() if value is not None}
        ask_body(self._connection, "PUT", address_of("asset_registry", entry_id), json=body)
        return self.info(entry_id)

    def delete(self, entry_id: str) -> None:
        """Forget a registered database; the database itself knows nothing of it."""
        ask_body(self._connection, "DELETE", address_of("asset_registry", entry_id))


def _listed(given: str | Sequence[str]) -> list[str]:
    """Return one or many as many; a text is one."""
    return [given] if isinstance(given, str) else list(given)
