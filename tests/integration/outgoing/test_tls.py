"""TLS is checked against the name that people gave, while the connection goes to the checked address."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from outgoing.problems import NO_TLS
from tests.integration.outgoing.conftest import Opens, ask, leading, look
from tests.integration.outgoing.servers import Server, answer

NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Authority:
    """Somebody whose word counts where a test says so."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    folder: Path

    def trust(self) -> ssl.SSLContext:
        own = _certificate(self, self.name, self.key, [], is_authority=True)
        return ssl.create_default_context(cadata=own.public_bytes(Encoding.PEM).decode())

    def server(self, *names: str, ended: bool = False) -> ssl.SSLContext:
        """Return what a server of these names presents."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        made = _certificate(self, subject, key, names, ended=ended)
        kept = self.folder / "server.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        kept.write_bytes(secret + made.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(kept)
        return context


def _certificate(
    authority: Authority,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...] | list[str],
    *,
    is_authority: bool = False,
    ended: bool = False,
) -> x509.Certificate:
    until = NOW - timedelta(days=1) if ended else NOW + timedelta(days=1)
    building = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if names:
        told = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        building = building.add_extension(told, critical=False)
    return building.sign(authority.key, hashes.SHA256())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An authority")])
    return Authority(ec.generate_private_key(ec.SECP256R1()), name, tmp_path)


def test_a_database_that_proves_its_name_is_asked_by_that_name(
    running: Callable[..., Server], opens: Opens, authority: Authority
) -> None:
    names = list[str | None]()
    context = authority.server("models.test")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server = running(answer(), context)
    others = opens("models.test", resolve=leading(["127.0.0.1"]), trust=authority.trust())
    assert look(others, f"https://models.test:{server.port}/base").problem is None
    assert names == ["models.test"]
    assert f"Host: models.test:{server.port}\r\n" in server.visits[0].head


def test_a_certificate_for_another_name_is_not_believed(
    running: Callable[..., Server], opens: Opens, authority: Authority
) -> None:
    for names in (["other.test"], ["127.0.0.1"], ["*.models.test"]):
        server = running(answer(), authority.server(*names))
        others = opens("models.test", resolve=leading(["127.0.0.1"]), trust=authority.trust())
        url = f"https://models.test:{server.port}"
        assert look(others, url).problem == NO_TLS
        assert ask(others, url).problem == NO_TLS
        assert server.visits == []


def test_a_certificate_that_has_ended_or_that_nobody_vouches_for_is_not_believed(
    running: Callable[..., Server], opens: Opens, authority: Authority
) -> None:
    ended = running(answer(), authority.server("models.test", ended=True))
    others = opens("models.test", resolve=leading(["127.0.0.1"]), trust=authority.trust())
    assert look(others, f"https://models.test:{ended.port}").problem == NO_TLS
    stranger = running(answer(), authority.server("models.test"))
    others = opens("models.test", resolve=leading(["127.0.0.1"]))
    assert look(others, f"https://models.test:{stranger.port}").problem == NO_TLS


def test_a_server_without_tls_is_told_as_such(running: Callable[..., Server], opens: Opens) -> None:
    server = running(answer())
    assert ask(opens("127.0.0.1"), f"https://127.0.0.1:{server.port}").problem is not None
