from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, abort, render_template_string
from flask_login import login_required

from core.errors import Damaged, Forbidden, RangeUnsatisfiable, SiteForbidden, Unavailable
from tests.integration.shell.conftest import Browser, House

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def unsafe_routes(app: Flask) -> list[tuple[str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        values = {name: 1 if "id" in name and name != "uid" else "aa" for name in rule.arguments}
        with app.test_request_context():
            url = rule.build(values, append_unknown=False)
        assert url is not None
        found += [(method, url[1]) for method in sorted(UNSAFE & (rule.methods or set()))]
    return found


def test_no_unsafe_route_obeys_a_cookie_alone(house: House, browse: Callable[[], Browser]) -> None:
    signed_in = browse()
    signed_in.sign_in("alice")
    with_token = house.client()
    with_token.set_cookie("tokenGitLab", house.token("alice"))
    routes = unsafe_routes(house.app)
    assert len(routes) >= 20
    for method, url in routes:
        for client in (signed_in.labset, with_token):
            for headers in ({}, {"X-CSRF-Token": "guess"}, {"X-CSRF-Token": ""}):
                answer = client.open(
                    url, method=method, headers={"Accept": "application/json", **headers}
                )
                assert answer.status_code == 403, (method, url)
                assert answer.get_json()["error"] == "csrf", (method, url)


def test_the_csrf_token_opens_for_its_own_cookie_alone(
    house: House, browse: Callable[[], Browser]
) -> None:
    mine, other = browse(), browse()
    mine.sign_in("alice")
    other.sign_in("bob")
    for token, status in ((other.csrf(), 403), (mine.csrf(), 400)):
        headers = {"X-CSRF-Token": token}
        answer = mine.labset.post("/api/v1/datasets", headers=headers, data=b"no json")
        assert answer.status_code == status
    cookie = house.client()
    cookie.set_cookie("tokenGitLab", house.token("alice"))
    token = cookie.get("/api/v1/csrf").get_json()["csrf_token"]
    answer = cookie.post("/api/v1/datasets", headers={"X-CSRF-Token": token}, data=b"no json")
    assert answer.status_code == 400


def test_a_token_in_a_header_needs_no_csrf_token(house: House) -> None:
    headers = {"PRIVATE-TOKEN": house.token("alice")}
    answer = house.client().post("/api/v1/datasets", headers=headers, data=b"no json")
    assert answer.status_code == 400
    assert house.client().get("/api/v1/csrf", headers=headers).get_json() == {"csrf_token": ""}


def test_every_door_leads_in(house: House) -> None:
    token = house.token("bob")
    pair = base64.b64encode(f"whoever:{token}".encode()).decode()
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"PRIVATE-TOKEN": token},
        {"Authorization": f"Basic {pair}"},
        {"Cookie": f"tokenGitLab={token}"},
    ):
        plain = house.app.test_client(use_cookies=False)
        answer = plain.get("/api/v1/user", headers=headers)
        assert answer.get_json()["username"] == "bob"


def test_a_refused_token_is_a_401_though_a_good_one_follows(house: House) -> None:
    good = house.token("bob")
    for headers in (
        {"Authorization": "Bearer wrong", "PRIVATE-TOKEN": good},
        {"PRIVATE-TOKEN": "wrong", "Cookie": f"tokenGitLab={good}"},
    ):
        answer = house.app.test_client(use_cookies=False).get("/api/v1/user", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Labset"'
        assert answer.get_json()["error"] == "unauthenticated"


def test_nobody_is_asked_to_sign_in_on_pages_and_told_401_by_the_api(house: House) -> None:
    pages = Blueprint("probe", __name__)

    @pages.get("/probe/<name>")
    @login_required  # type: ignore[untyped-decorator] # it has no types
    def probe(name: str) -> str:
        return name

    app = house.with_settings()
    app.register_blueprint(pages)
    answer = app.test_client().get("/probe/a b?x=1&y=%2F")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?next=%2Fprobe%2Fa%2520b%3Fx%3D1%26y%3D%252F"
    asked = app.test_client().get("/probe/a", headers={"Accept": "application/json"})
    assert asked.status_code == 401
    headers = {"PRIVATE-TOKEN": house.token("bob")}
    assert app.test_client().get("/probe/a", headers=headers).text == "a"


@pytest.mark.parametrize(
    "path", ("/api/v1/x", "/api/v1/datasets/1/nothing", "/dvc/1/x", "/hooks/x")
)
def test_programs_get_errors_in_one_shape(house: House, path: str) -> None:
    answer = house.client().get(path)
    assert answer.status_code == 404
    assert set(answer.get_json()) == {"error", "message", "details"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.headers["X-Request-Id"]) == 16


def test_a_request_id_is_never_the_clients(house: House) -> None:
    answer = house.client().get("/health", headers={"X-Request-Id": "mine"})
    assert answer.headers["X-Request-Id"] != "mine"


def test_people_get_a_page_with_the_same_sentence(house: House) -> None:
    answer = house.client().get("/no/such/page", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "nonce-" in answer.headers["Content-Security-Policy"]


def test_a_wrong_method_names_the_right_ones(house: House) -> None:
    answer = house.client().delete("/api/v1/namespaces")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.get_json()["error"] == "method_not_allowed"


def test_what_http_has_headers_for_is_there(house: House) -> None:
    app = house.with_settings()
    failing = Blueprint("failing", __name__)
    errors = {
        "range": RangeUnsatisfiable(10),
        "away": Unavailable("GitLab does not answer.", retry_after_seconds=7),
        "site": SiteForbidden("needs access to the storage site caf\u00e9", ask=["carol"]),
        "wrong": Damaged("x"),
        "crash": RuntimeError("password=c4nary in a bug"),
        "role": Forbidden("needs Developer", ask=["carol"]),
    }

    @failing.get("/dvc/fail/<name>")
    def fail(name: str) -> str:
        if name == "abort":
            abort(415)
        raise errors[name]

    app.register_blueprint(failing)
    ask = app.test_client().get
    assert ask("/dvc/fail/range").headers["Content-Range"] == "bytes */10"
    assert ask("/dvc/fail/away").headers["Retry-After"] == "7"
    assert ask("/dvc/fail/site").status_code == 403
    assert ask("/dvc/fail/role").get_json()["details"] == {
        "why": "needs Developer",
        "ask": ["carol"],
    }
    assert ask("/dvc/fail/wrong").status_code == 502
    assert ask("/dvc/fail/abort").get_json()["error"] == "unsupported_media_type"
    crash = ask("/dvc/fail/crash")
    assert (crash.status_code, crash.get_json()["error"]) == (500, "internal")
    assert "c4nary" not in crash.text
    assert crash.headers["X-Request-Id"] in crash.text


def test_an_absurd_number_is_no_dataset(house: House) -> None:
    assert house.client().get(f"/api/v1/datasets/{'9' * 5000}").status_code == 404


def test_the_host_header_bends_no_link(house: House) -> None:
    for path in ("/sign-in", "/api/v1//datasets", "/health/"):
        answer = house.client().get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in str(answer.headers) + answer.text


def test_pages_know_the_nonce_and_the_token(house: House) -> None:
    app = house.with_settings()
    pages = Blueprint("probe", __name__)

    @pages.get("/probe")
    def probe() -> str:
        return render_template_string(
            "{{ csp_nonce() }} {{ csrf_token() }}|{{ current_user.is_authenticated }}"
        )

    app.register_blueprint(pages)
    answer = app.test_client().get("/probe")
    nonce = answer.text.split()[0]
    assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]
    assert answer.text.endswith("|False")
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert not answer.headers.getlist("Set-Cookie")
