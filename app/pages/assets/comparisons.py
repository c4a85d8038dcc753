"""The comparisons of the filter builder: what a value that was typed for a field asks in MongoDB's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.pages.assets.searched_fields import Collection
from app.pages.assets.typed_values import read_json_text, read_value
from core.errors import Invalid
from core.model.json_values import JsonValue

_SPECIAL = str.maketrans({one: f"\\{one}" for one in "\\^$.|?*+()[]{}"})
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(kB|MB|GB|TB)", re.IGNORECASE)
_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


@dataclass(frozen=True, slots=True)
class Typed:
    """A value as it was typed for a field."""

    text: str
    path: str
    of: Collection

    def one(self) -> JsonValue:
        """Return it: text where the field holds nothing else."""
        return self._read(self.text)

    def alike(self) -> JsonValue:
        """Return a condition for what equals it: a number also where it was written as text."""
        both = self._both(self.text)
        return {"$in": both} if len(both) > 1 else both[0]

    def unlike(self) -> JsonValue:
        """Return a condition for everything else."""
        both = self._both(self.text)
        return {"$nin": both} if len(both) > 1 else {"$ne": both[0]}

    def several(self) -> list[JsonValue]:
        """Return the values between commas, or those of a list in JSON."""
        if self.text.strip().startswith("["):
            value = read_json_text(self.text)
            return value if isinstance(value, list) else [value]
        parts = [part.strip() for part in self.text.split(",") if part.strip()]
        found = [one for part in parts for one in self._both(part)]
        if not found:
            raise Invalid("Give values, separated by commas.")
        return found

    def every(self) -> JsonValue:
        """Return a condition for lists that hold each of the values."""
        parts = [part.strip() for part in self.text.split(",") if part.strip()]
        return {"$all": [self._read(part) for part in parts]}

    def whole(self) -> int:
        """Return a number of elements."""
        if not (self.text.strip().isascii() and self.text.strip().isdigit()):
            raise Invalid("Give a whole number.")
        return int(self.text.strip()[:9])

    def pattern(self, start: str = "") -> JsonValue:
        """Return a condition for text that holds it, or begins with it."""
        if self.path in self.of.numbers:
            raise Invalid("It is a number and no text: ask whether it is at least or at most one.")
        return {"$regex": f"{start}{escaped(self.text.strip())}", "$options": "i"}

    def _read(self, text: str) -> JsonValue:
        text = text.strip()
        size = _SIZE.fullmatch(text) if self.path.endswith(".size") else None
        if size:
            return round(float(size[1]) * _UNITS[size[2].lower()])
        is_quoted = text.startswith('"')
        if self.path in self.of.texts and not is_quoted:
            return text
        value = read_value(text)
        if self.path in self.of.numbers and not is_quoted and isinstance(value, str | bool):
            raise Invalid(f"{text[:60]!r} is no {self._wanted()}.")
        return value

    def _wanted(self) -> str:
        if self.path.endswith(".size"):
            return "number and no size: give one like 640 or 10 MB"
        return "number: give one like 640"

    def _both(self, text: str) -> list[JsonValue]:
        value = self._read(text)
        is_plain = isinstance(value, bool | int | float) and not _SIZE.fullmatch(text.strip())
        return [value, text.strip()] if is_plain else [value]


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison of the builder."""

    label: str
    make: Callable[[Typed], JsonValue]
    takes_value: bool = True


OPERATORS: Mapping[str, Operator] = {
    "is": Operator("is", Typed.alike),
    "not": Operator("is not", Typed.unlike),
    "contains": Operator("contains the text", Typed.pattern),
    "starts": Operator("begins with", lambda typed: typed.pattern("^")),
    "gte": Operator("is at least", lambda typed: {"$gte": typed.one()}),
    "lte": Operator("is at most", lambda typed: {"$lte": typed.one()}),
    "gt": Operator("is more than", lambda typed: {"$gt": typed.one()}),
    "lt": Operator("is less than", lambda typed: {"$lt": typed.one()}),
    "in": Operator("is one of", lambda typed: {"$in": typed.several()}),
    "nin": Operator("is none of", lambda typed: {"$nin": typed.several()}),
    "all": Operator("has all of", Typed.every),
    "size": Operator("has so many elements", lambda typed: {"$size": typed.whole()}),
    "exists": Operator("is there", lambda _: {"$exists": True}, takes_value=False),
    "missing": Operator("is not there", lambda _: {"$exists": False}, takes_value=False),
}


def escaped(text: str) -> str:
    """Return a pattern that stands for the text itself."""
    return text.translate(_SPECIAL)
