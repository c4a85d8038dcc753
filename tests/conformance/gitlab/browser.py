"""Somebody at GitLab's own pages: signs in, says yes to an application, brings back the code."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests.conformance.gitlab.place import PASSWORD, Json, Person

CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = secrets.token_urlsafe(48)
_DIGEST = hashlib.sha256(VERIFIER.encode()).digest()
CHALLENGE = base64.urlsafe_b64encode(_DIGEST).decode().rstrip("=")


@dataclass
class Form:
    """A form of a page: where it goes, and the fields it comes with."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.found.append(Form(given.get("action") or ""))
        elif tag == "input" and self.found and given.get("name"):
            self.found[-1].fields[str(given["name"])] = given.get("value") or ""

    def with_field(self, name: str) -> Form:
        """Return the form that has this field and changes something by POST alone."""
        return next(
            form
            for form in self.found
            if name in form.fields and form.fields.get("_method", "post") == "post"
        )


@dataclass
class Visit:
    """A person with a browser, and the application that they are sent from."""

    person: Person
    application: Json
    browser: httpx.Client

    def authorize(self, **more: str) -> httpx.Response:
        """Open the page that asks for consent."""
        query = {
            "client_id": self.application["application_id"],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "api",
            "state": "the state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return self.browser.get(f"{self.person.url}/oauth/authorize", params={**query, **more})

    def sign_in(self) -> None:
        page = self.browser.get(f"{self.person.url}/users/sign_in")
        form = Forms(page.text).with_field("user[login]")
        entered = {"user[login]": self.person.username, "user[password]": PASSWORD}
        url = urljoin(str(page.url), form.action)
        answer = self.browser.post(url, data={**form.fields, **entered})
        assert answer.status_code == 302, "signing in did not work"

    def code(self, scope: str = "api") -> str:
        """Ask for consent; return the code."""
        return self.agreed(self.authorize(scope=scope))

    def agreed(self, answer: httpx.Response) -> str:
        """Say yes to a page, unless it was said before; return the code."""
        if answer.status_code == 200:
            form = Forms(answer.text).with_field("redirect_uri")
            answer = self.browser.post(urljoin(str(answer.url), form.action), data=form.fields)
        target = answer.headers["Location"]
        assert target.startswith(CALLBACK)
        query = parse_qs(urlsplit(target).query)
        assert query["state"] == ["the state"]
        return query["code"][0]

    def token(self, **body: str) -> httpx.Response:
        client = {
            "client_id": self.application["application_id"],
            "client_secret": self.application["secret"],
            "redirect_uri": CALLBACK,
        }
        return self.browser.post(f"{self.person.url}/oauth/token", data={**client, **body})

    def redeem(self, code: str, verifier: str = VERIFIER) -> httpx.Response:
        return self.token(grant_type="authorization_code", code=code, code_verifier=verifier)

    def granted(self, scope: str = "api") -> Json:
        answer = self.redeem(self.code(scope))
        assert answer.status_code == 200, answer.text
        pair: Json = answer.json()
        return pair
