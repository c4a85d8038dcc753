"""A real Chromium in front of the running product."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from bench.stack import Running
from tests.integration.browser.samples import Push
from tests.integration.product.conftest import (
    Person,
    alice,
    bob,
    carol,
    local_site,
    new_dataset,
    person,
    s3_site,
    stack,
)

__all__ = ["alice", "bob", "carol", "local_site", "new_dataset", "person", "s3_site", "stack"]


@pytest.fixture
def push(stack: Running) -> Push:
    """Make an asset in somebody's name by the API."""

    def make(who: Person, told: Mapping[str, object], data: bytes | None = None) -> dict[str, str]:
        sent = {"asset_version": {"version": "1.0", "tag": "initial"}, **told}
        form = {"asset_metadata": json.dumps(sent)}
        files = {"asset": ("seam.bin", data or secrets.token_bytes(200))}
        address = f"{stack.ready['app_url']}/upload_asset"
        answer = who.http.post(address, data=form, files=files)
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def sign_in(chromium: Browser, stack: Running) -> Iterator[Callable[[Person], Page]]:
    """Return a page of somebody who signed in through GitLab's own pages."""
    contexts: list[BrowserContext] = []

    def enter(who: Person) -> Page:
        context = chromium.new_context(base_url=stack.ready["app_url"], accept_downloads=True)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
        page.goto("/sign-in")
        page.get_by_role("button", name="Sign in with GitLab").click()
        page.locator("input[type=password]").fill(stack.ready["users"][who.name]["password"])
        page.locator("input[type=text], input[type=email]").first.fill(who.name)
        page.locator("input[type=password]").press("Enter")
        page.wait_for_load_state()
        if "/oauth/authorize" in page.url:
            page.get_by_role("button", name="Authorize").click()
        page.wait_for_url(f"{stack.ready['app_url']}/**")
        return page

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def visit(chromium: Browser, stack: Running) -> Iterator[Callable[..., Page]]:
    """Return a page of somebody who is known by the token's cookie; a broken policy fails the test."""
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    def enter(who: Person, *, script: bool = True, width: int = 1280) -> Page:
        context = chromium.new_context(
            base_url=stack.ready["app_url"],
            java_script_enabled=script,
            viewport={"width": width, "height": 800},
        )
        contexts.append(context)
        cookie = {"name": "tokenGitLab", "value": who.token, "url": stack.ready["app_url"]}
        context.add_cookies([cookie])  # type: ignore[list-item] # playwright's own shape
        page = context.new_page()
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on("console", lambda said: broken.append(said.text) if _is_policy(said.text) else None)
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    yield enter
    for context in contexts:
        context.close()
    assert broken == []


def _is_policy(text: str) -> bool:
    return "Content Security Policy" in text
