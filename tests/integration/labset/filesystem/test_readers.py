"""Programs of data scientists read datasets by their URLs, and fetch what they need."""

from __future__ import annotations

import io
import multiprocessing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import dataset as arrow_dataset
from pyarrow import parquet

from labset import Client
from tests.integration.labset.filesystem.counting import counted_way
from tests.integration.labset.filesystem.people import FilesOf
from tests.integration.labset.filesystem.pictures import Pictures

ROWS = 300_000
ROWS_AT_ONCE = 30_000


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """A table of some megabytes."""
    numbers = pd.Series(range(ROWS))
    return pd.DataFrame(
        {
            "number": numbers,
            "square": numbers**2,
            "name": "weld " + (numbers * 7919).astype(str),
        }
    )


@pytest.fixture(scope="module")
def tables(
    app_url: str,
    stack: Any,  # noqa: ANN401 - as in the other fixtures
    local_site: int,
    table: pd.DataFrame,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Where the table lies as csv and parquet; its bytes come through Labset, where they are counted."""
    folder = tmp_path_factory.mktemp("tables")
    table.to_csv(folder / "table.csv", index=False)
    parquet.write_table(
        pa.Table.from_pandas(table), folder / "table.parquet", row_group_size=ROWS_AT_ONCE
    )
    for year in (2025, 2026):
        part = folder / "parts" / f"year={year}"
        part.mkdir(parents=True)
        table[:1000].to_parquet(part / "a.parquet")
    with Client(app_url, stack.token) as client:
        dataset = client.create("tables", "archive", kind="table", site_id=local_site)
        client.upload(dataset.id, sorted(folder.iterdir()))
        client.tag(dataset.id, "v1")
    return f"labset://{dataset.id}@v1"


@pytest.fixture
def options(app_url: str, token_of: Callable[[str], str]) -> dict[str, str]:
    """What programs take as storage options."""
    return {"server": app_url, "token": token_of("alice")}


def test_pandas_reads_a_csv(tables: str, table: pd.DataFrame, options: dict[str, str]) -> None:
    found = pd.read_csv(f"{tables}/table.csv", storage_options=options)
    assert found.equals(table)


def test_pandas_reads_the_first_rows_without_the_rest(
    tables: str, files_of: FilesOf, app_url: str
) -> None:
    with counted_way(app_url) as way:
        files = files_of(server=way.url)
        with files.open(f"{tables}/table.csv") as file:
            assert len(pd.read_csv(file, nrows=100)) == 100
        assert way.received < files.info(f"{tables}/table.csv")["size"] / 5


def test_pandas_reads_parquet(tables: str, table: pd.DataFrame, options: dict[str, str]) -> None:
    found = pd.read_parquet(f"{tables}/table.parquet", storage_options=options)
    assert found.equals(table)


def test_arrow_reads_one_column_of_one_group_without_the_rest(
    tables: str, table: pd.DataFrame, files_of: FilesOf, app_url: str
) -> None:
    with counted_way(app_url) as way:
        files = files_of(server=way.url)
        with files.open(f"{tables}/table.parquet") as file:
            group = parquet.ParquetFile(file).read_row_group(3, columns=["square"])
        size = files.info(f"{tables}/table.parquet")["size"]
        assert size > 4_000_000
        assert way.received < size / 8
    wanted = table["square"][3 * ROWS_AT_ONCE : 4 * ROWS_AT_ONCE]
    assert group["square"].to_pylist() == wanted.tolist()


def test_arrow_reads_a_folder_of_parts(tables: str, files_of: FilesOf) -> None:
    place = tables.removeprefix("labset://")
    found = arrow_dataset.dataset(f"{place}/parts", filesystem=files_of(), partitioning="hive")
    assert sorted(set(found.to_table(columns=["year"])["year"].to_pylist())) == [2025, 2026]
    assert found.count_rows(filter=arrow_dataset.field("year") == 2026) == 1000


def test_a_cache_of_fsspec_keeps_files_between_runs(
    tables: str, options: dict[str, str], tmp_path: Path
) -> None:
    url = f"simplecache::{tables}/table.csv"
    kept = {"cache_storage": str(tmp_path)}
    with fsspec.open(url, "rb", labset=options, simplecache=kept) as file:
        assert file.readline() == b"number,square,name\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_workers_read_pictures(files_of: FilesOf, demo: Mapping[str, Any]) -> None:
    files = files_of()
    paths = files.glob(f"{demo['dataset_id']}@{demo['tag']}/dataset/VITVI/*.jpg")[:40]
    pictures = Pictures(files, list(paths))
    with multiprocessing.get_context("spawn").Pool(2) as workers:
        found = workers.map(pictures.__getitem__, range(len(pictures)), chunksize=5)
    assert found == [pictures[index] for index in range(len(pictures))]
    assert {one[0] for one in found} == {"JPEG"}


def test_a_picture_opens_by_the_client(client: Client, demo: Mapping[str, Any]) -> None:
    with client.open(demo["dataset_id"], demo["file"], ref=demo["tag"]) as file:
        body = file.read()
        file.seek(0)
        with Image.open(file) as picture:
            assert picture.format == "JPEG"
            assert picture.tobytes() == Image.open(io.BytesIO(body)).tobytes()


def test_the_client_opens_a_branch_as_it_is_now(
    client: Client, new_dataset: Callable[[], int], tmp_path: Path
) -> None:
    number = new_dataset()
    path = tmp_path / "a.txt"
    for body in (b"first", b"second"):
        path.write_bytes(body)
        client.upload(number, path)
        with client.open(number, "/a.txt") as file:
            assert file.read() == body
    client.download(number, "a.txt", output=tmp_path / "copy", cache=None)
    assert (tmp_path / "copy" / "a.txt").read_bytes() == b"second"
