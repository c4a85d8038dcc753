"""The GitLab projects of storage sites: made, changed, read back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from core.errors import Forbidden
from core.model.access import AccessLevel
from core.model.dataset import DEFAULT_BRANCH, SITE_TOPIC
from core.model.storage import NewSite, SiteAddress, SiteChanges
from gitlab_bridge.client import Client
from gitlab_bridge.creation import (
    ProjectPlan,
    create_project,
    protect_default_branch,
    removed_on_failure,
)
from gitlab_bridge.fields import text_in, unreadable
from gitlab_bridge.namespaces import check_visibility, resolve_namespace
from gitlab_bridge.projects import new_topics
from gitlab_bridge.site_file import (
    SITE_FILE,
    check_without_secrets,
    read_site_file,
    write_site_file,
)


@dataclass(frozen=True, slots=True)
class _Stated:
    """What `site.yaml` says on the branch that counts; `address` is None where nothing readable."""

    present: bool
    address: SiteAddress | None


def create_site(client: Client, cleaner: Callable[[], Client], new: NewSite) -> int:
    """Create the project, protect `main` for Maintainers, commit `site.yaml`; all or nothing.

    Returns the project's number.
    """
    check_without_secrets(new.address)
    namespace = resolve_namespace(client, new.namespace)
    check_visibility(namespace, new.visibility)
    topics = new_topics(SITE_TOPIC, new.tags)
    plan = ProjectPlan(new.name, namespace, new.description, new.visibility, topics)
    number = create_project(client, plan)
    with removed_on_failure(cleaner, number):
        protect_default_branch(client, number, AccessLevel.MAINTAINER)
        text = write_site_file(new.name, new.address)
        _commit(client, number, DEFAULT_BRANCH, text, action="create")
    return number


def find_address(client: Client, number: int, branch: str) -> SiteAddress | None:
    """Return what `site.yaml` says now; None if it cannot be read."""
    try:
        return _read(client, number, branch).address
    except Forbidden:
        return None


def rewrite_site_file(
    client: Client, number: int, branch: str, *, name: str, changes: SiteChanges
) -> None:
    """Commit what changed of the address or the name, if anything did."""
    if changes.address is None and changes.name is None:
        return
    stated = _read(client, number, branch)
    address = changes.address or stated.address
    if address is None:  # nobody knows it here: the ledger does, the page shows the drift
        return
    text = write_site_file(name, address)
    _commit(client, number, branch, text, action="update" if stated.present else "create")


def _read(client: Client, number: int, branch: str) -> _Stated:
    path = f"/projects/{number}/repository/files/{quote(SITE_FILE, safe='')}"
    found = client.find(path, f"{SITE_FILE} of the site {number}", {"ref": branch})
    if found is None:
        return _Stated(present=False, address=None)
    try:
        data = base64.b64decode(text_in(found, "content"), validate=False)
    except (binascii.Error, ValueError) as error:
        raise unreadable() from error
    return _Stated(present=True, address=read_site_file(data))


def _commit(client: Client, number: int, branch: str, text: str, *, action: str) -> None:
    body = {
        "branch": branch,
        "commit_message": "Say where the storage site is",
        "actions": [{"action": action, "file_path": SITE_FILE, "content": text}],
    }
    client.create(f"/projects/{number}/repository/commits", f"the site {number}", body)
