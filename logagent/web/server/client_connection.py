"""One client's connection, from its handshake to its end, guarded from all others.

`ClientConnection` stands where Hypercorn has its `TCPServer` and `ProtocolWrapper`; Hypercorn's HTTP/1.1 and request
streams work inside.
"""

from __future__ import annotations

import logging
import math
from contextlib import suppress
from functools import partial
from typing import Any

import trio
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H2CProtocolRequiredError, H2ProtocolAssumedError
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState, LifespanState

from logagent.web.server.burst_writer import BurstWriter
from logagent.web.server.endings import end_by_reset, end_in_order
from logagent.web.server.handshake import CLIENT_HELLO, shake_hands, turn_away
from logagent.web.server.http1 import Http1Protocol
from logagent.web.server.http2 import Http2Protocol
from logagent.web.server.hypercorn_config import hypercorn_config
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.liveness import LivenessMonitor
from logagent.web.server.refusals import Refusals
from logagent.web.server.request_stream import Admit, RequestGuard, RequestStream
from logagent.web.server.tcp import TcpDelivery, addresses_of, delivery_over, transport_of
from logagent.web.server.turnstile import Turnstile

_log = logging.getLogger("logagent.web")

READ_SIZE = 64 * 1024
"""Bytes per read: four full TLS records."""


