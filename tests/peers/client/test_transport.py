"""The client for one agent: its connections, who shares them, TLS, and what ends in an error of httpx's."""

from __future__ import annotations

import contextlib
import datetime
import functools
import gc
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h2.events
import httpcore
import httpx
import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from trio.testing import MockClock

from logagent.peers.client import transport
from logagent.peers.client.exchange import CLOSE_TIMEOUT
from logagent.peers.client.h2_connection import KEEP_IDLE, SILENCE
from logagent.peers.client.h2_machine import MAX_STREAMS
from logagent.peers.client.http_client import CONNECT_TIMEOUT, POOL_TIMEOUT, chunks, connect, trailers
from logagent.peers.client.tls import client_tls
from testbed.scripted import Asking, Bench, ScriptedAgent, open_bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with open_bench() as opened:
        yield opened


# Sharing and opening connections


async def test_requests_at_the_same_time_share_one_connection(autojump_clock: MockClock, bench: Bench) -> None:
    first, second = bench.ask(), bench.ask()
    agent = await bench.network.accept()
    bench.nursery.start_soon(agent.serve)
    await first.ended()
    await second.ended()
    assert len(bench.network.pipes) == 1


async def test_one_request_more_than_a_connection_takes_opens_another(autojump_clock: MockClock, bench: Bench) -> None:
    for _ in range(MAX_STREAMS):
        bench.ask()
    await bench.network.accept()
    await trio.testing.wait_all_tasks_blocked()
    await _is_served_by_another_connection(bench)


async def test_an_agent_that_takes_one_request_gets_one_on_each_connection(
    autojump_clock: MockClock, bench: Bench
) -> None:
    bench.ask()
    await bench.network.accept(MAX_CONCURRENT_STREAMS=1)
    await trio.testing.wait_all_tasks_blocked()
    await _is_served_by_another_connection(bench)


async def test_an_agent_that_takes_no_request_is_an_error(autojump_clock: MockClock, bench: Bench) -> None:
    asking = bench.ask()
    await bench.network.accept(MAX_CONCURRENT_STREAMS=0)
    await asking.ended()
    assert isinstance(asking.error, httpx.LocalProtocolError)


async def _is_served_by_another_connection(bench: Bench) -> None:
    before = len(bench.network.pipes)
    asking = bench.ask()
    agent = await bench.network.accept()
    bench.nursery.start_soon(agent.serve)
    await asking.ended()
    assert (asking.body, len(bench.network.pipes)) == (b"served\n", before + 1)


