"""Auditors who look at GitLab's repositories, the bucket and the ledger, never at what Labset says."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from botocore.exceptions import ClientError

from tests.integration.faults.uploading import Acknowledged
from tests.integration.faults.world import Person, World

_POINTER = re.compile(r"md5: '?([0-9a-f]{32})'?\n\s+size: (\d+)")
_BEGIN = "\x01"


@dataclass
class Auditor:
    """Looks again and again for commits that name bytes which are absent or wrong."""

    world: World
    datasets: list[int]
    looks: int = 0
    objects: int = 0
    dangling: list[str] = field(default_factory=list)
    _seen: set[tuple[int, str]] = field(default_factory=set)
    _proven: set[tuple[int, str]] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Check what is new in all refs of all datasets."""
        bucket = self.world.bucket()
        for dataset in self.datasets:
            commits = self.world.git(dataset, "rev-list", "--all").split()
            fresh = [sha for sha in commits if (dataset, sha) not in self._seen]
            for sha in fresh:
                for md5, size_bytes in named_by(self.world, dataset, sha):
                    if (dataset, md5) not in self._proven:
                        self._check(bucket, dataset, sha, md5, size_bytes)
                self._seen.add((dataset, sha))
        self.looks += 1

    def run(self) -> None:
        """Look every 100 ms until stopped."""
        while not self._stop.wait(0.1):
            self.look()

    def stop(self) -> None:
        """Let `run` return."""
        self._stop.set()

    def _check(self, bucket: object, dataset: int, sha: str, md5: str, size_bytes: int) -> None:
        key = self.world.object_key(dataset, md5)
        try:
            data = bucket.Object(key).get()["Body"].read()  # type: ignore[attr-defined] # boto3
        except ClientError as error:
            self.dangling.append(f"{sha} names {md5}: {error}")
            return
        found = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if (found, len(data)) != (md5, size_bytes):
            self.dangling.append(f"{sha} names {md5} with {size_bytes}: {found}, {len(data)}")
            return
        self._proven.add((dataset, md5))
        self.objects += 1


@contextmanager
def auditing(world: World, datasets: list[int]) -> Iterator[Auditor]:
    """Look during the block, and once more at its end."""
    auditor = Auditor(world, datasets)
    thread = threading.Thread(target=auditor.run)
    thread.start()
    try:
        yield auditor
    finally:
        auditor.stop()
        thread.join(60)
    auditor.look()


def named_by(world: World, dataset: int, sha: str) -> list[tuple[str, int]]:
    """Return (md5, size in bytes) of each pointer that a commit added or changed."""
    changed = world.git(
        dataset, "show", "--format=", "--unified=9", "--diff-filter=AMR", sha, "--", "*.dvc"
    )
    text = "\n".join(
        line[1:] for line in changed.splitlines() if line[:1] in {"+", " "} and line[:3] != "+++"
    )
    return [(md5, int(size)) for md5, size in _POINTER.findall(text)]


def commits_by_session(world: World, datasets: Iterable[int]) -> Counter[str]:
    """Count the commits that carry each upload session's trailer, in all refs."""
    counted: Counter[str] = Counter()
    form = f"--format={_BEGIN}%(trailers:key=Upload-Session,valueonly,separator=%x2C)"
    for dataset in datasets:
        words = world.git(dataset, "log", "--all", form).replace(_BEGIN, " ").split()
        counted.update(words)
    return counted


def judge_sessions(
    world: World, datasets: Iterable[int], promised: Iterable[Acknowledged]
) -> list[str]:
    """Compare what the ledger says of every session with GitLab's history; return what differs.

    Committed means one commit, the one that is recorded; failed means none; success that was said
    means committed.
    """
    datasets = list(datasets)
    counted = commits_by_session(world, datasets)
    said = {one.session: one.commit for one in promised if one.session}
    problems = []
    for dataset in datasets:
        rows = world.ledger("select id, state, revision from uploads where dataset_id = ?", dataset)
        history = set(world.git(dataset, "rev-list", "--all").split())
        for session, state, revision in rows:
            right = 1 if state == "committed" else 0
            if counted[session] != right or (right and revision not in history):
                problems.append(
                    f"{session} is {state} ({revision}) with {counted[session]} commits"
                )
            if session in said and said[session] != revision:
                problems.append(f"{session}: {said[session]} was said, {revision} is recorded")
    return problems


def count_commits(world: World, dataset: int) -> int:
    """Count the commits in all refs, that of the binding included."""
    return len(world.git(dataset, "rev-list", "--all").split())


def is_linear(world: World, dataset: int, branch: str = "main") -> bool:
    """Whether no commit of the branch has two parents."""
    return world.git(dataset, "rev-list", "--merges", branch) == ""


def count_states(world: World, datasets: Iterable[int]) -> Counter[str]:
    """Count the upload sessions of some datasets by state, in the ledger."""
    counted: Counter[str] = Counter()
    for dataset in datasets:
        rows = world.ledger("select state from uploads where dataset_id = ?", dataset)
        counted.update(state for (state,) in rows)
    return counted


def find_lost(world: World, who: Person, promised: Iterable[Acknowledged]) -> list[str]:
    """Read every file of every acknowledged upload at its commit; return what is not as promised."""
    asked = [(one, path) for one in promised for path in one.sha256]

    def check(one: Acknowledged, path: str, client: httpx.Client) -> str | None:
        url = f"/api/v1/datasets/{one.dataset}/files/{path}"
        answer = client.get(url, params={"ref": one.commit})
        right = hashlib.sha256(answer.content).hexdigest() == one.sha256[path]
        return None if right else f"{one.commit}:{path}: {answer.status_code}"

    headers = {"PRIVATE-TOKEN": who.token}
    with (
        httpx.Client(base_url=world.app_url, headers=headers, timeout=60) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        found = pool.map(lambda pair: check(pair[0], pair[1], client), asked)
        return [problem for problem in found if problem]
