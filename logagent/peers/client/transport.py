"""The connections to one agent as an httpx transport: h2 below it, or h11 if a server has no HTTP/2.

httpx's own transport, httpcore 1.0, does not suffice for agents:
- It drops trailers.
- It never resets a response that is abandoned: the other agent continues to read its logs, the unread bytes are never
  credited, and after a hundred such responses the connection takes no more requests.
- It does not deliver a stream's bytes while another stream reads.
- A cancelled write breaks the connection for all streams on it.
Of httpcore, only the public network interface is used, and nothing private of httpx.
"""

from __future__ import annotations

import math
import ssl
import weakref
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpcore
import httpx
import trio

from logagent.peers.client.agent_addresses import AgentAddresses
from logagent.peers.client.credentials import HEADER, Credential
from logagent.peers.client.dialing import Background, Dialer
from logagent.peers.client.downtime import TELL_DOWNTIME
from logagent.peers.client.exchange import Exchange, Header, Unanswered, close, raising
from logagent.peers.client.first_to_answer import FirstToAnswer, first_of
from logagent.peers.client.h1_connection import Http1Connection
from logagent.peers.client.h2_connection import Http2Connection
from logagent.peers.client.tls_connection import start_tls
from logagent.peers.client.turns import Turns

MAX_REQUESTS = 400
"""Requests at a time to one agent: bounds its streams, its connections and what they hold in memory."""

REDIAL_TIMEOUT = 5.0
"""Seconds for a new connection in place of one that may be dead, as long as a request waits for one."""


class ResponseBody(httpx.AsyncByteStream):
    """The body of a response, in pieces as they arrive.

    Args:
        exchange: the body is read from it.
        give_back: called once the body is closed.
    """

    def __init__(self, exchange: Exchange, give_back: Callable[[], object]) -> None:
        self._exchange = exchange
        self._give_back = give_back
        self._left = False
        self._response: Callable[[], httpx.Response | None] = _none

    def belongs_to(self, response: httpx.Response) -> None:
        """Let go of the response once the body is closed: httpx has it hold its stream, and the stream hold it."""
        self._response = weakref.ref(response)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._exchange.chunk()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    def retire(self) -> None:
        """Let no other request use the connection."""
        self._exchange.retire()

    async def aclose(self) -> None:
        """Abandon the exchange and release its place; takes a bounded time, cancelled or not."""
        if not self._left:
            self._left = True
            try:
                await self._exchange.leave()
            finally:
                self._give_back()
                if (response := self._response()) is not None:
                    response.stream = _NOTHING


