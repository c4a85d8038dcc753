"""Search the asset databases of others: all at once, and never for long."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.model.asset_documents import ASSET_SHAPE, REGISTRY_SHAPE
from core.model.filters.queries import parse_query
from core.model.json_values import JsonValue
from core.model.registry import RegistryEntry
from core.model.web_addresses import parse_web_address
from core.ports import AssetPlatform, OtherAnswer

MAX_ASKED_DATABASES = 20
MAX_OTHERS_DOCUMENTS = 50  # of each
SEARCH_SECONDS = 2.5  # with what is around it, 3 seconds
MAX_NAMED_NOT_ASKED = 200
_ENTRIES_OF_A_PAGE = 200


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A registered database that was left out of a search, and why."""

    entry: RegistryEntry
    problem: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Those that a search left out: the oldest entries by name, and how many further ones there are."""

    named: tuple[NotAsked, ...]
    further: int


@dataclass(frozen=True, slots=True)
class OtherResult:
    """What one registered database answered."""

    entry: RegistryEntry
    answer: OtherAnswer


def search_others(house: AssetPlatform, query: Mapping[str, JsonValue]) -> Sequence[OtherResult]:
    """Ask the registered databases that were healthy when last looked at, the oldest entries first.

    They are asked as nobody in particular, so that they tell what is public.

    `query` is a filter as `POST /assets` takes it; it is read here before anybody else sees it.
    Units:   at most 20 databases, 50 entries of each, 3 seconds altogether.
    Raises:  Invalid, TooLarge: the filter.
    """
    parse_query(query, fields_of=ASSET_SHAPE)
    entries = _healthy_entries(house)
    answers = house.others.query(
        [entry.public_url for entry in entries],
        query,
        limit=MAX_OTHERS_DOCUMENTS,
        timeout_seconds=SEARCH_SECONDS,
    )
    return [OtherResult(*pair) for pair in zip(entries, answers, strict=True)]


def list_not_asked(
    house: AssetPlatform, results: Sequence[OtherResult], at_most: int = MAX_NAMED_NOT_ASKED
) -> LeftOut:
    """Return the registered databases that a search left out; not those of an address that was asked.

    Units:   `at_most` are named; entries at an address that was asked may be among the further ones.
    """
    addresses = {_address(result.entry) for result in results}
    servers = {_server(result.entry) for result in results}
    asked = {result.entry.id for result in results}
    named, seen = list[NotAsked](), set[str]()
    for entry in _oldest_first(house, {}):
        seen.add(entry.id)
        if _address(entry) not in addresses:
            named.append(NotAsked(entry, _why_not(entry, servers)))
        if len(named) == at_most:
            break
    unseen = house.registry.count_all_entries() - len(seen | asked)
    return LeftOut(tuple(named), max(0, unseen))


def _why_not(entry: RegistryEntry, asked_servers: Collection[str]) -> str:
    if entry.health is None:
        return "Nobody has looked at its health yet."
    if entry.health.problem is None and _server(entry) in asked_servers:
        return "A search asks one database of each server, the one that was registered first."
    return entry.health.problem or f"A search asks at most {MAX_ASKED_DATABASES} databases."


def _server(entry: RegistryEntry) -> str:
    """Return host and port, which other paths do not make another one."""
    endpoint = parse_web_address(entry.public_url, field="address").endpoint
    return f"{endpoint.host.rstrip('.')}:{endpoint.port}"


def _address(entry: RegistryEntry) -> str:
    return entry.public_url.rstrip("/")


def _healthy_entries(house: AssetPlatform) -> Sequence[RegistryEntry]:
    """Return those to ask; a server at which several are registered is asked once.

    A search would otherwise be as many requests to it as somebody registered paths there, or ask
    nobody else.
    """
    by_server: dict[str, RegistryEntry] = {}
    for entry in _oldest_first(house, {"health.ok": True}):
        by_server.setdefault(_server(entry), entry)
        if len(by_server) == MAX_ASKED_DATABASES:
            break
    return list(by_server.values())


def _oldest_first(house: AssetPlatform, wanted: Mapping[str, JsonValue]) -> Iterator[RegistryEntry]:
    """Yield the entries that a filter finds, page after page."""
    cursor: str | None = None
    while True:
        query = parse_query(
            wanted,
            sort="created_at",
            limit=_ENTRIES_OF_A_PAGE,
            cursor=cursor,
            fields_of=REGISTRY_SHAPE,
        )
        found = house.registry.query_entries(query)
        yield from found.items
        cursor = found.cursor
        if cursor is None:
            return
