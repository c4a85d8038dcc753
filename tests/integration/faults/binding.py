"""Whether a dataset is bound, unbound, or half: asked of the ledger, the bucket and GitLab."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass

import httpx

from tests.integration.faults.world import BUCKET_PREFIX, World


@dataclass(frozen=True)
class Bound:
    """What three places say about one dataset."""

    in_ledger: bool | None
    prefix: str | None
    markers: tuple[str, ...]
    remote: str | None
    commits: int

    @property
    def is_unbound(self) -> bool:
        """Nothing anywhere."""
        return (self.in_ledger, self.markers, self.remote, self.commits) == (None, (), None, 0)

    @property
    def is_whole(self) -> bool:
        """One placement, one marker there, one commit that names it."""
        return (
            self.in_ledger is True
            and self.markers == (f"{self.prefix}/labset.json",)
            and self.remote is not None
            and f"/{self.prefix}\n" in self.remote
            and self.commits == 1
        )


def look_at_binding(world: World, dataset: int) -> Bound:
    """Ask all three."""
    rows = world.ledger("select bound, prefix from bindings where dataset_id = ?", dataset)
    keys = [one.key for one in world.bucket().objects.filter(Prefix=f"{BUCKET_PREFIX}/{dataset}-")]
    commits = world.git(dataset, "rev-list", "--all").split()
    remote = world.git(dataset, "show", f"{commits[0]}:.dvc/config") if commits else None
    return Bound(
        in_ledger=bool(rows[0][0]) if rows else None,
        prefix=rows[0][1] if rows else None,
        markers=tuple(key for key in keys if key.endswith("/labset.json")),
        remote=remote,
        commits=len(commits),
    )


def marker_agrees(world: World, dataset: int, bound: Bound) -> bool:
    """Whether the marker names this dataset and this place."""
    marker = json.loads(world.bucket().Object(bound.markers[0]).get()["Body"].read())
    return (marker["dataset_id"], marker["prefix"]) == (dataset, bound.prefix)


class KillAt:
    """Kills all web processes at their Nth request to GitLab or S3, counted from now on."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._left = number
        self._guard = threading.Lock()
        self.has_killed = False

    def __call__(self, _line: str) -> bool:
        with self._guard:
            self._left -= 1
            if self._left == 0:
                self.has_killed = True
                self._world.kill_web_children()
        return False


def bind_and_kill(world: World, number: int) -> tuple[int, bool]:
    """Bind a new dataset and kill whoever does it at the Nth outside call; nobody tries again.

    Returns the dataset, and whether it came so far.
    """
    dataset = world.new_unbound_dataset()
    killer = KillAt(world, number)
    with (
        world.gitlab.choosing(killer),
        world.s3.choosing(killer),
        httpx.Client(headers={"PRIVATE-TOKEN": world.alice.token}, timeout=30) as client,
        suppress(httpx.TransportError),
    ):
        url = f"{world.running.api}/datasets/{dataset}/storage-site"
        client.put(url, json={"site_id": world.s3_site})
    return dataset, killer.has_killed
