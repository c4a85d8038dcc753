"""How the pages behave in a real browser, with script and without."""

from __future__ import annotations

import re
import secrets
import time
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from bench.stack import Running
from tests.integration.browser.samples import Visit
from tests.integration.product.conftest import NewDataset, Person

COMMIT = "[data-commit]"
DROP = """([name, text]) => {
  const dropped = new DataTransfer();
  dropped.items.add(new File([text], name));
  const zone = document.querySelector("[data-drop]");
  for (const type of ["dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true }));
  }
}"""


def payload(name: str, data: bytes | None = None) -> FilePayload:
    """Return a file to choose."""
    held = secrets.token_bytes(2_000) if data is None else data
    return {"name": name, "mimeType": "application/octet-stream", "buffer": held}


def test_a_bad_name_is_renamed_and_another_skipped_before_the_one_commit(
    visit: Visit, carol: Person, new_dataset: NewDataset, tmp_path: Path
) -> None:
    dataset = new_dataset()
    for name in ("good.bin", "ends with dot.", ".gitignore"):
        (tmp_path / name).write_bytes(secrets.token_bytes(100))
    page = visit(carol)
    page.goto(f"/datasets/{dataset}/upload?path=raw")
    page.locator("[data-input=files]").set_input_files([*tmp_path.iterdir()])
    problems = page.locator(".problems li")
    expect(problems).to_have_count(2)
    problems.filter(has_text="ends with dot").get_by_role("button", name="Rename").click()
    page.keyboard.press("Enter")
    expect(problems).to_have_count(1)
    problems.get_by_role("button", name="Skip").click()
    expect(page.locator(COMMIT)).to_be_enabled()
    page.locator(COMMIT).click()
    page.wait_for_url("**/tree/raw?ref=main")
    expect(page.get_by_role("status")).to_contain_text("2 files committed to main")
    listed = [one["path"] for one in carol.json("GET", f"/datasets/{dataset}/tree/raw")]
    assert listed == ["raw/ends with dot", "raw/good.bin"]


