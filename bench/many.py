"""100,000 small files up and down once by the client: how long, and how much memory it takes."""

from __future__ import annotations

from pathlib import Path

from bench.contestants.ground import prepared_ground, remove
from bench.contestants.labset import LabsetClient
from bench.programs import Run
from bench.sets import check_same, make_many
from bench.stack import Running

FILES = 100_000
LEAST_BYTES, MOST_BYTES = 1_000, 4_000
WANTED_BYTES = 200_000_000


def measure_many(stack: Running, work: Path, scale: float) -> list[str]:
    """Return lines that tell what the upload, a second one and the download took."""
    files = max(2, round(FILES * scale))
    with prepared_ground(stack, work / "many", "bench-many") as ground:
        tree = ground.folder / "tree"
        total = make_many(tree, files, LEAST_BYTES, MOST_BYTES)
        client = LabsetClient(ground, tree)
        up, again = client.publish_watched(), client.publish_watched()
        goal = ground.folder / "all"
        down = client.pull_watched(goal)
        paths = [path.relative_to(tree).as_posix() for path in tree.rglob("*.txt")]
        check_same(tree, goal, paths)
        remove(goal)
    return [
        f"{files:,} files of 1 to 4 kB, {total / 1e6:.0f} MB together, once   seconds  files/s   peak MB",
        _line("upload", up, files),
        _line("upload again, nothing changed", again, files),
        _line("download into an empty folder, nothing cached", down, files),
        f"  wanted: the client's processes together under {WANTED_BYTES / 1e6:.0f} MB",
    ]


def _line(what: str, run: Run, files: int) -> str:
    peak = run.highest_bytes / 1e6
    return f"  {what:54} {run.seconds:8.1f} {files / run.seconds:8.0f} {peak:9.0f}"
