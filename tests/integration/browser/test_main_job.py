"""What a newcomer does in a browser: create, bind, upload, tag; then pull it elsewhere with dvc."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person
from tests.integration.product.test_dvc import clone, run, set_token

SignIn = Callable[[Person], Page]


def make_pictures(folder: Path) -> dict[str, bytes]:
    """Write a folder of pictures with a text; return what it holds."""
    files = {f"pictures/line 1/{n} ä.jpg": secrets.token_bytes(30_000 + n) for n in range(12)}
    files["pictures/big.bin"] = secrets.token_bytes(3_000_000)
    files["pictures/notes.md"] = b"# notes\n"
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return files


def test_a_developer_uploads_a_folder_and_dvc_pulls_it_elsewhere(
    sign_in: SignIn, carol: Person, new_dataset: NewDataset, stack: Running, tmp_path: Path
) -> None:
    dataset = new_dataset()
    files = make_pictures(tmp_path)
    page = sign_in(carol)
    page.goto(f"/datasets/{dataset}/upload")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(str(tmp_path / "pictures"))
    commit = page.locator("[data-commit]")
    expect(commit).to_be_enabled(timeout=30_000)
    page.get_by_label("Message").fill("Add line 1 by hand")
    commit.click()
    expect(page.get_by_text("14 files committed to main")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("link", name="pictures").first).to_be_visible()
    history = carol.json("GET", f"/datasets/{dataset}/commits")
    assert history[0]["title"] == "Add line 1 by hand"
    assert len(history) == 2
    assert history[0]["author"]["name"] == "Carol Conti"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    work = clone(stack, carol, dataset, elsewhere)
    set_token(work, carol.token)
    run(work, "dvc", "pull")
    for name, data in files.items():
        assert (work / name).read_bytes() == data, name
    assert "in sync" in run(work, "dvc", "status", "-c")


def test_create_bind_and_tag_on_the_web(sign_in: SignIn, alice: Person, s3_site: int) -> None:
    name = f"Web {secrets.token_hex(4)}"
    page = sign_in(alice)
    page.goto("/datasets/new")
    page.get_by_label("Namespace").select_option(label="lab")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Description").fill("made in a browser")
    page.get_by_role("button", name="Create dataset").click()
    expect(page.get_by_text("cannot be changed later")).to_be_visible()
    dataset = int(page.url.rstrip("/").rpartition("/")[2].partition("?")[0])
    page.locator(f"input[type=radio][value='{s3_site}']").check()
    confirm = page.locator("input[type=checkbox][required]")
    if confirm.count():
        confirm.first.check()
    page.get_by_role("button", name=f"Bind {name}").click()
    expect(page.get_by_role("link", name="Upload").first).to_be_visible()
    assert alice.json("GET", f"/datasets/{dataset}")["storage_site"]["id"] == s3_site
    alice.json("PUT", f"/datasets/{dataset}/files/a.txt", 201, content=b"hello")
    page.goto(f"/datasets/{dataset}/releases")
    page.get_by_label("Name", exact=True).fill("v0.1.0")
    page.get_by_role("button", name="Create release").click()
    expect(page.get_by_role("status")).to_contain_text("v0.1.0 names")
    expect(page.get_by_role("article").filter(has_text="v0.1.0")).to_be_visible()
    refs = f"/datasets/{dataset}/refs"
    deadline = time.monotonic() + 10  # another process may know names that are 5 seconds old
    while [tag["name"] for tag in alice.json("GET", refs)["tags"]] != ["v0.1.0"]:
        assert time.monotonic() < deadline


def test_the_page_names_the_key_that_is_missing(
    sign_in: SignIn, bob: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(visibility="internal")
    page = sign_in(bob)
    page.goto(f"/datasets/{dataset}/upload")
    expect(page.get_by_text("needs Developer").first).to_be_visible()
    expect(page.get_by_text("alice").first).to_be_visible()


def test_pages_can_be_read_without_scripts(
    chromium: Browser, stack: Running, alice: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(visibility="public")
    alice.json("PUT", f"/datasets/{dataset}/files/deep/er/note.md", 201, content=b"# plain words")
    context = chromium.new_context(base_url=stack.ready["app_url"], java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/datasets/{dataset}")
    page.get_by_role("link", name="deep").first.click()
    page.get_by_role("link", name=re.compile(r"\ber$")).first.click()
    page.get_by_role("link", name="note.md").first.click()
    expect(page.get_by_text("plain words").first).to_be_visible()
    context.close()
