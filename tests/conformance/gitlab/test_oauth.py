"""OAuth 2: an application, consent in a browser, tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.conformance.gitlab.browser import CALLBACK, CHALLENGE, Visit
from tests.conformance.gitlab.place import (
    PASSWORD,
    Git,
    Json,
    Person,
    Place,
    address,
    told,
    unique,
    wrong,
)


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


def _bearer(pair: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access_token']}"}


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


@pytest.mark.parametrize(
    ("change", "field", "text"),
    (
        ({"redirect_uri": "http://"}, "redirect_uri", "must be a valid URI."),
        ({"redirect_uri": "/callback"}, "redirect_uri", "must be an absolute URI."),
        ({"redirect_uri": f"{CALLBACK}#x"}, "redirect_uri", "cannot contain a fragment."),
        ({"redirect_uri": "javascript://alert()"}, "redirect_uri", "is forbidden by the server."),
        ({"scopes": "nothing"}, "scopes", "doesn't match configured on the server."),
        ({"scopes": "api,read_user"}, "scopes", "doesn't match configured on the server."),
    ),
    ids=str,
)
def test_oauth_1_err_3_an_application_that_cannot_be_is_refused(
    place: Place, change: dict[str, str], field: str, text: str
) -> None:
    """spec/requests/api/applications_spec.rb."""
    body = {"name": "x", "redirect_uri": CALLBACK, "scopes": "api", **change}
    status, fields = told(place.root.post("/applications", **body))
    assert status == 400
    assert isinstance(fields, dict)
    assert text in fields[field]


def test_oauth_1_err_2_what_an_application_lacks_is_named(place: Place) -> None:
    """spec/requests/api/applications_spec.rb."""
    body = {"name": "x", "redirect_uri": CALLBACK, "scopes": "api"}
    texts = {
        "name": "name is missing",
        "redirect_uri": "redirect_uri is missing",
        "scopes": "scopes is missing, scopes is empty",
    }
    for name, text in texts.items():
        rest = {key: value for key, value in body.items() if key != name}
        assert wrong(place.root.post("/applications", **rest)) == text
    assert wrong(place.root.post("/applications", **{**body, "scopes": ""})) == "scopes is empty"


def test_oauth_1_a_secret_is_renewed(place: Place) -> None:
    """doc/api/applications.md: Renew an application secret."""
    made = place.application(name=unique("renewed"), redirect_uri=CALLBACK, scopes="api")
    answer = place.root.post(f"/applications/{made['id']}/renew-secret")
    assert answer.status_code in {200, 201}
    fresh = answer.json()
    assert fresh["application_id"] == made["application_id"]
    assert fresh["secret"] != made["secret"]
    gone = place.root.post("/applications/999999999/renew-secret")
    assert told(gone) == (404, "404 Application Not Found")


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
    for guess in ("wrong" * 10, CHALLENGE):
        assert error(visit.redeem(visit.code(), guess)) == (400, "invalid_grant")


def test_oauth_5_a_token_tells_what_it_is_worth(visit: Visit) -> None:
    pair = visit.granted()
    head = {"Authorization": f"Bearer {pair['access_token']}"}
    body = httpx.get(f"{visit.person.url}/oauth/token/info", headers=head, timeout=30).json()
    assert (body["resource_owner_id"], body["scope"]) == (visit.person.id, ["api"])
    assert body["application"] == {"uid": visit.application["application_id"]}
    assert 0 < body["expires_in"] <= 7200
    nobody = httpx.get(f"{visit.person.url}/oauth/token/info", timeout=30)
    assert nobody.status_code == 401


def test_oauth_5_an_access_token_is_no_personal_one(visit: Visit) -> None:
    """lib/gitlab/auth/auth_finders.rb, doc/api/rest/authentication.md: a bearer or the parameter access_token."""
    token, address = visit.granted()["access_token"], f"{visit.person.url}/api/v4/user"
    bearer = httpx.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert bearer.status_code == 200
    assert httpx.get(address, params={"access_token": token}, timeout=30).status_code == 200
    private = httpx.get(address, headers={"PRIVATE-TOKEN": token}, timeout=30)
    assert (private.status_code, private.json()) == (401, {"message": "401 Unauthorized"})


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


def test_oauth_8_each_error_brings_its_challenge(visit: Visit) -> None:
    """Doorkeeper's error_response.rb: the header repeats the error."""
    answer = visit.token(grant_type="refresh_token", refresh_token="x")
    assert 'error="invalid_grant"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["Cache-Control"].startswith("no-store")
    for body in ({}, {"grant_type": "refresh_token"}):
        assert error(visit.token(**body)) == (400, "invalid_request")


def test_oauth_8_oauth_4_a_verifier_that_is_missing_is_named(visit: Visit) -> None:
    """Doorkeeper's authorization_code_request.rb: a missing parameter comes before the grant."""
    code = visit.code()
    answer = visit.token(grant_type="authorization_code", code=code)
    assert error(answer) == (400, "invalid_request")
    assert "code_verifier" in answer.json()["error_description"]
    assert visit.redeem(code).status_code == 200


def test_oauth_3_the_tokens_outlive_a_code_used_again(place: Place, visit: Visit) -> None:
    """Doorkeeper's revoke_previous_authorization_code_token is off in GitLab."""
    code = visit.code()
    pair = visit.redeem(code).json()
    assert error(visit.redeem(code)) == (400, "invalid_grant")
    assert place.bearer(pair["access_token"]).get("/user").status_code == 200