class ClientConnection:
    """One connection, from its handshake to its end.

    Args:
        app: the ASGI application, wrapped as Hypercorn wants it.
        stream: the client's; closed here in the end.
        limits: how long and how much this connection may keep the server busy.
        context: Hypercorn's; its `terminated` begins a shutdown.
        state: copied into `scope["state"]` of every request.
        monitor: finds clients that have vanished; None: vanished clients are not searched for.
        turnstile: the server's, for clients that send much; None: one of its own.
        admit: decides which requests are let through to the application; None: all.

    Attributes:
        protocol: what the client speaks; set once it is known.
    """

    protocol: Http1Protocol | Http2Protocol

    def __init__(
        self,
        app: AppWrapper,
        stream: trio.abc.Stream,
        limits: ConnectionLimits,
        context: WorkerContext,
        state: LifespanState,
        monitor: LivenessMonitor | None = None,
        turnstile: Turnstile | None = None,
        admit: Admit | None = None,
    ) -> None:
        self._app = app
        self._stream = stream
        self._limits = limits
        self._context = context
        self._monitor = monitor or LivenessMonitor()
        self._turnstile = turnstile or Turnstile()
        self._admit = admit
        self._state = ConnectionState(dict(state))
        self._tls = stream if isinstance(stream, trio.SSLStream) else None
        self._scope = trio.CancelScope()
        self._idle = trio.CancelScope()
        self._writer = BurstWriter(stream, limits, lambda: self.protocol.unhurried, self._write_failed)
        self._refusals = Refusals(addresses_of(stream)[0])
        self._speaking = False
        self._closing = self._client_gone = self._bytes_lost = False

    async def run(self) -> None:
        """Serve until either side ends the connection; an error within is logged and ends this connection alone."""
        try:
            with self._scope:
                await self._serve()
        except* Exception:
            _log.exception("a connection failed")
        finally:
            self._monitor.unwatch(self)
            await self._end()  # noqa: ASYNC102 (bounded, and closes the stream when it is cancelled)
            # It lies in a circle with its protocol until garbage is collected, and a stream with TLS is large.
            del self._stream, self._tls, self._writer

    async def _serve(self) -> None:
        async with TaskGroup() as tasks:
            tasks.spawn(self._end_when_due)
            if await self._handshake():
                await self._speak(tasks)
            self._scope.cancel()

    async def _handshake(self) -> bool:
        if self._tls is not None:
            if not await shake_hands(self._tls, self._limits.handshake_timeout, self._refusals):
                return False
            self._state["client_certificate"] = self._tls.getpeercert(binary_form=True)
        return True

    # Which protocol it speaks

    async def _speak(self, tasks: TaskGroup) -> None:
        self.protocol = self._choose_protocol(tasks)
        self._speaking = True
        self._set_idle(True)
        await self.protocol.initiate()
        await self._read()

    def _choose_protocol(self, tasks: TaskGroup) -> Http1Protocol | Http2Protocol:
        tls, addresses, config = self._tls is not None, addresses_of(self._stream), hypercorn_config(self._limits)
        common = (self._app, config, self._context, tasks)
        guard = None if self._admit is None else RequestGuard(self._admit, self._refusals)
        new_stream = partial(RequestStream, *common, tls, *addresses, guard=guard)
        guards = self._limits, self._turnstile, self._refusals
        self._http2 = partial(Http2Protocol, new_stream, tasks, config, self._state, self._send, *guards)
        if self._tls is not None and self._tls.selected_alpn_protocol() == "h2":
            return self._http2()
        return Http1Protocol(new_stream, *guards, *common, self._state, tls, *addresses, self._send)

    async def _switch_to_http2(self, data: bytes, *request: Any) -> None:
        self.protocol = self._http2()
        await self.protocol.initiate(*request)
        if data:
            await self.protocol.handle(RawData(data))

    # When it ends

    async def _end_when_due(self) -> None:
        """End the connection when it has been idle for too long, or when a shutdown begins."""
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
        elif self.protocol.draining.awaits_receipts:
            self._scope.cancel()
        else:
            await self.protocol.end_if_idle()

    async def _end_for_shutdown(self) -> None:
        if self._speaking:  # Not still shaking hands.
            self._idle = trio.CancelScope()
            await self.protocol.drain()
            with self._idle:
                await trio.sleep_forever()
        self._scope.cancel()

    def _set_idle(self, idle: bool) -> None:
        protocol = self.protocol
        patience = protocol.draining.patience if isinstance(protocol, Http2Protocol) else self._limits.idle_timeout
        self._idle.deadline = trio.current_time() + patience if idle else math.inf
        (self._monitor.unwatch if idle else self._monitor.watch)(self)

    async def _end(self) -> None:
        if not self._speaking:
            await trio.aclose_forcefully(transport_of(self._stream))
        elif self.protocol.cut_unseen and not self._bytes_lost:
            await end_by_reset(self._stream, patience=self._limits.write_timeout)
        elif self._bytes_lost or (self.protocol.unread and not (self._client_gone or self._closing)):
            # After an orderly end, a client may treat a partial answer as complete.
            await end_by_reset(self._stream, patience=0)
        else:
            await end_in_order(self._stream, uploading=self.protocol.uploading, silenced=self.protocol.silenced)

    def _write_failed(self) -> None:
        self._bytes_lost = True
        self._scope.cancel()

    # Whether the client is still there

    def delivery(self) -> TcpDelivery | None:
        """Return what the kernel knows about the bytes sent to the client; None if it is not known."""
        return delivery_over(self._stream)

    def give_up(self) -> None:
        """End the connection of a client that has vanished, without waiting for writes."""
        self._write_failed()

    # What the client sends

    async def _read(self) -> None:
        begun = self._tls is not None
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while received := await self._stream.receive_some(READ_SIZE):
                if not begun and received.startswith(CLIENT_HELLO):
                    await turn_away(self._stream, self._refusals)
                    break
                begun = True
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

    # What the protocols send

    async def _send(self, event: Event) -> None:
        # Checkpoints only in writes: Hypercorn's protocols report idleness from tasks that may be cancelled already.
        if isinstance(event, RawData):
            await self._writer.write(event.data)
        elif isinstance(event, Updated):
            self._set_idle(event.idle)
        elif isinstance(event, Closed):
            # Often from the task of an answer, which may be cancelled by now: another task ends the connection.
            self._closing = True
            self._scope.cancel()
