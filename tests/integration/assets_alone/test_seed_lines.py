"""The lines of the seed as they are printed, with the address and the file put in, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.assets_alone.servers import ALICE, Server, run_line
from tests.seed_lines import (
    CHECK_ENTRY,
    CREATE,
    DELETE,
    DELETE_ENTRY,
    GET,
    GET_ENTRY,
    HEALTH,
    OBJECT,
    PRINTED_ID,
    QUERY,
    QUERY_BY_OPERATORS,
    QUERY_ENTRIES,
    REGISTER,
    UPDATE,
    UPDATE_ENTRY,
    UPLOAD,
)

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


def run(server: Server, line: str, folder: Path, **put_in: str) -> dict[str, object]:
    (folder / "file.png").write_bytes(PICTURE)
    place = server.url.removeprefix("http://")
    line = line.replace("<server-url>", place).replace("<api-url>", place)
    line = line.replace("/path/to/your/file.png", str(folder / "file.png"))
    for name, text in put_in.items():
        line = line.replace(name, text)
    answer = run_line(line, folder)
    return dict(json.loads(answer)) if answer else {}


def test_the_lines_about_assets_work_as_printed(opened: Server, tmp_path: Path) -> None:
    assert run(opened, HEALTH, tmp_path) == {"success": True, "message": "healthy"}
    made = run(opened, UPLOAD, tmp_path)
    asset_id = str(made["asset_id"])
    assert made == {
        "success": True,
        "asset_uri": "SampleAsset:1.0-initial",
        "asset_id": asset_id,
        "public_url": f"{opened.url}/asset-object/{asset_id}",
    }
    told = run(opened, GET, tmp_path)
    assert told["success"] is True
    assert told["data"]["asset_metadata"] == {"description": "Sample asset upload"}  # type: ignore[index]
    run(opened, OBJECT.replace("<asset_id>", asset_id), tmp_path)
    assert (tmp_path / "downloaded_asset").read_bytes() == PICTURE
    changed = run(opened, UPDATE, tmp_path)
    assert (changed["success"], changed["message"]) == (True, "Asset updated")
    assert run(opened, GET, tmp_path)["data"]["asset_tags"] == ["updated", "sample"]  # type: ignore[index]
    gone = run(opened, DELETE, tmp_path)
    assert (gone["success"], gone["message"]) == (True, "Asset deleted")
    missing = run(opened, GET, tmp_path)
    assert missing["success"] is False
    assert isinstance(missing["error"], str)
    assert isinstance(missing["message"], str)


def test_the_lines_of_queries_find_what_they_mean(opened: Server, tmp_path: Path) -> None:
    wanted = opened.upload(
        "Wanted", b"w", asset_tags=["sample", "more"], asset_metadata={"type": "image", "x": 1}
    ).json()["asset_id"]
    opened.upload("Other", b"o", asset_tags=["sample"], asset_metadata={"type": "text"})
    for line in (QUERY, QUERY_BY_OPERATORS):
        found = run(opened, line, tmp_path)
        assert found["success"] is True
        assert [one["asset_id"] for one in found["data"]] == [wanted]  # type: ignore[attr-defined]


def test_the_line_of_an_external_asset_makes_an_entry(opened: Server, tmp_path: Path) -> None:
    made = run(opened, CREATE, tmp_path)
    assert made["success"] is True
    assert made["data"]["message"] == "Asset created"  # type: ignore[index]
    told = opened.ask("GET", "/asset/Sample Asset:1.0-initial").json()["data"]
    assert told["asset_id"] == made["data"]["id"]  # type: ignore[index]


def test_the_lines_of_the_registry_work_as_printed(opened: Server, tmp_path: Path) -> None:
    made = run(opened, REGISTER, tmp_path)
    assert (made["success"], made["message"]) == (True, "Asset registry created")
    entry_id = str(made["data"]["id"])  # type: ignore[index]
    real = {PRINTED_ID: entry_id}
    told = run(opened, GET_ENTRY, tmp_path, **real)
    assert told["data"]["asset_registry_name"] == "ResNet Models registry"  # type: ignore[index]
    found = run(opened, QUERY_ENTRIES, tmp_path)
    assert entry_id in {one["asset_registry_id"] for one in found["data"]}  # type: ignore[attr-defined]
    refused = run(opened, UPDATE_ENTRY, tmp_path, **real)
    assert refused["success"] is False
    assert "JSON" in str(refused["message"])
    mended = run(opened, UPDATE_ENTRY.replace('" models', '"'), tmp_path, **real)
    assert mended["success"] is True
    looked = run(opened, CHECK_ENTRY, tmp_path, **{f"tes-{PRINTED_ID}": entry_id})
    assert looked["data"]["status"] == "unhealthy"  # type: ignore[index]
    assert run(opened, DELETE_ENTRY, tmp_path, **real)["success"] is True


@pytest.mark.parametrize("line", (GET_ENTRY, DELETE_ENTRY, CHECK_ENTRY))
def test_the_ids_that_are_printed_are_not_there(opened: Server, tmp_path: Path, line: str) -> None:
    told = run(opened, line, tmp_path)
    assert told["success"] is False
    assert told["error"] == "registry_entry_not_found"


def test_where_tokens_are_asked_for_the_lines_need_one_header_more(
    closed: Server, tmp_path: Path
) -> None:
    refused = run(closed, UPLOAD, tmp_path)
    assert refused["success"] is False
    assert refused["error"] == "unauthenticated"
    with_token = f'-H "PRIVATE-TOKEN: {ALICE}" -X'
    made = run(closed, UPLOAD.replace("-X", with_token, 1), tmp_path)
    assert made["asset_uri"] == "SampleAsset:1.0-initial"
    assert run(closed, GET, tmp_path)["success"] is True
    assert run(closed, DELETE, tmp_path)["error"] == "unauthenticated"
    assert run(closed, DELETE.replace("-X", with_token, 1), tmp_path)["success"] is True
