"""The demo's people, groups and the sign-in application, made through GitLab's own API."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from devstack.http import Api, Refused, encoded
from devstack.private_files import write_private

USERS = {"alice": "Alice Arnold", "bob": "Bob Brandt", "carol": "Carol Conti"}
_TOKEN_DAYS = 364
_DEVELOPER, _OWNER = 30, 50


@dataclass(slots=True)
class Login:
    """How one of the demo's people gets in."""

    password: str
    token: str


@dataclass(slots=True)
class Cast:
    """All that must stay the same from one start to the next; kept in `stack.json` (0600)."""

    secret_key: str
    users: dict[str, Login]
    oauth_id: str
    oauth_secret: str
    oauth_callback: str

    def save(self, path: Path) -> None:
        """Write it for our own eyes."""
        write_private(path, json.dumps(asdict(self), indent=2))


def load_cast(path: Path) -> Cast:
    """Return what the last start kept, or an empty cast with a new secret key."""
    if not path.exists():
        return Cast(secrets.token_urlsafe(48), {}, "", "", "")
    kept = json.loads(path.read_text(encoding="utf-8"))
    users = {name: Login(**login) for name, login in kept.pop("users").items()}
    return Cast(users=users, **kept)


def make_cast(gitlab: Api, cast: Cast, app_url: str) -> None:
    """Make what is not there yet: people with tokens, and the OAuth application of `app_url`."""
    for name, full_name in USERS.items():
        if name not in cast.users:
            cast.users[name] = _make_user(gitlab, name, full_name)
    callback = f"{app_url}/sign-in/callback"
    if not cast.oauth_id or cast.oauth_callback != callback:
        made = gitlab.post(
            "/applications", name="Labset", redirect_uri=callback, scopes="api", confidential=True
        )
        cast.oauth_id, cast.oauth_secret = made["application_id"], made["secret"]
        cast.oauth_callback = callback


def make_groups(gitlab: Api) -> None:
    """Make the groups `lab` (alice owns, carol develops) and `archive` (alice owns)."""
    ids = {name: gitlab.get("/users", username=name)[0]["id"] for name in USERS}
    lab = _make_group(gitlab, "lab", "Weld Lab")
    archive = _make_group(gitlab, "archive", "Archive")
    _make_member(gitlab, lab, ids["alice"], _OWNER)
    _make_member(gitlab, lab, ids["carol"], _DEVELOPER)
    _make_member(gitlab, archive, ids["alice"], _OWNER)


def _make_user(gitlab: Api, name: str, full_name: str) -> Login:
    password = secrets.token_urlsafe(12)
    found = gitlab.get("/users", username=name)
    if found:
        user = found[0]
        gitlab.put(f"/users/{user['id']}", password=password)
    else:
        user = gitlab.post(
            "/users",
            username=name,
            name=full_name,
            email=f"{name}@labset.example",
            password=password,
            skip_confirmation=True,
        )
    expires = datetime.now(UTC).date() + timedelta(days=_TOKEN_DAYS)
    token = gitlab.post(
        f"/users/{user['id']}/personal_access_tokens",
        name="demo",
        scopes=["api"],
        expires_at=expires.isoformat(),
    )
    return Login(password, token["token"])


def _make_group(gitlab: Api, path: str, name: str) -> int:
    try:
        return int(gitlab.get(f"/groups/{encoded(path)}")["id"])
    except Refused as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise
    return int(gitlab.post("/groups", name=name, path=path, visibility="public")["id"])


def _make_member(gitlab: Api, group: int, user: int, level: int) -> None:
    try:
        gitlab.post(f"/groups/{group}/members", user_id=user, access_level=level)
    except Refused as refusal:
        if refusal.status != HTTPStatus.CONFLICT:
            raise
