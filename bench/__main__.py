"""`make bench`: peers and Labset on the same work in one run, printed as medians and ratios.

`python -m bench [PART]...` measures only what is named; `python -m bench --help` lists the parts.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.assets import measure_assets
from bench.contestants.ground import Entry
from bench.downloading import measure_folder, measure_large, measure_small
from bench.floors import floor_lines, measure_help
from bench.many import measure_many
from bench.page import facts, write_page
from bench.peer_servers import NotInstallable
from bench.programs import make_shell
from bench.racing import ENTRIES, Race, find_entries, race
from bench.sets import SETS
from bench.stack import Running, running_stack
from bench.table import notes, race_table
from bench.uploading import make_folder, measure_uploads

PARTS = {
    "peers": "the client next to rclone, DVC, git-lfs and git-annex; after it, names of sets narrow it: "
    + ", ".join(f"{one.name} ({one.title})" for one in SETS.values()),
    "many": "100,000 small files up and down by the client, with its memory",
    "upload": "the API's ways to upload next to DVC and rclone",
    "small": "downloads of a small file by the API",
    "large": "a large file by the API, next to S3 itself",
    "folder": "a large file of a folder site by the API, next to caddy",
    "assets": "queries on 100,000 assets in SQLite and 1,000,000 in PostgreSQL, next to JSON without our indexes",
}
_NEEDED_BYTES = 20_000_000_000
EPILOG = "parts:\n" + "\n".join(f"  {name:8}{words}" for name, words in PARTS.items())


class Bench:
    """One run: a stack, a folder, and what was asked."""

    def __init__(self, asked: argparse.Namespace, stack: Running, work: Path) -> None:
        self._asked = asked
        self._stack = stack
        self._work = work
        self.failed = False

    def peers(self) -> list[str]:
        """Race everybody on the sets."""
        entries, absent = find_entries(self._asked.only)
        races = [self._race(name, entries) for name in self._asked.sets or SETS]
        self.failed = any("Labset" in one.failed for one in races)
        shell = make_shell(self._work / "facts")
        floors = floor_lines(races, measure_help(shell, self._work))
        told = [facts(shell, self._work)]
        parts = (race_table(races), told, notes(races, absent), floors)
        return [line for part in parts if part for line in ("", *part)][1:]

    def many(self) -> list[str]:
        """Upload and download very many files."""
        return measure_many(self._stack, self._work, self._asked.scale)

    def upload(self) -> list[str]:
        """Measure the API's ways to upload."""
        seconds = measure_uploads(self._stack, self._files(), self._work)
        dvc, rclone = seconds["dvc add + git commit + dvc push"], seconds["rclone copy"]
        return [
            "2,000 x 20 kB to S3 and committed      seconds   dvc / it   it / rclone",
            *(
                f"  {name:34} {taken:9.2f} {dvc / taken:10.1f} {taken / rclone:13.2f}"
                for name, taken in seconds.items()
            ),
            "  wanted: dvc / it >= 6 for one request per file and for batch; batch / rclone <= 3",
        ]

    def small(self) -> list[str]:
        """Measure downloads of a small file."""
        seen = measure_small(self._stack, self._files())
        return [
            "ref-pinned download of 20 kB, warm, 16 connections",
            f"  requests/s {seen['per_second']:8.0f}   wanted >= 1,000",
            f"  p50 ms     {seen['p50_ms']:8.1f}",
            f"  p99 ms     {seen['p99_ms']:8.1f}   wanted < 60",
            f"  first read of a fresh tag, s {seen['first_read_seconds']:.3f}   wanted < 1",
        ]

    def large(self) -> list[str]:
        """Measure the download of a large file."""
        seen = measure_large(self._stack, self._work)
        direct, through = seen["s3_mb_per_second"], seen["labset_mb_per_second"]
        grown = seen["memory_growth_mb"]
        return [
            "512 MB to curl",
            f"  S3 itself  {direct:8.0f} MB/s",
            f"  Labset     {through:8.0f} MB/s   ratio {through / direct:.2f}, wanted >= 0.4",
            f"  memory growth of the web processes {grown:.0f} MB, wanted < 64",
        ]

    def folder(self) -> list[str]:
        """Measure the download of a large file that lies in a folder of the server."""
        try:
            seen = measure_folder(self._stack, self._work)
        except NotInstallable as problem:
            return [f"not measured: {problem}"]
        direct, through = seen["caddy_mb_per_second"], seen["labset_mb_per_second"]
        return [
            "512 MB of a folder site to curl",
            f"  caddy file-server  {direct:8.0f} MB/s",
            f"  Labset             {through:8.0f} MB/s   ratio {through / direct:.2f}, wanted >= 0.6",
        ]

    def assets(self) -> list[str]:
        """Measure queries on many assets, in databases of their own."""
        return measure_assets(self._work, self._asked.scale)

    def _race(self, name: str, entries: Sequence[Entry]) -> Race:
        files = SETS[name].scaled(self._asked.scale)
        runs = self._asked.runs or files.runs
        return race(self._stack, self._work, files, entries, runs, _tell)

    def _files(self) -> Path:
        folder = self._work / "files"
        return folder if folder.exists() else make_folder(folder)


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return what was asked: parts, the sets that narrow `peers`, and the options."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures Labset next to its peers, in one run on this machine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", metavar="PART", help="all parts, if none is named")
    parser.add_argument("--runs", type=int, help="of each race, instead of 3 (small) and 1")
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="of peers, many and assets; 0.01: tiny, to try the bench",
    )
    parser.add_argument("--only", action="append", default=[], choices=[e.name for e in ENTRIES])
    parser.add_argument("--work", type=Path, help="an existing folder for 20 GB of temporary files")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks.md")
    asked = parser.parse_args(words)
    asked.parts, asked.sets = [], []
    for word in asked.words:
        if "peers" in asked.parts and word in SETS:
            asked.sets.append(word)
        elif word in PARTS:
            asked.parts.append(word)
        else:
            parser.error(f"{word} is no part; {', '.join(PARTS)} are.")
    if asked.write_docs and (asked.scale != 1 or asked.only):
        parser.error("--write-docs is for whole sets and all peers.")
    asked.parts = asked.parts or list(PARTS)
    return asked


def main(words: Sequence[str]) -> int:
    """Measure and print; return 1, if Labset itself failed."""
    asked = read_arguments(words)
    _check_space(asked)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends the stack too
    sections = {}
    with tempfile.TemporaryDirectory(prefix="labset-bench-", dir=asked.work) as name:
        work = Path(name)
        with running_stack(work / "home") as stack:
            bench = Bench(asked, stack, work)
            for part in asked.parts:
                measure: Callable[[], list[str]] = getattr(bench, part)
                sections[part] = measure()
                print("", *sections[part], sep="\n", flush=True)
    if asked.write_docs:
        write_page(sections)
    return 1 if bench.failed else 0


def _check_space(asked: argparse.Namespace) -> None:
    place = asked.work or Path(tempfile.gettempdir())
    needed = _NEEDED_BYTES * min(1.0, asked.scale + 0.1)
    if shutil.disk_usage(place).free < needed:
        sys.exit(f"{place} has less than {needed / 1e9:.0f} GB free: name another one by --work.")


def _tell(sentence: str) -> None:
    print(f"… {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
