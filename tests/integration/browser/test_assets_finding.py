"""Looking for assets in a real browser: words, lines of fields, raw filters, and what is not found."""

from __future__ import annotations

import json
from http import HTTPStatus

from playwright.sync_api import expect

from tests.integration.browser.samples import PRIVATE, Push, Visit, named
from tests.integration.product.conftest import Person


def test_a_raw_filter_says_beside_it_what_is_wrong_and_finds_once_it_is_right(
    visit: Visit, alice: Person, push: Push
) -> None:
    name = named()
    push(alice, {"asset_name": name, "asset_metadata": {"lens": {"f": 1.4}}})
    page = visit(alice)
    page.goto("/assets")
    page.locator("summary", has_text="Filter by fields").click()
    raw = page.get_by_label("And this filter, as JSON")
    raw.fill("{'asset_name': 1}")
    page.get_by_role("button", name="Apply").click()
    problem = page.locator("#filter-problem")
    expect(problem).to_contain_text("line 1, column 2: a name in double quotes is expected here")
    raw.fill('{"$where": "1"}')
    page.get_by_role("button", name="Apply").click()
    expect(problem).to_contain_text("'$where' is not allowed")
    raw.fill(json.dumps({"asset_metadata.lens.f": {"$lt": 2}, "asset_name": name}))
    page.get_by_role("button", name="Apply").click()
    expect(problem).to_be_empty()
    expect(page.locator("#results tbody tr")).to_have_count(1)


def test_what_others_made_is_read_and_not_changed_and_private_is_nowhere(
    visit: Visit, alice: Person, bob: Person, push: Push
) -> None:
    name = named()
    public = push(alice, {"asset_name": name})
    private = push(
        alice, {"asset_name": name, "asset_version": {"version": "2", "tag": "x"}} | PRIVATE
    )
    page = visit(bob)
    page.goto(f"/assets/{public['asset_id']}")
    change = page.get_by_role("button", name="Change")
    expect(change).to_have_attribute("aria-disabled", "true")
    expect(change).to_have_attribute(
        "data-why", "Only its owner and administrators may change it. Ask alice."
    )
    expect(page.locator(".versions tbody tr")).to_have_count(1)
    answer = page.goto(f"/assets/{private['asset_id']}")
    assert answer is not None
    assert answer.status == HTTPStatus.NOT_FOUND
    page.goto(f"/assets?search={name}")
    expect(page.locator("#results tbody tr")).to_have_count(1)


def test_a_line_that_means_nothing_says_so_beside_it_and_is_asked_once_it_is_right(
    visit: Visit, alice: Person, push: Push
) -> None:
    name = named()
    push(alice, {"asset_name": name})
    page = visit(alice)
    page.goto(f"/assets?search={name}")
    page.locator("summary", has_text="Filter by fields").click()
    field, value = (page.get_by_label(label, exact=True) for label in ("Field", "Value"))
    value.fill("abc")
    page.keyboard.press("Tab")
    problem = page.locator("#rows-problem")
    expect(problem).to_contain_text("The value 'abc' has no field")
    expect(value).to_have_attribute("aria-invalid", "true")
    field.fill("size")
    page.get_by_label("Comparison").select_option("gte")
    expect(problem).to_contain_text("size: 'abc' is no number and no size")
    page.reload()
    expect(problem).to_contain_text("size: 'abc' is no number and no size")
    expect(value.first).to_have_attribute("aria-invalid", "true")
    value.first.fill("")
    page.get_by_role("button", name="Apply").click()
    expect(problem).to_contain_text("size: Give a value")
    value.first.fill("200")
    page.keyboard.press("Tab")
    expect(problem).to_be_empty()
    expect(page.locator("#rows-count")).to_have_text("1")
    expect(value.first).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#results tbody tr")).to_have_count(1)


def test_a_line_without_a_field_is_told_of_without_script_as_well(
    visit: Visit, alice: Person
) -> None:
    page = visit(alice, script=False)
    page.goto("/assets")
    page.locator("summary", has_text="Filter by fields").click()
    page.get_by_label("Value", exact=True).fill("abc")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#rows-problem")).to_contain_text("The value 'abc' has no field")
    expect(page.get_by_label("Value", exact=True).first).to_have_value("abc")


def test_a_slow_database_of_others_never_holds_the_page(visit: Visit, alice: Person) -> None:
    page = visit(alice)
    page.route("**/assets/third-party**", lambda _route: None)
    page.goto("/assets?scope=third-party&search=seam")
    expect(page.locator("#results")).to_contain_text("Asking the registered databases")
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("searchbox").press_sequentially("weld")
    expect(page.locator("#results")).to_contain_text("No other database to ask.")
