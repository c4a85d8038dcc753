"""OAuth 2: an application, consent in a browser, tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conformance.gitlab.browser import CALLBACK, CHALLENGE, Visit
from tests.conformance.gitlab.place import Git, Json, Person, Place, address, unique


@pytest.fixture(scope="module")
def application(place: Place) -> Json:
    name = unique("application")
    return place.application(name=name, redirect_uri=CALLBACK, scopes="api openid read_user")


@pytest.fixture(scope="module")
def visit(application: Json, owner: Person) -> Iterator[Visit]:
    """Somebody who has signed in."""
    with httpx.Client(timeout=30) as browser:
        found = Visit(owner, application, browser)
        found.sign_in()
        yield found


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_oauth_1_an_application_shows_its_secret_once(
    place: Place, application: Json, stranger: Person
) -> None:
    wanted = {"id", "application_id", "application_name", "secret", "callback_url", "confidential"}
    assert wanted <= set(application)
    assert (application["callback_url"], application["confidential"]) == (CALLBACK, True)
    listed = place.root.read("/applications", per_page=100)
    assert application["id"] in {one["id"] for one in listed}
    assert all("secret" not in one for one in listed)
    body = {"name": "x", "redirect_uri": CALLBACK, "scopes": "api"}
    assert stranger.post("/applications", **body).status_code == 403


def test_oauth_2_whoever_is_signed_out_is_sent_to_sign_in(application: Json, owner: Person) -> None:
    with httpx.Client(timeout=30) as browser:
        answer = Visit(owner, application, browser).authorize()
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/users/sign_in")


def test_oauth_3_a_code_gives_a_pair_of_tokens_once(place: Place, visit: Visit) -> None:
    code = visit.code()
    answer = visit.redeem(code)
    pair = answer.json()
    assert (answer.status_code, pair["token_type"], pair["expires_in"]) == (200, "Bearer", 7200)
    assert {"access_token", "refresh_token", "created_at"} <= set(pair)
    assert place.bearer(pair["access_token"]).read("/user")["id"] == visit.person.id
    assert error(visit.redeem(code)) == (400, "invalid_grant")


def test_oauth_4_the_verifier_is_verified(visit: Visit) -> None:
    for wrong in ("wrong" * 10, CHALLENGE):
        assert error(visit.redeem(visit.code(), wrong)) == (400, "invalid_grant")


def test_oauth_5_a_token_tells_what_it_is_worth(visit: Visit) -> None:
    pair = visit.granted()
    head = {"Authorization": f"Bearer {pair['access_token']}"}
    body = httpx.get(f"{visit.person.url}/oauth/token/info", headers=head, timeout=30).json()
    assert (body["resource_owner_id"], body["scope"]) == (visit.person.id, ["api"])
    assert body["application"] == {"uid": visit.application["application_id"]}
    assert 0 < body["expires_in"] <= 7200
    nobody = httpx.get(f"{visit.person.url}/oauth/token/info", timeout=30)
    assert nobody.status_code == 401


def test_oauth_6_git_8_git_takes_an_access_token_from_oauth2_alone(
    place: Place, visit: Visit, tmp_path: Path
) -> None:
    token = visit.granted()["access_token"]
    project = place.filled(visit.person)
    git = Git(tmp_path)
    git("clone", "-q", address(project, token, "oauth2"), "c")
    assert (tmp_path / "c" / "a.txt").read_text() == "one\n"
    assert git("ls-remote", address(project, token, "any"), ok=False).returncode != 0


def test_oauth_7_refresh_tokens_rotate(place: Place, visit: Visit) -> None:
    old = visit.granted()
    renewal = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    answer = visit.token(**renewal)
    new = answer.json()
    assert answer.status_code == 200
    names = ("access_token", "refresh_token")
    assert {new[name] for name in names}.isdisjoint({old[name] for name in names})
    assert error(visit.token(**renewal)) == (400, "invalid_grant")
    assert place.bearer(old["access_token"]).get("/user").status_code == 401
    assert place.bearer(new["access_token"]).get("/user").status_code == 200


def test_oauth_8_errors_are_those_of_the_standard(visit: Visit) -> None:
    url = f"{visit.person.url}/oauth/token"
    unknown = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "unknown"}
    assert error(httpx.post(url, data=unknown, timeout=30)) == (401, "invalid_client")
    answer = visit.token(grant_type="refresh_token", refresh_token="x")
    assert error(answer) == (400, "invalid_grant")
    assert error(visit.token(grant_type="magic")) == (400, "unsupported_grant_type")


def test_oauth_9_nobody_is_sent_to_an_unregistered_address(visit: Visit) -> None:
    answer = visit.authorize(redirect_uri="http://elsewhere.example/")
    assert "Location" not in answer.headers
    assert "elsewhere.example" not in str(answer.url.host)


def test_oauth_10_the_discovery_document_names_addresses(place: Place) -> None:
    body = httpx.get(f"{place.url}/.well-known/openid-configuration", timeout=30).json()
    assert body["token_endpoint"].endswith("/oauth/token")
    assert "S256" in body["code_challenge_methods_supported"]
