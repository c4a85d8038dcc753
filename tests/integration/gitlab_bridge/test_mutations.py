"""Answers of a GitLab with fields gone, null, of another type or new, through everything we ask."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from core.errors import LabsetError, NotFound
from core.model.access import ANONYMOUS, AccessLevel, Actor, Visibility
from core.model.dataset import DatasetChanges, DatasetQuery, Kind, NewDataset
from core.model.names import DatasetId, Ref, Revision
from core.model.storage import NewSite, SiteAddress, SiteChanges, SiteKind
from gitlab_bridge.directory import GitLabDirectory
from gitlab_bridge.history import GitHistory
from tests.integration.gitlab_bridge.conftest import NUMBERS, RealClock, World
from tests.integration.gitlab_bridge.mutations import Mutation, change_body, draw
from tests.integration.gitlab_bridge.tape import Place, Tape, Write, tape_of
from tests.integration.gitlab_bridge.verdicts import check_no_better

ROUNDS = 30
SEED = int(os.environ.get("MUTATION_SEED") or secrets.randbits(32))
OWNER, READ = AccessLevel.OWNER, AccessLevel.REPORTER
S3 = SiteAddress(SiteKind.S3, "s3://bucket/prefix", "http://127.0.0.1:9000")

Ask = Callable[[GitLabDirectory], object]


class Stage:
    """People in all roles, a dataset in a subgroup, one in the open, one of alice's, a site."""

    def __init__(self, world: World, mirrors: Path) -> None:
        self.world, self.mirrors = world, mirrors
        self.alice, self.bob, self.carol, self.guest, self.stranger = (
            world.user() for _ in range(5)
        )
        self.reader = world.token(self.alice.id, "read_api")
        lab = world.group("internal")
        self.inner = world.group("internal", parent_id=lab.id)
        self.closed = world.group(project_creation_level="noone")
        self.strict = world.group(project_creation_level="owner")
        team = world.group()
        for group, level in (
            (lab, OWNER),
            (self.closed, OWNER),
            (self.strict, AccessLevel.MAINTAINER),
        ):
            world.join_group(group, self.alice, level)
        world.join_group(self.inner, self.bob, AccessLevel.DEVELOPER)
        world.join_group(team, self.carol, OWNER)
        self.word = f"stage{self.alice.id}"
        named = {"name": f"{self.word} data", "tags": ("weld", "steel"), "kind": Kind.TABLE}
        self.data = world.dataset(self.alice, self.inner.path, description="why", **named).id
        world.project(self.data).share(team.id, READ.value)
        self.commit = world.commit(self.data)
        self.open = world.dataset(
            self.alice, visibility=Visibility.PUBLIC, name=f"{self.word} open"
        ).id
        self.own = world.dataset(self.alice, name=f"{self.word} own", tags=("a",)).id
        world.commit(self.own)
        world.join(self.own, self.guest, AccessLevel.GUEST)
        self.site = world.directory().create_site(self.alice.actor, self.new_site()).id

    def new(self, namespace: str) -> NewDataset:
        name = f"{self.word} {next(NUMBERS)}"
        return NewDataset(name, namespace, "new", Visibility.INTERNAL, ("t",), Kind.MODEL)

    def new_site(self) -> NewSite:
        name = f"{self.word} site {next(NUMBERS)}"
        return NewSite(name, self.inner.path, "", Visibility.PRIVATE, ("fast",), S3, None)

    def history(self, directory: GitLabDirectory) -> GitHistory:
        def locate(actor: Actor, dataset_id: DatasetId) -> str:
            found = directory.find_dataset(actor, dataset_id, at_least=READ, fresh=True)
            if found is None:
                raise NotFound("gone")
            return f"{self.world.url}/{found.path_with_namespace}.git"

        protected = directory.list_protected_branches
        clock = RealClock()
        return GitHistory(self.mirrors, clock, locate=locate, protected_branches=protected)


def find(stage: Stage, who: Actor, dataset: DatasetId) -> Ask:
    del stage
    return lambda directory: directory.find_dataset(who, dataset, at_least=OWNER, fresh=True)