async def test_a_request_without_a_place_waits_so_long_and_says_so(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_REQUESTS", 1)
    async with open_bench() as bench:
        await bench.ask_and_accept()
        started = trio.current_time()
        second = bench.ask()
        await second.ended()
    assert isinstance(second.error, httpx.PoolTimeout)
    assert trio.current_time() - started == POOL_TIMEOUT


@pytest.mark.parametrize("moment", ["before the head", "in the body", "while connecting"])
async def test_a_request_cancelled_at_any_moment_gives_its_place_back(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(transport, "MAX_REQUESTS", 1)
    async with open_bench() as bench:
        first = bench.ask()
        if moment != "while connecting":
            agent = await bench.network.accept()
            stream = await agent.asked()
            bench.nursery.start_soon(agent.serve)
            if moment == "in the body":
                await agent.answer(stream, b"one\n")
        await trio.testing.wait_all_tasks_blocked()
        await first.left()
        second = bench.ask()
        if moment == "while connecting":
            await bench.network.accept_raw()
            bench.nursery.start_soon((await bench.network.accept()).serve)
        await second.ended()
        assert (second.body, second.error) == (b"served\n", None)


async def test_cancelled_while_connecting_closes_the_socket(autojump_clock: MockClock, bench: Bench) -> None:
    asking = bench.ask()
    await bench.network.accept_raw()
    await trio.testing.wait_all_tasks_blocked()
    await asking.left()
    assert bench.network.pipes[0].closed


async def test_cancelled_while_connecting_closes_the_socket_in_its_own_time(
    autojump_clock: MockClock, bench: Bench
) -> None:
    asking = bench.ask()
    await bench.network.accept_raw()
    bench.network.pipes[0].before_close = functools.partial(trio.sleep, CLOSE_TIMEOUT / 2)
    await asking.left()
    assert bench.network.pipes[0].closed


async def test_a_socket_that_does_not_close_is_given_up(autojump_clock: MockClock, bench: Bench) -> None:
    asking = bench.ask()
    await bench.network.accept_raw()
    bench.network.pipes[0].before_close = trio.sleep_forever
    started = trio.current_time()
    await asking.left()
    assert trio.current_time() - started == CLOSE_TIMEOUT


async def test_cancelled_while_another_connects_leaves_that_one_alone(autojump_clock: MockClock, bench: Bench) -> None:
    first = bench.ask()
    end = await bench.network.accept_raw()
    await trio.testing.wait_all_tasks_blocked()
    await bench.ask().left()
    agent = ScriptedAgent(end)
    await agent.greet()
    bench.nursery.start_soon(agent.serve)
    await first.ended()
    assert (first.body, (await bench.served()).body, len(bench.network.pipes)) == (b"served\n", b"served\n", 1)


async def test_when_the_one_who_connects_is_cancelled_the_next_connects(
    autojump_clock: MockClock, bench: Bench
) -> None:
    first = bench.ask()
    await bench.network.accept_raw()
    second = bench.ask()
    await trio.testing.wait_all_tasks_blocked()
    await first.left()
    bench.nursery.start_soon((await bench.network.accept()).serve)
    await second.ended()
    assert second.body == b"served\n"


# Connections that end between requests


async def test_a_connection_that_the_agent_has_closed_is_replaced(autojump_clock: MockClock, bench: Bench) -> None:
    await (await bench.warm()).stream.aclose()
    await _is_served_by_another_connection(bench)
    assert bench.network.pipes[0].closed


async def test_a_connection_that_the_agent_said_goodbye_on_is_replaced(autojump_clock: MockClock, bench: Bench) -> None:
    await _say_goodbye(await bench.warm())
    await _is_served_by_another_connection(bench)


async def test_a_request_that_may_change_something_is_not_repeated(autojump_clock: MockClock, bench: Bench) -> None:
    await _say_goodbye(await bench.warm())
    asking = bench.ask("DELETE")
    await asking.ended()
    assert isinstance(asking.error, httpx.RemoteProtocolError)


async def test_a_request_on_a_new_connection_is_not_repeated(autojump_clock: MockClock, bench: Bench) -> None:
    asking, agent, _ = await bench.ask_and_accept()
    await _say_goodbye(agent)
    await asking.ended()
    assert (type(asking.error), len(bench.network.pipes)) == (httpx.RemoteProtocolError, 1)


async def test_a_request_that_was_answered_in_part_is_not_repeated(autojump_clock: MockClock, bench: Bench) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    await agent.answer(await agent.asked(), b"one\n")
    await agent.stream.aclose()
    await asking.ended()
    assert (asking.body, type(asking.error)) == (b"one\n", httpx.RemoteProtocolError)


async def _say_goodbye(agent: ScriptedAgent) -> None:
    agent.h2.close_connection()
    await agent.send()


async def test_a_connection_unused_for_long_is_replaced_and_closed(autojump_clock: MockClock, bench: Bench) -> None:
    await bench.serving()
    await trio.sleep(KEEP_IDLE + 1)
    await _is_served_by_another_connection(bench)
    assert bench.network.pipes[0].closed


async def test_a_connection_unused_for_less_is_kept_time_and_again(autojump_clock: MockClock, bench: Bench) -> None:
    await bench.serving()
    for _ in range(3):
        await trio.sleep(KEEP_IDLE - 1)
        assert ((await bench.served()).body, len(bench.network.pipes)) == (b"served\n", 1)


async def test_a_connection_waited_on_in_vain_gets_no_further_request(autojump_clock: MockClock, bench: Bench) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    await agent.asked()
    await trio.sleep(SILENCE + 0.1)
    await asking.left()
    await _is_served_by_another_connection(bench)
    assert bench.network.pipes[0].closed


async def test_a_request_given_up_soon_does_not_cast_doubt_on_its_connection(
    autojump_clock: MockClock, bench: Bench
) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    await agent.asked()
    await trio.sleep(SILENCE - 0.1)
    await asking.left()
    bench.nursery.start_soon(agent.serve)
    assert ((await bench.served()).body, len(bench.network.pipes)) == (b"served\n", 1)


async def test_a_connection_on_which_something_came_of_late_is_not_doubted(
    autojump_clock: MockClock, bench: Bench
) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    stream_id = await agent.asked()
    await trio.sleep(SILENCE - 0.1)
    await agent.answer(stream_id, b"one\n")
    await trio.sleep(SILENCE - 0.1)
    await asking.left()
    bench.nursery.start_soon(agent.serve)
    assert ((await bench.served()).body, len(bench.network.pipes)) == (b"served\n", 1)


async def test_a_connection_in_use_for_long_is_kept(autojump_clock: MockClock, bench: Bench) -> None:
    agent = await bench.warm()
    bench.ask()
    await agent.asked()
    await trio.sleep(KEEP_IDLE + 1)
    bench.nursery.start_soon(agent.serve)
    assert ((await bench.served()).body, len(bench.network.pipes)) == (b"served\n", 1)


async def test_closing_the_client_ends_what_is_under_way_and_asks_nobody_again(
    autojump_clock: MockClock, bench: Bench
) -> None:
    agent = await bench.warm()
    asking = bench.ask()
    await agent.asked()
    await bench.client.aclose()
    await asking.ended()
    assert isinstance(asking.error, httpx.TransportError)
    assert all(pipe.closed for pipe in bench.network.pipes)


async def test_closing_the_client_closes_the_connection_that_is_being_opened(
    autojump_clock: MockClock, bench: Bench
) -> None:
    asking = bench.ask()
    end = await bench.network.accept_raw()
    await bench.client.aclose()
    await ScriptedAgent(end).greet()
    await asking.ended()
    assert (type(asking.error), bench.network.pipes[0].closed) == (httpx.ConnectError, True)


# Not connecting


async def test_refused(autojump_clock: MockClock, bench: Bench) -> None:
    bench.network.before_connect = _refuse
    asking = await bench.served()
    assert (type(asking.error), str(asking.error)) == (httpx.ConnectError, "connection refused")


async def _refuse() -> None:
    raise httpcore.ConnectError("connection refused")


async def test_a_host_that_never_answers(autojump_clock: MockClock, bench: Bench) -> None:
    bench.network.before_connect = trio.sleep_forever
    started = trio.current_time()
    asking = await bench.served()
    assert (type(asking.error), trio.current_time() - started) == (httpx.ConnectTimeout, CONNECT_TIMEOUT)


async def test_a_server_that_accepts_and_says_nothing(autojump_clock: MockClock, bench: Bench) -> None:
    asking = await bench.served()
    assert (type(asking.error), bench.network.pipes[0].closed) == (httpx.ConnectTimeout, True)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n"])
async def test_a_server_that_speaks_something_else(autojump_clock: MockClock, bench: Bench, said: bytes) -> None:
    asking = bench.ask()
    end = await bench.network.accept_raw()
    await end.send_all(said)
    await end.send_stream.aclose()
    await asking.ended()
    assert (type(asking.error), bench.network.pipes[0].closed) == (httpx.RemoteProtocolError, True)


async def test_those_who_wait_behind_one_that_cannot_connect_wait_no_longer_than_it(
    autojump_clock: MockClock, bench: Bench
) -> None:
    bench.network.before_connect = trio.sleep_forever
    started = trio.current_time()
    together = [bench.ask() for _ in range(10)]
    for asking in together:
        await asking.ended()
    assert {type(asking.error) for asking in together} == {httpx.ConnectTimeout}
    assert trio.current_time() - started == CONNECT_TIMEOUT


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp://agent"):
        connect("ftp://agent")


async def test_another_host_is_not_asked_over_these_connections(bench: Bench) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await bench.client.get("http://elsewhere/logs")


async def test_a_request_with_a_body_is_refused(bench: Bench) -> None:
    with pytest.raises(httpx.LocalProtocolError):
        await bench.client.post("/logs", content=b"body")


async def test_a_proxy_in_the_environment_is_not_used(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    async with open_bench() as bench:
        await bench.serving()


async def test_a_redirect_is_not_followed(autojump_clock: MockClock, bench: Bench) -> None:
    asking, agent, stream = await bench.ask_and_accept()
    agent.h2.send_headers(stream, [(":status", "307"), ("location", "http://elsewhere/")], end_stream=True)
    await agent.send()
    await asking.ended()
    assert (asking.error, len(bench.network.pipes)) == (None, 1)


# Iterating


async def test_chunks_left_half_way_leave_nothing_to_the_garbage_collector(
    autojump_clock: MockClock, bench: Bench
) -> None:
    """Warnings are errors here; with `aiter_raw` Trio warns of a generator that was dropped unfinished."""
    bench.nursery.start_soon(_break_off, bench.client)
    agent = await bench.network.accept()
    await agent.answer(await agent.asked(), b"one\n", b"two\n")
    await agent.next(h2.events.StreamReset)
    gc.collect()


async def _break_off(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/logs") as response:
        async for _ in chunks(response):
            break


async def test_chunks_of_a_response_from_elsewhere_are_its_raw_bytes() -> None:
    response = httpx.Response(200, content=_two_chunks())
    assert [chunk async for chunk in chunks(response)] == [b"one\n", b"two\n"]
    assert trailers(response) == {}


async def _two_chunks() -> AsyncIterator[bytes]:
    yield b"one\n"
    yield b"two\n"


# TLS


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
    assert "certificate verify failed" in str(asking.error)


async def test_another_hosts_certificate_is_an_error(autojump_clock: MockClock, authority: Authority) -> None:
    server = authority.server("h2", name="elsewhere")
    asking, _ = await _ask_over_tls(server, client_tls(authority.ca), _serve_http_2)
    assert isinstance(asking.error, httpx.ConnectError)
    assert "not valid for 'agent'" in str(asking.error)


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
