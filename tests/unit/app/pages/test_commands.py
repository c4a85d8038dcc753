from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime

from app.pages.commands import branch_of, curl_line, dvc_lines, file_url, place_of, upload_line
from core.model.access import AccessLevel, Visibility
from core.model.dataset import Dataset, Kind, Namespace
from core.model.history import Branch, Refs, Tag
from core.model.names import DatasetId, FilePath, Ref, Revision

BASE = "https://labset.example"
HEAD, OLD = Revision("a" * 40), Revision("b" * 40)
REFS = Refs((Branch("main", HEAD), Branch("retake", OLD)), (Tag("v0.1.0", OLD), Tag("main", OLD)))
DATASET = Dataset(
    id=DatasetId(12),
    name="VITVI",
    path_with_namespace="lab/vitvi",
    namespace=Namespace(7, "lab", "Lab", "group", Visibility.PRIVATE),
    description="",
    visibility=Visibility.PRIVATE,
    tags=(),
    kind=Kind.ALBUM,
    default_branch="main",
    gitlab_url="https://gitlab.example/lab/vitvi",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    last_activity_at=datetime(2026, 1, 1, tzinfo=UTC),
    level=AccessLevel.OWNER,
    readable=True,
)
PUBLIC = replace(DATASET, visibility=Visibility.PUBLIC)


def test_without_a_ref_one_looks_at_the_default_branch() -> None:
    place = place_of(DATASET, REFS, None, HEAD)
    assert (place.ref.name, place.kind, place.asked) == ("main", "branch", "")


def test_a_name_that_is_branch_and_tag_is_the_branch_as_it_is_when_resolved() -> None:
    assert place_of(DATASET, REFS, Ref("main"), HEAD).kind == "branch"
    assert place_of(DATASET, REFS, Ref("v0.1.0"), OLD).kind == "tag"
    assert place_of(DATASET, REFS, Ref("bbbbbbbb"), OLD).kind == "commit"


def test_changes_made_while_looking_at_a_release_go_to_the_default_branch() -> None:
    assert branch_of(DATASET, place_of(DATASET, REFS, Ref("v0.1.0"), OLD)) == "main"
    assert branch_of(DATASET, place_of(DATASET, REFS, Ref("retake"), OLD)) == "retake"
    assert branch_of(DATASET, None) == "main"


def test_a_files_address_is_quoted() -> None:
    url = file_url(BASE, DATASET, FilePath("a b/ü#1.jpg"), "feature/x")
    assert url == f"{BASE}/api/v1/datasets/12/files/a%20b/%C3%BC%231.jpg?ref=feature%2Fx"


def test_the_curl_line_is_that_of_the_seed_and_survives_a_shell() -> None:
    path = FilePath("dataset/VITVI/it's 1.jpg")
    words = shlex.split(curl_line(DATASET, file_url(BASE, DATASET, path, "v0.1.0"), path))
    assert words[:3] == ["curl", "-b", "tokenGitLab=<your token>"]
    assert words[3].endswith("/files/dataset/VITVI/it%27s%201.jpg?ref=v0.1.0")
    assert words[4:] == ["--output", "it's 1.jpg"]


def test_public_files_need_no_token() -> None:
    path = FilePath("x.jpg")
    assert curl_line(PUBLIC, "https://u", path) == 'curl "https://u" --output x.jpg'
    assert "password" not in dvc_lines(PUBLIC, place_of(PUBLIC, REFS, None, HEAD))


def test_dvc_is_shown_how_to_fetch_a_release_and_a_commit() -> None:
    release = dvc_lines(DATASET, place_of(DATASET, REFS, Ref("v0.1.0"), OLD)).splitlines()
    assert release == [
        "git clone --branch v0.1.0 https://gitlab.example/lab/vitvi.git",
        "cd vitvi",
        'dvc remote modify --local labset password "Bearer <your token>"',
        "dvc pull",
    ]
    commit = dvc_lines(DATASET, place_of(DATASET, REFS, Ref("bbbbbbb"), OLD)).splitlines()
    assert commit[0] == "git clone https://gitlab.example/lab/vitvi.git"
    assert commit[2] == f"git checkout {OLD}"


def test_a_ref_with_a_quote_cannot_break_out_of_the_line() -> None:
    place = place_of(DATASET, REFS, Ref("x';reboot;'"), HEAD)
    tagged = replace(place, kind="tag")
    assert shlex.split(dvc_lines(DATASET, tagged).splitlines()[0])[3] == "x';reboot;'"


def test_the_line_that_uploads_names_the_branch() -> None:
    assert "branch=retake" in upload_line(BASE, DATASET, "retake")
