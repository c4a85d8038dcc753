"""The ready lines of the panel "Use it": addresses and commands for one dataset at one ref."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from core.model.access import Visibility
from core.model.dataset import Dataset
from core.model.history import Refs
from core.model.names import FilePath, Ref, Revision

_COOKIE = 'curl -b "tokenGitLab=<your token>" '
_TOKEN = 'dvc remote modify --local labset password "Bearer <your token>"'  # noqa: S105 - a placeholder


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked at: the ref as it was asked for and the revision that it names.

    `kind` is branch, tag or commit; `asked` is empty where the address says nothing.
    """

    ref: Ref
    kind: str
    revision: Revision
    asked: str

    @property
    def is_branch(self) -> bool:
        """Whether uploads may go there."""
        return self.kind == "branch"


def place_of(dataset: Dataset, refs: Refs, ref: Ref | None, revision: Revision) -> Place:
    """Say what `ref` (None: the default branch) is."""
    named = ref or Ref(dataset.default_branch)
    kind = "commit"
    if any(tag.name == named.name for tag in refs.tags):
        kind = "tag"
    if any(branch.name == named.name for branch in refs.branches):
        kind = "branch"
    return Place(named, kind, revision, ref.name if ref else "")


def branch_of(dataset: Dataset, place: Place | None) -> str:
    """Return the branch that changes made from here go to."""
    return place.ref.name if place and place.is_branch else dataset.default_branch


def file_url(base_url: str, dataset: Dataset, path: FilePath, ref: str) -> str:
    """Return the address of a file's bytes at a ref, for everybody who may have them."""
    query = urlencode({"ref": ref})
    return f"{base_url}/api/v1/datasets/{dataset.id}/files/{quote(path.text)}?{query}"


def curl_line(dataset: Dataset, url: str, path: FilePath) -> str:
    """Return the line that saves a file; a public dataset needs no token."""
    start = "curl " if dataset.visibility is Visibility.PUBLIC else _COOKIE
    return f'{start}"{url}" --output {shlex.quote(path.name)}'


def dvc_lines(dataset: Dataset, place: Place) -> str:
    """Return the lines that fetch the whole revision with git and dvc."""
    folder = dataset.path_with_namespace.rpartition("/")[2]
    ref = shlex.quote(place.ref.name)
    at = "" if place.kind == "commit" else f"--branch {ref} "
    lines = [f"git clone {at}{dataset.gitlab_url}.git", f"cd {shlex.quote(folder)}"]
    if place.kind == "commit":
        lines.append(f"git checkout {place.revision}")
    if dataset.visibility is not Visibility.PUBLIC:
        lines.append(_TOKEN)
    return "\n".join([*lines, "dvc pull"])


def client_lines(base_url: str, dataset: Dataset, place: Place) -> str:
    """Return the lines that fetch the revision with our own client."""
    folder = shlex.quote(dataset.path_with_namespace.rpartition("/")[2])
    ref = shlex.quote(place.ref.name)
    pull = f"labset download --project-id {dataset.id} --ref {ref} --output {folder}"
    return f"labset login {base_url}\n{pull}"


def python_line(dataset: Dataset, place: Place, path: FilePath) -> str:
    """Return the expression that opens a file for reading, for whoever has logged in once."""
    return f"fsspec.open({f'labset://{dataset.id}@{place.ref}/{path}'!r})"


def listing_line(base_url: str, dataset: Dataset, place: Place) -> str:
    """Return the line that lists all files of the revision as JSON."""
    query = urlencode({"ref": place.ref.name, "recursive": "1", "per_page": "100"})
    start = "curl " if dataset.visibility is Visibility.PUBLIC else _COOKIE
    return f'{start}"{base_url}/api/v1/datasets/{dataset.id}/tree/?{query}"'


def upload_line(base_url: str, dataset: Dataset, branch: str) -> str:
    """Return the line that puts one file as one commit."""
    query = urlencode({"branch": branch, "message": "Add a file"})
    url = f"{base_url}/api/v1/datasets/{dataset.id}/files/FILE?{query}"
    return f'curl -H "PRIVATE-TOKEN: <your token>" -T FILE "{url}"'