def listed(who: Actor, **asked: object) -> Ask:
    query = DatasetQuery(**asked)  # type: ignore[arg-type]
    return lambda directory: directory.list_datasets(who, query)


def changed(stage: Stage) -> Ask:
    changes = DatasetChanges(
        tags=("x", "y"), description=f"new {next(NUMBERS)}", visibility=Visibility.INTERNAL
    )
    return lambda directory: directory.change_dataset(stage.alice.actor, stage.data, changes)


def site_changed(stage: Stage) -> Ask:
    changes = SiteChanges(name=f"{stage.word} site {next(NUMBERS)}")
    return lambda directory: directory.change_site(stage.alice.actor, stage.site, changes)


def created(who: Actor, order: NewDataset) -> Ask:
    return lambda directory: directory.create_dataset(who, order)


def site_created(stage: Stage) -> Ask:
    order = stage.new_site()
    return lambda directory: directory.create_site(stage.alice.actor, order)


def deleted(stage: Stage) -> Ask:
    number = stage.world.dataset(stage.alice).id
    return lambda directory: directory.delete_dataset(stage.alice.actor, number)


def tagged(stage: Stage) -> Ask:
    name, commit = Ref(f"v{next(NUMBERS)}"), Revision(stage.commit)
    return lambda directory: directory.create_tag(
        stage.alice.actor, stage.data, name, commit, "a note"
    )


SCENES: dict[str, Callable[[Stage], Ask]] = {
    "a person": lambda s: lambda d: d.read_person(s.alice.actor),
    "an administrator": lambda s: lambda d: d.read_person(s.world.root),
    "a token that only reads": lambda s: lambda d: d.check_may_write(s.reader),
    "a token that writes": lambda s: lambda d: d.check_may_write(s.alice.actor),
    "namespaces": lambda s: lambda d: d.list_namespaces(s.alice.actor),
    "granters": lambda s: lambda d: d.list_granters(s.bob.actor, s.data),
    "a dataset for its owner": lambda s: find(s, s.alice.actor, s.data),
    "a dataset for a member of the group": lambda s: find(s, s.bob.actor, s.data),
    "a dataset by a share": lambda s: find(s, s.carol.actor, s.data),
    "a dataset for a guest": lambda s: find(s, s.guest.actor, s.own),
    "a private dataset for a stranger": lambda s: find(s, s.stranger.actor, s.own),
    "a public dataset for a stranger": lambda s: find(s, s.stranger.actor, s.open),
    "a public dataset for nobody": lambda s: find(s, ANONYMOUS, s.open),
    "a dataset for an administrator": lambda s: find(s, s.world.root, s.own),
    "a list": lambda s: listed(s.alice.actor, search=s.word),
    "a list of what is shared": lambda s: listed(s.bob.actor, search=s.word, scope="shared"),
    "a list of what is open": lambda s: listed(s.bob.actor, search=s.word, scope="enterprise"),
    "a list for nobody": lambda s: listed(ANONYMOUS, search=s.word),
    "a new dataset at home": lambda s: created(s.alice.actor, s.new(s.alice.name)),
    "a new dataset in a group": lambda s: created(s.alice.actor, s.new(s.inner.path)),
    "a new dataset in a group of others": lambda s: created(s.world.root, s.new(s.strict.path)),
    "a new dataset where nobody may": lambda s: created(s.alice.actor, s.new(s.closed.path)),
    "a new dataset where owners may": lambda s: created(s.alice.actor, s.new(s.strict.path)),
    "a changed dataset": changed,
    "a deleted dataset": deleted,
    "a tag": tagged,
    "a site": lambda s: lambda d: d.find_site(s.bob.actor, s.site, fresh=True),
    "sites": lambda s: lambda d: d.list_sites(s.alice.actor, s.word, ("fast",)),
    "where a site is": lambda s: (
        lambda d: (
            d.find_site(s.alice.actor, s.site, fresh=True)
            and d.find_site_address(s.alice.actor, s.site)
        )
    ),
    "a new site": site_created,
    "a changed site": site_changed,
    "protected branches": lambda s: lambda d: d.list_protected_branches(s.alice.actor, s.data),
    "branches and tags": lambda s: lambda d: s.history(d).list_refs(s.alice.actor, s.data),
}


