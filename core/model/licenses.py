"""Which license a text is, as far as its own first lines say so.

Source:  the identifiers of https://spdx.org/licenses/.
"""

from __future__ import annotations

import re

from core.model.names import FilePath

_STEMS = frozenset({"license", "licence", "copying", "unlicense"})
_SUFFIXES = frozenset({"", "txt", "md"})
_HEAD_CHARACTERS = 2000
_IDENTIFIER = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9][A-Za-z0-9.+-]{0,60})")

# The longer title first: each is looked for in the first lines, white space counting as one space.
_TITLES = (
    ("attribution-noncommercial-sharealike 4.0", "CC-BY-NC-SA-4.0"),
    ("attribution-noncommercial-noderivatives 4.0", "CC-BY-NC-ND-4.0"),
    ("attribution-noncommercial 4.0", "CC-BY-NC-4.0"),
    ("attribution-sharealike 4.0", "CC-BY-SA-4.0"),
    ("attribution-noderivatives 4.0", "CC-BY-ND-4.0"),
    ("attribution 4.0 international", "CC-BY-4.0"),
    ("cc0 1.0 universal", "CC0-1.0"),
    ("open database license (odbl)", "ODbL-1.0"),
    ("open data commons attribution license", "ODC-By-1.0"),
    ("public domain dedication and license (pddl)", "PDDL-1.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"),
)


def is_license_name(path: FilePath) -> bool:
    """Whether a file of that name, at the root, tells the license of all."""
    stem = path.text.partition(".")[0].casefold()
    return path.parent is None and stem in _STEMS and path.suffix in _SUFFIXES


def spdx_identifier(text: str) -> str | None:
    """Return the SPDX identifier that a license's text says or is known by, or None."""
    head = text[:_HEAD_CHARACTERS]
    said = _IDENTIFIER.search(head)
    if said:
        return said[1]
    plain = " ".join(head.split()).casefold().replace("license, version", "license version")
    return next((name for title, name in _TITLES if title in plain), None)
