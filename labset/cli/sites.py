"""Storage sites as people name them: by number, or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labset.errors import NotFound

if TYPE_CHECKING:
    from labset.client import Client


def find_site(client: Client, site: str) -> int:
    """Return the number of a site. Raises NotFound, naming those that there are."""
    if site.isdigit():
        return int(site)
    known = {row["name"]: int(row["id"]) for row in client.connection.get_pages("storage-sites")}
    if site not in known:
        raise NotFound(
            f"You see no storage site {site!r}. There are: {', '.join(known) or 'none'}."
        )
    return known[site]
