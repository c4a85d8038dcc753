"""Who may see which assets, and GitLab's answers as the asset database asks for them."""

from __future__ import annotations

from collections.abc import Collection

from core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from core.model.access import AccessLevel, Actor, Permission, Person
from core.model.assets import Asset, AssetVisibility
from core.model.names import DatasetId, SiteId
from core.model.storage import SiteRecord
from core.ports import AssetPlatform, AssetScope, Directory, SiteRecords
from core.usecases.access.ownership import change_permission, check_writer
from core.usecases.assets.readers import Readers

MAX_ASKED_DATASETS = 100  # whose readers may see assets; asked for one caller and query
_ELSEWHERE = "another asset database keeps this entry: change it there"


class GitLabPeople:
    """`AssetPeople`: who has which role is GitLab's answer."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._readers = Readers(self._is_readable)

    def find_person(self, actor: Actor) -> Person | None:
        """Return who asks; None for nobody in particular.

        Raises:  Unauthenticated, for a token that is refused.
        """
        return None if actor.is_anonymous else self._directory.read_person(actor)

    def check_may_write(self, actor: Actor) -> None:
        """Refuse a token that was made for reading, or that GitLab refuses at this moment.

        Raises:  Forbidden (`insufficient_scope`), Unauthenticated.
        """
        self._directory.read_person(actor, fresh=True)
        self._directory.check_may_write(actor)

    def find_readable(self, actor: Actor, among: Collection[DatasetId]) -> frozenset[DatasetId]:
        """Return those of some datasets whose files the caller may read.

        Raises:  Unauthenticated, Unavailable.
        """
        return frozenset(one for one in sorted(among) if self._is_readable(actor, one))

    def find_readable_soon(
        self, actor: Actor, among: Collection[DatasetId]
    ) -> frozenset[DatasetId]:
        """Return those that GitLab calls readable within 3 seconds.

        Raises:  Unauthenticated.
        """
        return self._readers.find(actor, among)

    def _is_readable(self, actor: Actor, dataset_id: DatasetId) -> bool:
        dataset = self._directory.find_dataset(
            actor, dataset_id, at_least=AccessLevel.REPORTER, fresh=False
        )
        return dataset is not None and dataset.readable


class LabsetPlaces:
    """`AssetPlaces`: the storage sites of a Labset; the key to one is the role on its project.

    `assets_site` is what the operator chose: a site's number, or its name, of which the oldest is
    meant; "" for none.
    """

    def __init__(self, directory: Directory, sites: SiteRecords, assets_site: str) -> None:
        self._directory = directory
        self._sites = sites
        self._chosen = assets_site.strip()
        self._number = SiteId(int(self._chosen)) if _is_number(self._chosen) else None

    def find_site(self, site_id: SiteId) -> SiteRecord | None:
        """Return a site that this installation reaches, whoever asks: entries name it."""
        return self._sites.find_site_record(site_id)

    def open_site(self, actor: Actor, site_id: SiteId | None) -> SiteRecord:
        """Return where new bytes go: the site that the operator chose (None), or one of the caller's.

        Raises:  Conflict (`no_assets_site`), where none was chosen; NotFound, Forbidden: the caller
                 does not hold the key of the site that he names.
        """
        if site_id is None:
            return self._read_chosen()
        project = self._directory.find_site(actor, site_id, fresh=True)
        record = self._sites.find_site_record(site_id)
        if project is None or record is None:
            raise NotFound(
                f"There is no storage site {site_id}, or you may not see it.",
                details={"site": site_id.number},
            )
        if project.level < AccessLevel.DEVELOPER:
            raise Forbidden(
                f"needs Developer on the storage site {project.name}",
                ask=self._directory.list_granters(actor, site_id),
            )
        return record

    def _read_chosen(self) -> SiteRecord:
        record = self._sites.find_site_record(self._number) if self._number else None
        if record is None and not _is_number(self._chosen):
            named = (one for one in self._sites.list_site_records() if one.name == self._chosen)
            record = min(named, key=lambda one: one.id, default=None)
        if record is None:
            chosen = f" that is there: {self._chosen!r} is none" if self._chosen else ""
            raise Conflict(
                f"This installation has no storage site for assets{chosen}. Name one by ?site=, or let "
                f"its operator choose one by LABSET_ASSETS_SITE.",
                code="no_assets_site",
            )
        self._number = record.id
        return record


def scope_of(
    house: AssetPlatform, actor: Actor, *, here_only: bool = False, owned_only: bool = False
) -> AssetScope:
    """Return which assets a caller may see; what GitLab does not tell soon, he may not.

    `here_only`: of this database; `owned_only`: of those what he owns himself.
    Raises:  Unauthenticated, for a token that is refused, and for nobody, who owns nothing.
    """
    person, home = house.people.find_person(actor), house.rules.assets_db_id
    if owned_only and person is None:
        raise Unauthenticated("Sign in to see which assets are yours.")
    is_admin = person is not None and person.is_admin
    asked = [] if is_admin else house.assets.list_asset_datasets(home, MAX_ASKED_DATASETS)
    return AssetScope(
        person_id=person.id if person else None,
        dataset_ids=house.people.find_readable_soon(actor, asked) if asked else frozenset(),
        everything=is_admin,
        assets_db_id=home if here_only else None,
        home_db_id=home,
        sees_internal=house.rules.is_open,
        owner_id=person.id if person and owned_only else None,
    )


def may_see(house: AssetPlatform, actor: Actor, person: Person | None, asset: Asset) -> bool:
    """Whether an entry is the caller's to see; the same as `scope_of` says of many.

    Raises:  Unavailable, where that is GitLab's to tell, and it does not answer.
    """
    if asset.visibility is AssetVisibility.PUBLIC:
        return True
    if asset.assets_db_id != house.rules.assets_db_id:
        return False
    if person is not None and (person.is_admin or person.id == asset.owner_id):
        return True
    if asset.visibility is AssetVisibility.INTERNAL:
        return person is not None or house.rules.is_open
    if asset.visibility is AssetVisibility.DATASET and asset.dataset_id is not None:
        return bool(house.people.find_readable(actor, [asset.dataset_id]))
    return False


def change_permission_of(house: AssetPlatform, person: Person | None, asset: Asset) -> Permission:
    """Say whether somebody may change or delete an entry that he sees."""
    if asset.assets_db_id != house.rules.assets_db_id:
        return Permission(allowed=False, why=_ELSEWHERE)
    return change_permission(house, person, asset.owner_id, asset.owner_name)


def check_may_change_asset(house: AssetPlatform, actor: Actor, asset: Asset) -> None:
    """Refuse whoever may not change an entry that he sees.

    Raises:  Unauthenticated, Forbidden.
    """
    person = check_writer(house, actor)
    permission = change_permission_of(house, person, asset)
    if permission.allowed:
        return
    if person is None and asset.assets_db_id == house.rules.assets_db_id:
        raise Unauthenticated("This asset belongs to somebody: send a token to change it.")
    raise Forbidden(permission.why or "you may not change it", ask=permission.ask)


def check_visibility(
    house: AssetPlatform,
    actor: Actor,
    owner_id: int | None,
    visibility: AssetVisibility,
    dataset_id: DatasetId | None,
) -> None:
    """Refuse a visibility that nobody could use, or that leans on a dataset of others.

    Raises:  Invalid; NotFound, for a dataset that the caller may not read.
    """
    if visibility is AssetVisibility.PRIVATE and owner_id is None:
        raise Invalid(
            "A private asset needs an owner: send a token with the request.",
            details={"field": "visibility"},
        )
    if visibility is not AssetVisibility.DATASET:
        return
    if dataset_id is None:
        raise Invalid(
            "Say by dataset_id whose readers may see the asset.", details={"field": "dataset_id"}
        )
    if not house.people.find_readable(actor, [dataset_id]):
        raise NotFound(
            f"There is no dataset {dataset_id}, or you may not read it.",
            details={"dataset": dataset_id.number},
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
