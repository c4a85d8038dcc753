"""Where the ports of an asset database that runs alone meet their adapters: no GitLab among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.assets_alone.identity import keep_assets_db_id, site_id_of
from app.assets_alone.own_staging import OwnStaging
from app.assets_alone.people import TokenPeople
from app.assets_alone.places import OnePlace
from app.assets_alone.settings import AloneSettings
from app.assets_alone.tokens import TokenFile
from app.assets_alone.upkeep import Upkeep
from app.clock import SystemClock
from app.file_formats import recognize
from app.probes import Part, Probes, timed
from core.errors import Invalid
from core.model.names import DatasetId, Md5
from core.model.storage import Placement, SiteRecord
from core.ports import AssetPlatform, AssetRules
from core.usecases.assets.placing import assets_placement
from ledger.asset_engine import AssetLedger, open_asset_ledger
from outgoing.databases import OtherAssetDatabases
from storage_sites.objects import SiteObjects

_SITE_NAME = "store"
_NOTHING = Md5("0" * 32)


@dataclass(frozen=True, slots=True)
class Alone:
    """What a process works with."""

    house: AssetPlatform
    site: SiteRecord
    upkeep: Upkeep
    probes: Probes
    close: Callable[[], None]


def open_alone(settings: AloneSettings) -> Alone:
    """Open everything; what is not there at the first start is made.

    Raises:  Invalid, Conflict, Unavailable: in words for whoever starts it.
    """
    _make_folder(settings.home)
    folder = _find_folder(settings)
    assets_db_id = settings.assets_db_id or keep_assets_db_id(settings.home)
    tokens = _open_tokens(settings, assets_db_id)
    clock, ledger = SystemClock(), open_asset_ledger(settings.database_url)
    site = SiteRecord(
        id=site_id_of(assets_db_id),
        name=_SITE_NAME,
        address=settings.store,
        keys=settings.keys,
        registered_by="",
    )
    objects = _open_objects(settings, ledger, site, folder)
    house = AssetPlatform(
        people=TokenPeople(tokens),
        places=OnePlace(site),
        assets=ledger.assets,
        registry=ledger.registry,
        objects=objects,
        others=OtherAssetDatabases(clock, allowed_hosts=settings.allowed_hosts),
        recognize=recognize,
        clock=clock,
        rules=_rules(settings, assets_db_id),
    )
    placement = assets_placement(site, assets_db_id)
    return Alone(
        house=house,
        site=site,
        upkeep=Upkeep(house, _sweeper(objects, placement), settings.home),
        probes=_probes(ledger, objects, placement),
        close=ledger.close,
    )


def find_store_problem(alone: Alone) -> str | None:
    """Try the store for real; return what is wrong with it, in words for whoever starts it."""
    health = alone.house.objects.check(alone.site.address, alone.site.keys)
    failed = [step for step in health.steps if not step.ok]
    if health.ok or not failed:
        return None
    return (
        f"The store {alone.site.address.url} does not work ({failed[0].name}): {failed[0].problem} "
        "Until it does, nothing can be uploaded or downloaded."
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Invalid(f"The folder {folder} cannot be made: {problem.strerror}.") from problem


def _find_folder(settings: AloneSettings) -> Path | None:
    """Return the folder of the store; one that somebody named is never made: a disk may be missing."""
    folder = settings.folder
    if folder is not None and settings.has_own_store:
        _make_folder(folder)
    if folder is not None and not folder.is_dir():
        raise Invalid(f"LABSET_ASSETS_STORE names {folder}, which is no folder: create it first.")
    return folder


def _open_tokens(settings: AloneSettings, assets_db_id: str) -> TokenFile | None:
    if settings.tokens_file is None:
        return None
    tokens = TokenFile(settings.tokens_file, assets_db_id)
    tokens.check()
    return tokens


def _open_objects(
    settings: AloneSettings, ledger: AssetLedger, site: SiteRecord, folder: Path | None
) -> SiteObjects:
    """Return what reaches the operator's own store, wherever it is; other addresses gain nothing by it."""
    endpoint = settings.endpoint
    own = (f"{_in_brackets(endpoint.host)}:{endpoint.port}",) if endpoint else ()
    return SiteObjects(
        ledger.facts,
        OwnStaging(ledger.staging, DatasetId(site.id.number)),
        SystemClock(),
        allowed_hosts=own,
        local_roots=(folder,) if folder else (),
        origin=settings.base_url,
    )


def _in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _rules(settings: AloneSettings, assets_db_id: str) -> AssetRules:
    return AssetRules(
        assets_db_id=assets_db_id,
        base_url=settings.base_url,
        is_open=settings.is_open,
        visibility=settings.visibility,
        allowed_hosts=settings.allowed_hosts,
    )


def _sweeper(objects: SiteObjects, placement: Placement) -> Callable[[datetime], int]:
    return lambda older_than: objects.sweep_staging(older_than, lambda _dataset, _key: placement)


def _probes(ledger: AssetLedger, objects: SiteObjects, placement: Placement) -> Probes:
    def ask_store() -> Part:
        objects.find_size(placement, _NOTHING)
        return Part(ok=True, message="answers")

    return Probes({"ledger": lambda: timed(ledger.check_answers), "store": ask_store})
