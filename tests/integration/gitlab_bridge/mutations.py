"""Changes of JSON as other versions of a server make them: fields gone, null, of another type, new."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Spot = tuple[str | int, ...]  # the way to a value: keys and indexes

# what the bridge looks at: changed more often than the rest of the answers
_READ = """
    id username name email commit_email is_admin avatar_url can_create_project scopes kind path
    full_path visibility project_creation_level state membership_state access_level permissions
    project_access group_access topics path_with_namespace namespace description default_branch
    empty_repo web_url created_at last_activity_at archived marked_for_deletion_on import_status
    protected push_access_levels merge_access_levels allow_force_push content
"""
READ_FIELDS = frozenset(_READ.split())
_STRANGE: tuple[object, ...] = (None, 0, -1, "", "x", True, [], {}, [None], {"id": None}, 1e300)


@dataclass(frozen=True)
class Mutation:
    """One change: `drop`, `null`, `retype` or `add`, at one spot of an answer."""

    kind: str
    spot: Spot
    value: object = None

    def apply(self, payload: object) -> object:
        """Return a changed copy."""
        if not self.spot:
            return self.value
        changed = copy.deepcopy(payload)
        parent: Any = changed
        for step in self.spot[:-1]:
            parent = parent[step]
        if self.kind == "drop":
            del parent[self.spot[-1]]
        else:
            parent[self.spot[-1]] = self.value
        return changed


def change_body(body: bytes, mutations: list[Mutation]) -> bytes:
    """Return an answer's text with all the changes, as far as they still have a place."""
    payload = json.loads(body)
    for mutation in mutations:
        try:
            payload = mutation.apply(payload)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken it away
    return json.dumps(payload).encode()


def draw(choice: random.Random, payload: object, *, adds: bool) -> Mutation:
    """Draw one change of `payload`; a list loses no element, that would be another truth."""
    if adds:
        inside = [spot for spot, value in _spots(payload) if isinstance(value, dict)]
        if inside:
            name = f"new_in_19_{choice.randrange(1000)}"
            return Mutation("add", (*choice.choice(inside), name), choice.choice(_STRANGE))
    spots = dict(_spots(payload))
    read = [spot for spot in spots if spot and spot[-1] in READ_FIELDS]
    spot = choice.choice(read if read and choice.random() < 0.8 else list(spots))
    kinds = ["null"]
    if spot and isinstance(spot[-1], str):
        kinds = ["drop", "drop", "null", *["retype"] * (spots[spot] is not None)]
    kind = choice.choice(kinds)
    others = [value for value in _STRANGE if type(value) is not type(spots[spot])]
    return Mutation(kind, spot, choice.choice(others) if kind == "retype" else None)


def _spots(payload: object, spot: Spot = ()) -> Iterator[tuple[Spot, object]]:
    yield spot, payload
    if isinstance(payload, dict):
        for key, value in payload.items():
            yield from _spots(value, (*spot, key))
    elif isinstance(payload, list):
        for index, value in enumerate(payload):
            yield from _spots(value, (*spot, index))
