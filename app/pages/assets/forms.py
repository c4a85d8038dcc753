"""The forms of assets and of registered databases: what they say in the API's words, and what is refused where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import request

from app.pages.assets.metadata_fields import FIELD, MetadataFields, sent_metadata
from app.pages.forms import Form
from core.errors import Conflict, LabsetError
from core.model.json_values import JsonValue

# Fields as the API calls them, and what they are called in forms.
_NAMES: Mapping[str, str] = {
    "asset": "file",
    "asset_name": "name",
    "asset_version": "version",
    "asset_tag": "tag",
    "asset_metadata": FIELD,
    "asset_tags": "tags",
    "asset_public_url": "url",
    "asset_registry_name": "name",
    "asset_registry_metadata": FIELD,
    "asset_registry_tags": "tags",
    "asset_registry_public_url": "url",
}
_OF_CODES = {  # refusals that are about a field, whatever the API calls it
    "asset_exists": "version",
    "address_not_allowed": "url",
    "unknown_host": "url",
}
_SHOWN = frozenset({*_NAMES.values(), "visibility", "site", "typed"})


@dataclass(slots=True)
class AssetForm(Form):
    """A form with metadata beside its other fields."""

    metadata: MetadataFields = field(default_factory=MetadataFields)

    def body(self, *names: str) -> dict[str, JsonValue]:
        """Return what the API would be sent for these of its fields; wrong metadata is noted.

        Shape:   `asset_version` holds version and tag; names of both kinds of entries are known.
        """
        return {name: self._told(name) for name in names}

    def refuse(self, error: LabsetError) -> None:
        """Keep why it was refused, beside the field that the API names.

        Raises:  the error itself, where signing in is what helps.
        """
        named = str(error.details.get("field", ""))
        name = _NAMES.get(named, named)
        name = _OF_CODES.get(error.code, name)
        Form.refuse(self, error)
        if name in _SHOWN and name not in self.problems:
            self.problems[name] = error.message
            self.message = ""

    def changed_tags(self, name: str, standing: Sequence[str]) -> dict[str, JsonValue]:
        """Return what the API would be sent for the tags, if they are not as they stood.

        What nobody touched stays, be there commas in a tag.
        """
        shown = fresh_asset_form(tags=tags_text(standing)).tags()
        return {} if self.tags() == shown else self.body(name)

    def check_seen(self, updated_at: datetime) -> None:
        """Refuse a form, whose field `seen` is of another moment than the last change of its thing.

        Raises:  Conflict.
        """
        if self.value("seen") != updated_at.isoformat():
            raise Conflict(
                "Somebody changed it since this form was opened. Open it again in another tab to "
                "see what became of it; what you typed stays here."
            )

    def require(self, name: str, sentence: str) -> None:
        """Note that a field must be filled in."""
        if not self.value(name):
            self.problems.setdefault(name, sentence)

    def _told(self, name: str) -> JsonValue:
        if name == "asset_version":
            return {"version": self.value("version"), "tag": self.value("tag")}
        if name.endswith("_tags"):
            return list(self.tags())
        if name.endswith("_metadata"):
            return self._read_metadata()
        return self.value(_NAMES.get(name, name))

    def _read_metadata(self) -> dict[str, JsonValue]:
        try:
            return self.metadata.read()
        except LabsetError as error:
            self.refuse(error)
            return {}


def tags_text(tags: Sequence[str]) -> str:
    """Return tags as their field shows them."""
    return ", ".join(tags)


def sent_asset_form() -> AssetForm:
    """Return the form that came with this request."""
    return AssetForm(request.form.to_dict(), metadata=sent_metadata())


def fresh_asset_form(metadata: MetadataFields | None = None, **values: str) -> AssetForm:
    """Return a form to be filled in, with what is known already."""
    return AssetForm(values, metadata=metadata or MetadataFields())
