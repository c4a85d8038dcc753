"""The one place where ports meet adapters."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from app.settings import Settings
from app.shell import Services
from core.errors import NotFound
from core.model.access import AccessLevel, Actor
from core.model.names import DatasetId
from core.ports import Platform
from gitlab_bridge.directory import GitLabDirectory
from gitlab_bridge.history import GitHistory
from ledger.engine import open_ledger
from storage_sites.objects import SiteObjects


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let some time pass."""
        time.sleep(seconds)


def open_services(settings: Settings) -> Services:
    """Open the ledger, GitLab, the mirrors and the sites for one process."""
    clock = SystemClock()
    ledger = open_ledger(settings.database_url, settings.secret_keys)
    directory = GitLabDirectory(
        settings.gitlab_url, service_token=settings.service_token, clock=clock
    )
    history = GitHistory(
        settings.mirrors,
        clock,
        locate=_locator(settings, directory),
        protected_branches=directory.list_protected_branches,
    )
    objects = SiteObjects(
        ledger.facts,
        ledger.staging,
        clock,
        allowed_hosts=settings.allowed_hosts,
        local_roots=settings.local_roots,
        origin=settings.base_url,
    )
    platform = Platform(
        directory=directory,
        history=history,
        objects=objects,
        sites=ledger.sites,
        bindings=ledger.bindings,
        uploads=ledger.uploads,
        jobs=ledger.jobs,
        staging=ledger.staging,
        clock=clock,
        dvc_base_url=settings.base_url,
    )
    return Services(
        platform=platform,
        logins=ledger.logins,
        check_ledger=ledger.check_answers,
        note_change=_noter(directory, history),
    )


def _locator(settings: Settings, directory: GitLabDirectory) -> Callable[[Actor, DatasetId], str]:
    """Return what finds a repository's address as this server reaches it."""

    def locate(actor: Actor, dataset_id: DatasetId) -> str:
        found = directory.find_dataset(actor, dataset_id, at_least=AccessLevel.NONE, fresh=True)
        if found is None:
            raise NotFound(f"There is no dataset {dataset_id}, or you may not see it.")
        return f"{settings.gitlab_url}/{found.path_with_namespace}.git"

    return locate


def _noter(directory: GitLabDirectory, history: GitHistory) -> Callable[[DatasetId], None]:
    """Return what drops all that is known of a project that has changed."""

    def note(dataset_id: DatasetId) -> None:
        directory.forget_project(dataset_id.number)
        history.forget(dataset_id)

    return note
