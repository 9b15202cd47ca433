"""One connection: guarded from others, over TLS, looked after while it is in use, and ended."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from logagent.web.server.client_connection import ClientConnection
from logagent.web.server.connections import serve_connection
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.listening import server_tls
from logagent.web.server.liveness import LivenessMonitor, MonitoredConnection
from testbed.asgi import Follow, hello
from testbed.raw_http import GET, LAST_CHUNK, Http1Client

LIMITS = ConnectionLimits()
Open = Callable[..., Http1Client]


# The guard


class Failing(trio.abc.Stream):
    """A stream that fails as nobody expects."""

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        raise RuntimeError("a bug")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        return None

    async def wait_send_all_might_not_block(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


async def test_failure_within_a_connection_is_logged_and_harms_no_other(
    open_http1: Open, caplog: pytest.LogCaptureFixture
) -> None:
    bystander = open_http1(Follow())
    await bystander.send(GET)
    await serve_connection(hello, Failing())
    await wait_all_tasks_blocked()
    assert not bystander.ended
    assert "a bug" in caplog.text


async def test_cancelled_connection_ends_at_once_although_its_client_takes_nothing(mock_clock: MockClock) -> None:
    theirs, ours = lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_connection, hello, ours)
        await theirs.send_all(GET)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert trio.current_time() == mock_clock.current_time()
    with pytest.raises(trio.ClosedResourceError):
        await ours.receive_some()


# Clients that vanish


class Looked(LivenessMonitor):
    """Notes who is looked after."""

    def __init__(self) -> None:
        super().__init__()
        self.entered: list[MonitoredConnection] = []

    def watch(self, connection: MonitoredConnection) -> None:
        self.entered.append(connection)

    def unwatch(self, connection: MonitoredConnection) -> None:
        self.entered = [other for other in self.entered if other is not connection]


async def test_connection_of_a_client_that_is_gone_is_given_up(nursery: trio.Nursery) -> None:
    presence, app = Looked(), Follow()
    theirs, ours = memory_stream_pair()
    connection = ClientConnection(ASGIWrapper(app), ours, LIMITS, WorkerContext(None), {}, presence)
    nursery.start_soon(connection.run)
    await theirs.send_all(GET)
    await wait_all_tasks_blocked()
    assert presence.entered == [connection]
    connection.give_up()
    await wait_all_tasks_blocked()
    assert app.cancelled
    assert not presence.entered


async def test_connection_is_looked_after_only_while_an_answer_is_under_way(nursery: trio.Nursery) -> None:
    presence = Looked()
    theirs, ours = memory_stream_pair()
    nursery.start_soon(ClientConnection(ASGIWrapper(hello), ours, LIMITS, WorkerContext(None), {}, presence).run)
    await theirs.send_all(GET)
    await wait_all_tasks_blocked()
    assert not presence.entered


# TLS


def client_tls(issued: Any, alpn: str, *, with_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=issued.certificate)
    context.set_alpn_protocols([alpn])
    if with_certificate:
        context.load_cert_chain(issued.certificate, issued.key)
    return context


class Certificates:
    """An app that keeps what it is told of its clients."""

    def __init__(self) -> None:
        self.seen: list[bytes | None] = []
        self.versions: list[str] = []
        self.schemes: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope["state"].get("client_certificate"))
        self.versions.append(scope["http_version"])
        self.schemes.append(scope["scheme"])
        await hello(scope, receive, send)


async def ask_over_tls(app: Any, server: ssl.SSLContext, client: ssl.SSLContext) -> bytes:
    """Asks once, over HTTP/1.1, on a connection of its own in memory; returns the whole answer."""
    theirs, ours = memory_stream_pair()
    received = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_connection, app, trio.SSLStream(ours, server, server_side=True, https_compatible=True))
        stream = trio.SSLStream(theirs, client, server_hostname="127.0.0.1", https_compatible=True)
        await stream.send_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        while chunk := await stream.receive_some():
            received += chunk
        await stream.aclose()
    return received


async def test_client_certificate_is_in_the_scope(issued: Any) -> None:
    app = Certificates()
    server = server_tls(issued.certificate, issued.key, issued.certificate)
    answer = await ask_over_tls(app, server, client_tls(issued, "http/1.1", with_certificate=True))
    assert answer.endswith(LAST_CHUNK)
    assert (app.seen, app.schemes) == ([issued.der], ["https"])


async def test_client_without_a_certificate_is_served_too(issued: Any) -> None:
    app = Certificates()
    server = server_tls(issued.certificate, issued.key, issued.certificate)
    await ask_over_tls(app, server, client_tls(issued, "http/1.1"))
    assert app.seen == [None]


async def test_certificate_is_not_asked_for_without_an_authority(issued: Any) -> None:
    app = Certificates()
    server = server_tls(issued.certificate, issued.key, None)
    await ask_over_tls(app, server, client_tls(issued, "http/1.1", with_certificate=True))
    assert app.seen == [None]


async def test_http2_is_chosen_over_tls(issued: Any) -> None:
    app, h2 = Certificates(), H2Connection(H2Configuration(header_encoding=None))
    server, client = server_tls(issued.certificate, issued.key, None), client_tls(issued, "h2")
    theirs, ours = memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve_connection, app, trio.SSLStream(ours, server, server_side=True, https_compatible=True))
        stream = trio.SSLStream(theirs, client, server_hostname="127.0.0.1", https_compatible=True)
        h2.initiate_connection()
        pseudo = [(b":method", b"GET"), (b":path", b"/"), (b":scheme", b"https"), (b":authority", b"test")]
        h2.send_headers(1, pseudo, end_stream=True)
        await stream.send_all(h2.data_to_send())
        await wait_all_tasks_blocked()
        assert stream.selected_alpn_protocol() == "h2"
        await stream.aclose()
    assert app.versions == ["2"]


async def test_client_that_never_shakes_hands_is_dropped_after_a_while(
    issued: Any, nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    client = silent_over_tls(issued, nursery)
    await wait_all_tasks_blocked()
    mock_clock.jump(LIMITS.handshake_timeout - 1)
    await wait_all_tasks_blocked()
    assert not client.ended
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    assert client.ended


def silent_over_tls(issued: Any, nursery: trio.Nursery, **others: Any) -> Http1Client:
    """A client that has connected to a TLS server and says nothing."""
    theirs, ours = memory_stream_pair()
    stream = trio.SSLStream(ours, server_tls(issued.certificate, issued.key, None), server_side=True)
    nursery.start_soon(partial(serve_connection, hello, stream, **others))
    client = Http1Client(theirs)
    nursery.start_soon(client.receive)
    return client


async def test_client_that_speaks_no_tls_is_told_and_dropped(
    issued: Any, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    server = server_tls(issued.certificate, issued.key, None)
    theirs, ours = memory_stream_pair()
    await theirs.send_all(GET)
    await serve_connection(hello, trio.SSLStream(ours, server, server_side=True))
    assert (await theirs.receive_some()).startswith(b"HTTP/1.1 400 ")
    assert [record.getMessage() for record in caplog.records] == ["speaks http on a port that speaks https"]


async def test_shutdown_does_not_wait_for_a_handshake(
    issued: Any, nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    context = WorkerContext(None)
    client = silent_over_tls(issued, nursery, context=context)
    await wait_all_tasks_blocked()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.ended
