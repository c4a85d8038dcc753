"""docs/benchmarks.md: what this run measured; what it did not measure stays as the page has it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.programs import Shell
from bench.racing import ENTRIES, find_entries

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"

_HEAD = """\
# Benchmarks

Labset's client and its peers did the same work, in one run, on one machine, with the same S3 server (the
SeaweedFS that `make run` starts). Seconds depend on the machine, ratios much less: measure on yours with

```sh
make bench FLAGS="--write-docs"        # everything; writes this page
make bench FLAGS="peers small"         # one part, one set: only printed
python -m bench --help                 # the parts, and how to try the bench itself on tiny sets
```

It needs 20 GB of free space in the folder for temporary files (`--work` names another one), and deletes
what it made. A peer that is not installed is named and left out.
"""

_HOW_TO_READ = """\
## How to read it

- A cell is the median in seconds of whole commands, from their start to their end; after the × stands the
  same as a share of the best peer's time in that row. Below 1.00 is faster than every peer.
- **add and publish**: everything from a plain folder to a version that others can get. `labset upload`;
  `rclone copy`; `dvc add`, commit, `dvc push`, push; `git add`, commit, push with git-lfs; `git annex add`,
  commit, `git annex copy`, push.
- **full pull**: into a folder that is not there yet, with empty caches; where git is involved by a fresh
  clone, whose time counts. The operating system's own cache of files is not emptied. **one file**: the same
  for a single file.
- **nothing changed**, **1 % changed**: the same commands as for publishing. Of 100 files one, of fewer one of
  all, got new bytes in its first hundredth.
- `rclone` only copies: it keeps no versions. `dvc` keeps one pointer per file, as Labset does; `dvc folder`
  keeps one for the whole folder. git-lfs asks a real server (giftless), which sends it straight to S3.
- Git's remote is a bare repository on the same disk, which costs nearly nothing. Labset's commits go through
  its server and the API of the GitLab look-alike.
- Options beyond the defaults: `rclone` with 16 transfers, 16 checkers, `--fast-list` and `--checksum`;
  git-annex with `-J8`.
- What is wanted at least stands below the table with what this run reached.
- After each pull every byte was compared with what was published.
"""

_TITLES = {
    "peers": "Labset's client and its peers",
    "many": "Very many files",
    "upload": "Ways to upload by the API",
    "small": "Small files by the API",
    "large": "A large file by the API",
    "folder": "A large file of a folder site by the API",
    "assets": "Queries on many assets",
}


def write_page(sections: Mapping[str, Sequence[str]]) -> None:
    """Write the page with new sections; those that were not measured are kept."""
    kept = _read_sections(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    new = {name: _section(name, lines) for name, lines in sections.items()}
    texts = [(new | {k: v for k, v in kept.items() if k not in new}).get(name) for name in _TITLES]
    page = "\n".join([_HEAD, *(text for text in texts if text), _HOW_TO_READ])
    PAGE.write_text(page, encoding="utf-8")


def facts(shell: Shell, folder: Path) -> str:
    """Return what one must know of the machine and of the versions."""
    present, _ = find_entries(())
    versions = {
        entry.version: shell.run(folder, *entry.version).split("\n")[0].strip() for entry in present
    }
    names = {entry.version: entry.name for entry in reversed(ENTRIES)}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    told = (f"{names[command]} {_number(text)}" for command, text in versions.items())
    git = _number(shell.run(folder, "git", "--version"))
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, git {git}; {', '.join(told)}."
    )


def _number(text: str) -> str:
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else text


def _section(name: str, lines: Sequence[str]) -> str:
    body = list(lines) if name == "peers" else ["```text", *lines, "```"]
    day = f"Measured on {datetime.now(UTC):%Y-%m-%d}."
    head = [f"<!-- {name} -->", f"## {_TITLES[name]}", "", day, ""]
    return "\n".join([*head, *body, f"<!-- /{name} -->", ""])


def _read_sections(text: str) -> dict[str, str]:
    found = re.finditer(r"<!-- (\w+) -->\n.*?<!-- /\1 -->\n", text, re.DOTALL)
    return {one[1]: one[0] for one in found}
