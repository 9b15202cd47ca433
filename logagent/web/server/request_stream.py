"""One request and its answer, whichever HTTP it came by: Hypercorn's stream, with an app that ends with its client."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from hypercorn.protocol.events import Body, Event, StreamClosed
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream

# Bytes of a request's body that wait for an app to read them; then no more are taken from the client. Above the 65,535
# bytes of an HTTP/2 stream's first window, so that it is that window which stops an HTTP/2 client.
UNREAD_LIMIT = 2**16

# Messages that may wait for an app. Unlimited, since UNREAD_LIMIT bounds their bytes and since Hypercorn's own limit of
# ten holds a whole connection up for one app that does not read.
QUEUED_MESSAGES = sys.maxsize


class RequestStream(HTTPStream):
    """One request and its answer: Hypercorn's stream, with an app that ends when its client leaves.

    Hypercorn only sends `http.disconnect`, which an app that is busy sending never sees. Here the app's task is
    cancelled when the client leaves before the answer is finished, and left alone when the answer is finished.

    An app may say `"unhurried": True` in `http.response.start`, for an answer that goes on without an end: its client
    may then stop reading for as long as it likes. `unhurried` tells that it has.

    Args:
        credit: told how many bytes of the request's body the app has read.
        others: as in `HTTPStream`.
    """

    def __init__(self, app: Any, *others: Any, credit: Callable[[int], None] | None = None) -> None:
        super().__init__(self._answer, *others)
        self.unread = 0
        self.unhurried = False
        self._framework = app
        self._credit = credit
        self._in_flight = trio.CancelScope()
        self._body_read = trio.Event()

    async def handle(self, event: Event) -> None:
        """Takes Hypercorn's stream events; holds up whoever brings them while too much of the body is unread."""
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
        # Server push is gone from browsers and not spoken here, whatever Hypercorn says.
        scope["extensions"].pop("http.response.push", None)
        if self._in_flight.cancel_called:
            return  # A client that asks and resets at once costs no request.
        with self._in_flight:
            await self._framework(scope, self._receiver(receive), self._sender(send), sync_spawn, call_soon)

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
            if message.get("more_body"):
                # An app that sends for ever must let others run, also where its bytes go nowhere (HEAD).
                await trio.lowlevel.checkpoint()

        return send_and_yield
