"""Questions over httpx that blocks; its coroutines never wait, so that they can be run without an event loop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import httpx

from logagent.client.couriers import SentQuestion
from logagent.client.errors import ClientError, ConnectionFailed
from logagent.client.way import CLOSED, CONNECTED, STALE, AgentWay


class SyncCourier:
    """Carries questions to one agent; see `Courier`.

    Args:
        way: to the agent.
        transport: makes the connections; None: those of this machine.
    """

    def __init__(self, way: AgentWay, transport: httpx.BaseTransport | None = None) -> None:
        self._way = way
        self._http = httpx.Client(
            base_url=way.base_url,
            transport=transport or httpx.HTTPTransport(**way.transport_arguments()),
            trust_env=False,
        )
        self._open: set[SyncArriving] = set()

    async def ask(self, asked: SentQuestion) -> SyncArriving:
        """Send a question; see `Courier.ask`."""
        if self._http.is_closed:
            raise ClientError(CLOSED)
        try:
            try:
                response = self._sent(asked)
            except STALE:
                response = self._sent(asked)
        except httpx.HTTPError as error:
            raise self._way.failed(error) from error
        arriving = SyncArriving(response, self._way, self._open)
        self._open.add(arriving)
        return arriving

    def _sent(self, asked: SentQuestion) -> httpx.Response:
        request = self._http.build_request(
            **self._way.request_arguments(asked),
            extensions={"trace": self._looked_at} if self._way.is_guarded else {},
        )
        return self._http.send(request, stream=True)

    def _looked_at(self, event: str, told: Mapping[str, Any]) -> None:
        """Refuse a connection over which no token may be sent; httpcore calls this before anything is sent over it."""
        if event == CONNECTED:
            connection = told["return_value"]
            if refusal := self._way.refusal(connection.get_extra_info("socket")):
                connection.close()
                raise refusal

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: ASYNC251 - no event loop runs

    def now(self) -> float:
        """Return seconds from any beginning."""
        return time.monotonic()

    async def aclose(self) -> None:
        """Close all connections, and leave all responses."""
        for arriving in list(self._open):
            arriving.abandon()
        self._http.close()


class SyncArriving:
    """A response whose body arrives; see `Arriving`.

    Args:
        response: whose head has come.
        way: on which it came.
        open_ones: the courier's responses, of which it is one until it is closed.
    """

    def __init__(self, response: httpx.Response, way: AgentWay, open_ones: set[SyncArriving]) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._way = way
        self._open_ones = open_ones
        self._chunks = response.iter_raw()

    async def chunk(self) -> bytes | None:
        """Return the next piece of the body; see `Arriving.chunk`."""
        if self not in self._open_ones:
            raise ConnectionFailed(CLOSED)
        try:
            return next(self._chunks, None)
        except httpx.HTTPError as error:
            raise self._way.failed(error) from error

    async def finish(self) -> None:
        """Read the end of the body; see `Arriving.finish`."""
        with contextlib.suppress(ConnectionFailed):
            await self.chunk()

    async def aclose(self) -> None:
        """Leave the response; see `Arriving.aclose`."""
        self.abandon()

    def abandon(self) -> None:
        """Leave the response."""
        self._open_ones.discard(self)
        self._response.close()
