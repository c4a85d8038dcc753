"""Where the assets of an asset database that runs alone lie: at one place, which its operator chose."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotFound
from core.model.access import Actor
from core.model.names import SiteId
from core.model.storage import SiteRecord


@dataclass(frozen=True, slots=True)
class OnePlace:
    """`AssetPlaces` with a single site, open to whoever may write here."""

    site: SiteRecord

    def find_site(self, site_id: SiteId) -> SiteRecord | None:
        """Return it, if it is the one; others belong to servers that share the records."""
        return self.site if site_id == self.site.id else None

    def open_site(self, actor: Actor, site_id: SiteId | None) -> SiteRecord:  # noqa: ARG002 - the port's
        """Return it. Raises NotFound, where another one is asked for."""
        if site_id not in {None, self.site.id}:
            raise NotFound("This asset database has one store: leave the site away.")
        return self.site
