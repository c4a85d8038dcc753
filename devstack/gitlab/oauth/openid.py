"""OpenID Connect: the key that signs, the claims about a person, identity tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from devstack.gitlab.store.users import User, details_of, find_user

if TYPE_CHECKING:
    from devstack.gitlab.state import Server

KEY_ID = "devstack"
_KEY_BITS = 2048
_IDENTITY_SECONDS = 120
_ROLES = {"owner": 50, "maintainer": 40, "developer": 30}
CLAIMS = (
    *("name", "nickname", "preferred_username", "email", "email_verified", "website", "profile"),
    *("picture", "groups", "groups_direct"),
    *(f"https://gitlab.org/claims/groups/{role}" for role in _ROLES),
)


def ensure_key(server: Server) -> None:
    """Make the signing key, readable by the owner only, where there is none yet."""
    path = server.home / "openid-key.pem"
    if path.exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text)
    draft.replace(path)


def _key(server: Server) -> rsa.RSAPrivateKey:
    loaded = serialization.load_pem_private_key((server.home / "openid-key.pem").read_bytes(), None)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise TypeError("openid-key.pem is not an RSA key; remove it and start again")
    return loaded


def public_keys(server: Server) -> dict[str, Any]:
    """Return the public half as a JSON Web Key Set."""
    numbers = _key(server).public_key().public_numbers()
    key = {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": KEY_ID,
        "n": _number(numbers.n),
        "e": _number(numbers.e),
    }
    return {"keys": [key]}


def claims(server: Server, user_id: int, scopes: frozenset[str]) -> dict[str, Any]:
    """Return what an application may learn about a person when it asks."""
    user = find_user(server.database, user_id)
    if user is None:
        return {"sub": str(user_id)}
    names = {"name": user.name, "nickname": user.username, "preferred_username": user.username}
    groups = _groups(server, user.id)
    by_role = {
        f"https://gitlab.org/claims/groups/{role}": [path for path, own in groups if own == level]
        for role, level in _ROLES.items()
    }
    website = details_of(server.database, user.id).get("website_url")
    return {
        **_identity(server, user),
        **names,
        **_mail(server, user, scopes),
        **({"website": website} if website else {}),
        "profile": f"{server.external_url}/{user.username}",
        "picture": None,
        "groups": [path for path, _ in groups],
        **{name: paths for name, paths in by_role.items() if paths},
    }


def _identity(server: Server, user: User) -> dict[str, str]:
    """Return the subject, and the one that GitLab gave in former times: a digest with a secret of the server."""
    secret = (server.home / "openid-key.pem").read_bytes()
    old = hashlib.sha256(f"{user.id}-".encode() + secret).hexdigest()
    return {"sub": str(user.id), "sub_legacy": old}


def _mail(server: Server, user: User, scopes: frozenset[str]) -> dict[str, Any]:
    """Return the address, the public one without the scope `email`."""
    if "email" in scopes:
        return {"email": user.email, "email_verified": bool(user.confirmed)}
    public = details_of(server.database, user.id).get("public_email")
    return {"email": public, "email_verified": public == user.email} if public else {}


def _groups(server: Server, user_id: int) -> list[tuple[str, int]]:
    """Return the groups that somebody is a direct member of, with the level."""
    rows = server.database.rows(
        "SELECT n.full_path, m.access_level FROM group_members m JOIN namespaces n ON n.id = m.group_id"
        " WHERE m.user_id = ? ORDER BY 1",
        (user_id,),
    )
    return [(row[0], row[1]) for row in rows]


def identity_token(
    server: Server, audience: str, user: User, scopes: frozenset[str], nonce: str
) -> str:
    """Return a signed statement, for one application, about who signed in."""
    moment = int(time.time())
    body = {
        "iss": server.external_url,
        "aud": audience,
        "iat": moment,
        "exp": moment + _IDENTITY_SECONDS,
        "auth_time": moment,
        **_identity(server, user),
        **_mail(server, user, scopes),
        "groups_direct": [path for path, _ in _groups(server, user.id)],
    }
    if nonce:
        body["nonce"] = nonce
    signed = f"{_part({'typ': 'JWT', 'alg': 'RS256', 'kid': KEY_ID})}.{_part(body)}"
    signature = _key(server).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encoded(signature)}"


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
