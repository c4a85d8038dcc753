"""Where calls may lead: each trick beside the honest way."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from core.errors import Forbidden, Invalid
from outgoing.problems import NO_ADDRESS, REDIRECT, UNREACHABLE
from tests.integration.outgoing.conftest import Opens, ask, leading, look
from tests.integration.outgoing.servers import Server, answer
from tests.servers import free_port

GLOBAL = "93.184.216.34"
INSIDE = (
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1%lo",
    "fc00::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1:7f00:0:100:808:808",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "0177.0.0.1",
    "not an address",
)


def test_a_listed_host_is_called_and_any_other_private_one_is_not(
    running: Callable[..., Server], opens: Opens
) -> None:
    server = running(answer())
    assert look(opens(server.listed), server.url).problem is None
    assert look(opens("127.0.0.1"), server.url).problem is None
    assert server.connections == 2
    for others in (opens(), opens(f"127.0.0.1:{free_port()}"), opens("localhost")):
        assert look(others, server.url).problem == NO_ADDRESS
        assert ask(others, server.url).problem == NO_ADDRESS
        with pytest.raises(Forbidden) as refused:
            others.check_address(server.url)
        assert refused.value.code == "address_not_allowed"
    assert server.connections == 2


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_never_connected_to(
    running: Callable[..., Server], opens: Opens, address: str
) -> None:
    server = running(answer())
    url = f"http://models.test:{server.port}"
    for found in ([address], [GLOBAL, address], [address, GLOBAL]):
        others = opens(resolve=leading(found))
        assert look(others, url).problem == NO_ADDRESS
        assert ask(others, url).problem == NO_ADDRESS
        with pytest.raises(Forbidden):
            others.check_address(url)
    assert server.connections == 0


def test_a_name_that_leads_elsewhere_later_gains_nothing(
    running: Callable[..., Server], opens: Opens
) -> None:
    server = running(answer())
    url = f"http://rebinding.test:{server.port}"
    others = opens(resolve=leading([GLOBAL], ["127.0.0.1"]))
    others.check_address(url)
    assert look(others, url).problem == NO_ADDRESS
    assert server.connections == 0


def test_the_checked_address_is_what_is_connected_to_after_one_look_up(
    running: Callable[..., Server], opens: Opens
) -> None:
    server, asked = running(answer()), list[tuple[str, int]]()

    def find(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    url = f"http://models.test:{server.port}/base"
    assert look(opens("models.test", resolve=find), url).problem is None
    assert asked == [("models.test", server.port)]
    assert server.visits[0].head.startswith("GET /base/health HTTP/1.1\r\n")
    assert f"Host: models.test:{server.port}\r\n" in server.visits[0].head


@pytest.mark.parametrize(
    "url",
    (
        "http://good@127.0.0.1:{port}/",
        "http://good:secret@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@example.com",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0x7f.1:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://127.0.0.1.:{port}/",
        "http://[::ffff:127.0.0.1%25lo]:{port}/",
        "http://127。0。0。1:{port}/",
        "http://127.0.0.1:{port}/\r\nX: y",
        "http://127.0.0.1:{port}/ x",
        "http://127.0.0.1:{port}/?x=1#y\t",
        "//127.0.0.1:{port}/",
        "127.0.0.1:{port}",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "unix:///run/docker.sock",
    ),
)
def test_what_looks_like_another_address_is_none_even_where_the_host_is_listed(
    running: Callable[..., Server], opens: Opens, url: str
) -> None:
    server = running(answer())
    others = opens("127.0.0.1")
    with pytest.raises(Invalid):
        others.check_address(url.format(port=server.port))
    assert look(others, url.format(port=server.port)).problem == NO_ADDRESS
    assert server.connections == 0


@pytest.mark.parametrize(
    "url",
    (
        "http://localhost:{port}",
        "http://LOCALHOST:{port}",
        "http://[::1]:{port}",
        "http://[::ffff:127.0.0.1]:{port}",
        "http://[::127.0.0.1]:{port}",
        "http://[64:ff9b::7f00:1]:{port}",
        "http://[2002:7f00:1::]:{port}",
        "http://127.0.0.2:{port}",
        "http://0.0.0.0:{port}",
    ),
)
def test_this_machine_by_any_name_is_refused(
    running: Callable[..., Server], opens: Opens, url: str
) -> None:
    server = running(answer())
    with pytest.raises(Forbidden):
        opens(server.listed).check_address(url.format(port=server.port))
    assert look(opens(server.listed), url.format(port=server.port)).problem == NO_ADDRESS
    assert server.connections == 0


def test_a_name_without_an_address_may_be_registered_and_is_not_reached(opens: Opens) -> None:
    def find(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    others = opens(resolve=find)
    others.check_address("https://example.com/models")
    assert look(others, "https://example.com/models").problem == NO_ADDRESS


def test_what_is_told_of_a_private_address_is_what_is_told_of_none(opens: Opens) -> None:
    inside = opens(resolve=leading(["10.1.2.3"]))
    nowhere = opens(resolve=leading([]))
    told = {look(others, "http://db.intranet:5432").problem for others in (inside, nowhere)}
    assert told == {NO_ADDRESS}


def test_a_redirect_is_not_followed_wherever_it_leads(
    running: Callable[..., Server], opens: Opens
) -> None:
    inside, honest = running(answer()), running(answer())
    for status in ("301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"):
        for target in (inside.url, honest.url, "http://169.254.169.254/latest", "/health"):
            away = running(answer(b"", status, f"Location: {target}"))
            others = opens(away.listed, honest.listed)
            assert look(others, away.url).problem == REDIRECT
            assert ask(others, away.url).problem == REDIRECT
    assert (inside.connections, honest.connections) == (0, 0)


def test_another_address_of_a_name_is_tried_where_one_does_not_answer(
    running: Callable[..., Server], opens: Opens
) -> None:
    server = running(answer())
    others = opens("models.test", resolve=leading(["127.0.0.9", "127.0.0.1"]))
    assert look(others, f"http://models.test:{server.port}").problem is None
    assert look(others, f"http://models.test:{free_port()}").problem == UNREACHABLE


def test_proxies_of_the_environment_are_not_asked(
    running: Callable[..., Server], opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = running(answer()), running(answer())
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.upper(), proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert look(opens(server.listed), server.url).problem is None
    assert (proxy.connections, server.connections) == (0, 1)
