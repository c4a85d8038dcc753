"""A real Chromium in front of the running product."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.stack import Running
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

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; a machine where it cannot be installed skips these tests."""
    if not CHROMIUM.exists() and os.geteuid() != 0:
        pytest.skip(f"{CHROMIUM} is not there and this user may not install it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


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