class AgentTransport(httpx.AsyncBaseTransport):
    """The connections to one agent, and the requests that share them.

    Args:
        agent: its base URL; requests to other hosts are refused.
        tls: for `https://`.
        network: makes the connections.
        background: where attempts to connect go on when no request waits for them; None: each makes its own.
        credential: proves who asks; None: nothing does.
        expects: the name that its certificate must hold; empty: any certificate of the authority that is trusted; None:
            the host of its URL.
        turns: of the connections to all agents; None: these have their own.
    """

    def __init__(
        self,
        agent: httpx.URL,
        tls: ssl.SSLContext | None,
        network: httpcore.AsyncNetworkBackend,
        background: Background | None = None,
        credential: Credential | None = None,
        expects: str | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._turns = turns or Turns()
        self._agent = agent
        self._expects = expects
        self._tls = tls
        self._network = network
        self._places = trio.Semaphore(MAX_REQUESTS)
        self._dialer = Dialer(str(agent), self._dial, self._free, background, self._turns)
        self._connections: list[Http2Connection | Http1Connection] = []
        self._addresses = AgentAddresses()
        self._closed = False
        self._certificate_ends: float | None = None
        self._credential = credential
        self._authorization = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the response once its head has arrived; closing the response releases its place.

        The response's extensions hold `trailing_headers`, complete after the body, `body`, see `ResponseBody`, and
        `certificate_ends`, seconds since the epoch: when the certificate ends that the agent showed last.

        Raises:
            TransportError: of httpx, whatever goes wrong.
            Failure: if the credential may not be sent where a new connection leads.
        """
        self._check(request)
        await self._take_place(request)
        try:
            exchange, (status, headers) = await self._ask(request)
        except BaseException:
            self._places.release()
            self._tell_downtime(request)
            raise
        body = ResponseBody(exchange, self._places.release)
        extensions = {"http_version": exchange.version, "trailing_headers": exchange.trailers, "body": body}
        extensions |= {"certificate_ends": self._certificate_ends}
        response = httpx.Response(status, headers=headers, stream=body, extensions=extensions)
        body.belongs_to(response)
        return response

    def _tell_downtime(self, request: httpx.Request) -> None:
        if (tell := request.extensions.get(TELL_DOWNTIME)) is not None and (downtime := self._dialer.downtime):
            tell(downtime)

    async def aclose(self) -> None:
        """Close all connections, which ends the requests that are under way."""
        self._closed = True
        for connection in self._connections:
            await connection.aclose()
        self._connections.clear()  # each has what redials for it

    def _check(self, request: httpx.Request) -> None:
        url, agent = request.url, self._agent
        if (url.scheme, url.host, url.port) != (agent.scheme, agent.host, agent.port):
            raise httpx.UnsupportedProtocol(f"these connections lead to {agent}, not to {url}")
        if "transfer-encoding" in request.headers:
            raise httpx.LocalProtocolError("the body of a request to an agent has a known length")

    async def _take_place(self, request: httpx.Request) -> None:
        with trio.move_on_after(_patience(request, "pool")):
            await self._places.acquire()
            return
        raise httpx.PoolTimeout(f"{MAX_REQUESTS} requests to {self._agent} are under way")

    async def _ask(self, request: httpx.Request) -> tuple[Exchange, tuple[int, list[Header]]]:
        """Send a request, and return its exchange and the head of the response.

        The loop ends, since each retry closes a dead connection or leaves out an address, and the error of a new
        connection is not retried.
        """
        while True:
            connection = self._free() or await self._dialer.connection(_patience(request, "connect"))
            if self._authorization:
                request.headers[HEADER] = self._authorization
            exchange = connection.open(request)
            try:
                with trio.move_on_after(self._addresses.time_for_head(connection, request.method)):
                    return exchange, await exchange.head()
                self._addresses.note_silence(connection)
                await exchange.leave()
            except Unanswered:
                await exchange.leave()
            except BaseException:
                await exchange.leave()  # noqa: ASYNC102 (shields itself, for a second at most)
                raise

    def _free(self) -> Http2Connection | Http1Connection | None:
        return next((connection for connection in self._connections if connection.available), None)

    async def _dial(self, answered: Callable[[], None]) -> Http2Connection | Http1Connection:
        await self._tidy()
        port = self._agent.port or (443 if self._tls else 80)
        addresses = [(self._host, port)]
        if isinstance(self._network, FirstToAnswer):
            with raising(httpx.ConnectError):
                addresses = await self._network.addresses(self._host, port)
        attempts = [partial(self._dial_at, address, answered) for address in self._addresses.to_try(addresses)]
        connection = await first_of(attempts, lambda connection: connection.aclose())
        self._connections.append(connection)
        return connection

    async def _dial_at(
        self, address: tuple[str, int], answered: Callable[[], None]
    ) -> Http2Connection | Http1Connection:
        with raising(httpx.ConnectError):
            raw = await self._network.connect_tcp(*address)
        answered()
        try:
            connection = await self._greet(raw)
            if self._closed:
                raise httpx.ConnectError("the client was closed")
            self._addresses.note(connection, address)
        except BaseException:
            await close(raw)  # noqa: ASYNC102 (shields itself, for a second at most)
            raise
        return connection

    async def _authorize(self, raw: httpcore.AsyncNetworkStream) -> None:
        """Get what proves who asks, now that a connection is there, unless it may not be sent over it."""
        if self._credential is not None:
            if self._credential.is_stale:
                await trio.to_thread.run_sync(self._credential.refresh, abandon_on_cancel=True)
            self._authorization = self._credential.authorization(raw.get_extra_info("socket"))

    @property
    def _host(self) -> str:
        return self._agent.raw_host.decode("ascii")

    async def _greet(self, raw: httpcore.AsyncNetworkStream) -> Http2Connection | Http1Connection:
        below = raw
        if self._tls is not None:
            self._tls.set_alpn_protocols(["h2", "http/1.1"])
            raw = tls = await self._turns.handshake(
                partial(start_tls, raw, self._tls, self._host if self._expects is None else self._expects)
            )
            self._certificate_ends = tls.certificate_ends
            agreed = raw.get_extra_info("ssl_object").selected_alpn_protocol()
            await self._authorize(below)
            if agreed != "h2":
                return Http1Connection(raw)
        else:
            await self._authorize(below)
        connection = Http2Connection(raw, partial(self._dialer.redial, REDIAL_TIMEOUT), self._turns.window)
        await connection.start()
        return connection

    async def _tidy(self) -> None:
        for connection in [connection for connection in self._connections if connection.expired]:
            await connection.aclose()
        self._connections = [connection for connection in self._connections if not connection.closed]


_NOTHING = httpx.ByteStream(b"")
"""The stream of a response that is closed."""


def _none() -> None:
    return None


def _patience(request: httpx.Request, stage: str) -> float:
    """Return the seconds that a request may spend in one stage of httpx's timeouts."""
    patience: Any = request.extensions.get("timeout", {}).get(stage)
    return math.inf if patience is None else float(patience)
