"""OAUTH-1 … OAUTH-10 and the pages behind them, without a browser."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.integration.gitlab.world import PASSWORD, Person, World

CALLBACK = "http://127.0.0.1:9/callback"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


def fields(html: str, form: int = 0) -> dict[str, str]:
    """Return the hidden fields of the n-th form in the page's main part."""
    main = html.split("<main", 1)[1]
    chosen = re.findall(r"<form.*?</form>", main, re.DOTALL)[form]
    found = re.findall(r'<input type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"', chosen)
    return {name: unescape(value) for name, value in found}


@dataclass
class Application:
    """A registered application, and somebody's browser."""

    world: World
    person: Person
    uid: str
    secret: str
    browser: requests.Session

    def request(self, **more: str) -> dict[str, str]:
        wanted = {
            "client_id": self.uid,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "api openid",
        }
        pkce = {"state": "the state", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        return {**wanted, **pkce, **more}

    def authorize(self, **more: str) -> requests.Response:
        return self.browser.get(
            f"{self.world.url}/oauth/authorize",
            params=self.request(**more),
            allow_redirects=False,
            timeout=10,
        )

    def sign_in(self, password: str = PASSWORD) -> requests.Response:
        address = f"{self.world.url}/users/sign_in"
        form = fields(self.browser.get(address, timeout=10).text)
        credentials = {"user[login]": self.person.username, "user[password]": password}
        return self.browser.post(
            address, data={**form, **credentials}, allow_redirects=False, timeout=10
        )

    def decide(self, form: int = 0) -> dict[str, list[str]]:
        """Answer the consent page: 0 is yes, 1 is no."""
        data = fields(self.authorize().text, form)
        answer = self.browser.post(
            f"{self.world.url}/oauth/authorize", data=data, allow_redirects=False, timeout=10
        )
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(CALLBACK)
        return parse_qs(urlsplit(answer.headers["Location"]).query)

    def token(self, **body: str) -> requests.Response:
        client = {"client_id": self.uid, "client_secret": self.secret, "redirect_uri": CALLBACK}
        return requests.post(f"{self.world.url}/oauth/token", data={**client, **body}, timeout=10)

    def redeem(self, code: str, verifier: str = VERIFIER) -> requests.Response:
        return self.token(grant_type="authorization_code", code=code, code_verifier=verifier)

    def granted(self) -> dict[str, Any]:
        self.sign_in()
        answer = self.redeem(self.decide()["code"][0])
        assert answer.status_code == 200, answer.text
        pair: dict[str, Any] = answer.json()
        return pair


@pytest.fixture
def application(world: World) -> Application:
    made = world.root.made(
        "/applications",
        name="Labset",
        redirect_uri=CALLBACK,
        scopes="api openid read_user",
        confidential=True,
    )
    return Application(
        world, world.person(), made["application_id"], made["secret"], requests.Session()
    )


def test_the_secret_of_an_application_is_shown_once(world: World) -> None:
    made = world.root.made("/applications", name="x", redirect_uri=CALLBACK, scopes="api")
    assert {
        "id",
        "application_id",
        "application_name",
        "secret",
        "callback_url",
        "confidential",
    } <= set(made)
    assert all("secret" not in one for one in world.root.get("/applications").json())
    assert world.person().get("/applications").status_code == 403
    assert world.root.delete(f"/applications/{made['id']}").status_code == 204


def test_whoever_is_signed_out_signs_in_and_comes_back(application: Application) -> None:
    answer = application.authorize()
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"{application.world.url}/users/sign_in",
    )
    assert application.sign_in("wrong password").status_code == 422
    back = application.sign_in()
    assert back.status_code == 302
    assert "/oauth/authorize?client_id=" in back.headers["Location"]


def test_a_form_of_somebody_else_signs_nobody_in(application: Application) -> None:
    data = {"user[login]": application.person.username, "user[password]": PASSWORD}
    answer = application.browser.post(
        f"{application.world.url}/users/sign_in", data=data, timeout=10
    )
    assert answer.status_code == 422


def test_a_code_gives_a_pair_of_tokens_once(application: Application) -> None:
    application.sign_in()
    answer = application.decide()
    assert answer["state"] == ["the state"]
    first = application.redeem(answer["code"][0])
    body = first.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 7200)
    assert {"access_token", "refresh_token", "created_at", "id_token"} <= set(body)
    assert (
        application.world.bearer(body["access_token"]).get("/user").json()["id"]
        == application.person.id
    )
    again = application.redeem(answer["code"][0])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert application.world.bearer(body["access_token"]).get("/user").status_code == 200


def test_the_verifier_is_verified(application: Application) -> None:
    application.sign_in()
    code = application.decide()["code"][0]
    wrongs = {"": "invalid_request", "wrong": "invalid_grant", CHALLENGE: "invalid_grant"}
    for wrong, error in wrongs.items():
        answer = application.redeem(code, wrong)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert application.redeem(code).status_code == 200


