from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime

from app.pages.assets.filters import Asked, Scope, make_filter
from app.pages.assets.lines import document_url, download_line, file_name, filter_text, query_line
from core.model.assets import Asset, AssetName, AssetVisibility

BASE = "http://labset.test"


def external(name: AssetName, url: str = "https://host/a b.bin", **more: object) -> Asset:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    return Asset(
        id="ab12",
        assets_db_id="db",
        name=name,
        visibility=AssetVisibility.PRIVATE,
        owner_id=1,
        owner_name="alice",
        created_at=now,
        updated_at=now,
        public_url=url,
        more_file_info={key: str(value) for key, value in more.items()},
    )


def test_the_line_of_a_query_is_one_that_a_shell_reads_as_it_is_meant() -> None:
    asked = Asked(search="it's $HOME `x`", scope=Scope.HERE)
    made = make_filter(asked)
    words = shlex.split(query_line(BASE, asked, made.filter, signed_in=False, limit=50))
    assert words[:3] == ["curl", "-X", "POST"]
    assert json.loads(words[words.index("-d") + 1]) == made.filter
    assert words[-1] == f"{BASE}/assets?sort=-created_at&limit=50&mine=1"
    assert "PRIVATE-TOKEN: <your token>" not in words


def test_what_is_ones_own_is_asked_of_this_database_alone() -> None:
    words = query_line(BASE, Asked(scope=Scope.MINE), {"owner": "ann"}, signed_in=True, limit=50)
    assert shlex.split(words)[-1] == f"{BASE}/assets?sort=-created_at&limit=50&mine=1"


def test_others_are_asked_by_their_scope_and_a_token_is_named_for_whoever_has_one() -> None:
    asked = Asked(scope=Scope.THIRD_PARTY, sort="asset_name")
    words = shlex.split(query_line(BASE, asked, {}, signed_in=True, limit=50))
    assert words[-1] == f"{BASE}/assets?scope=third-party"
    assert "PRIVATE-TOKEN: <your token>" in words


def test_a_short_filter_is_one_line_and_a_long_one_is_laid_out() -> None:
    assert filter_text({}) == ""
    assert filter_text({"asset_name": "ä"}) == '{"asset_name": "ä"}'
    assert filter_text({"asset_tags": ["a" * 30, "b" * 30]}).startswith('{\n  "asset_tags": [')


def test_an_asset_is_told_by_its_uri_and_by_its_id_where_it_has_none() -> None:
    assert (
        document_url(BASE, external(AssetName("a/b c", "1", "x")))
        == f"{BASE}/asset/a%2Fb%20c%3A1-x"
    )
    assert document_url(BASE, external(AssetName("a/b c"))) == f"{BASE}/asset/ab12"


def test_the_line_that_saves_never_sends_our_token_elsewhere_and_names_one_file() -> None:
    words = shlex.split(download_line(external(AssetName("../../.bashrc"))))
    assert words == ["curl", "-fL", "https://host/a b.bin", "--output", ".bashrc"]
    assert file_name(external(AssetName(".."))) == "ab12"
    assert file_name(external(AssetName("x"), file_name="c:\\dir\\x.bin")) == "x.bin"
