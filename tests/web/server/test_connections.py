"""Connections of every kind: guarded from each other, over HTTP/1.1, over TLS, and served on real sockets."""

from __future__ import annotations

import datetime
import errno
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair, wait_all_tasks_blocked

from logagent.web.server.client_connection import LINGER, ClientConnection
from logagent.web.server.connections import serve, serve_connection
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.listening import listen, server_tls
from logagent.web.server.liveness import LivenessMonitor, Watched

LIMITS = ConnectionLimits()


async def start(send: Any, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers or []})


async def body(send: Any, chunk: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await body(send, b"hello", more=False)


class Follow:
    """Starts an answer, and goes on until it is cancelled or told to finish."""

    def __init__(self, first: bytes = b"first") -> None:
        self.finish = trio.Event()
        self.cancelled = False
        self._first = first

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await start(send)
            await body(send, self._first)
            await self.finish.wait()
            await body(send, b"last", more=False)
        except trio.Cancelled:
            self.cancelled = True
            raise


class Http1Client:
    """Sends bytes, and keeps those that come back; `ended` once the other side has said that there are no more."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.received = b""
        self.ended = False

    async def send(self, data: bytes) -> bytes:
        await self.stream.send_all(data)
        await wait_all_tasks_blocked()
        return self.received

    async def receive(self) -> None:
        while chunk := await self.stream.receive_some():
            self.received += chunk
        self.ended = True


Open = Callable[..., Http1Client]
GET = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


@pytest.fixture
def open_http1(nursery: trio.Nursery) -> Open:
    """`open_http1(app)`: a client on a connection of its own; further arguments are those of `serve_connection`."""

    def open_one(app: Any, **others: Any) -> Http1Client:
        theirs, ours = memory_stream_pair()
        nursery.start_soon(partial(serve_connection, app, ours, **others))
        client = Http1Client(theirs)
        nursery.start_soon(client.receive)
        return client

    return open_one


# HTTP/1.1


async def test_answers_over_http1_have_no_trailers_and_keep_the_connection(open_http1: Open) -> None:
    offered: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        offered.extend(scope["extensions"])
        await hello(scope, receive, send)

    client = open_http1(app)
    await client.send(GET)
    assert (await client.send(GET)).count(b"hello") == 2
    assert "http.response.trailers" not in offered
    assert not client.ended


async def test_head_over_http1_is_answered_without_a_body_and_keeps_the_connection(open_http1: Open) -> None:
    client = open_http1(hello)
    await client.send(GET.replace(b"GET", b"HEAD"))
    assert (client.received[:12], b"hello" in client.received) == (b"HTTP/1.1 200", False)
    assert b"hello" in await client.send(GET)


async def test_large_chunk_over_http1_arrives_whole(open_http1: Open) -> None:
    chunk = bytes(range(256)) * 4000 + b"the end"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, chunk, more=False)

    assert chunk in await open_http1(app).send(GET)


async def test_app_over_http1_raises_after_part_of_its_body(open_http1: Open) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, b"some")
        raise ValueError("lost the file")

    client = open_http1(app)
    assert b"some" in await client.send(GET)
    assert client.ended
    assert LAST_CHUNK not in client.received


async def test_app_over_http1_raises_before_its_answer_starts(open_http1: Open) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("no such thing")

    assert (await open_http1(app).send(GET)).startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("leave", ["aclose", "send_eof"])
async def test_client_that_leaves_over_http1_cancels_the_app(open_http1: Open, leave: str) -> None:
    app = Follow()
    client = open_http1(app)
    await client.send(GET)
    assert not app.cancelled
    if leave == "aclose":
        await client.stream.send_stream.aclose()
    else:
        await client.stream.send_eof()
    await wait_all_tasks_blocked()
    assert app.cancelled


async def test_idle_connection_over_http1_ends_after_its_time(open_http1: Open, mock_clock: MockClock) -> None:
    client = open_http1(hello)
    await client.send(GET)
    mock_clock.jump(LIMITS.idle_timeout - 1)
    await wait_all_tasks_blocked()
    assert not client.ended
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    assert client.ended


async def test_connection_over_http1_that_has_used_up_its_requests_says_close(open_http1: Open) -> None:
    client = open_http1(hello, limits=ConnectionLimits(requests_per_connection=2))
    assert b"connection: close" not in await client.send(GET)
    assert b"connection: close" in await client.send(GET)
    assert client.ended


async def test_half_a_request_does_not_keep_a_connection(open_http1: Open, mock_clock: MockClock) -> None:
    client = open_http1(hello)
    await client.send(GET[:20])
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert client.ended


async def test_answer_in_flight_over_http1_is_not_idle(open_http1: Open, mock_clock: MockClock) -> None:
    app = Follow()
    client = open_http1(app)
    await client.send(GET)
    mock_clock.jump(10 * LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    app.finish.set()
    await wait_all_tasks_blocked()
    assert not client.ended
    mock_clock.jump(LIMITS.idle_timeout)
    await wait_all_tasks_blocked()
    assert client.ended


@pytest.mark.parametrize("unhurried", [False, True])
async def test_client_over_http1_that_takes_nothing_is_dropped_unless_its_answer_is_unhurried(
    nursery: trio.Nursery, mock_clock: MockClock, unhurried: bool
) -> None:
    cancelled = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [], "unhurried": unhurried})
            while True:
                await body(send, b"line")
        finally:
            cancelled.set()

    theirs, ours = lockstep_stream_pair()
    nursery.start_soon(serve_connection, app, ours)
    await theirs.send_all(GET)
    await wait_all_tasks_blocked()
    while not cancelled.is_set() and mock_clock.current_time() < 100 * LIMITS.write_timeout:
        mock_clock.jump(LIMITS.write_timeout)
        await wait_all_tasks_blocked()
    assert cancelled.is_set() is not unhurried


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


class Looked(LivenessMonitor):
    """Notes who is looked after."""

    def __init__(self) -> None:
        super().__init__()
        self.entered: list[Watched] = []

    def watch(self, connection: Watched) -> None:
        self.entered.append(connection)

    def unwatch(self, connection: Watched) -> None:
        self.entered = [other for other in self.entered if other is not connection]


async def test_shutdown_over_http1_lets_the_answer_finish_and_says_close(open_http1: Open) -> None:
    context = WorkerContext(None)
    finish = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await finish.wait()
        await hello(scope, receive, send)

    client = open_http1(app, context=context)
    await client.send(GET)
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert not client.ended
    finish.set()
    await wait_all_tasks_blocked()
    assert b"connection: close" in client.received
    assert client.received.endswith(LAST_CHUNK)
    assert client.ended


async def test_shutdown_ends_an_idle_connection_over_http1_at_once(open_http1: Open) -> None:
    context = WorkerContext(None)
    client = open_http1(hello, context=context)
    await client.send(GET)
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.ended


async def test_upload_over_http1_to_an_answer_that_has_ended_is_read_for_a_while(
    open_http1: Open, mock_clock: MockClock
) -> None:
    client = open_http1(hello)
    await client.send(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 50000000\r\n\r\n")
    for _ in range(10):
        await client.send(bytes(64 * 1024))
    assert b"hello" in client.received
    mock_clock.jump(LINGER)
    await wait_all_tasks_blocked()
    with pytest.raises(trio.BrokenResourceError):
        await client.send(bytes(64 * 1024))


async def test_upload_over_http1_that_the_app_does_not_read_is_held_up(nursery: trio.Nursery) -> None:
    theirs, ours = lockstep_stream_pair()
    nursery.start_soon(serve_connection, Follow(), ours)
    nursery.start_soon(Http1Client(theirs).receive)
    sent = 0

    async def upload() -> None:
        nonlocal sent
        await theirs.send_all(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 50000000\r\n\r\n")
        while True:
            await theirs.send_all(bytes(16 * 1024))
            sent += 16 * 1024

    nursery.start_soon(upload)
    await wait_all_tasks_blocked()
    assert sent <= 128 * 1024


async def test_upload_over_http1_left_unread_does_not_hold_up_the_end_of_the_answer(open_http1: Open) -> None:
    app = Follow()
    client = open_http1(app)
    await client.send(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 50000000\r\n\r\n" + bytes(256 * 1024))
    app.finish.set()
    await wait_all_tasks_blocked()
    assert client.received.endswith(LAST_CHUNK)
    assert client.ended


async def test_garbage_over_http1_is_answered_400(open_http1: Open) -> None:
    client = open_http1(hello)
    assert (await client.send(b"\x16\x03\x01\x02\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert client.ended


# From HTTP/1.1 to HTTP/2


def upgrade(settings: bytes) -> bytes:
    return (
        b"GET / HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: %s\r\n\r\n" % settings
    )


async def test_upgrade_answers_the_first_request_as_stream_one(open_http1: Open) -> None:
    client, h2 = open_http1(hello), H2Connection(H2Configuration(header_encoding=None))
    settings = h2.initiate_upgrade_connection()
    received = await client.send(upgrade(settings or b""))
    assert received.startswith(b"HTTP/1.1 101 ")
    _, _, frames = (await client.send(h2.data_to_send())).partition(b"\r\n\r\n")
    names = [type(event).__name__ for event in h2.receive_data(frames)]
    answer = ["ResponseReceived", "DataReceived", "StreamEnded", "PingReceived"]
    assert [name for name in names if name in answer] == answer


async def test_body_waits_until_an_upgraded_client_speaks_http2(open_http1: Open) -> None:
    client, h2 = open_http1(Follow(b"x" * 60_000)), H2Connection(H2Configuration(header_encoding=None))
    settings = h2.initiate_upgrade_connection()
    assert len(await client.send(upgrade(settings or b""))) < 1000
    assert len(await client.send(h2.data_to_send())) > 60_000


async def test_upgraded_client_that_never_speaks_http2_is_dropped(autojump_clock: MockClock, open_http1: Open) -> None:
    app = Follow(b"x" * 60_000)
    client = open_http1(app)
    await client.send(upgrade(H2Connection().initiate_upgrade_connection() or b""))
    await trio.sleep(LIMITS.handshake_timeout + LINGER + 1)
    assert app.cancelled
    assert client.ended


@pytest.mark.parametrize("settings", [b"AAMAAABkAAQ", b"AAAAAA==", b"AAIAAAAH"], ids=["base64", "length", "value"])
async def test_upgrade_with_bad_settings_is_ignored(open_http1: Open, settings: bytes) -> None:
    client = open_http1(hello)
    received = await client.send(upgrade(settings))
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"hello" in received


async def test_websocket_upgrade_is_ignored(open_http1: Open) -> None:
    request = GET[:-2] + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"
    assert (await open_http1(hello).send(request)).startswith(b"HTTP/1.1 200 ")


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


async def test_client_that_takes_nothing_over_http1_is_dropped_after_a_while(
    nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    app = Follow()
    theirs, ours = lockstep_stream_pair()
    nursery.start_soon(serve_connection, app, ours)
    await theirs.send_all(GET)
    await wait_all_tasks_blocked()
    mock_clock.jump(LIMITS.write_timeout)
    await wait_all_tasks_blocked()
    with pytest.raises(trio.ClosedResourceError):
        await ours.receive_some()


async def test_client_that_takes_a_large_chunk_slowly_is_not_dropped(
    nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    chunk, received = bytes(1024 * 1024), 0
    app = Follow(chunk)
    theirs, ours = lockstep_stream_pair()
    nursery.start_soon(serve_connection, app, ours)
    await theirs.send_all(GET)
    while received < len(chunk):
        received += len(await theirs.receive_some(LIMITS.burst))
        mock_clock.jump(LIMITS.write_timeout / 3)
        await wait_all_tasks_blocked()
    assert not app.cancelled


# TLS


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, in files and as bytes."""

    certificate: Path
    key: Path
    der: bytes


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """One that signs itself, good for a server and for a client at 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "key.pem").write_bytes(private)
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Issued(directory / "certificate.pem", directory / "key.pem", der)


def client_tls(issued: Issued, alpn: str, *, with_certificate: bool = False) -> ssl.SSLContext:
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


async def test_client_certificate_is_in_the_scope(issued: Issued) -> None:
    app = Certificates()
    server = server_tls(issued.certificate, issued.key, issued.certificate)
    answer = await ask_over_tls(app, server, client_tls(issued, "http/1.1", with_certificate=True))
    assert answer.endswith(LAST_CHUNK)
    assert (app.seen, app.schemes) == ([issued.der], ["https"])


async def test_client_without_a_certificate_is_served_too(issued: Issued) -> None:
    app = Certificates()
    server = server_tls(issued.certificate, issued.key, issued.certificate)
    await ask_over_tls(app, server, client_tls(issued, "http/1.1"))
    assert app.seen == [None]


async def test_certificate_is_not_asked_for_without_an_authority(issued: Issued) -> None:
    app = Certificates()
    server = server_tls(issued.certificate, issued.key, None)
    await ask_over_tls(app, server, client_tls(issued, "http/1.1", with_certificate=True))
    assert app.seen == [None]


async def test_http2_is_chosen_over_tls(issued: Issued) -> None:
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
    issued: Issued, nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    client = silent_over_tls(issued, nursery)
    await wait_all_tasks_blocked()
    mock_clock.jump(LIMITS.handshake_timeout - 1)
    await wait_all_tasks_blocked()
    assert not client.ended
    mock_clock.jump(1)
    await wait_all_tasks_blocked()
    assert client.ended


def silent_over_tls(issued: Issued, nursery: trio.Nursery, **others: Any) -> Http1Client:
    """A client that has connected to a TLS server and says nothing."""
    theirs, ours = memory_stream_pair()
    stream = trio.SSLStream(ours, server_tls(issued.certificate, issued.key, None), server_side=True)
    nursery.start_soon(partial(serve_connection, hello, stream, **others))
    client = Http1Client(theirs)
    nursery.start_soon(client.receive)
    return client


async def test_client_that_speaks_no_tls_is_dropped(issued: Issued, caplog: pytest.LogCaptureFixture) -> None:
    server = server_tls(issued.certificate, issued.key, None)
    theirs, ours = memory_stream_pair()
    await theirs.send_all(GET)
    await serve_connection(hello, trio.SSLStream(ours, server, server_side=True))
    assert caplog.text == ""


async def test_shutdown_does_not_wait_for_a_handshake(
    issued: Issued, nursery: trio.Nursery, mock_clock: MockClock
) -> None:
    context = WorkerContext(None)
    client = silent_over_tls(issued, nursery, context=context)
    await wait_all_tasks_blocked()
    await context.terminated.set()
    await wait_all_tasks_blocked()
    assert client.ended


# Listening and serving, on real sockets


@pytest.mark.real
def test_address_of_an_ipv6_listener_has_brackets() -> None:
    listener = listen("::1", 0, None)
    with listener.socket:
        assert listener.address == f"http://[::1]:{listener.socket.getsockname()[1]}"


@pytest.mark.real
def test_clients_that_fall_silent_are_asked_whether_they_are_there() -> None:
    with listen("127.0.0.1", 0, None).socket as bound:
        assert bound.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


@pytest.mark.real
def test_address_that_is_taken_is_named() -> None:
    listener = listen("127.0.0.1", 0, None)
    port = listener.socket.getsockname()[1]
    with listener.socket, pytest.raises(OSError, match=f"127.0.0.1 port {port}") as raised:
        listen("127.0.0.1", port, None)
    assert raised.value.errno == errno.EADDRINUSE


class Lifetime:
    """Follows, and notes its own beginning and end."""

    def __init__(self, first: bytes = b"first") -> None:
        self.stages: list[str] = []
        self.follow = Follow(first)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.follow(scope, receive, send)
            return
        for stage in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{stage}"
            self.stages.append(stage)
            await send({"type": f"lifespan.{stage}.complete"})


@pytest.mark.real
async def test_serve_ends_although_a_client_does_not_read(issued: Issued) -> None:
    app, stopping = Lifetime(first=bytes(64 * 1024 * 1024)), trio.Event()
    listeners = [
        listen("127.0.0.1", 0, None),
        listen("127.0.0.1", 0, server_tls(issued.certificate, issued.key, None)),
    ]
    ports = [listener.socket.getsockname()[1] for listener in listeners]
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, app, listeners, stopping=stopping, graceful=0.0))
        assert app.stages == ["startup"]
        plain = await trio.open_tcp_stream("127.0.0.1", ports[0])
        await plain.send_all(GET)
        assert (await plain.receive_some()).startswith(b"HTTP/1.1 200 ")
        stopping.set()
    await plain.aclose()
    assert (app.stages, app.follow.cancelled) == (["startup", "shutdown"], True)
    with pytest.raises(OSError, match="all attempts to connect"):
        await trio.open_tcp_stream("127.0.0.1", ports[0])


@pytest.mark.real
async def test_serve_lets_an_answer_in_flight_finish() -> None:
    app, stopping = Lifetime(), trio.Event()
    listener = listen("127.0.0.1", 0, None)
    received = b""
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, app, [listener], stopping=stopping, graceful=60.0))
        client = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
        await client.send_all(GET)
        received += await client.receive_some()
        stopping.set()
        app.follow.finish.set()
        while chunk := await client.receive_some():
            received += chunk
        await client.aclose()
    assert received.endswith(LAST_CHUNK)


@pytest.mark.real
@pytest.mark.parametrize("graceful", [0.0, 0.3], ids=["in flight", "unread"])
async def test_connection_whose_client_has_not_taken_in_its_answer_is_reset(graceful: float) -> None:
    app, stopping = Lifetime(), trio.Event()
    listener = listen("127.0.0.1", 0, None)
    h2 = H2Connection(H2Configuration(header_encoding=None))
    h2.initiate_connection()
    pseudo = [(b":method", b"GET"), (b":path", b"/"), (b":scheme", b"http"), (b":authority", b"test")]
    h2.send_headers(1, pseudo, end_stream=True)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, app, [listener], stopping=stopping, graceful=graceful))
        client = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
        await client.send_all(h2.data_to_send())
        received = b""
        while b"first" not in received:
            received += await client.receive_some()
        if graceful:
            app.follow.finish.set()
            while b"last" not in received:
                received += await client.receive_some()
        stopping.set()
    with pytest.raises(trio.BrokenResourceError):
        await client.receive_some()
    await client.aclose()
    assert not any(isinstance(event, ConnectionTerminated) for event in h2.receive_data(received))


@pytest.mark.real
async def test_reset_of_the_tcp_connection_cancels_the_app() -> None:
    app, stopping = Lifetime(), trio.Event()
    listener = listen("127.0.0.1", 0, None)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, app, [listener], stopping=stopping, graceful=60.0))
        client = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
        await client.send_all(GET)
        await client.receive_some()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
        await client.aclose()
        stopping.set()
    assert app.follow.cancelled
