"""Making projects: protected before their first commit, or not there at all."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from core.errors import Conflict, Forbidden, Invalid, LabsetError, Unavailable
from core.model.access import AccessLevel, Visibility
from core.model.dataset import DEFAULT_BRANCH, Namespace
from gitlab_bridge.client import Client
from gitlab_bridge.fields import Payload, find_number

CREATE_SECONDS = 10.0
CLEAN_UP_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """What a new project is to be, in a namespace that is known."""

    name: str
    namespace: Namespace
    description: str
    visibility: Visibility
    topics: Sequence[str]


def create_project(client: Client, plan: ProjectPlan) -> int:
    """Create an empty project and return its number; GitLab derives the path from the name.

    Raises:  Conflict (`name_taken`); Invalid, naming the field.
    """
    body: dict[str, object] = {
        "name": plan.name,
        "namespace_id": plan.namespace.id,
        "description": plan.description,
        "visibility": plan.visibility.value,
        "topics": list(plan.topics),
        "default_branch": DEFAULT_BRANCH,
    }
    path = own_path(plan.name)
    if path is not None:
        body["path"] = path
    with refusals_in_words(plan.name, plan.namespace.full_path):
        made = client.create("/projects", f"the project {plan.name}", body)
    number = find_number(made, "id")
    if number is None:
        raise Unavailable(
            "GitLab's answer could not be read; the project may have been created: look before you "
            "try again."
        )
    return number


def own_path(name: str) -> str | None:
    """Return a path for a name from which GitLab would derive one that it then refuses.

    GitLab keeps what has an ASCII form, with dashes for the rest, and refuses paths that are empty
    or begin, end or double with special characters. None: GitLab's own will do.
    Source:  GitLab's `parameterize` of names and its rule for registry paths.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    theirs = re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9_-]+", "-", plain)).strip("-")
    if re.fullmatch(r"[a-z0-9]+(?:[_-][a-z0-9]+)*", theirs):
        return None
    ours = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return ours or f"dataset-{secrets.token_hex(4)}"


@contextmanager
def removed_on_failure(cleaner: Callable[[], Client], number: int) -> Iterator[None]:
    """Delete the project again, if what belongs to its making fails; the failure goes on.

    Maintainers of a group may not delete: then it loses our marks and is no dataset or site.
    """
    try:
        yield
    except BaseException:
        with suppress(LabsetError):  # GitLab is gone: the first failure is what counts
            _remove(cleaner(), number)
        raise


def protect_default_branch(client: Client, number: int, level: AccessLevel) -> None:
    """Let `level` and above push and merge to the default branch, nobody force it.

    A rule that is there already (the instance's or the group's default) is replaced.
    """
    path = f"/projects/{number}/protected_branches"
    subject = f"the branch {DEFAULT_BRANCH} of project {number}"
    rule = {
        "name": DEFAULT_BRANCH,
        "push_access_level": level.value,
        "merge_access_level": level.value,
        "allow_force_push": False,
    }
    try:
        client.create(path, subject, rule)
    except Conflict:
        present = client.find(f"{path}/{DEFAULT_BRANCH}", subject)
        if present is None or not _says(present, level):
            client.delete(f"{path}/{DEFAULT_BRANCH}", subject)
            client.create(path, subject, rule)


@contextmanager
def refusals_in_words(name: str, namespace: str) -> Iterator[None]:
    """Say GitLab's refusals of a new or changed project in our words."""
    try:
        yield
    except Invalid as error:
        raise _in_words(error, name, namespace) from error


def _remove(client: Client, number: int) -> None:
    path, subject = f"/projects/{number}", f"the project {number}"
    try:
        client.delete(path, subject)
    except Forbidden:
        client.change(path, subject, {"topics": []})


def _in_words(error: Invalid, name: str, namespace: str) -> LabsetError:
    told = error.details.get("problems")
    problems: dict[str, list[str]] = told if isinstance(told, dict) else {}
    texts = problems.get("name", [])
    if any("already been taken" in text for text in texts):
        return Conflict(
            f"There is something named {name!r} in {namespace} already: choose another name.",
            code="name_taken",
            details={"field": "name", "name": name, "namespace": namespace},
        )
    if any("reserved" in text for text in texts):
        return Invalid(
            f"GitLab keeps the name {name!r} for itself: choose another name.",
            details={"field": "name"},
        )
    if "namespace" in problems:
        return Invalid(
            f"GitLab does not let you create projects in {namespace}: choose another namespace.",
            details={"field": "namespace"},
        )
    if "visibility" in problems:
        reason = "; ".join(problems["visibility"])
        return Invalid(
            f"GitLab does not allow this visibility: {reason}.", details={"field": "visibility"}
        )
    return error


def _says(rule: Payload, level: AccessLevel) -> bool:
    if rule.get("allow_force_push") is not False:
        return False
    return all(
        isinstance(accesses := rule.get(kind), list)
        and len(accesses) == 1
        and isinstance(accesses[0], dict)
        and accesses[0].get("access_level") == level.value
        for kind in ("push_access_levels", "merge_access_levels")
    )
