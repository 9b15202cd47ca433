"""Connections: each guarded from the others, all of them ended in bounded time.

`serve` accepts them for one ASGI app, `serve_connection` serves a single one over any Trio stream. A `Connection`
stands where Hypercorn has its `TCPServer` and `ProtocolWrapper`; Hypercorn's HTTP/1.1 and request streams work inside.
"""

from __future__ import annotations

import logging
import math
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from functools import cache, partial
from typing import Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H2CProtocolRequiredError, H2ProtocolAssumedError
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ASGIFramework, ConnectionState, LifespanState
from hypercorn.utils import parse_socket_addr

from logagent.web.server.http1 import Http1Protocol
from logagent.web.server.http2 import Http2Protocol
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.listening import Listener, listen, server_tls
from logagent.web.server.presence import Delivery, Presence, delivery
from logagent.web.server.request_stream import QUEUED_MESSAGES, RequestStream

__all__ = ["ConnectionLimits", "Listener", "listen", "serve", "serve_connection", "server_tls"]

logger = logging.getLogger("logagent.web")

DEFAULT_LIMITS = ConnectionLimits()

# Bytes per read: a full TLS record four times over.
READ_SIZE = 64 * 1024

# s in which a client may read the end of what it was sent after we have ended a connection. Closing at once, with
# unread bytes of an upload in the socket, would make the kernel throw away what the client has not read yet.
LINGER = 2.0

# What `serve_connection` is given: a `trio.SocketStream`, a `trio.SSLStream`, or one in memory.
Stream = trio.abc.Stream


