"""The asset database in a real browser: a file goes in, is found, changed, compared and goes again."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import expect

from bench.stack import Running
from tests.integration.browser.samples import Push, Visit, file, named, picture
from tests.integration.product.conftest import NewDataset, Person


def test_a_file_is_added_with_progress_and_found_by_what_was_told_of_it(
    visit: Visit, alice: Person, stack: Running
) -> None:
    name, data = named(), picture()
    page = visit(alice)
    page.goto("/assets/new")
    page.locator("#file").set_input_files([file("line 3.png", data)])
    expect(page.get_by_label("Name", exact=True).first).to_have_value("line 3")
    page.locator("#name").fill(name)
    page.get_by_label("Tags").fill("weld, line 3,")
    lines = page.locator("[data-pairs] [data-line]")
    expect(lines).to_have_count(1)
    lines.get_by_label("Name").fill("iso")
    lines.get_by_label("Value").fill("{1")
    page.get_by_role("button", name="Add asset").click()
    expect(page.locator("#version-problem")).to_contain_text("Give it a version")
    expect(page.locator("[data-pairs]")).to_contain_text("iso: It begins like JSON and is none")
    expect(page.locator("#name")).to_have_value(name)
    page.locator("#version").fill("1.10")
    page.locator("#tag").fill("final")
    lines.get_by_label("Value").fill("200")
    page.get_by_role("button", name="Add asset").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.get_by_role("status")).to_contain_text(f"{name}:1.10-final is there.")
    expect(page.locator(".about-file")).to_contain_text("48 × 32")
    shown = page.locator(".preview img")
    expect(shown).to_be_visible()
    assert shown.evaluate("img => img.decode().then(() => img.naturalWidth)") == 48
    asset_id = page.url.rpartition("/")[2]
    address = f"{stack.ready['app_url']}/asset-object/{asset_id}"
    assert alice.http.get(address).content == data
    page.goto("/assets")
    page.get_by_role("searchbox").press_sequentially(name.lower())
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(1)
    page.locator("summary", has_text="Filter by fields").click()
    page.get_by_label("Field", exact=True).fill("iso")
    page.get_by_label("Comparison").select_option("gt")
    page.get_by_label("Value", exact=True).fill("200")
    page.keyboard.press("Tab")
    expect(page.locator("#results")).to_contain_text("Nothing fits.")
    page.get_by_label("Comparison").select_option("gte")
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    page.locator("summary", has_text="The same as curl").click()
    expect(page.locator(".as-curl .copyable code")).to_contain_text(
        '"asset_metadata.iso": {"$gte": 200}'
    )


def test_without_script_a_file_is_added_changed_and_deleted_by_plain_forms(
    visit: Visit, carol: Person
) -> None:
    name = named()
    page = visit(carol, script=False)
    page.goto("/assets/new")
    page.locator("#name").fill(name)
    page.locator("#version").fill("1.0")
    page.locator("#file").set_input_files([file("a.txt", b"text of one line")])
    page.get_by_role("button", name="Add asset").click()
    expect(page.locator("#tag-problem")).to_contain_text("Give it a tag")
    expect(page.locator("#name")).to_have_value(name)
    page.locator("#tag").fill("initial")
    page.locator("#file").set_input_files([file("a.txt", b"text of one line")])
    page.get_by_role("button", name="Add asset").click()
    expect(page.get_by_role("status")).to_contain_text(f"{name}:1.0-initial is there.")
    page.get_by_role("link", name="Change").click()
    page.get_by_role("textbox", name="Name").first.fill("camera")
    page.get_by_role("textbox", name="Value").first.fill("Leica")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".told")).to_contain_text("Leica")
    page.goto("/assets")
    page.locator("summary", has_text="Filter by fields").click()
    page.get_by_label("Field", exact=True).fill("camera")
    page.get_by_label("Value", exact=True).fill("Leica")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name=name).click()
    delete = page.get_by_role("button", name="Delete this asset")
    page.locator("#typed").fill(name)
    delete.click()
    expect(page.locator("#typed-problem")).to_contain_text(f"Type {name}:1.0-initial")
    page.locator("#typed").fill(f"{name}:1.0-initial")
    delete.click()
    expect(page.get_by_role("status")).to_contain_text("was deleted")


def test_a_change_that_somebody_else_was_faster_with_is_refused_and_stays_typed(
    visit: Visit, alice: Person, push: Push
) -> None:
    made = push(alice, {"asset_name": named(), "asset_tags": ["one,of two"]})["asset_id"]
    slow, fast = visit(alice), visit(alice, script=False)
    slow.goto(f"/assets/{made}/edit")
    fast.goto(f"/assets/{made}/edit")
    fast.get_by_role("textbox", name="Name").first.fill("iso")
    fast.get_by_role("button", name="Save").click()
    expect(fast.locator(".about-line .chip")).to_have_text(["one,of two"])
    slow.get_by_label("Tags").fill("third,")
    slow.get_by_role("button", name="Save").click()
    expect(slow.get_by_role("alert")).to_contain_text("Somebody changed it since")
    expect(slow.locator(".chips")).to_contain_text("third")
    fast.reload()
    expect(fast.locator(".about-line .chip")).to_have_text(["one,of two"])


def test_an_entry_at_an_address_needs_no_file_and_a_taken_name_is_told_beside_the_version(
    visit: Visit, alice: Person, push: Push
) -> None:
    taken = named()
    push(alice, {"asset_name": taken})
    page = visit(alice)
    page.goto("/assets/new")
    page.get_by_label("At an address").check()
    expect(page.locator("#file")).to_be_hidden()
    page.locator("#url").fill("https://example.org/weights.bin")
    page.locator("#name").fill(taken)
    page.locator("#version").fill("1.0")
    page.locator("#tag").fill("initial")
    page.get_by_role("button", name="Add asset").click()
    problem = page.locator("#version-problem")
    expect(problem).to_be_visible()
    row = page.locator(".name-fields").bounding_box()
    said = problem.bounding_box()
    assert row is not None
    assert said is not None
    assert said["width"] == pytest.approx(row["width"], abs=1)
    expect(page.locator("#url")).to_have_value("https://example.org/weights.bin")
    page.locator("#version").fill("1.1")
    page.get_by_role("button", name="Add asset").click()
    expect(page.get_by_role("link", name="Open the address")).to_have_attribute(
        "href", "https://example.org/weights.bin"
    )


def test_two_versions_stand_side_by_side_and_what_differs_says_so(
    visit: Visit, alice: Person, push: Push
) -> None:
    name = named()
    for version, iso in (("1.9", 100), ("1.10", 200)):
        push(
            alice,
            {
                "asset_name": name,
                "asset_version": {"version": version, "tag": "final"},
                "asset_metadata": {"iso": iso, "camera": "cam-2"},
                "asset_tags": ["weld", version],
            },
        )
    page = visit(alice)
    page.goto(f"/assets?search={name}")
    page.get_by_role("link", name=name).first.click()
    page.get_by_role("button", name="Compare left with right").click()
    differing = page.get_by_role("row", name="iso")
    expect(differing).to_contain_text("differs")
    expect(differing.locator(".value")).to_have_text(["100", "200"])
    expect(page.get_by_role("row", name="1.9 only left")).to_be_visible()
    expect(page.get_by_role("row", name="camera")).to_have_count(0)
    page.get_by_role("link", name="Show all").click()
    expect(page.get_by_role("row", name="camera")).to_contain_text("same")


def test_a_file_of_a_dataset_becomes_an_asset_that_its_page_names(
    visit: Visit, carol: Person, new_dataset: NewDataset
) -> None:
    dataset, name = new_dataset(), named()
    carol.json("PUT", f"/datasets/{dataset}/files/raw/a.bin", 201, content=secrets.token_bytes(99))
    page = visit(carol)
    page.goto(f"/datasets/{dataset}/file/raw/a.bin")
    page.get_by_role("link", name="Register as asset").click()
    expect(page.locator("#version")).to_have_value("main")
    page.locator("#name").fill(name)
    page.get_by_role("button", name="Register as asset").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator(".about-file")).to_contain_text("raw/a.bin")
    page.locator(".about-file").get_by_role("link", name="raw/a.bin").click()
    page.get_by_role("link", name=f"{name}:main").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    called = carol.json("GET", f"/datasets/{dataset}")
    shown = f"{called['namespace']['full_path']} / {called['name']}"
    expect(page.locator(".about-file").get_by_role("link", name=shown)).to_be_visible()
    page.goto(f"/assets?search={name}")
    expect(page.locator("#results .texts small")).to_have_text(f"file of {shown}")


def test_an_upload_is_sent_once_however_often_its_button_is_pressed(
    visit: Visit, alice: Person
) -> None:
    name = named()
    page = visit(alice)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    page.goto("/assets/new")
    page.locator("#file").set_input_files([file("a.bin", secrets.token_bytes(99))])
    page.locator("#name").fill(name)
    button = page.get_by_role("button", name="Add asset")
    button.dblclick()
    expect(page.locator("#tag-problem")).to_be_visible()
    expect(button).to_be_enabled()
    assert len(sent) == 1
    page.locator("#version").fill("1.0")
    page.locator("#tag").fill("initial")
    button.dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    assert [one.rpartition("/")[2] for one in sent] == ["check", "check", "upload_asset"]


@pytest.mark.parametrize("address", ("/assets/new", "/registry/new", "/datasets/new"))
def test_enter_in_a_field_of_tags_ends_a_tag_and_never_sends_the_form(
    visit: Visit, alice: Person, address: str
) -> None:
    page = visit(alice)
    page.goto(address)
    page.locator("form:has(.chips)").evaluate(
        "form => form.addEventListener('submit', event => {"
        " event.preventDefault(); event.stopImmediatePropagation(); form.dataset.seen = 'yes'; }, true)"
    )
    page.locator("form:has(.chips)").evaluate("form => { form.noValidate = true; }")
    page.get_by_label("Tags").focus()
    page.keyboard.insert_text("weld, line 3")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".chips .chip")).to_have_text(["weld", "line 3"])
    expect(page.locator("form:has(.chips)")).not_to_have_attribute("data-seen", "yes")


def test_who_is_not_signed_in_sees_what_he_could_do_and_why_not_yet(
    visit: Visit, alice: Person, push: Push
) -> None:
    made = push(alice, {"asset_name": named()})["asset_id"]
    page = visit(alice)
    page.context.clear_cookies()
    for address, label, why in (
        ("/assets", "New asset", "Sign in to add an asset."),
        ("/registry", "Register a database", "Sign in to register an asset database."),
        (f"/assets/{made}", "Another version", "Sign in to add a version."),
        (
            f"/assets/{made}",
            "Change",
            "Sign in to change it: only its owner and administrators may.",
        ),
    ):
        page.goto(address)
        button = page.get_by_role("button", name=label)
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_attribute("data-why", why)