def test_what_arrived_before_a_reload_is_not_sent_again(
    visit: Visit, carol: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    files = [payload(f"{number}.bin") for number in range(3)]
    page = visit(carol)
    for expected in ("0 identical (not sent)", "3 stored already (not sent)"):
        page.goto(f"/datasets/{dataset}/upload")
        page.locator("[data-input=files]").set_input_files(files)
        expect(page.locator(COMMIT)).to_be_enabled()
        expect(page.locator("[data-summary]")).to_contain_text(expected)
    page.locator(COMMIT).click()
    page.wait_for_url("**/tree/**")
    page.goto(f"/datasets/{dataset}/upload")
    page.locator("[data-input=files]").set_input_files(files)
    expect(page.locator(COMMIT)).to_contain_text("Nothing to commit")
    assert len(carol.json("GET", f"/datasets/{dataset}/commits")) == 2


def test_a_file_site_takes_small_files_in_batches_and_large_ones_one_by_one(
    visit: Visit, alice: Person, new_dataset: NewDataset, local_site: int
) -> None:
    dataset = new_dataset(site=local_site)
    files = {f"ü {number}.bin": secrets.token_bytes(5_000) for number in range(30)}
    files |= {"large.bin": secrets.token_bytes(3_000_000), f"{'long' * 40}.bin": b"x", "none": b""}
    page = visit(alice)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    page.goto(f"/datasets/{dataset}/upload")
    chosen = [payload(name, data) for name, data in files.items()]
    page.locator("[data-input=files]").set_input_files(chosen)
    expect(page.locator(COMMIT)).to_be_enabled(timeout=20_000)
    page.locator(COMMIT).click()
    page.wait_for_url("**/tree/**")
    assert len([url for url in sent if url.endswith("/batch")]) == 1
    for name, data in files.items():
        answer = alice.http.get(f"/datasets/{dataset}/files/{name}")
        assert answer.content == data, name


def test_what_is_dropped_onto_the_files_goes_to_the_upload_page(
    visit: Visit, carol: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    carol.json("PUT", f"/datasets/{dataset}/files/raw/a.bin", 201, content=b"a")
    page = visit(carol)
    page.goto(f"/datasets/{dataset}/tree/raw")
    page.evaluate(DROP, ["dropped.bin", "dropped"])
    expect(page.get_by_label("Into the folder")).to_have_value("raw")
    expect(page.locator(COMMIT)).to_be_enabled()
    page.locator(COMMIT).click()
    page.wait_for_url("**/tree/raw?ref=main")
    expect(page.get_by_role("link", name="dropped.bin", exact=True)).to_be_visible()


def test_without_script_files_are_uploaded_replaced_and_deleted_by_plain_forms(
    visit: Visit, carol: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    page = visit(carol, script=False)
    page.goto(f"/datasets/{dataset}/upload?path=raw")
    page.get_by_label("Files").first.set_input_files([payload("a.bin"), payload("b.md", b"# one")])
    page.get_by_role("button", name="Upload and commit").click()
    expect(page.get_by_role("status")).to_contain_text("2 files uploaded")
    page.get_by_role("link", name="b.md", exact=True).click()
    expect(page.locator("pre.text")).to_contain_text("# one")
    page.locator("summary", has_text="Replace").click()
    page.get_by_label("The new bytes").set_input_files(payload("other.md", b"# two"))
    page.get_by_role("button", name="Replace b.md").click()
    expect(page.locator("pre.text")).to_contain_text("# two")
    page.locator("summary", has_text="Delete").click()
    page.get_by_role("button", name="Delete b.md").click()
    expect(page.get_by_role("status")).to_contain_text("was deleted on main")
    assert [row["path"] for row in carol.json("GET", f"/datasets/{dataset}/tree/raw")] == [
        "raw/a.bin"
    ]


def test_a_folder_is_packed_unpacked_and_moved_from_its_page(
    visit: Visit, carol: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset()
    for name in ("a.bin", "b/c.bin"):
        carol.json("PUT", f"/datasets/{dataset}/files/raw/{name}", 201, content=b"bytes")
    page = visit(carol, width=400)
    page.goto(f"/datasets/{dataset}/tree/raw")
    page.locator("summary", has_text="Pack").click()
    page.get_by_role("button", name="Pack raw").click()
    expect(page.get_by_role("status")).to_contain_text("raw is one pointer for 2 files now.")
    page.goto(f"/datasets/{dataset}/tree/raw/b")
    expect(page.get_by_role("link", name="c.bin", exact=True)).to_be_visible()
    expect(page.locator("summary", has_text="Delete")).to_have_count(0)
    page.goto(f"/datasets/{dataset}/tree/raw")
    page.locator("summary", has_text="Unpack").click()
    page.get_by_role("button", name="Unpack raw").click()
    expect(page.get_by_role("status")).to_contain_text("a pointer for each of 2 files")
    page.locator("summary", has_text="Move").click()
    page.get_by_label("New path").fill("cooked/raw")
    page.get_by_role("button", name="Move raw").click()
    page.wait_for_url("**/tree/cooked/raw?ref=main")
    expect(page.get_by_role("link", name="a.bin", exact=True)).to_be_visible()


def test_a_refused_form_keeps_what_was_typed_and_says_why_beside_the_field(
    visit: Visit, alice: Person, new_dataset: NewDataset
) -> None:
    taken = alice.json("GET", f"/datasets/{new_dataset(site=None)}")["name"]
    page = visit(alice)
    page.goto("/datasets/new")
    page.get_by_label("Namespace").select_option(label="lab")
    name = page.get_by_label("Name", exact=True)
    name.fill(taken)
    page.get_by_label("Tags").fill("weld, line 3,")
    page.get_by_role("button", name="Create dataset").click()
    expect(name).to_have_value(taken)
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#name-problem")).to_contain_text(taken)
    expect(page.locator(".chips .chip")).to_have_count(2)


def test_the_search_answers_while_one_types_and_its_address_can_be_sent(
    visit: Visit, alice: Person, new_dataset: NewDataset
) -> None:
    name = alice.json("GET", f"/datasets/{new_dataset(site=None)}")["name"]
    page = visit(alice)
    page.goto("/datasets")
    page.get_by_label("Search by name or description").press_sequentially(name[-8:])
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.reload()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#results")).to_contain_text(name)


def test_a_dataset_is_deleted_only_by_typing_its_name(
    visit: Visit, alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(site=None)
    path = alice.json("GET", f"/datasets/{dataset}")["path_with_namespace"]
    page = visit(alice)
    page.goto(f"/datasets/{dataset}/access")
    page.locator("#typed").fill("something else")
    page.get_by_role("button", name="Delete").last.click()
    expect(page.locator("#typed-problem")).to_contain_text(path)
    page.locator("#typed").fill(path)
    page.get_by_role("button", name="Delete").last.click()
    expect(page.get_by_role("status")).to_contain_text("was deleted")
    deadline = time.monotonic() + 10  # what is known of a dataset may be 5 seconds old
    while alice.http.get(f"/datasets/{dataset}").status_code != HTTPStatus.NOT_FOUND:
        assert time.monotonic() < deadline


def test_the_first_stop_of_the_tab_key_leads_to_the_content(visit: Visit, alice: Person) -> None:
    page = visit(alice)
    page.goto("/datasets")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_be_focused()
    page.goto("/storage-sites")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_what_one_may_not_do_says_why_when_it_is_focused(
    visit: Visit, bob: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(visibility="internal")
    page = visit(bob)
    page.goto(f"/datasets/{dataset}/tree/")
    upload = page.get_by_role("button", name="Upload")
    upload.focus()
    expect(upload).to_be_focused()
    why = re.compile(r"^Needs Developer on the dataset\. Ask alice\b")
    expect(upload).to_have_attribute("data-why", why)


@pytest.mark.parametrize("width", (380, 640, 1280))
def test_no_page_is_wider_than_the_screen(
    visit: Visit, alice: Person, stack: Running, width: int
) -> None:
    demo = stack.ready["demo"]
    dataset = f"/datasets/{demo['dataset_id']}"
    page = visit(alice, width=width)
    parts = (
        "",
        "/tree/dataset/VITVI",
        f"/file/{demo['file']}",
        "/versions",
        "/releases",
        "/access",
    )
    addresses = [*(dataset + part for part in parts), f"{dataset}/upload", "/", "/datasets/new"]
    for address in [*addresses, "/storage-sites", "/storage-sites/new", "/nowhere"]:
        page.goto(address)
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, address