@dataclass(frozen=True)
class Outcome:
    """What a call came to: its result, or the error of ours that it raised."""

    result: object
    error: LabsetError | None


def outcome_of(ask: Ask, tape: Tape) -> Outcome:
    """Ask through a directory that knows nothing; any error that is not ours goes through."""
    directory = GitLabDirectory(tape.url, service_token=None, clock=RealClock())
    try:
        return Outcome(ask(directory), None)
    except LabsetError as error:
        return Outcome(None, error)


@pytest.fixture(scope="module")
def stage(world: World, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(world, tmp_path_factory.mktemp("mirrors"))


@pytest.fixture
def tape(world: World) -> Iterator[Tape]:
    with tape_of(world.url) as tape:
        yield tape


def judge(true: Outcome, told: Outcome, mutations: list[Mutation]) -> None:
    if all(mutation.kind == "add" for mutation in mutations):
        assert told.result == true.result
        assert type(told.error) is type(true.error)
    elif true.error is not None:
        assert told.error is not None, "what was refused is allowed"
    elif told.error is None:
        check_no_better(true.result, told.result)


def check_writes(true: list[Write], sent: list[Write], *, failed: bool) -> None:
    """Fail if something was written that was not to be; taking a failed creation back is right."""
    if not failed:
        assert sent == true
        return
    for write in sent:
        takes_back = write.method == "DELETE" or write.body == '{"topics": []}'
        assert takes_back or write in true, write


@pytest.mark.parametrize("scene", SCENES)
def test_fields_that_go_or_come_make_no_right_and_no_crash(
    stage: Stage, tape: Tape, scene: str
) -> None:
    ask = SCENES[scene](stage)
    true = outcome_of(ask, tape)
    writes, answers = tape.writes, tape.answers()
    tape.play()
    assert outcome_of(ask, tape).result == true.result, "the tape does not play what was said"
    assert tape.writes == writes
    choice = random.Random(f"{SEED} {scene}")
    for _ in range(ROUNDS):
        place = choice.choice(sorted(answers))
        adds = choice.random() < 0.2
        count = choice.choice((1, 1, 2, 4))
        mutations = [draw(choice, answers[place], adds=adds) for _ in range(count)]
        tape.play({place: partial(change_body, mutations=mutations)})
        try:
            told = outcome_of(ask, tape)
            judge(true, told, mutations)
            check_writes(writes, tape.writes, failed=told.error is not None)
        except Exception as error:
            error.add_note(f"MUTATION_SEED={SEED}: {place} with {mutations}")
            raise


@pytest.mark.parametrize("kind", ("drop", "null"))
def test_each_field_that_tells_a_role_may_be_missing(stage: Stage, tape: Tape, kind: str) -> None:
    telling = ("permissions", "project_access", "group_access", "access_level", "state", "is_admin")
    scenes = ("a dataset by a share", "a dataset for a guest", "a dataset for an administrator")
    for scene in scenes:
        ask = SCENES[scene](stage)
        tape.record()
        true = outcome_of(ask, tape)
        for place, spot in spots_named(tape.answers(), telling):
            mutations = [Mutation(kind, spot)]
            tape.play({place: partial(change_body, mutations=mutations)})
            judge(true, outcome_of(ask, tape), mutations)


def spots_named(
    answers: dict[Place, object], names: tuple[str, ...]
) -> list[tuple[Place, tuple[str, ...]]]:
    found: list[tuple[Place, tuple[str, ...]]] = []
    for place, payload in answers.items():
        waiting: list[tuple[tuple[str, ...], object]] = [((), payload)]
        while waiting:
            spot, value = waiting.pop()
            if isinstance(value, dict):
                waiting += [((*spot, key), below) for key, below in value.items()]
            if spot and spot[-1] in names:
                found.append((place, spot))
    return found
