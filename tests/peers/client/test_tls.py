"""TLS between agents: what they agree on, whom they trust, and what ends in an error of httpx's."""

from __future__ import annotations

import contextlib
import datetime
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from trio.testing import MockClock

from logagent.peers.client.http_client import connect
from logagent.peers.client.tls import client_tls
from testbed.scripted import Asking, ScriptedAgent, open_bench


@dataclass(frozen=True)
class Authority:
    """An authority of the test's own, which signs certificates into files."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def certify(self, name: str) -> tuple[Path, Path]:
        """A certificate for a host, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key.public_key(), self.certificate.subject, self.key)
        certificate_file, key_file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(_pem(key))
        return certificate_file, key_file

    def server(self, *protocols: str, name: str = "agent", wants_certificate: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca)
        context.load_cert_chain(*self.certify(name))
        context.set_alpn_protocols(list(protocols))
        context.verify_mode = ssl.CERT_REQUIRED if wants_certificate else ssl.CERT_NONE
        return context


def _authority(folder: Path) -> Authority:
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority of a test")])
    certificate = _certificate(None, key.public_key(), subject, key)
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(key, certificate, folder)


def _certificate(
    host: str | None, public: ec.EllipticCurvePublicKey, issuer: x509.Name, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """For a host, or for the authority itself."""
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]) if host else issuer
    ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    building = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(ours, critical=False)
        .add_extension(_usage(is_authority=host is None), critical=True)
    )
    if host:
        building = building.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return building.sign(signer, hashes.SHA256())


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return _authority(tmp_path_factory.mktemp("tls") / "trusted")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return _authority(tmp_path_factory.mktemp("tls") / "stranger")


async def _ask_over_tls(
    server: ssl.SSLContext, client: ssl.SSLContext | None, serve: Callable[[trio.SSLStream[Any]], Any]
) -> tuple[Asking, httpx.Response | None]:
    async with open_bench("https://agent", client) as bench:
        asking = bench.ask()
        bench.nursery.start_soon(_serve_over_tls, await bench.network.accept_raw(), server, serve)
        await asking.ended()
        return asking, asking.response


async def _serve_over_tls(end: Any, tls: ssl.SSLContext, serve: Callable[[trio.SSLStream[Any]], Any]) -> None:
    stream = trio.SSLStream(end, tls, server_side=True, https_compatible=True)
    with contextlib.suppress(trio.BrokenResourceError):
        await stream.do_handshake()
        await serve(stream)
    await trio.aclose_forcefully(end)


async def _serve_http_2(stream: trio.SSLStream[Any]) -> None:
    agent = ScriptedAgent(stream)
    await agent.greet()
    await agent.serve()


async def test_https_agrees_on_http_2(autojump_clock: MockClock, authority: Authority) -> None:
    asking, response = await _ask_over_tls(authority.server("h2", "http/1.1"), client_tls(authority.ca), _serve_http_2)
    assert (asking.body, asking.error) == (b"served\n", None)
    assert response is not None
    assert response.http_version == "HTTP/2"


async def test_a_client_certificate_is_presented(autojump_clock: MockClock, authority: Authority) -> None:
    client = client_tls(authority.ca, *authority.certify("client"))
    asking, _ = await _ask_over_tls(authority.server("h2", wants_certificate=True), client, _serve_http_2)
    assert (asking.body, asking.error) == (b"served\n", None)


async def test_a_missing_client_certificate_is_an_error(autojump_clock: MockClock, authority: Authority) -> None:
    server = authority.server("h2", wants_certificate=True)
    asking, _ = await _ask_over_tls(server, client_tls(authority.ca), _serve_http_2)
    assert isinstance(asking.error, httpx.TransportError)


async def test_an_authority_that_is_not_trusted_is_an_error_that_says_so(
    autojump_clock: MockClock, authority: Authority, stranger: Authority
) -> None:
    asking, _ = await _ask_over_tls(authority.server("h2"), client_tls(stranger.ca), _serve_http_2)
    assert isinstance(asking.error, httpx.ConnectError)
    assert "it is issued by another authority of a test than the one that is trusted" in str(asking.error)


async def test_another_hosts_certificate_is_an_error(autojump_clock: MockClock, authority: Authority) -> None:
    server = authority.server("h2", name="elsewhere")
    asking, _ = await _ask_over_tls(server, client_tls(authority.ca), _serve_http_2)
    assert isinstance(asking.error, httpx.ConnectError)
    assert "it is for elsewhere, not for agent" in str(asking.error)


async def test_without_an_authority_of_ones_own_the_systems_are_asked(
    autojump_clock: MockClock, authority: Authority
) -> None:
    asking, _ = await _ask_over_tls(authority.server("h2"), None, _serve_http_2)
    assert isinstance(asking.error, httpx.ConnectError)


async def test_cancelled_in_the_handshake_closes_the_socket(autojump_clock: MockClock, authority: Authority) -> None:
    async with open_bench("https://agent", client_tls(authority.ca)) as bench:
        asking = bench.ask()
        await bench.network.accept_raw()
        await trio.testing.wait_all_tasks_blocked()
        await asking.left()
        assert bench.network.pipes[0].closed


def test_a_certificate_that_cannot_be_read_is_an_error(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        client_tls(authority.ca, tmp_path / "none.pem", tmp_path / "none.key")


@pytest.mark.real
async def test_over_real_sockets(authority: Authority) -> None:
    tls = authority.server("h2", name="localhost")
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(trio.serve_ssl_over_tcp, _serve_http_2, 0, tls)
        port = listeners[0].transport_listener.socket.getsockname()[1]
        async with connect(f"https://localhost:{port}", tls=client_tls(authority.ca)) as client:
            asking = Asking(client)
            await asking.run()
        nursery.cancel_scope.cancel()
    assert (asking.body, asking.trailers, asking.error) == (b"served\n", {"log-status": "0"}, None)
