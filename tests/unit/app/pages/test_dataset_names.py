from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from app.pages.assets.pinned import dataset_names
from core.errors import Unavailable
from core.model.access import ANONYMOUS
from core.model.assets import Asset
from core.model.names import DatasetId
from core.ports import Platform


class Projects:
    """The directory as far as names need it: dataset 3 is shown, others are not."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.asked: list[int] = []

    def find_dataset(self, _: object, dataset_id: DatasetId, **__: object) -> Any:  # noqa: ANN401
        if not self.answers:
            raise Unavailable("GitLab does not answer.")
        self.asked.append(dataset_id.number)
        shown = SimpleNamespace(namespace=SimpleNamespace(full_path="lab"), name="VITVI")
        return shown if dataset_id == DatasetId(3) else None


def entry(number: int | None) -> Asset:
    pinned = None if number is None else SimpleNamespace(dataset_id=DatasetId(number))
    return cast("Asset", SimpleNamespace(pinned=pinned))


def names(projects: Projects, *numbers: int | None) -> dict[DatasetId, str]:
    platform = cast("Platform", SimpleNamespace(directory=projects))
    return dict(dataset_names(platform, ANONYMOUS, [entry(number) for number in numbers]))


def test_each_dataset_is_asked_once_and_what_is_not_shown_has_no_name() -> None:
    projects = Projects()
    assert names(projects, 3, None, 3, 4) == {DatasetId(3): "lab / VITVI"}
    assert sorted(projects.asked) == [3, 4]


def test_pages_without_files_of_datasets_ask_nothing_and_silence_is_no_failure() -> None:
    projects = Projects(answers=False)
    assert names(projects, None) == {}
    assert names(projects, 3) == {}
