"""The registry in a real browser; what answers badly is the stack's own S3 server, which is allowed to be asked."""

from __future__ import annotations

import secrets

from playwright.sync_api import expect

from bench.stack import Running
from tests.integration.browser.samples import Visit
from tests.integration.product.conftest import Person


def test_a_database_that_fails_is_registered_with_its_light_checked_changed_and_deleted(
    visit: Visit, carol: Person, stack: Running
) -> None:
    name = f"Archive {secrets.token_hex(4)}"
    page = visit(carol)
    page.goto("/registry")
    page.get_by_role("link", name="Register a database").click()
    page.locator("#name").fill(name)
    page.locator("#url").fill(stack.ready["s3"]["endpoint"])
    page.get_by_label("Tags").fill("pytorch,")
    page.get_by_role("button", name="Check and register").click()
    expect(page.get_by_role("status")).to_contain_text(f"{name} is registered, but it does not")
    expect(page.locator(".head")).to_contain_text("unhealthy")
    expect(page.get_by_role("img", name="The last 1 check: 0 well")).to_be_visible()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("status")).to_contain_text("It does not answer well")
    page.get_by_role("link", name="Change").click()
    lines = page.locator("[data-pairs] [data-line]")
    expect(lines).to_have_count(1)
    lines.get_by_label("Name").fill("framework")
    lines.get_by_label("Value").fill("PyTorch")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".told")).to_contain_text("PyTorch")
    page.goto("/registry")
    page.get_by_role("searchbox", name="Search by name").press_sequentially(name[-8:])
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_label("Health").select_option("ok")
    expect(page.locator("#results")).to_contain_text("Nothing fits.")
    page.get_by_label("Health").select_option("unhealthy")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_role("link", name=name).click()
    delete = page.get_by_role("button", name=f"Delete {name}")
    page.locator("#typed").fill(name[:-1])
    delete.click()
    expect(page.locator("#typed-problem")).to_have_text(f"Type {name} to delete it.")
    page.locator("#typed").fill(name)
    delete.click()
    expect(page.get_by_role("status")).to_contain_text(f"{name} is no longer registered")


def test_an_address_that_is_registered_twice_says_so_on_both_pages_and_why_nobody_asks_it(
    visit: Visit, carol: Person, stack: Running
) -> None:
    first, second = (f"{word} {secrets.token_hex(4)}" for word in ("Archive", "Copy"))
    page = visit(carol)
    for name, url in ((first, stack.ready["s3"]["endpoint"]), (second, "")):
        page.goto("/registry/new")
        page.locator("#name").fill(name)
        page.locator("#url").fill(url or f"{stack.ready['s3']['endpoint']}/")
        page.get_by_role("button", name="Check and register").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    notice = page.locator("main .notice", has_text="This address is registered")
    expect(notice).to_contain_text(f"registered already as {first}")
    notice.get_by_role("link", name=first).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(first)
    expect(notice).to_contain_text(f"registered again as {second}")
    page.goto("/assets/third-party")
    expect(page.locator(".unasked li", has_text=second)).to_contain_text("It answered with status")
    for name in (first, second):
        page.goto("/registry")
        page.get_by_role("link", name=name).click()
        page.locator("#typed").fill(name)
        page.get_by_role("button", name=f"Delete {name}").click()
        expect(page.get_by_role("status")).to_contain_text(f"{name} is no longer registered")


def test_an_address_inside_the_network_is_refused_beside_its_field_and_what_was_typed_stays(
    visit: Visit, carol: Person
) -> None:
    page = visit(carol, script=False)
    page.goto("/registry/new")
    page.locator("#name").fill("Metadata service")
    page.locator("#url").fill("http://169.254.169.254/latest")
    page.get_by_role("button", name="Check and register").click()
    expect(page.get_by_text("LABSET_ALLOWED_HOSTS")).to_be_visible()
    expect(page.locator("#name")).to_have_value("Metadata service")
    expect(page.locator("#url")).to_have_value("http://169.254.169.254/latest")


def test_nobody_in_particular_reads_the_registry_and_is_sent_to_sign_in_to_write(
    visit: Visit, carol: Person
) -> None:
    page = visit(carol)
    page.context.clear_cookies()
    page.goto("/registry/new")
    page.wait_for_url("**/sign-in?**")
