from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from core.model.access import Secret
from tests.integration.shell.conftest import Browser, House

Browse = Callable[[], Browser]


def whoami(browser: Browser) -> int:
    return browser.labset.get("/api/v1/user").status_code


def test_signing_in_leads_back_to_where_one_wanted_to_go(browse: Browse) -> None:
    browser = browse()
    answer = browser.sign_in("alice", "/datasets/7?ref=main")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/datasets/7?ref=main")
    assert browser.labset.get("/api/v1/user").get_json()["username"] == "alice"


def test_the_way_to_gitlab_carries_pkce_and_state_and_no_secret(
    house: House, browse: Browse
) -> None:
    left = browse().labset.post("/sign-in")
    asked = parse_qs(urlsplit(left.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["api"]
    assert asked["redirect_uri"] == ["http://labset.test/sign-in/callback"]
    assert len(asked["state"][0]) == 32
    secret = house.settings.oauth_secret
    assert secret
    assert secret.reveal() not in left.headers["Location"]


def test_the_session_cookie_holds_nothing_but_a_random_id(house: House, browse: Browse) -> None:
    browser = browse()
    answer = browser.sign_in("alice")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "labset_session=" in c)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    login = house.ledger.logins.find_login(Secret(browser.session_id()), house.clock.now())
    assert login is not None
    assert login.access_token.reveal() not in cookie
    stored = Path(house.settings.home / "ledger.sqlite3").read_bytes()
    stored += Path(house.settings.home / "ledger.sqlite3-wal").read_bytes()
    for secret in (browser.session_id(), login.access_token.reveal(), login.csrf.reveal()):
        assert secret.encode() not in stored


def test_cookies_are_secure_where_labset_is_https(house: House) -> None:
    app = house.with_settings(base_url="https://labset.test")
    left = app.test_client().post("/sign-in")
    assert "Secure" in left.headers["Set-Cookie"]
    assert left.headers["Strict-Transport-Security"]


def test_every_log_in_has_a_new_session_and_ends_the_old_one(browse: Browse) -> None:
    browser = browse()
    browser.sign_in("alice")
    first = browser.session_id()
    answer = browser.labset.get("/sign-in?next=/x")
    assert answer.headers["Location"] == "/x"
    browser.labset.post("/sign-out", data={"csrf_token": browser.csrf()})
    browser.sign_in("alice")
    assert browser.session_id() not in ("", first)


def test_signing_out_ends_the_session_at_once_and_the_tokens_at_gitlab(
    house: House, browse: Browse
) -> None:
    browser = browse()
    browser.sign_in("alice")
    login = house.ledger.logins.find_login(Secret(browser.session_id()), house.clock.now())
    assert login is not None
    stolen = browser.session_id()
    answer = browser.labset.post("/sign-out", data={"csrf_token": browser.csrf()})
    assert answer.status_code == 302
    assert whoami(browser) == 401
    thief = house.client()
    thief.set_cookie("labset_session", stolen)
    assert thief.get("/api/v1/user").status_code == 401
    headers = {"Authorization": f"Bearer {login.access_token.reveal()}"}
    assert browser.gitlab.get("/api/v4/user", headers=headers).status_code == 401


def test_another_browser_cannot_finish_what_this_one_began(browse: Browse) -> None:
    mine, other = browse(), browse()
    mine.sign_in_at_gitlab("alice")
    back = urlsplit(mine.consent(mine.labset.post("/sign-in").headers["Location"]))
    answer = other.labset.get(f"{back.path}?{back.query}")
    assert answer.status_code == 400
    assert other.session_id() == ""


def test_a_code_serves_once(browse: Browse) -> None:
    browser = browse()
    browser.sign_in_at_gitlab("alice")
    back = urlsplit(browser.consent(browser.labset.post("/sign-in").headers["Location"]))
    assert browser.labset.get(f"{back.path}?{back.query}").status_code == 302
    assert browser.labset.get(f"{back.path}?{back.query}").status_code == 400


def test_a_made_up_code_is_refused_without_a_loop(browse: Browse) -> None:
    browser = browse()
    left = browser.labset.post("/sign-in")
    state = parse_qs(urlsplit(left.headers["Location"]).query)["state"][0]
    answer = browser.labset.get(f"/sign-in/callback?code=made-up&state={state}")
    assert answer.status_code == 401
    assert "GitLab refused the sign-in" in answer.text


def test_declining_at_gitlab_is_told_in_words(browse: Browse) -> None:
    browser = browse()
    browser.sign_in_at_gitlab("carol")
    left = browser.labset.post("/sign-in")
    back = urlsplit(browser.consent(left.headers["Location"], button="Deny"))
    answer = browser.labset.get(f"{back.path}?{back.query}")
    assert answer.status_code == 403
    assert "declined" in answer.text


def test_without_an_application_the_page_says_how_to_register_one(house: House) -> None:
    answer = house.with_settings(oauth_id=None).test_client().post("/sign-in")
    assert answer.status_code == 404
    assert "LABSET_GITLAB_OAUTH_ID" in answer.text


def test_tokens_are_refreshed_before_they_end(house: House, browse: Browse) -> None:
    browser = browse()
    browser.sign_in("alice")
    before = house.ledger.logins.find_login(Secret(browser.session_id()), house.clock.now())
    house.clock.ahead = timedelta(hours=1, minutes=59, seconds=30)
    assert whoami(browser) == 200
    after = house.ledger.logins.find_login(Secret(browser.session_id()), house.clock.now())
    assert before is not None
    assert after is not None
    assert after.generation == before.generation + 1
    assert after.access_token != before.access_token


def test_twenty_requests_at_once_refresh_once(house: House, browse: Browse) -> None:
    browser = browse()
    browser.sign_in("alice")
    house.clock.ahead = timedelta(hours=1, minutes=59, seconds=30)
    session = browser.session_id()
    other_process = house.with_settings()

    def ask(number: int) -> int:
        client = (house.app if number % 2 else other_process).test_client()
        client.set_cookie("labset_session", session)
        return client.get("/api/v1/user").status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {200}
    login = house.ledger.logins.find_login(Secret(session), house.clock.now())
    assert login is not None
    assert login.generation == 1


def test_a_session_whose_refresh_gitlab_refuses_has_ended(house: House, browse: Browse) -> None:
    browser = browse()
    browser.sign_in("alice")
    login = house.ledger.logins.find_login(Secret(browser.session_id()), house.clock.now())
    assert login is not None
    assert login.refresh_token is not None
    house.app.extensions["labset"].oauth.revoke(login.refresh_token)
    house.clock.ahead = timedelta(hours=2)
    assert whoami(browser) == 401
    assert house.ledger.logins.find_login(Secret(browser.session_id()), house.clock.now()) is None


def test_a_gitlab_that_is_away_ends_no_session(house: House, browse: Browse) -> None:
    browser = browse()
    browser.sign_in("alice")
    away = house.with_settings(gitlab_url="http://127.0.0.1:9")
    client = away.test_client()
    client.set_cookie("labset_session", browser.session_id())
    house.clock.ahead = timedelta(hours=1, minutes=59, seconds=30)
    assert client.get("/api/v1/csrf").status_code == 200
    house.clock.ahead = timedelta(hours=2, minutes=1)
    answer = client.get("/api/v1/csrf")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert whoami(browser) == 200


def test_a_cookie_that_gitlab_refuses_can_be_forgotten(house: House) -> None:
    client = house.client()
    client.set_cookie("tokenGitLab", "dead")
    assert client.get("/api/v1/user").status_code == 401
    form = {"csrf_token": client.get("/api/v1/csrf").get_json()["csrf_token"]}
    assert client.post("/sign-out", data=form).status_code == 302
    assert client.get_cookie("tokenGitLab") is None


def test_a_cookie_that_cannot_be_a_token_can_be_forgotten(house: House) -> None:
    client = house.client()
    client.set_cookie("tokenGitLab", '"two words"')
    assert client.get("/api/v1/user").status_code == 401
    assert client.post("/sign-out").status_code == 302
    assert client.get_cookie("tokenGitLab") is None
