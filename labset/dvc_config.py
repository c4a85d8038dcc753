"""DVC's configuration of a repository: which remote is ours, and the password that is nobody else's.

Source:  COMPAT.md 4.1; DVC's `.dvc/config` and `.dvc/config.local` are INI files as ConfigObj writes them,
         sections named `'remote "labset"'`. We change lines and leave everything else as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from labset.errors import Misused
from labset.local.private_files import write_private

_SECTION = re.compile(r"""^\[\s*['"]?remote "(?P<name>[^"]+)"['"]?\s*\]\s*$""")
_ANY_SECTION = re.compile(r"^\[")
_URL = re.compile(r"""^\s*url\s*=\s*['"]?(?P<url>[^'"]*)['"]?\s*$""")
_PASSWORD = re.compile(r"^\s*password\s*=")


@dataclass(frozen=True, slots=True)
class Repository:
    """A DVC repository with the remote that leads to a dataset."""

    folder: Path
    remote: str


def find_repository(dataset_id: int, start: Path | None = None) -> Repository:
    """Return the repository around `start` (or the working folder) that belongs to a dataset.

    Raises:  Misused, outside of a DVC repository or in that of something else.
    """
    here = (start or Path.cwd()).resolve()
    folder = next((one for one in (here, *here.parents) if (one / ".dvc").is_dir()), None)
    if folder is None:
        raise Misused(
            f"{here} is in no DVC repository: clone the dataset with git, and run this in the clone. "
            "(Without a clone, `labset download` needs no DVC.)"
        )
    config = folder / ".dvc" / "config"
    urls = _remote_urls(config.read_text(encoding="utf-8")) if config.exists() else {}
    for name, url in urls.items():
        if url.rstrip("/").endswith(f"/dvc/{dataset_id}"):
            return Repository(folder, name)
    known = ", ".join(f"{name} ({url})" for name, url in urls.items()) or "none"
    raise Misused(
        f"{config} has no remote of dataset {dataset_id}. Its remotes: {known}. If the clone is older "
        "than the dataset's storage site, `git pull` brings the remote."
    )


def set_password(repository: Repository, token: str) -> Path:
    """Write `password = Bearer <token>` for the remote into `.dvc/config.local`; return that file.

    The file gets the mode 0600; whatever else it says, it keeps saying.
    """
    path = repository.folder / ".dvc" / "config.local"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    write_private(path, with_password(text, repository.remote, f"Bearer {token}"))
    return path


def with_password(text: str, remote: str, password: str) -> str:
    """Return a configuration whose `remote` has this password and is otherwise as it was."""
    wanted = f"    password = {password}"
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if _name_of(line) == remote), None)
    if start is None:
        lines += [f"""['remote "{remote}"']""", wanted]
        return "\n".join(lines) + "\n"
    end = next(
        (n for n in range(start + 1, len(lines)) if _ANY_SECTION.match(lines[n])), len(lines)
    )
    kept = [line for line in lines[start + 1 : end] if not _PASSWORD.match(line)]
    return "\n".join([*lines[: start + 1], wanted, *kept, *lines[end:]]) + "\n"


def _remote_urls(text: str) -> dict[str, str]:
    urls: dict[str, str] = {}
    section: str | None = None
    for line in text.splitlines():
        if _ANY_SECTION.match(line):
            section = _name_of(line)
        elif section and (found := _URL.match(line)):
            urls[section] = found["url"].strip()
    return urls


def _name_of(line: str) -> str | None:
    found = _SECTION.match(line)
    return found["name"] if found else None
