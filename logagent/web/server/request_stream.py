"""One request and its answer, over either HTTP: Hypercorn's stream, with an application that ends with its client."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

import trio
from hypercorn.protocol.events import Body, Event, StreamClosed
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream

from logagent.core.escapes import bare_path
from logagent.web.server.abandoned import tell_abandoned_scope
from logagent.web.server.refusals import Refusals, RefusedRequest

Admit = Callable[[Mapping[str, Any]], tuple[int, str] | None]
"""Decides whether a request is let through to the application, see `RequestGuard`."""

UNREAD_LIMIT = 2**16
"""Bytes of a request's body that wait for the application; beyond it no more are taken from the client. One more than
the first window of an HTTP/2 stream, so that an HTTP/2 client is stopped by that window."""

QUEUED_MESSAGES = sys.maxsize
"""Messages that may wait for an application: unlimited, since UNREAD_LIMIT bounds their bytes, and since Hypercorn's
own limit of ten holds a whole connection up for one application that does not read."""


class RequestGuard(NamedTuple):
    """Refuses requests of one client.

    Attributes:
        admit: returns why the request of an ASGI scope is refused, as a status and a sentence; None: it is not.
        refusals: makes the answers.
    """

    admit: Admit
    refusals: Refusals

    def refused(self, scope: Mapping[str, Any]) -> RefusedRequest | None:
        """Return the answer to a request that is refused; None if it is not."""
        reason = self.admit(scope)
        asked = f"{scope['method']} {bare_path(scope['path'])}"
        return None if reason is None else self.refusals.refuse(*reason, asked=asked)


class RequestStream(HTTPStream):
    """One request and its answer: Hypercorn's stream, with an application that ends when its client leaves.

    Hypercorn only sends `http.disconnect`, which an application that is busy sending never sees. Here its task is
    cancelled when the client leaves before the answer is finished, and left alone when the answer is finished.

    Args:
        app: the application, wrapped as Hypercorn wants it.
        others: as in `HTTPStream`.
        guard: refuses requests before the application sees them; None: every request is let through.
        credit: called with the number of bytes of the request's body that the application has read.

    Attributes:
        beside: the other requests of its connection that were not answered when it came; the application finds the
            number in `scope["beside"]`.
        unread: bytes of the request's body that wait for the application.
        unhurried: whether the client may stop reading for any time, since the answer does not end by itself. The
            application sets it by `"unhurried": True` in `http.response.start`.
    """

    def __init__(
        self,
        app: Any,
        *others: Any,
        guard: RequestGuard | None = None,
        credit: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(self._answer, *others)
        self._guard = guard
        self.beside = self.unread = 0
        self.unhurried = False
        self._framework = app
        self._credit = credit
        self._in_flight = trio.CancelScope()
        self._body_read = trio.Event()
        self._has_sent = False

    async def handle(self, event: Event) -> None:
        """Take one of Hypercorn's stream events; wait while too much of the request's body is unread."""
        if isinstance(event, StreamClosed):
            self._end()
        elif isinstance(event, Body) and not self.closed:
            self.unread += len(event.data)
        await super().handle(event)
        while self.unread >= UNREAD_LIMIT:
            self._body_read = trio.Event()
            await self._body_read.wait()

    def _end(self) -> None:
        self.unread = 0
        self._body_read.set()
        if self.state is not ASGIHTTPState.CLOSED:
            self._in_flight.cancel()

    async def _answer(self, scope: Any, receive: Any, send: Any, sync_spawn: Any, call_soon: Any) -> None:
        del self.app  # it is this method, by which the request would outlive its answer until garbage is collected
        # Browsers have dropped server push, and it is not spoken here, whatever Hypercorn says.
        scope["extensions"].pop("http.response.push", None)
        scope["beside"] = self.beside
        if self._in_flight.cancel_called:
            tell_abandoned_scope(scope)
            return  # A client that resets its request at once never reaches the application.
        with self._in_flight:
            refused = self._guard and self._guard.refused(scope)
            if refused:
                await refused.send(send)
                return
            try:
                await self._framework(scope, self._receiver(receive), self._sender(send), sync_spawn, call_soon)
            except BaseExceptionGroup as group:
                if group.split(trio.Cancelled)[1] is None:
                    # A single one in its place: Hypercorn keeps a group, and by its traceback all of the answer, in a
                    # circle that only the garbage collector undoes.
                    await trio.lowlevel.checkpoint_if_cancelled()  # noqa: ASYNC120  # for that it is here
                raise

    def _receiver(self, receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def receive_and_credit() -> Any:
            message = await receive()
            self._note_read(len(message.get("body", b"")))
            return message

        return receive_and_credit

    def _note_read(self, length: int) -> None:
        if length and not self.closed:
            self.unread -= length
            self._body_read.set()
            if self._credit is not None:
                self._credit(length)

    def _sender(self, send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
        async def send_and_yield(message: Any) -> None:
            self.unhurried = self.unhurried or bool(message.get("unhurried"))
            await send(message)
            if self._has_sent and message.get("more_body"):
                # An application that sends for ever must let others run, also where its bytes are dropped (HEAD). The
                # first piece is often all there is: its end is to go out in the same write.
                await trio.lowlevel.checkpoint()
            self._has_sent = message["type"] == "http.response.body"

        return send_and_yield


class NewStream(Protocol):
    """Makes the stream for one request."""

    def __call__(
        self,
        send: Callable[[Event], Awaitable[None]],
        stream_id: int,
        *,
        credit: Callable[[int], None] | None = None,
    ) -> RequestStream:
        """Make a stream.

        Args:
            send: takes the events of its answer.
            stream_id: 1 over HTTP/1.1.
            credit: called with the number of bytes of the request's body that the application has read.
        """
        ...
