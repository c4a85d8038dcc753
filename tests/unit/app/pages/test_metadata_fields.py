from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.assets.metadata_fields import MetadataFields, standing_metadata
from core.errors import Invalid
from core.model.json_values import JsonValue

_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
_VALUES = st.recursive(
    _SCALARS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=5))
def test_what_is_shown_says_just_what_is_kept(metadata: dict[str, JsonValue]) -> None:
    assert standing_metadata(metadata).read() == metadata


def test_short_values_have_lines_and_the_rest_is_json() -> None:
    fields = standing_metadata({"iso": 100, "serial": "0100", "code": "100", "lens": {"f": 1.4}})
    assert fields.lines == (("iso", "100"), ("serial", "0100"), ("code", '"100"'))
    assert fields.more == '{\n  "lens": {\n    "f": 1.4\n  }\n}'
    assert len(fields.shown) == 6


@pytest.mark.parametrize(
    ("fields", "problem"),
    (
        (MetadataFields((("", "x"),)), "'x' has no name"),
        (MetadataFields((("a", "1"), ("a", "2"))), "a stands there twice"),
        (MetadataFields((("a", "{1"),)), "a: It begins like JSON"),
        (MetadataFields((("a", "1"),), '{"a": 2}'), "a stands in a line and in the JSON"),
        (MetadataFields(more="[1]"), "must be an object"),
        (MetadataFields(more='{"a": 1'), "The JSON: It is no JSON: line 1"),
    ),
)
def test_what_cannot_be_meant_is_said_beside_the_metadata(
    fields: MetadataFields, problem: str
) -> None:
    with pytest.raises(Invalid, match=problem) as caught:
        fields.read()
    assert caught.value.details["field"] == "metadata"