class Connection:
    """One connection, from its handshake to its end.

    Args:
        app: the ASGI app, wrapped as Hypercorn wants it.
        stream: the client's; closed here in the end.
        limits: how long and how much this connection may keep us busy.
        context: Hypercorn's; its `terminated` is the beginning of a shutdown.
        state: copied into `scope["state"]` of every request.
        presence: looks after clients that are gone without a word; left out, nobody does.
    """

    def __init__(
        self,
        app: AppWrapper,
        stream: Stream,
        limits: ConnectionLimits,
        context: WorkerContext,
        state: LifespanState,
        presence: Presence | None = None,
    ) -> None:
        self._app = app
        self._stream = stream
        self._limits = limits
        self._context = context
        self._presence = presence or Presence()
        self._state = ConnectionState(dict(state))
        self._config = hypercorn_config(limits)
        self._tls = stream if isinstance(stream, trio.SSLStream) else None
        self.protocol: Http1Protocol | Http2Protocol
        self._scope = trio.CancelScope()
        self._idle = trio.CancelScope()
        self._sending = trio.Lock()
        self._speaking = False
        self._closing = False
        self._client_gone = False

    async def run(self) -> None:
        """Serves until either side ends it; an error within is logged and ends this connection alone."""
        try:
            with self._scope:
                await self._serve()
        except* Exception:
            logger.exception("a connection failed")
        finally:
            self._presence.leave(self)
            if self._answers_cut:
                reset_on_close(self._stream)
            with trio.move_on_after(LINGER):
                await self._stream.aclose()

    async def _serve(self) -> None:
        async with TaskGroup() as tasks:
            tasks.spawn(self._watch)
            if await self._handshake():
                await self._speak(tasks)
            self._scope.cancel()

    async def _speak(self, tasks: TaskGroup) -> None:
        self.protocol = self._choose_protocol(tasks)
        self._speaking = True
        self._set_idle(True)
        await self.protocol.initiate()
        await self._read()

    async def _handshake(self) -> bool:
        if self._tls is None:
            return True
        try:
            with trio.fail_after(self._limits.handshake_timeout):
                await self._tls.do_handshake()
        except (trio.BrokenResourceError, trio.TooSlowError):
            return False
        self._state["client_certificate"] = self._tls.getpeercert(binary_form=True)
        return True

    def _choose_protocol(self, tasks: TaskGroup) -> Http1Protocol | Http2Protocol:
        tls = self._tls is not None
        peers = addresses(self._stream)
        common = (self._app, self._config, self._context, tasks)
        new_stream = partial(RequestStream, *common, tls, *peers)
        self._http2 = partial(Http2Protocol, new_stream, tasks, self._config, self._state, self._send, self._limits)
        if self._tls is not None and self._tls.selected_alpn_protocol() == "h2":
            return self._http2()
        return Http1Protocol(new_stream, *common, self._state, tls, *peers, self._send)

    async def _watch(self) -> None:
        """Ends the connection when it has been idle for too long, or when a shutdown begins."""
        stopping = self._context.terminated
        while not stopping.is_set():
            with self._idle:
                await stopping.wait()
            if self._idle.cancelled_caught:
                await self._end_idle()
        await self._end_for_shutdown()

    async def _end_idle(self) -> None:
        self._idle = trio.CancelScope()
        if not isinstance(self.protocol, Http2Protocol):
            await self.protocol.drain()
        elif self.protocol.awaiting:
            self._scope.cancel()
        else:
            await self.protocol.part()

    async def _end_for_shutdown(self) -> None:
        if self._speaking:  # Not still shaking hands.
            self._idle = trio.CancelScope()
            await self.protocol.drain()
            with self._idle:
                await trio.sleep_forever()
        self._scope.cancel()

    @property
    def _answers_cut(self) -> bool:
        """Whether we end the connection although the client may not have taken in all of its answers.

        It must then be reset: a client may take what it has for the whole if the connection ends in an orderly manner.
        """
        if self._client_gone or self._closing or not self._speaking:
            return False
        return isinstance(self.protocol, Http2Protocol) and not self.protocol.finished

    # Whether the client is still there

    def delivery(self) -> Delivery | None:
        """How it stands with what was sent to the client."""
        return delivery(self._stream)

    def give_up(self) -> None:
        """Ends the connection of a client that is gone, without waiting for it to take anything."""
        reset_on_close(self._stream)
        self._scope.cancel()

    # What the client sends

    async def _read(self) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while received := await self._stream.receive_some(READ_SIZE):
                if not self._closing:
                    await self._handle(RawData(bytes(received)))
        self._client_gone = True
        await self.protocol.handle(Closed())

    async def _handle(self, event: RawData) -> None:
        try:
            await self.protocol.handle(event)
        except H2ProtocolAssumedError as prior_knowledge:
            await self._switch_to_http2(prior_knowledge.data)
        except H2CProtocolRequiredError as upgrade:
            await self._switch_to_http2(upgrade.data, upgrade.headers, upgrade.settings)

    async def _switch_to_http2(self, data: bytes, *request: Any) -> None:
        self.protocol = self._http2()
        await self.protocol.initiate(*request)
        if data:
            await self.protocol.handle(RawData(data))

    # What the protocols send

    async def _send(self, event: Event) -> None:
        # No checkpoint but for writing: Hypercorn's protocols report idleness from tasks that may be cancelled by then.
        if isinstance(event, RawData):
            await self._write(event.data)
        elif isinstance(event, Updated):
            self._set_idle(event.idle)
        elif isinstance(event, Closed):
            await self._say_goodbye()

    def _set_idle(self, idle: bool) -> None:
        patience = self.protocol.patience if isinstance(self.protocol, Http2Protocol) else self._limits.idle_timeout
        self._idle.deadline = trio.current_time() + patience if idle else math.inf
        (self._presence.leave if idle else self._presence.enter)(self)

    async def _write(self, data: bytes) -> None:
        # HTTP/1.1 hands over whole chunks, however large; the deadline is for one burst, or a little more than that.
        pieces = max(1, len(data) // self._limits.burst)
        size = math.ceil(len(data) / pieces)
        async with self._sending:
            for number in range(pieces):
                await self._write_burst(memoryview(data)[number * size : (number + 1) * size])

    async def _write_burst(self, data: memoryview) -> None:
        complete = False
        try:
            with trio.move_on_after(math.inf if self.protocol.unhurried else self._limits.write_timeout):
                await self._stream.send_all(data)
                complete = True
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # The client has gone; the reader may not have noticed yet.
        finally:
            if not complete:
                self._scope.cancel()  # Nothing may follow half a write.

    async def _say_goodbye(self) -> None:
        """Ends our direction, and leaves the client a moment to read what was sent and to end its own."""
        self._closing = True
        self._scope.deadline = trio.current_time() + LINGER
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                async with self._sending:
                    await self._stream.send_eof()
        elif not (isinstance(self.protocol, Http1Protocol) and self.protocol.uploading):
            self._scope.cancel()  # TLS has no half-closing, and the client waits for the end that `aclose` tells it.


def addresses(stream: Any) -> tuple[tuple[str, int] | None, tuple[str, int] | None]:
    """The client's and our own address, None each for a stream in memory or a client that has already gone."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    with suppress(OSError, AttributeError):
        ours = transport.socket
        return (
            parse_socket_addr(ours.family, ours.getpeername()),
            parse_socket_addr(ours.family, ours.getsockname()),
        )
    return None, None


def reset_on_close(stream: Any) -> None:
    """Has the client's reading fail (ECONNRESET) once the stream is closed; one in memory is closed as ever."""
    transport = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    with suppress(OSError, AttributeError):
        transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@cache
def hypercorn_config(limits: ConnectionLimits) -> Config:
    """Hypercorn's settings, as far as the parts of it that are used here look at them."""
    config = Config()
    config.errorlog = logger
    config.include_server_header = False
    config.keep_alive_max_requests = limits.requests_per_connection
    config.h11_max_incomplete_size = limits.header_bytes
    config.max_app_queue_size = QUEUED_MESSAGES
    return config


async def serve_connection(
    app: ASGIFramework,
    stream: Stream,
    *,
    limits: ConnectionLimits = DEFAULT_LIMITS,
    context: WorkerContext | None = None,
    state: LifespanState | None = None,
) -> None:
    """Serves one connection, HTTP/2 or HTTP/1.1 as the client chooses, until it ends.

    Args:
        app: the ASGI app; its lifespan is not run here.
        stream: a `trio.SocketStream`, a server-side `trio.SSLStream` before its handshake, or any other Trio stream.
            Closed here.
        limits: how long and how much this connection may keep us busy.
        context: set its `terminated` to drain the connection.
        state: copied into `scope["state"]` of every request, `client_certificate` (DER bytes or None) added over TLS.

    Cancelling it closes the stream at once. Errors of this connection are logged, never raised.
    """
    await Connection(ASGIWrapper(app), stream, limits, context or WorkerContext(None), state or {}).run()


async def serve(
    app: ASGIFramework,
    listeners: Sequence[Listener],
    *,
    limits: ConnectionLimits = DEFAULT_LIMITS,
    stopping: trio.Event,
    graceful: float,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serves an ASGI app on all listeners until `stopping` is set.

    Args:
        app: the ASGI app; its lifespan surrounds everything here.
        listeners: bound sockets; closed here.
        limits: those of every connection.
        stopping: once set, nothing more is accepted, idle connections end, the others as soon as their answers have.
        graceful: s that answers in flight may take after that; then they are cut.
        task_status: started as soon as connections are accepted.

    Raises:
        ExceptionGroup: of Hypercorn's `LifespanFailureError` or `LifespanTimeoutError`, when the app does not start.
    """
    with ExitStack() as sockets:
        for listener in listeners:
            sockets.enter_context(listener.socket)
        lifespan = Lifespan(ASGIWrapper(app), hypercorn_config(limits), {})
        context, presence = WorkerContext(None), Presence()
        async with trio.open_nursery() as background:
            await background.start(lifespan.handle_lifespan)
            await lifespan.wait_for_startup()
            background.start_soon(presence.watch)
            handler = partial(_serve_accepted, lifespan.app, limits, context, lifespan.state, presence)
            await _serve_until(stopping, graceful, listeners, handler, context, task_status)
            await lifespan.wait_for_shutdown()
            background.cancel_scope.cancel()


async def _serve_until(
    stopping: trio.Event,
    graceful: float,
    listeners: Sequence[Listener],
    handler: Callable[[ssl.SSLContext | None, trio.SocketStream], Awaitable[None]],
    context: WorkerContext,
    task_status: trio.TaskStatus[None],
) -> None:
    async with trio.open_nursery() as connections:
        async with trio.open_nursery() as accepting:
            for listener in listeners:
                accepting.start_soon(_accept, listener, partial(handler, listener.tls), connections)
            task_status.started()
            await stopping.wait()
            accepting.cancel_scope.cancel()
        connections.cancel_scope.deadline = trio.current_time() + graceful
        await context.terminated.set()


async def _accept(
    listener: Listener, handler: Callable[[trio.SocketStream], Awaitable[None]], connections: trio.Nursery
) -> None:
    sockets = trio.SocketListener(trio.socket.from_stdlib_socket(listener.socket))
    await trio.serve_listeners(handler, [sockets], handler_nursery=connections)


async def _serve_accepted(
    app: AppWrapper,
    limits: ConnectionLimits,
    context: WorkerContext,
    state: LifespanState,
    presence: Presence,
    tls: ssl.SSLContext | None,
    accepted: trio.SocketStream,
) -> None:
    stream: Stream = accepted
    if tls is not None:
        stream = trio.SSLStream(accepted, tls, server_side=True, https_compatible=True)
    await Connection(app, stream, limits, context, state, presence).run()
