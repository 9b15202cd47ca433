"""Questions over httpx on Trio or asyncio, whichever runs."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from typing import Any

import anyio
import httpx

from logagent.client.couriers import SentQuestion
from logagent.client.errors import ClientError, ConnectionFailed
from logagent.client.way import CLOSED, CONNECTED, STALE, AgentWay

CLOSE_TIME = 1.0
"""Seconds for closing a connection in good order."""


class AsyncCourier:
    """Carries questions to one agent; see `Courier`.

    Args:
        way: to the agent.
        transport: makes the connections; None: those of this machine.
    """

    def __init__(self, way: AgentWay, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._way = way
        self._http = httpx.AsyncClient(
            base_url=way.base_url,
            transport=transport or httpx.AsyncHTTPTransport(**way.transport_arguments()),
            trust_env=False,
        )
        self._open: set[AsyncArriving] = set()

    async def ask(self, asked: SentQuestion) -> AsyncArriving:
        """Send a question; see `Courier.ask`."""
        if self._http.is_closed:
            raise ClientError(CLOSED)
        await self._close_abandoned()
        try:
            try:
                response = await self._sent(asked)
            except STALE:
                response = await self._sent(asked)
        except httpx.HTTPError as error:
            raise self._way.failed(error) from error
        arriving = AsyncArriving(response, self._way, self._open)
        self._open.add(arriving)
        return arriving

    async def _sent(self, asked: SentQuestion) -> httpx.Response:
        request = self._http.build_request(
            **self._way.request_arguments(asked),
            extensions={"trace": self._looked_at} if self._way.is_guarded else {},
        )
        return await self._http.send(request, stream=True)

    async def _looked_at(self, event: str, told: Mapping[str, Any]) -> None:
        """Refuse a connection over which no token may be sent; httpcore calls this before anything is sent over it."""
        if event == CONNECTED:
            connection = told["return_value"]
            if refusal := self._way.refusal(connection.get_extra_info("socket")):
                await connection.aclose()
                raise refusal

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    def now(self) -> float:
        """Return the event loop's time."""
        return anyio.current_time()

    async def _close_abandoned(self) -> None:
        for arriving in [each for each in self._open if each.abandoned]:
            await arriving.aclose()

    async def aclose(self) -> None:
        """Close all connections, and leave all responses."""
        for arriving in list(self._open):
            await arriving.aclose()
        await self._http.aclose()


class AsyncArriving:
    """A response whose body arrives; see `Arriving`.

    Args:
        response: whose head has come.
        way: on which it came.
        open_ones: the courier's responses, of which it is one until it is closed.

    Attributes:
        abandoned: whether nobody reads it any more.
    """

    def __init__(self, response: httpx.Response, way: AgentWay, open_ones: set[AsyncArriving]) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.abandoned = False
        self._response = response
        self._way = way
        self._open_ones = open_ones
        self._chunks = response.aiter_raw()
        self._begun = self._ended = self._closed = False

    async def chunk(self) -> bytes | None:
        """Return the next piece of the body; see `Arriving.chunk`."""
        if self._closed:
            raise ConnectionFailed(CLOSED)
        self._begun, self._ended = True, True  # unless a piece comes
        try:
            piece = await anext(self._chunks)
        except StopAsyncIteration:
            return None
        except httpx.HTTPError as error:
            raise self._way.failed(error) from error
        self._ended = False
        return piece

    async def finish(self) -> None:
        """Read the end of the body; see `Arriving.finish`."""
        with anyio.move_on_after(CLOSE_TIME), contextlib.suppress(ConnectionFailed):
            await self.chunk()

    async def aclose(self) -> None:
        """Leave the response; see `Arriving.aclose`."""
        self._open_ones.discard(self)
        with anyio.move_on_after(CLOSE_TIME, shield=True):
            if self._begun and not self._ended:
                await self._unwind()
            await self._response.aclose()
        self._closed = True

    async def _unwind(self) -> None:
        """End the generators of httpx and httpcore by cancelling what they wait for, which closes the connection.

        Dropped unfinished they would be closed by the garbage collector, whenever that comes, and Trio warns of it.
        """
        with anyio.CancelScope() as left, contextlib.suppress(ConnectionFailed):
            left.cancel()
            while await self.chunk() is not None:  # what was received already comes without waiting
                pass

    def abandon(self) -> None:
        """Stop the agent at once; see `Arriving.abandon`."""
        self.abandoned = True
        below = self._response.extensions["network_stream"].get_extra_info("socket")
        if below is not None:
            with contextlib.suppress(OSError):
                below.shutdown(socket.SHUT_RDWR)
