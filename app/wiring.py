"""The one place where ports meet adapters."""

from __future__ import annotations

from functools import partial

from app.beside import ThreadsBeside
from app.clock import SystemClock
from app.file_formats import recognize
from app.jobs import make_celery, make_wake
from app.settings import Settings
from app.shell import Services
from core.errors import NotFound
from core.model.access import AccessLevel, Actor
from core.model.names import DatasetId
from core.ports import AssetPlatform, AssetRules, Clock, Platform
from core.usecases.assets.placing import find_staged_placement
from core.usecases.assets.rights import GitLabPeople, LabsetPlaces
from gitlab_bridge.directory import GitLabDirectory
from gitlab_bridge.history import GitHistory
from ledger.engine import Ledger, open_ledger
from outgoing.databases import OtherAssetDatabases
from storage_sites.objects import SiteObjects


def open_services(settings: Settings) -> Services:
    """Open everything that a process works with; called after it forked, once.

    Raises:  Invalid, Unavailable, Conflict: the ledger cannot be opened, in words for whoever installs.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    clock = SystemClock()
    ledger = open_ledger(settings.database_url, settings.secret_keys)
    directory = GitLabDirectory(
        settings.gitlab_url, service_token=settings.service_token, clock=clock
    )
    history = _open_history(settings, directory, clock)
    objects = _open_objects(settings, ledger, clock)

    def note_change(dataset_id: DatasetId) -> None:
        directory.forget_project(dataset_id.number)
        history.forget(dataset_id)

    return Services(
        platform=_platform(settings, ledger, directory, history, objects, clock),
        assets=_assets(settings, ledger, directory, objects, clock),
        wake=make_wake(make_celery(settings)),
        logins=ledger.logins,
        check_ledger=ledger.check_answers,
        note_change=note_change,
        sweep_staging=lambda older_than: objects.sweep_staging(
            older_than, partial(find_staged_placement, ledger.sites, ledger.bindings)
        ),
    )


def reencrypt(settings: Settings) -> int:
    """Write all secrets of the ledger with the first key; return how many were written."""
    ledger = open_ledger(settings.database_url, settings.secret_keys)
    try:
        return ledger.reencrypt()
    finally:
        ledger.close()


def _platform(
    settings: Settings,
    ledger: Ledger,
    directory: GitLabDirectory,
    history: GitHistory,
    objects: SiteObjects,
    clock: Clock,
) -> Platform:
    return Platform(
        directory=directory,
        history=history,
        objects=objects,
        parts=objects.parts,
        sites=ledger.sites,
        bindings=ledger.bindings,
        uploads=ledger.uploads,
        jobs=ledger.jobs,
        staging=ledger.staging,
        facts=ledger.facts,
        staged=ledger.staged,
        refusals=ledger.refusals,
        clock=clock,
        beside=ThreadsBeside(),
        dvc_base_url=settings.base_url,
    )


def _assets(
    settings: Settings,
    ledger: Ledger,
    directory: GitLabDirectory,
    objects: SiteObjects,
    clock: Clock,
) -> AssetPlatform:
    return AssetPlatform(
        people=GitLabPeople(directory),
        places=LabsetPlaces(directory, ledger.sites, settings.assets_site),
        assets=ledger.assets,
        registry=ledger.registry,
        objects=objects,
        others=OtherAssetDatabases(clock, allowed_hosts=settings.allowed_hosts),
        recognize=recognize,
        clock=clock,
        rules=AssetRules(
            assets_db_id=settings.assets_db_id or ledger.assets.read_assets_db_id(),
            base_url=settings.base_url,
            is_open=settings.assets_open,
            visibility=settings.assets_visibility,
            allowed_hosts=settings.allowed_hosts,
        ),
    )


def _open_history(settings: Settings, directory: GitLabDirectory, clock: Clock) -> GitHistory:
    return GitHistory(
        settings.mirrors,
        clock,
        locate=partial(_repository_url, settings.gitlab_url, directory),
        protected_branches=directory.list_protected_branches,
    )


def _open_objects(settings: Settings, ledger: Ledger, clock: Clock) -> SiteObjects:
    return SiteObjects(
        ledger.facts,
        ledger.staging,
        clock,
        allowed_hosts=settings.allowed_hosts,
        local_roots=settings.local_roots,
        origin=settings.base_url,
    )


def _repository_url(
    gitlab_url: str, directory: GitLabDirectory, actor: Actor, dataset_id: DatasetId
) -> str:
    """Return where git finds the dataset, as the caller may see it."""
    dataset = directory.find_dataset(actor, dataset_id, at_least=AccessLevel.NONE, fresh=True)
    if dataset is None:
        raise NotFound(f"There is no dataset {dataset_id}, or you may not see it.")
    return f"{gitlab_url}/{dataset.path_with_namespace}.git"