def test_oauth_3_without_scopes_api_is_asked_for(place: Place, visit: Visit) -> None:
    """config/initializers/doorkeeper.rb: the default scope is api, whatever else an application may have."""
    answer = visit.authorize(scope="")
    pair = visit.redeem(visit.agreed(answer)).json()
    assert pair["scope"] == "api"
    narrow = place.application(name=unique("narrow"), redirect_uri=CALLBACK, scopes="read_user")
    other = Visit(visit.person, narrow, visit.browser)
    answer = other.authorize(scope="")
    query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    assert query.get("error", ["invalid_scope"]) == ["invalid_scope"]
    assert "code" not in query


def test_oauth_3_a_password_gives_a_pair_to_a_known_client(place: Place, visit: Visit) -> None:
    """doc/api/oauth2.md: Resource owner password credentials flow, with client credentials."""
    login = {"grant_type": "password", "username": visit.person.username}
    pair = visit.token(**login, password=PASSWORD).json()
    assert place.bearer(pair["access_token"]).read("/user")["id"] == visit.person.id
    assert error(visit.token(**login, password="wrong")) == (400, "invalid_grant")


def test_oauth_7_a_renewal_may_narrow_and_not_widen(visit: Visit) -> None:
    """RFC 6749, 6."""
    old = visit.granted("api read_user")
    renewal = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    assert error(visit.token(**renewal, scope="api sudo")) == (400, "invalid_scope")
    assert visit.token(**renewal, scope="read_user").json()["scope"] == "read_user"


def test_oauth_5_tokens_are_introspected_and_revoked_by_their_client(
    place: Place, visit: Visit
) -> None:
    """RFC 7662 and 7009; Doorkeeper's tokens_controller.rb."""
    pair = visit.granted()
    url = f"{visit.person.url}/oauth"
    token = {"token": pair["access_token"]}
    own = {
        "client_id": visit.application["application_id"],
        "client_secret": visit.application["secret"],
    }
    body = httpx.post(f"{url}/introspect", data={**own, **token}, timeout=30).json()
    assert (body["active"], body["scope"]) == (True, "api")
    assert body["client_id"] == own["client_id"]
    assert httpx.post(f"{url}/introspect", data=token, timeout=30).status_code in {400, 401}
    stranger = place.application(name=unique("other"), redirect_uri=CALLBACK, scopes="api")
    theirs = {"client_id": stranger["application_id"], "client_secret": stranger["secret"]}
    seen = httpx.post(f"{url}/introspect", data={**theirs, **token}, timeout=30).json()
    assert seen == {"active": False}
    refused = httpx.post(f"{url}/revoke", data={**theirs, **token}, timeout=30)
    assert error(refused) == (403, "unauthorized_client")
    for _ in range(2):
        done = httpx.post(f"{url}/revoke", data={**own, **token}, timeout=30)
        assert (done.status_code, done.json()) == (200, {})
    answer = place.bearer(pair["access_token"]).get("/user")
    assert answer.json()["error"] == "invalid_token"
    info = httpx.get(f"{url}/token/info", headers=_bearer(pair), timeout=30)
    assert error(info) == (401, "invalid_token")


def test_oauth_10_who_signed_in_is_told_to_openid_alone(visit: Visit) -> None:
    """spec/requests/openid_connect_spec.rb."""
    url = f"{visit.person.url}/oauth/userinfo"
    pair = visit.granted("openid read_user")
    seen = httpx.get(url, headers=_bearer(pair), timeout=30).json()
    assert (seen["sub"], seen["nickname"]) == (str(visit.person.id), visit.person.username)
    assert {"sub_legacy", "name", "profile", "groups"} <= set(seen)
    assert "email" not in seen
    refused = httpx.get(url, headers=_bearer(visit.granted("api")), timeout=30)
    assert (refused.status_code, refused.content) == (403, b"")
    assert httpx.get(url, timeout=30).status_code == 401
    part = pair["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert claims["aud"] == visit.application["application_id"]
    assert {"iss", "sub", "exp", "iat", "auth_time", "sub_legacy", "groups_direct"} <= set(claims)
    assert not {"name", "nickname", "profile"} & set(claims)


def test_oauth_10_pages_of_other_addresses_may_ask_for_tokens(place: Place) -> None:
    """doc/api/oauth2.md: Cross-origin resource sharing."""
    head = {"Origin": "http://elsewhere.example"}
    found = httpx.get(f"{place.url}/.well-known/openid-configuration", headers=head, timeout=30)
    assert found.headers["Access-Control-Allow-Origin"] == "*"
    more = {"Access-Control-Request-Method": "POST"}
    asked = httpx.options(f"{place.url}/oauth/token", headers={**head, **more}, timeout=30)
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]


def test_oauth_9_nobody_is_sent_to_an_unregistered_address(visit: Visit) -> None:
    answer = visit.authorize(redirect_uri="http://elsewhere.example/")
    assert "Location" not in answer.headers
    assert "elsewhere.example" not in str(answer.url.host)


def test_oauth_9_a_loopback_address_may_have_any_port(visit: Visit) -> None:
    """RFC 8252, 7.3; Doorkeeper's uri_checker.rb."""
    elsewhere = CALLBACK.replace(":9/", ":10/")
    answer = visit.authorize(redirect_uri=elsewhere)
    assert answer.status_code in {200, 302}
    assert "Location" not in answer.headers or answer.headers["Location"].startswith(elsewhere)
    path = visit.authorize(redirect_uri=f"{CALLBACK}/more")
    assert "Location" not in path.headers


def test_oauth_10_the_discovery_document_names_addresses(place: Place) -> None:
    body = httpx.get(f"{place.url}/.well-known/openid-configuration", timeout=30).json()
    assert body["token_endpoint"].endswith("/oauth/token")
    assert "S256" in body["code_challenge_methods_supported"]
