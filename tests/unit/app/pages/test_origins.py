from __future__ import annotations

from app.pages.origins import site_origins
from core.model.storage import SiteAddress, SiteKind


def origins(url: str, endpoint: str | None, public: str | None = None) -> list[str]:
    return list(site_origins(SiteAddress(SiteKind.S3, url, endpoint, public)))


def test_an_endpoint_that_is_a_name_is_reached_by_path_and_by_bucket() -> None:
    assert origins("s3://labset/data", "https://s3.example.org:9000/") == [
        "https://s3.example.org:9000",
        "https://labset.s3.example.org:9000",
    ]


def test_an_endpoint_that_is_an_address_has_no_bucket_in_its_name() -> None:
    assert origins("s3://labset", "http://127.0.0.1:9000") == ["http://127.0.0.1:9000"]


def test_browsers_go_where_the_public_endpoint_is() -> None:
    assert origins("s3://b", "http://10.0.0.2:9000", "https://s3.lab")[0] == "https://s3.lab"


def test_without_an_endpoint_it_is_amazon() -> None:
    assert origins("s3://b", None) == ["https://*.amazonaws.com"]


def test_a_folder_of_the_server_has_no_origin() -> None:
    assert list(site_origins(SiteAddress(SiteKind.LOCAL, "file:///srv/x"))) == []


def test_an_address_cannot_write_into_the_policy_of_pages() -> None:
    assert origins("s3://b; script-src *", "https://s3.lab") == ["https://s3.lab"]
    assert origins("s3://b", "https://s3.lab; script-src 'unsafe-inline'") == []
