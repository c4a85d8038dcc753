"""What clients of the Hugging Face Hub are told, as its own API spells it.

Source: COMPAT 4.3; huggingface_hub 2.4: `hf_api.py` (`RepoFile`, `RepoFolder`, `DatasetInfo`), `_login.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from core.model.access import Person, TokenFacts, Visibility
from core.model.content import Broken
from core.model.history import Commit
from core.usecases.clients.hugging_face import Pinned, RepositoryRow

Json = dict[str, Any]

_LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def row(value: RepositoryRow) -> Json:
    """Dress a file or folder of a listing."""
    dressed: Json = {
        "type": value.entry.type,
        "oid": value.oid,
        "size": value.size_bytes or 0,
        "path": value.entry.path.text,
    }
    if value.sha256 is not None and value.size_bytes is not None:
        pointer = _LFS_POINTER.format(value.sha256, value.size_bytes)
        dressed["lfs"] = {
            "oid": value.sha256,
            "size": value.size_bytes,
            "pointerSize": len(pointer),
        }
    if isinstance(value.entry.content, Broken):
        dressed["problem"] = value.entry.content.problem
    if value.commit is not None:
        commit = value.commit
        dressed["lastCommit"] = {
            "id": commit.revision.sha,
            "title": commit.title,
            "date": _moment(commit.authored_at),
        }
    return dressed


def dataset(
    name: str,
    pinned: Pinned,
    commit: Commit,
    siblings: Sequence[Json] | None,
    wanted: Sequence[str],
) -> Json:
    """Dress a dataset at a revision; `wanted` names the fields, if not all."""
    value = pinned.dataset
    dressed: Json = {
        "id": name,
        "author": value.namespace.full_path,
        "sha": pinned.revision.sha,
        "createdAt": _moment(value.created_at),
        "lastModified": _moment(commit.authored_at),
        "private": value.visibility is not Visibility.PUBLIC,
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": list(value.tags),
        "description": value.description,
    }
    if siblings is not None:
        dressed["siblings"] = list(siblings)
    return {key: dressed[key] for key in dressed if not wanted or key in {"id", *wanted}}


def sibling(value: RepositoryRow, *, with_facts: bool) -> Json:
    """Dress a file of a dataset's description."""
    dressed: Json = {"rfilename": value.entry.path.text}
    if with_facts:
        told = row(value)
        dressed |= {"size": told["size"], "blobId": told["oid"]}
        if "lfs" in told:
            lfs = told["lfs"]
            dressed["lfs"] = {
                "sha256": lfs["oid"],
                "size": lfs["size"],
                "pointerSize": lfs["pointerSize"],
            }
    return dressed


def person(value: Person, token: TokenFacts | None) -> Json:
    """Dress who asks; without scopes told, a token is said to read."""
    may_write = token is not None and "api" in token.scopes
    access = {
        "displayName": token.name if token else "GitLab",
        "role": "write" if may_write else "read",
    }
    return {
        "type": "user",
        "id": str(value.id),
        "name": value.username,
        "fullname": value.name,
        "avatarUrl": value.avatar_url,
        "isPro": False,
        "canPay": False,
        "orgs": [],
        "auth": {"type": "access_token", "accessToken": access},
    }


def _moment(value: datetime) -> str:
    """Return a time as the Hub's clients parse it: with milliseconds and a `Z`."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
