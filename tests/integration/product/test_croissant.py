"""The real `mlcroissant` reads what we describe, with nothing but a GitLab token."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.stack import Running
from tests.integration.product.conftest import NewDataset, Person

Json = dict[str, Any]

LOADER = """
import json, sys
import mlcroissant
dataset = mlcroissant.Dataset(jsonld=json.load(open(sys.argv[1])))
issues = dataset.metadata.ctx.issues
told = {"issues": [*issues.errors, *issues.warnings], "records": {}}
for name in sys.argv[2:]:
    told["records"][name] = list(dataset.records(name))
json.dump(told, sys.stdout, default=lambda value: value.decode())
"""


def load(folder: Path, described: Json, token: str, *record_sets: str) -> Json | None:
    """Let the library validate a description and load records; None where it refuses."""
    file = folder / "croissant.json"
    file.write_text(json.dumps(described))
    environment = os.environ | {
        "CROISSANT_BASIC_AUTH_USERNAME": "somebody",
        "CROISSANT_BASIC_AUTH_PASSWORD": token,
        "CROISSANT_CACHE": str(folder / "cache"),
    }
    command = [sys.executable, "-c", LOADER, str(file), *record_sets]
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        assert "Error" in done.stderr
        return None
    told: Json = json.loads(done.stdout)
    return told


def croissant(who: Person, dataset: int, **asked: str) -> Json:
    answer = who.http.get(f"/datasets/{dataset}/croissant", params=asked)
    assert answer.headers["Content-Type"].startswith("application/ld+json")
    told: Json = answer.json()
    return told


def demo_table(alice: Person) -> int:
    rows = alice.json("GET", "/datasets", params={"kind": "table"})
    return next(int(row["id"]) for row in rows if row["name"] == "weld-parameters")


def test_the_rows_of_the_demos_table_are_loaded(alice: Person, tmp_path: Path) -> None:
    dataset = demo_table(alice)
    name = "records/parameters.csv"
    told = load(tmp_path, croissant(alice, dataset), alice.token, name)
    assert told is not None
    assert told["issues"] == []
    text = alice.http.get(f"/datasets/{dataset}/files/parameters.csv").text
    wanted = list(csv.DictReader(io.StringIO(text)))
    loaded = [
        {key.removeprefix(f"{name}/"): value for key, value in row.items()}
        for row in told["records"][name]
    ]
    assert len(loaded) == len(wanted)
    for row, raw in zip(loaded, wanted, strict=True):
        assert {key: type(row[key])(value) for key, value in raw.items()} == row
    assert {type(value) for value in loaded[0].values()} == {str, int, float}


def test_a_wrong_token_loads_nothing(alice: Person, tmp_path: Path) -> None:
    described = croissant(alice, demo_table(alice))
    assert load(tmp_path, described, "glpat-wrong", "records/parameters.csv") is None


def test_a_table_that_was_changed_at_the_site_is_not_loaded(
    alice: Person, new_dataset: NewDataset, tmp_path: Path
) -> None:
    dataset = new_dataset(kind="table")
    url = f"/datasets/{dataset}/files/t.csv"
    alice.json("PUT", url, 201, content=b"a,b\n1,2\n")
    described = croissant(alice, dataset)
    (table,) = (one for one in described["distribution"] if one["@id"] == "files/t.csv")
    table["md5"] = "0" * 32
    assert load(tmp_path, described, alice.token, "records/t.csv") is None


def test_many_pictures_are_sets_and_a_manifest(
    alice: Person, new_dataset: NewDataset, tmp_path: Path
) -> None:
    dataset = new_dataset()
    files = {
        f"p {n % 3}/ä{n}.{'JPG' if n % 2 else 'jpg'}": secrets.token_bytes(50 + n)
        for n in range(150)
    }
    files |= {"table one.csv": b"a b,c\n1,x\n", "LICENSE.md": b"# Attribution 4.0 International\n"}
    parts = [("file", (name, data)) for name, data in files.items()]
    alice.json("POST", f"/datasets/{dataset}/files", 201, files=parts)
    alice.json("POST", f"/datasets/{dataset}/packs", json={"path": "p 1", "message": "pack"})
    described = croissant(alice, dataset)
    sets = [one for one in described["distribution"] if one["@type"] == "cr:FileSet"]
    assert {"files-jpg"} < {one["@id"] for one in sets}
    assert len(described["distribution"]) < 10
    told = load(tmp_path, described, alice.token, "manifest", "records/table%20one.csv")
    assert told is not None
    assert told["issues"] == []
    assert [row["manifest/path"] for row in told["records"]["manifest"]] == sorted(files)
    assert told["records"]["records/table%20one.csv"] == [
        {"records/table%20one.csv/a%20b": 1, "records/table%20one.csv/c": "x"}
    ]


def test_the_facts_are_the_datasets_own(alice: Person, new_dataset: NewDataset) -> None:
    dataset = new_dataset(description="Seams", tags=["weld"])
    url = f"/datasets/{dataset}"
    alice.json("PUT", f"{url}/files/a.bin", 201, content=b"1")
    first = croissant(alice, dataset)
    assert first["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert first["license"] == "unknown"
    assert first["description"] == "Seams"
    assert first["keywords"] == ["weld", "album"]
    assert first["version"] == f"0.0.0+{first['identifier'][:8]}"
    alice.json("PUT", f"{url}/files/LICENSE", 201, content=b"Ask us first.")
    made = alice.json("POST", f"{url}/tags", 201, json={"name": "v1.2.3", "ref": "main"})
    second = croissant(alice, dataset, ref="v1.2.3")
    assert second["version"] == "1.2.3"
    assert second["license"].endswith(f"{url}/files/LICENSE?ref={made['commit']}")
    text = b"SPDX-License-Identifier: CC-BY-4.0\n"
    alice.json("PUT", f"{url}/files/LICENSE.md", 201, content=text)
    alice.json("DELETE", f"{url}/files/LICENSE")
    assert croissant(alice, dataset)["license"] == "https://spdx.org/licenses/CC-BY-4.0"
    lines = alice.http.get(f"{url}/manifest", params={"format": "urls"}).text.splitlines()
    assert [httpx.get(line, auth=("me", alice.token)).status_code for line in lines] == [200] * 2


@pytest.mark.parametrize("visibility", ("private", "public"))
def test_the_page_of_a_public_dataset_tells_search_engines(
    alice: Person, stack: Running, new_dataset: NewDataset, visibility: str
) -> None:
    dataset = new_dataset(visibility=visibility, description="</script><b>x")
    alice.json("PUT", f"/datasets/{dataset}/files/a.bin", 201, content=b"1")
    url = f"{stack.ready['app_url']}/datasets/{dataset}"
    page = httpx.get(url, headers={"PRIVATE-TOKEN": alice.token}).text
    before, mark, rest = page.partition('<script type="application/ld+json">')
    assert bool(mark) is (visibility == "public")
    if mark:
        told = json.loads(rest.partition("</script>")[0])
        assert told["@type"] == "Dataset"
        assert told["description"] == "</script><b>x"
    assert "Data (tar)" in page
    assert "Croissant" in before + rest


def test_columns_are_told_only_to_whom_the_bytes_may_be_given(
    alice: Person, nobody: Person, new_dataset: NewDataset
) -> None:
    dataset = new_dataset(visibility="public", kind="table")
    alice.json("PUT", f"/datasets/{dataset}/files/t.csv", 201, content=b"secret,b\n1,2\n")
    assert len(croissant(alice, dataset)["recordSet"]) == 2
    assert "secret" not in json.dumps(croissant(nobody, dataset))
