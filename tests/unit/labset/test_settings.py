from __future__ import annotations

import stat
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from labset.errors import LabsetError, Misused
from labset.settings import (
    Login,
    find_login,
    forget_login,
    keep_login,
    login_file,
    server_address,
)

SERVER = "https://labset.test"


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a keyring."""
    monkeypatch.setattr("keyring.core._keyring_backend", fail.Keyring())  # type: ignore[no-untyped-call]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("text", "address"),
    (
        ("labset.test", SERVER),
        (" https://labset.test/ ", SERVER),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://labset.test/tools/labset/", "https://labset.test/tools/labset"),
    ),
)
def test_an_address_is_completed(text: str, address: str) -> None:
    assert server_address(text) == address


@pytest.mark.parametrize("text", ("ftp://labset.test", "https://", "", "https://u:p@labset.test"))
def test_what_is_no_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(Misused):
        server_address(text)


def test_without_any_setting_the_next_step_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(Misused, match="labset login URL"):
        find_login(environment=environment)


def test_the_first_that_is_said_decides(environment: dict[str, str]) -> None:
    keep_login(Login(SERVER, "kept"), "alice", environment)
    told = {**environment, "LABSET_URL": "http://variable.test", "LABSET_TOKEN": "variable"}
    assert find_login(environment=environment) == Login(SERVER, "kept")
    assert find_login(environment=told) == Login("http://variable.test", "variable")
    assert find_login("http://option.test", told).server == "http://option.test"


@pytest.mark.parametrize(
    ("named", "is_sent"),
    (
        (None, True),
        ("https://variable.test", True),
        ("https://VARIABLE.test:443/tools", True),
        ("variable.test", True),
        ("http://variable.test", False),
        ("https://variable.test:8443", False),
        ("https://variable.test.evil.example", False),
        ("https://evil.example", False),
    ),
)
def test_the_token_of_the_environment_goes_to_the_server_of_the_environment(
    environment: dict[str, str],
    named: str | None,
    *,
    is_sent: bool,
) -> None:
    told = {**environment, "LABSET_URL": "https://variable.test", "LABSET_TOKEN": "variable"}
    found = find_login(named, told)
    assert found.token == ("variable" if is_sent else None)
    assert ("LABSET_URL (https://variable.test)" in found.note) is not is_sent


def test_without_a_server_of_its_own_the_token_goes_to_the_one_that_is_named(
    environment: dict[str, str],
) -> None:
    keep_login(Login(SERVER, "kept"), "alice", environment)
    told = {**environment, "LABSET_TOKEN": "variable"}
    assert find_login("https://elsewhere.test", told) == Login("https://elsewhere.test", "variable")
    assert find_login(None, told) == Login(SERVER, "variable")


def test_what_a_log_in_kept_for_the_named_server_is_used_there(environment: dict[str, str]) -> None:
    keep_login(Login(SERVER, "kept"), "alice", environment)
    told = {**environment, "LABSET_URL": "http://variable.test", "LABSET_TOKEN": "variable"}
    assert find_login(SERVER, told).token == "kept"


def test_a_kept_token_goes_to_its_own_server_only(environment: dict[str, str]) -> None:
    keep_login(Login(SERVER, "kept"), "alice", environment)
    assert find_login("https://elsewhere.test", environment).token is None


def test_without_a_keyring_the_token_lies_in_a_file_of_its_owner(
    environment: dict[str, str],
) -> None:
    place = keep_login(Login(SERVER, "kept"), "alice", environment)
    path = login_file(environment)
    assert place == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_keyring_that_forgets_is_not_trusted(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", null.Keyring())  # type: ignore[no-untyped-call]
    keep_login(Login(SERVER, "kept"), "alice", environment)
    assert find_login(environment=environment).token == "kept"


def test_a_keyring_keeps_the_token_out_of_the_file(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", _Ring())
    keep_login(Login(SERVER, "secret words"), "alice", environment)
    assert "secret words" not in login_file(environment).read_text(encoding="utf-8")
    assert find_login(environment=environment).token == "secret words"
    assert forget_login(SERVER, environment)
    assert keyring.get_password("labset", SERVER) is None


def test_signing_out_leaves_the_other_servers(environment: dict[str, str]) -> None:
    keep_login(Login("https://other.test", "other"), "bob", environment)
    keep_login(Login(SERVER, "kept"), "alice", environment)
    assert forget_login(SERVER, environment)
    assert not forget_login(SERVER, environment)
    assert find_login(environment=environment) == Login("https://other.test", "other")


def test_a_broken_file_is_named(environment: dict[str, str]) -> None:
    path = login_file(environment)
    path.parent.mkdir()
    path.write_text("{", encoding="utf-8")
    with pytest.raises(LabsetError, match=r"login\.json"):
        find_login(environment=environment)


class _Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self._kept[service, username]
