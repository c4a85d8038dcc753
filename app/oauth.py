"""Signing in with GitLab: OAuth 2 authorization code with PKCE (S256), refresh, revocation.

Nothing secret waits in the browser or the ledger between going and coming back: the verifier is an HMAC
of the state, and the state lives in a signed cookie. The scope is `api`: people change their projects
and push with it. Who came back is what GitLab's own API says of the access token.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from app.settings import Settings
from core.errors import Unauthenticated, Unavailable
from core.model.access import Secret

SCOPE = "api"
CALLBACK = "/sign-in/callback"
_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Tokens:
    """What GitLab gave, and how long the access token lives; None where it did not say."""

    access: Secret
    refresh: Secret | None
    lifetime: timedelta | None


class GitLabOAuth:
    """The OAuth client that this installation is at its GitLab."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._verifier_key = settings.derive_key("pkce verifier")

    @property
    def is_configured(self) -> bool:
        """Whether anybody can sign in at all."""
        return self._settings.oauth_id is not None

    def authorization_url(self, state: str) -> str:
        """Return where the browser goes to ask for the code."""
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._url("authorize"), state=state, code_verifier=self._verifier(state)
            )
        return str(url)

    def redeem(self, code: str, state: str) -> Tokens:
        """Exchange a code for tokens; it serves once.

        Raises:  Unauthenticated, if GitLab refuses it; Unavailable within 10 seconds.
        """
        with self._asking() as client:
            answer = client.fetch_token(
                self._url("token"),
                code=code,
                code_verifier=self._verifier(state),
                timeout=_TIMEOUT_SECONDS,
            )
            return _read_tokens(answer)

    def refresh(self, refresh_token: Secret) -> Tokens:
        """Exchange a refresh token for the next pair; the old pair is dead afterwards.

        Raises:  Unauthenticated, if GitLab refuses it; Unavailable within 10 seconds.
        """
        with self._asking() as client:
            answer = client.refresh_token(
                self._url("token"), refresh_token=refresh_token.reveal(), timeout=_TIMEOUT_SECONDS
            )
            return _read_tokens(answer)

    def revoke(self, token: Secret) -> None:
        """End a token (RFC 7009).

        Raises:  Unauthenticated, Unavailable, as above.
        """
        with self._asking() as client:
            answer = client.revoke_token(  # type: ignore[no-untyped-call] # missing in the stubs
                self._url("revoke"), token=token.reveal(), timeout=_TIMEOUT_SECONDS
            )
            answer.raise_for_status()

    def _url(self, action: str) -> str:
        return f"{self._settings.gitlab_url}/oauth/{action}"

    def _verifier(self, state: str) -> str:
        digest = hmac.digest(self._verifier_key, state.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _client(self) -> OAuth2Session:
        secret = self._settings.oauth_secret
        return OAuth2Session(
            client_id=self._settings.oauth_id,
            client_secret=secret.reveal() if secret else None,
            token_endpoint_auth_method="client_secret_post" if secret else "none",
            scope=SCOPE,
            redirect_uri=self._settings.base_url + CALLBACK,
            code_challenge_method="S256",
        )

    @contextmanager
    def _asking(self) -> Iterator[OAuth2Session]:
        """Yield a client whose failures are ours, without a word of what it sent."""
        try:
            with self._client() as client:
                yield client
        except AuthlibBaseError as problem:
            raise Unauthenticated(f"GitLab refused the sign-in ({problem.error}).") from None
        except (requests.RequestException, ValueError) as problem:
            kind = type(problem).__name__
            raise Unavailable(f"GitLab did not answer the sign-in ({kind}).") from None


def _read_tokens(answer: Mapping[str, object]) -> Tokens:
    """Return the tokens of GitLab's answer. Raises: ValueError, if there are none."""
    access, refresh, seconds = (
        answer.get(name) for name in ("access_token", "refresh_token", "expires_in")
    )
    if not isinstance(access, str) or not access:
        raise ValueError("no access token")
    return Tokens(
        Secret(access),
        Secret(refresh) if isinstance(refresh, str) and refresh else None,
        timedelta(seconds=seconds) if isinstance(seconds, int) else None,
    )
