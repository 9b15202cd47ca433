"""The HTTP client that one agent uses for another: httpx above, h2 below (h11 where a server has no HTTP/2).

This is a transport of its own (`httpx.AsyncBaseTransport`), since httpcore 1.0, which httpx brings along, cannot carry
what agents say to each other. It drops trailers. It never resets a response that is left early: the other agent reads
on, the unread bytes stay uncredited, and after a hundred of them the connection takes no more requests. It lets a
stream's data lie while a neighbour reads, and a cancelled write garbles the connection for everyone on it.
Of httpcore only its public network interface is used, and nothing private of httpx.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpcore
import httpx
import trio

from logagent.peers.client.exchange import Exchange, Header, Unanswered, close, raising
from logagent.peers.client.h1_connection import Http1Connection
from logagent.peers.client.h2_connection import Http2Connection

CONNECT_TIMEOUT = 5.0  # s: TCP, TLS and the first SETTINGS together, four round trips to a host that is up
POOL_TIMEOUT = 5.0  # s: the wait for a free place among MAX_REQUESTS, said aloud as httpx.PoolTimeout when it passes
MAX_REQUESTS = 400  # at a time to one agent: bounds its streams, its connections and what they hold in memory


def connect(
    url: str, *, tls: ssl.SSLContext | None = None, network: httpcore.AsyncNetworkBackend | None = None
) -> httpx.AsyncClient:
    """A client for the one agent at `url`, with connections of its own; nothing is sent before the first request.

    `http://` speaks HTTP/2 by prior knowledge; `https://` agrees on it in the handshake and falls back to HTTP/1.1,
    checking the server by `tls` (the system's authorities if left out). `network` stands in for TCP. The caller closes
    the client, which ends what is still under way. Requests carry no body: no route of an agent takes one.
    Everything that goes wrong after this call is an `httpx.TransportError`. The client limits only the time to connect
    and to get a place; every other deadline is a cancel scope of the caller's, and a request may be cancelled anywhere.
    Raises ValueError for any other scheme.
    """
    agent = httpx.URL(url)
    if agent.scheme not in ("http", "https"):
        raise ValueError(f"an agent's address begins with http:// or https://, this one does not: {url}")
    context = (tls or system_tls()) if agent.scheme == "https" else None
    return httpx.AsyncClient(
        base_url=agent,
        transport=_Transport(agent, context, network or httpcore.TrioBackend()),
        headers={"te": "trailers"},
        timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT, pool=POOL_TIMEOUT),
        follow_redirects=False,
        trust_env=False,
    )


def trailers(response: httpx.Response) -> dict[str, str]:
    """The trailers of a response whose body was read to its end; empty if none came. Commas join repeated names."""
    return dict(httpx.Headers(response.extensions.get("trailing_headers", [])))


def chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it arrives, like `response.aiter_raw()`, but free to be dropped half-way.

    httpx's own iterators are generators: one that is dropped unfinished is closed by the garbage collector, and Trio
    warns of each. This one holds nothing; leaving the response is what gives the stream up.
    """
    body: _Body | None = response.extensions.get("body")
    return response.aiter_raw() if body is None else body


def client_tls(ca: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """TLS that trusts the authority in `ca` (PEM) and no other, checks the host's name, and presents `certificate`.

    `key` may be left out if the certificate's file holds it. Raises OSError if a file cannot be read or used.
    """
    context = ssl.create_default_context(cafile=ca)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def system_tls() -> ssl.SSLContext:
    """TLS that trusts the system's authorities, checks the host's name and presents no certificate."""
    return ssl.create_default_context()


class _Body(httpx.AsyncByteStream):
    """A response's body; closing it leaves the exchange and gives the place back."""

    def __init__(self, exchange: Exchange, give_back: Callable[[], object]) -> None:
        self._exchange = exchange
        self._give_back = give_back
        self._left = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._exchange.chunk()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        if not self._left:
            self._left = True
            try:
                await self._exchange.leave()
            finally:
                self._give_back()


class _Transport(httpx.AsyncBaseTransport):
    """The connections to one agent, and the requests that share them."""

    def __init__(self, agent: httpx.URL, tls: ssl.SSLContext | None, network: httpcore.AsyncNetworkBackend) -> None:
        self._agent = agent
        self._tls = tls
        self._network = network
        self._places = trio.Semaphore(MAX_REQUESTS)
        self._dialing = trio.Lock()
        self._connections: list[Http2Connection | Http1Connection] = []
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._check(request)
        await self._take_place(request)
        try:
            exchange, (status, headers) = await self._ask(request)
        except BaseException:
            self._places.release()
            raise
        body = _Body(exchange, self._places.release)
        extensions = {"http_version": exchange.version, "trailing_headers": exchange.trailers, "body": body}
        return httpx.Response(status, headers=headers, stream=body, extensions=extensions)

    async def aclose(self) -> None:
        self._closed = True
        for connection in self._connections:
            await connection.aclose()

    def _check(self, request: httpx.Request) -> None:
        url, agent = request.url, self._agent
        if (url.scheme, url.host, url.port) != (agent.scheme, agent.host, agent.port):
            raise httpx.UnsupportedProtocol(f"these connections lead to {agent}, not to {url}")
        if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
            raise httpx.LocalProtocolError("requests to an agent carry no body")

    async def _take_place(self, request: httpx.Request) -> None:
        with trio.move_on_after(_patience(request, "pool")):
            await self._places.acquire()
            return
        raise httpx.PoolTimeout(f"{MAX_REQUESTS} requests to {self._agent} are under way")

    async def _ask(self, request: httpx.Request) -> tuple[Exchange, tuple[int, list[Header]]]:
        """The exchange and its head. Ends, since each connection that is found dead is one fewer to try again on."""
        while True:
            exchange = (self._free() or await self._dial_or_share(request)).open(request)
            try:
                return exchange, await exchange.head()
            except Unanswered:
                await exchange.leave()
            except BaseException:
                await exchange.leave()  # noqa: ASYNC102 (shields itself, for a second at most)
                raise

    def _free(self) -> Http2Connection | Http1Connection | None:
        return next((connection for connection in self._connections if connection.available), None)

    async def _dial_or_share(self, request: httpx.Request) -> Http2Connection | Http1Connection:
        """A new connection, or one that another request opened while this one waited for its turn to dial."""
        with trio.move_on_after(_patience(request, "connect")):
            async with self._dialing:
                return self._free() or await self._dial()
        raise httpx.ConnectTimeout(f"{self._agent} did not answer in time")

    async def _dial(self) -> Http2Connection | Http1Connection:
        await self._tidy()
        with raising(httpx.ConnectError):
            raw = await self._network.connect_tcp(self._host, self._agent.port or (443 if self._tls else 80))
        try:
            connection = await self._greet(raw)
            if self._closed:
                raise httpx.ConnectError("the client was closed")
        except BaseException:
            await close(raw)  # noqa: ASYNC102 (shields itself, for a second at most)
            raise
        self._connections.append(connection)
        return connection

    @property
    def _host(self) -> str:
        return self._agent.raw_host.decode("ascii")

    async def _greet(self, raw: httpcore.AsyncNetworkStream) -> Http2Connection | Http1Connection:
        if self._tls is not None:
            self._tls.set_alpn_protocols(["h2", "http/1.1"])
            with raising(httpx.ConnectError):
                raw = await raw.start_tls(self._tls, self._host)
            agreed = raw.get_extra_info("ssl_object").selected_alpn_protocol()
            if agreed != "h2":
                return Http1Connection(raw)
        connection = Http2Connection(raw)
        await connection.start()
        return connection

    async def _tidy(self) -> None:
        for connection in [connection for connection in self._connections if connection.expired]:
            await connection.aclose()
        self._connections = [connection for connection in self._connections if not connection.closed]


def _patience(request: httpx.Request, stage: str) -> float:
    """Seconds that `request` may spend in one of the stages that httpx's timeouts know."""
    patience: Any = request.extensions.get("timeout", {}).get(stage)
    return math.inf if patience is None else float(patience)