def test_refresh_tokens_rotate(application: Application) -> None:
    old = application.granted()
    answer = application.token(grant_type="refresh_token", refresh_token=old["refresh_token"])
    new = answer.json()
    assert answer.status_code == 200
    assert {new["access_token"], new["refresh_token"]}.isdisjoint(
        {old["access_token"], old["refresh_token"]}
    )
    again = application.token(grant_type="refresh_token", refresh_token=old["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert application.world.bearer(old["access_token"]).get("/user").status_code == 401
    assert application.world.bearer(new["access_token"]).get("/user").status_code == 200


def test_the_same_consent_is_not_asked_twice(application: Application) -> None:
    application.granted()
    answer = application.authorize()
    assert answer.status_code == 302
    assert "code=" in answer.headers["Location"]


def test_a_no_is_told_to_the_application(application: Application) -> None:
    application.sign_in()
    assert application.decide(1)["error"] == ["access_denied"]


def test_a_token_tells_what_it_is_worth(application: Application) -> None:
    pair = application.granted()
    head = {"Authorization": f"Bearer {pair['access_token']}"}
    body = requests.get(
        f"{application.world.url}/oauth/token/info", headers=head, timeout=10
    ).json()
    assert (body["resource_owner_id"], body["scope"]) == (application.person.id, ["api", "openid"])
    assert body["application"] == {"uid": application.uid}
    assert 0 < body["expires_in"] <= 7200
    who = requests.get(f"{application.world.url}/oauth/userinfo", headers=head, timeout=10).json()
    assert (who["sub"], who["nickname"]) == (
        str(application.person.id),
        application.person.username,
    )


def test_a_revoked_token_is_dead(application: Application) -> None:
    pair = application.granted()
    data = {
        "client_id": application.uid,
        "client_secret": application.secret,
        "token": pair["access_token"],
    }
    assert (
        requests.post(f"{application.world.url}/oauth/revoke", data=data, timeout=10).json() == {}
    )
    assert application.world.bearer(pair["access_token"]).get("/user").status_code == 401


def test_an_access_token_works_for_git_as_oauth2_only(application: Application) -> None:
    pair = application.granted()
    url = (
        application.world.filled(application.person)["http_url_to_repo"]
        + "/info/refs?service=git-upload-pack"
    )
    assert requests.get(url, auth=("oauth2", pair["access_token"]), timeout=10).status_code == 200
    assert requests.get(url, auth=("any", pair["access_token"]), timeout=10).status_code == 401


def test_errors_are_those_of_the_standard(application: Application) -> None:
    unknown = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "unknown"}
    answer = requests.post(f"{application.world.url}/oauth/token", data=unknown, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (
        application.token(grant_type="refresh_token", refresh_token="x").json()["error"]
        == "invalid_grant"
    )
    answer = application.token(grant_type="magic")
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")
    application.sign_in()
    answer = application.authorize(scope="sudo")
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == ["invalid_scope"]


@pytest.mark.parametrize(
    "change", ({"redirect_uri": "http://evil.example/"}, {"client_id": "unknown"})
)
def test_nobody_is_sent_to_an_unregistered_address(
    application: Application, change: dict[str, str]
) -> None:
    application.sign_in()
    answer = application.authorize(**change)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_the_discovery_document_names_real_addresses(world: World) -> None:
    body = requests.get(f"{world.url}/.well-known/openid-configuration", timeout=10).json()
    assert body["issuer"] == world.url
    assert body["code_challenge_methods_supported"] == ["plain", "S256"]
    keys = requests.get(body["jwks_uri"], timeout=10).json()["keys"]
    assert [key["alg"] for key in keys] == ["RS256"]


def test_pages_show_what_may_be_seen_and_hide_the_rest(application: Application) -> None:
    world, person = application.world, application.person
    mine, foreign = world.filled(person, description="<b>mine</b>"), world.filled(world.person())
    browser = application.browser
    answer = browser.get(mine["web_url"], allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{world.url}/users/sign_in")
    application.sign_in()
    for path, text in (
        ("", "&lt;b&gt;mine"),
        ("/-/tree/main/docs", "b.txt"),
        ("/-/blob/main/docs/b.txt", "two"),
        ("/-/raw/main/a.txt", "one"),
        ("/-/commits/main", "change"),
        ("/-/commit/main", "@@"),
    ):
        answer = browser.get(mine["web_url"] + path, timeout=10)
        assert answer.status_code == 200
        assert text in answer.text
    assert browser.get(f"{world.url}/{person.username}", timeout=10).status_code == 200
    assert mine["path_with_namespace"] in browser.get(f"{world.url}/", timeout=10).text
    for address in (
        foreign["web_url"],
        f"{foreign['web_url']}/-/tree/main",
        f"{mine['web_url']}/-/tree/none",
    ):
        assert browser.get(address, timeout=10).status_code == 404
