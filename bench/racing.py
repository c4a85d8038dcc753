"""The same actions for everybody, on the same sets and the same S3 server, and what they took."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import SubprocessError

from bench.contestants.dvc import DVC, DVC_FOLDER
from bench.contestants.git_annex import GIT_ANNEX
from bench.contestants.git_lfs import GIT_LFS
from bench.contestants.ground import Absent, Contestant, Entry, prepared_ground, remove
from bench.contestants.labset import LABSET
from bench.contestants.rclone import RCLONE
from bench.programs import find_program, seconds_of
from bench.sets import FileSet, change, check_same
from bench.stack import Running

ENTRIES = (LABSET, RCLONE, DVC, DVC_FOLDER, GIT_LFS, GIT_ANNEX)
ACTIONS = {
    "publish": "add and publish",
    "pull": "full pull",
    "one": "one file",
    "same": "publish, nothing changed",
    "changed": "publish, 1 % changed",
}

Seconds = Mapping[str, float]


@dataclass(slots=True)
class Race:
    """What one set took: medians by contestant and action, and who could not finish, and why."""

    files: FileSet
    runs: int
    seconds: dict[str, Seconds] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def best_peer(self, action: str) -> float | None:
        """Return the seconds of the fastest that is not Labset, if there is one."""
        peers = (taken[action] for name, taken in self.seconds.items() if name != LABSET.name)
        return min(peers, default=None)


def race(
    stack: Running,
    work: Path,
    files: FileSet,
    entries: Iterable[Entry],
    runs: int,
    tell: Callable[[str], None],
) -> Race:
    """Let each contestant do everything `runs` times, each time on new ground; they take turns."""
    source = work / f"source-{files.name}"
    paths = files.make(source)
    result = Race(files, runs)
    rounds: dict[str, list[Seconds]] = {}
    for number in range(runs):
        for entry in entries:
            if files.name not in entry.sets or entry.name in result.failed:
                continue
            bucket = f"bench-{files.name}-{entry.name.lower().replace(' ', '-')}-{number}"
            try:
                with (
                    prepared_ground(stack, work / bucket, bucket) as ground,
                    entry.enter(ground, source) as contestant,
                ):
                    taken = _run_once(contestant, source, paths, ground.folder)
            except (Absent, OSError, RuntimeError, SubprocessError) as problem:
                result.failed[entry.name] = str(problem)
                tell(f"{files.title}, {entry.name}: {problem}")
                continue
            rounds.setdefault(entry.name, []).append(taken)
            tell(f"{files.title}, {entry.name}: {_sentence(taken)}")
    remove(source)
    result.seconds = {
        name: _medians(taken) for name, taken in rounds.items() if name not in result.failed
    }
    return result


def find_entries(names: Sequence[str]) -> tuple[list[Entry], dict[str, str]]:
    """Return who can take part, and how to get each of those who cannot."""
    asked = [entry for entry in ENTRIES if not names or entry.name in names]
    missing = {
        entry.name: entry.apt
        for entry in asked
        if not all(find_program(program) for program in entry.programs)
    }
    return [entry for entry in asked if entry.name not in missing], missing


def _run_once(contestant: Contestant, source: Path, paths: list[str], folder: Path) -> Seconds:
    one = paths[len(paths) // 2]
    taken = {"publish": seconds_of(contestant.publish)}
    goal = folder / "all"
    taken["pull"] = seconds_of(lambda: contestant.pull(goal))
    check_same(source, goal, paths)
    remove(goal)
    goal = folder / "one"
    taken["one"] = seconds_of(lambda: contestant.pull_one(goal, one))
    check_same(source, goal, [one])
    remove(goal)
    taken["same"] = seconds_of(contestant.publish)
    changed = change(contestant.tree, paths)
    taken["changed"] = seconds_of(contestant.publish)
    goal = folder / "changed"
    contestant.pull_one(goal, changed[0])
    check_same(contestant.tree, goal, changed[:1])
    return taken


def _medians(rounds: list[Seconds]) -> Seconds:
    return {action: statistics.median(taken[action] for taken in rounds) for action in ACTIONS}


def _sentence(taken: Seconds) -> str:
    return ", ".join(f"{action} {seconds:.2f} s" for action, seconds in taken.items())
