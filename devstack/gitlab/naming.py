"""Which names and paths GitLab accepts, and what it says about the others."""

from __future__ import annotations

import re
import unicodedata

# fmt: off
RESERVED_PROJECT_PATHS = frozenset({
    "-", "badges", "blame", "blob", "builds", "commits", "create", "create_dir", "edit", "files", "find_file", "new",
    "preview", "raw", "refs", "tree", "update", "wikis",
})
RESERVED_TOP_PATHS = frozenset({
    "-", ".well-known", "404.html", "422.html", "500.html", "502.html", "503.html", "admin", "api",
    "apple-touch-icon.png", "assets", "dashboard", "deploy.html", "explore", "favicon.ico", "favicon.png", "files",
    "groups", "health_check", "help", "import", "jwt", "login", "oauth", "profile", "projects", "public", "robots.txt",
    "s", "search", "sitemap", "sitemap.xml", "sitemap.xml.gz", "slash-command-logo.png", "snippets", "unsubscribe",
    "uploads", "users", "v2",
})
# fmt: on
RESERVED_SUBGROUP_PATHS = frozenset({"-"})

_PROJECT_PATH = re.compile(r"(?!-)[A-Za-z0-9_.-]+")
_CONTAINER_PATH = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_GROUP_PATH = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
_NAME = re.compile(r"[\w\u00a9-\U0010ffff][\w\u00a9-\U0010ffff .+\-]*", re.UNICODE)
_GROUP_NAME = re.compile(r"[\w\u00a9-\U0010ffff][\w\u00a9-\U0010ffff .()+\-]*", re.UNICODE)
LONGEST = 255
EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+")

_PROJECT_PATH_RULE = (
    "can contain only letters, digits, '_', '-' and '.'. "
    "Cannot start with '-', end in '.git' or end in '.atom'"
)
_CONTAINER_PATH_RULE = (
    "must not start or end with a special character and must not contain consecutive special"
    " characters."
)
_GROUP_PATH_RULE = (
    "can only include non-accented letters, digits, '_', '-' and '.'. It must not start with '-', '_', or '.',"
    " nor end with '-', '_', '.', '.git', or '.atom'."
)
_NAME_RULE = (
    "can contain only letters, digits, emoji, '_', '.', '+', dashes, or spaces. It must start with a letter, digit,"
    " emoji, or '_'."
)
_GROUP_NAME_RULE = (
    "can contain only letters, digits, emoji, '_', '.', dash, space, parenthesis. It must start with letter, digit,"
    " emoji or '_'."
)


def parameterised(name: str) -> str:
    """Return the path that a name gets by itself: ASCII, lower case, dashes for the rest."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9_-]+", "-", plain)).strip("-")


def problems_of_project(name: str, path: str) -> dict[str, list[str]]:
    """Return GitLab's complaints about a project's name and path, by field."""
    problems: dict[str, list[str]] = {}
    _note(problems, "name", _text_problems(name, _NAME, _NAME_RULE))
    texts = _text_problems(path, _PROJECT_PATH, _PROJECT_PATH_RULE)
    if not texts and path.endswith((".git", ".atom")):
        texts = [_PROJECT_PATH_RULE]
    if not texts and not _CONTAINER_PATH.fullmatch(path):
        texts = [_CONTAINER_PATH_RULE]
    _note(problems, "path", texts)
    if path.lower() in RESERVED_PROJECT_PATHS:
        problems["path"] = [f"{path} is a reserved name", *problems.get("path", [])]
    return problems


def problems_of_group(name: str, path: str, *, top: bool) -> dict[str, list[str]]:
    """Return GitLab's complaints about a group's name and path, by field."""
    problems: dict[str, list[str]] = {}
    _note(problems, "name", _text_problems(name, _GROUP_NAME, _GROUP_NAME_RULE))
    texts = _text_problems(path, _GROUP_PATH, _GROUP_PATH_RULE)
    if not texts and path.endswith((".git", ".atom")):
        texts = [_GROUP_PATH_RULE]
    _note(problems, "path", texts)
    if path.lower() in (
        RESERVED_TOP_PATHS if top else RESERVED_SUBGROUP_PATHS | RESERVED_PROJECT_PATHS
    ):
        problems["path"] = [f"{path} is a reserved name", *problems.get("path", [])]
    return problems


def problems_of_username(username: str) -> list[str]:
    """Return GitLab's complaints about a user name."""
    if username.lower() in RESERVED_TOP_PATHS:
        return [f"{username} is a reserved name"]
    return _text_problems(username, _GROUP_PATH, _GROUP_PATH_RULE)


def _note(problems: dict[str, list[str]], field: str, texts: list[str]) -> None:
    if texts:
        problems[field] = texts


def _text_problems(text: str, pattern: re.Pattern[str], rule: str) -> list[str]:
    if not text.strip():
        return ["can't be blank"]
    if len(text) > LONGEST:
        return [f"is too long (maximum is {LONGEST} characters)"]
    return [] if pattern.fullmatch(text) else [rule]
