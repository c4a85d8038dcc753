"""Bind a dataset to a storage site: once, for ever, with one commit that tells DVC about it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from core.errors import Conflict, LabsetError, Unauthenticated, Unavailable
from core.model.access import Actor
from core.model.dataset import DEFAULT_BRANCH, Dataset
from core.model.history import Change, CommitOrder, Committed
from core.model.names import DatasetId, Ref, SiteId
from core.model.storage import Placement, SiteKind, SiteRecord, place_on
from core.model.uploads import COMMIT_LEASE
from core.ports import Binding, Platform
from core.usecases.access.opening import Needs, open_dataset, open_site
from core.usecases.datasets.branches import find_base

MARKER_VERSION = 1
_DVC_GITIGNORE = b"/config.local\n/tmp\n/cache\n"
_DVCIGNORE = (
    b"# Add patterns of files dvc should ignore, which could improve\n"
    b"# the performance. Learn more at\n"
    b"# https://dvc.org/doc/user-guide/dvcignore\n"
)
_DVC_READ_SECONDS = 600  # DVC's own 60 are too few to prove and name an object of many gigabytes


def bind_dataset(
    platform: Platform, actor: Actor, dataset_id: DatasetId, site_id: SiteId
) -> Committed:
    """Bind a dataset. Of many tries at once one wins; the others hear Conflict.

    Raises:  Conflict (`already_bound`), also for the same site; Forbidden, naming the missing key.
    """
    dataset = open_dataset(platform, actor, dataset_id, Needs.BIND, fresh=True)
    if platform.bindings.find_placement(dataset_id) is not None:
        raise Conflict(
            f"{dataset.path_with_namespace} has its storage site already; it cannot be changed.",
            code="already_bound",
        )
    _, record = open_site(platform, actor, site_id, Needs.WRITE)
    binding = Binding(
        placement=Placement(dataset_id, record, new_prefix(record, dataset_id)),
        order_key=secrets.token_hex(16),
        bound=False,
        token=actor.token,
    )
    now = platform.clock.now()
    try:
        platform.bindings.reserve_binding(binding, now + COMMIT_LEASE)
    except Conflict:
        binding = _take_over(platform, dataset_id, site_id, now)
    return finish_binding(platform, actor, dataset, binding)


def _take_over(
    platform: Platform, dataset_id: DatasetId, site_id: SiteId, now: datetime
) -> Binding:
    """Return a reservation that somebody left half way, to be carried to its end.

    Raises:  Conflict, where there is none, or it is for another site.
    """
    stale = platform.bindings.claim_stale_bindings(now, now + COMMIT_LEASE)
    for one in stale:
        if one.placement.dataset_id == dataset_id and one.placement.site.id == site_id:
            return one
    raise Conflict(
        "A storage site is being chosen, or was chosen already; it cannot be changed.",
        code="already_bound",
    )


def finish_binding(
    platform: Platform, actor: Actor, dataset: Dataset, binding: Binding
) -> Committed:
    """Carry a reservation to its end: marker, commit, record; or give it up whole.

    A reservation whose push has no known outcome stays, and is finished by the reconciler.
    """
    try:
        platform.objects.write_marker(binding.placement, marker_of(platform, dataset, binding))
    except LabsetError:
        platform.bindings.release_binding(dataset.id)
        raise
    try:
        committed = platform.history.commit(
            actor, dataset.id, _order(platform, actor, dataset, binding)
        )
    except (Unavailable, Unauthenticated):
        raise
    except LabsetError:
        platform.objects.remove_marker(binding.placement)
        platform.bindings.release_binding(dataset.id)
        raise
    platform.bindings.confirm_binding(dataset.id)
    return committed


def new_prefix(site: SiteRecord, dataset_id: DatasetId) -> str:
    """Return a fresh place on the site: `<site prefix>/<dataset id>-<random>`."""
    return place_on(site.address, f"{dataset_id}-{secrets.token_hex(8)}")


def marker_of(platform: Platform, dataset: Dataset, binding: Binding) -> Mapping[str, object]:
    """Return what `labset.json` says: enough to restore the binding, and nothing secret."""
    return {
        "labset": MARKER_VERSION,
        "dataset_id": dataset.id.number,
        "dataset": dataset.path_with_namespace,
        "site_id": binding.placement.site.id.number,
        "prefix": binding.placement.prefix,
        "order": binding.order_key,
        "bound_at": platform.clock.now().isoformat(),
    }


def dvc_config(platform: Platform, placement: Placement) -> str:
    """Return the `.dvc/config` of a bound dataset.

    Source:  COMPAT 4.1; the layout that `dvc remote add` leaves.
    """
    lines = [
        "[core]",
        "    remote = labset",
        "['remote \"labset\"']",
        f"    url = {platform.dvc_base_url}/dvc/{placement.dataset_id}",
        "    auth = custom",
        "    custom_auth_header = Authorization",
        "    password = anonymous",
        "    verify = true",
        f"    read_timeout = {_DVC_READ_SECONDS}",
    ]
    address = placement.site.address
    if address.kind is SiteKind.S3:
        lines += [
            "['remote \"site\"']",
            f"    url = s3://{urlsplit(address.url).netloc}/{placement.prefix}",
        ]
        lines += [f"    endpointurl = {address.endpoint}"] if address.endpoint else []
        lines += [f"    region = {address.region}"] if address.region else []
    return "\n".join(lines) + "\n"


def _order(platform: Platform, actor: Actor, dataset: Dataset, binding: Binding) -> CommitOrder:
    person = platform.directory.read_person(actor)
    branch = Ref(dataset.default_branch or DEFAULT_BRANCH)
    config = dvc_config(platform, binding.placement).encode()
    return CommitOrder(
        key=binding.order_key,
        branch=branch,
        message=f"Bind to the storage site {binding.placement.site.name}",
        changes=(
            Change(".dvc/.gitignore", _DVC_GITIGNORE),
            Change(".dvc/config", config),
            Change(".dvcignore", _DVCIGNORE),
        ),
        base=find_base(platform, actor, dataset, branch),
        author_name=person.name,
        author_email=person.email,
    )
