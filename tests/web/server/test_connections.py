"""An application served on real sockets, from its start to its end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated
from trio.testing import MockClock, memory_stream_pair

from logagent.web.server.connections import serve, serve_only
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.listening import listen, server_tls
from testbed.asgi import Follow, hello
from testbed.raw_http import GET, LAST_CHUNK, Http1Client

LIMITS = ConnectionLimits()
Open = Callable[..., Http1Client]


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
async def test_serve_ends_although_a_client_does_not_read(issued: Any) -> None:
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


# One connection that is all there is


async def test_the_only_connection_gets_what_is_known_of_its_client(autojump_clock: MockClock) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await Lifetime()(scope, receive, send)
            return
        seen.append(scope["state"]["who"])
        await hello(scope, receive, send)

    ours, theirs = memory_stream_pair()
    await ours.send_all(GET)
    await ours.send_eof()
    await serve_only(app, theirs, state={"who": "me"}, stopping=trio.Event(), graceful=1.0)
    assert seen == ["me"]


async def test_the_only_connection_ends_with_its_client_and_the_application_with_it(autojump_clock: MockClock) -> None:
    app = Lifetime()
    ours, theirs = memory_stream_pair()
    await ours.send_all(GET)
    async with trio.open_nursery() as nursery:
        serving = partial(serve_only, app, theirs, state={}, stopping=trio.Event(), graceful=1.0)
        nursery.start_soon(serving)
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 200 ")
        await ours.aclose()
    assert (app.stages, app.follow.cancelled) == (["startup", "shutdown"], True)


async def test_the_only_connection_is_cut_after_the_graceful_time(autojump_clock: MockClock) -> None:
    app, stopping = Lifetime(), trio.Event()
    ours, theirs = memory_stream_pair()
    await ours.send_all(GET)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(serve_only, app, theirs, state={}, stopping=stopping, graceful=8.0))
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 200 ")
        began = trio.current_time()
        stopping.set()
    assert (app.follow.cancelled, trio.current_time() - began) == (True, 8.0)
