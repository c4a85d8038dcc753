"""Secrets on their way into the database and out of it: AES-256-GCM, bound to their row."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Damaged, Invalid
from core.model.access import Secret

MIN_KEY_BYTES = 32
_FORMAT = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
PREFIX_BYTES = len(_FORMAT) + _KEY_ID_BYTES


class Vault:
    """Encrypts with the first key, decrypts with any of them.

    A sealed value is `format (1) · key id (8) · nonce (12) · ciphertext and tag`, all in bytes. Its
    context (table, column and row) is authenticated, so that a value moved to another row is refused.
    """

    def __init__(self, keys: Sequence[Secret]) -> None:
        if not keys:
            raise Invalid("Set LABSET_SECRET_KEY: the ledger's secrets are encrypted with it.")
        derived = [_derive(key) for key in keys]
        self.prefix = _FORMAT + derived[0][0]
        self._current = derived[0][1]
        self._ciphers = {_FORMAT + key_id: cipher for key_id, cipher in reversed(derived)}

    def seal(self, text: str, context: str) -> bytes:
        """Encrypt `text` for the place that `context` names."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.prefix + nonce + self._current.encrypt(nonce, text.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """Decrypt what `seal` made for the same place.

        Raises:  Damaged, if no key fits or the value is not this place's.
        """
        cipher = self._ciphers.get(sealed[:PREFIX_BYTES])
        if cipher is None:
            raise Damaged(
                "A secret in Labset's database was encrypted with another LABSET_SECRET_KEY: name "
                "the earlier key in LABSET_SECRET_KEY_OLD, or enter the secret anew.",
                code="secret_unreadable",
                details={"place": context},
            )
        nonce, body = sealed[PREFIX_BYTES:][:_NONCE_BYTES], sealed[PREFIX_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, context.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Damaged(
                "A secret in Labset's database was changed from outside: enter it anew.",
                code="secret_unreadable",
                details={"place": context},
            ) from error

    def seal_optional(self, secret: Secret | None, context: str) -> bytes | None:
        """Encrypt a secret, where there is one."""
        return None if secret is None else self.seal(secret.reveal(), context)

    def open_optional(self, sealed: bytes | None, context: str) -> Secret | None:
        """Decrypt a secret, where there is one."""
        return None if sealed is None else Secret(self.open(sealed, context))


def _derive(key: Secret) -> tuple[bytes, AESGCM]:
    material = key.reveal().encode()
    if len(material) < MIN_KEY_BYTES:
        raise Invalid(
            f"LABSET_SECRET_KEY is too short: give at least {MIN_KEY_BYTES} random bytes, "
            "for example from: openssl rand -hex 32"
        )
    cipher_key = _expand(material, b"labset ledger: cipher")
    key_id = hashlib.sha256(_expand(material, b"labset ledger: key id")).digest()[:_KEY_ID_BYTES]
    return key_id, AESGCM(cipher_key)


def _expand(material: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(material)
