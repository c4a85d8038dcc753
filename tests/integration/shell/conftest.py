from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import gitlab
import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.factory import create_app
from app.settings import Settings, read_settings
from app.shell import Services
from core.model.access import Actor, Secret
from core.model.names import DatasetId
from core.ports import Platform
from gitlab_bridge.directory import GitLabDirectory
from ledger.engine import Ledger, open_ledger
from tests.servers import GitLabServer, gitlab_server

KEY = "bYw3vQ7pZrT1xLk9sNf5uHd2gJc8mAe4"
BASE = "http://labset.test"
PASSWORD = "correct horse battery 9"


class MovableClock:
    """The real time, some way ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class House:
    """An application with what stands behind it."""

    app: Flask
    settings: Settings
    ledger: Ledger
    clock: MovableClock
    server: GitLabServer
    admin: gitlab.Gitlab
    noted: list[DatasetId] = field(default_factory=list)

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def token(self, name: str) -> str:
        """Return a new access token of somebody."""
        user = self.admin.users.list(username=name)[0]
        made = user.personal_access_tokens.create({"name": "t", "scopes": ["api"]})
        return str(made.token)

    def with_settings(self, **changes: object) -> Flask:
        """Return another application over the same things."""
        return create_app(replace(self.settings, **cast("Any", changes)), self.services())

    def services(self) -> Services:
        directory = GitLabDirectory(self.server.url, service_token=None, clock=self.clock)
        absent = cast("Any", None)
        platform = Platform(
            directory=directory,
            history=absent,
            objects=absent,
            parts=absent,
            sites=self.ledger.sites,
            bindings=self.ledger.bindings,
            uploads=self.ledger.uploads,
            jobs=self.ledger.jobs,
            staging=self.ledger.staging,
            facts=self.ledger.facts,
            staged=self.ledger.staged,
            refusals=self.ledger.refusals,
            clock=self.clock,
            beside=absent,
            dvc_base_url=f"{BASE}/dvc",
        )
        return Services(
            platform,
            absent,
            absent,
            self.ledger.logins,
            self.ledger.check_answers,
            self.noted.append,
            lambda _: 0,
        )


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitLabServer]:
    with gitlab_server(tmp_path_factory.mktemp("gitlab")) as running:
        admin = gitlab.Gitlab(running.url, private_token=running.root_token)
        for name in ("alice", "bob", "carol"):
            admin.users.create(
                {
                    "username": name,
                    "name": name.title(),
                    "email": f"{name}@example.com",
                    "password": PASSWORD,
                    "skip_confirmation": True,
                }
            )
        yield running


@pytest.fixture(scope="package")
def application(server: GitLabServer) -> tuple[str, str]:
    """Return id and secret of Labset's OAuth application."""
    made = gitlab.Gitlab(server.url, private_token=server.root_token).applications.create(
        {"name": "Labset", "redirect_uri": f"{BASE}/sign-in/callback", "scopes": "api"}
    )
    return made.application_id, made.secret


@pytest.fixture
def house(tmp_path: Path, server: GitLabServer, application: tuple[str, str]) -> Iterator[House]:
    settings = read_settings(
        {
            "LABSET_HOME": str(tmp_path),
            "LABSET_SECRET_KEY": KEY,
            "LABSET_BASE_URL": BASE,
            "LABSET_GITLAB_URL": server.url,
            "LABSET_GITLAB_OAUTH_ID": application[0],
            "LABSET_GITLAB_OAUTH_SECRET": application[1],
        }
    )
    ledger = open_ledger(settings.database_url, [Secret(KEY)])
    admin = gitlab.Gitlab(server.url, private_token=server.root_token)
    made = House(cast("Flask", None), settings, ledger, MovableClock(), server, admin)
    made.app = create_app(settings, made.services())
    yield made
    ledger.close()


class Browser:
    """Somebody's browser, at GitLab and at Labset."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.labset = house.client()
        self.gitlab = httpx.Client(base_url=house.server.url, follow_redirects=False)

    def sign_in_at_gitlab(self, name: str) -> None:
        page = self.gitlab.get("/users/sign_in")
        if page.status_code == 302:
            return
        form = {"user[login]": name, "user[password]": PASSWORD, **_hidden(page.text)}
        assert self.gitlab.post("/users/sign_in", data=form).status_code == 302

    def consent(self, address: str, button: str = "Authorize") -> str:
        """Go through GitLab's page; return where it sends the browser."""
        page = self.gitlab.get(address)
        if page.status_code == 302:
            return page.headers["Location"]
        form = _hidden(page.text)
        if button == "Deny":
            form["_method"] = "delete"
        else:
            form.pop("_method", None)
        answer = self.gitlab.post("/oauth/authorize", data=form)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def sign_in(self, name: str, goal: str = "/") -> Any:  # noqa: ANN401 - werkzeug's test response
        """Sign in all the way; return Labset's last answer."""
        self.sign_in_at_gitlab(name)
        left = self.labset.post("/sign-in", data={"next": goal})
        back = urlsplit(self.consent(left.headers["Location"]))
        return self.labset.get(f"{back.path}?{back.query}")

    def csrf(self) -> str:
        answer = self.labset.get("/api/v1/csrf").get_json()
        return str(answer["csrf_token"])

    def session_id(self) -> str:
        cookie = self.labset.get_cookie("labset_session", domain="labset.test")
        cookie = cookie or self.labset.get_cookie("labset_session")
        return cookie.value if cookie else ""

    def close(self) -> None:
        self.gitlab.close()


@pytest.fixture
def browse(house: House) -> Iterator[Callable[[], Browser]]:
    opened: list[Browser] = []

    def browse() -> Browser:
        opened.append(Browser(house))
        return opened[-1]

    yield browse
    for browser in opened:
        browser.close()


def actor_of(token: str) -> Actor:
    return Actor(Secret(token))


def _hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the first form of the page itself."""
    form = page.partition("<main")[2].partition("<form")[2].partition("</form>")[0]
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
