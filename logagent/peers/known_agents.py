"""The agents that this one knows, each with one client for queries, and further clients for follows."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from types import TracebackType

import httpcore
import httpx
import trio

from logagent.core.outcome import Failure
from logagent.core.query import Query, Source
from logagent.core.wire.certificates import ending
from logagent.core.wire.hosts import HostState
from logagent.core.wire.listing import Listing
from logagent.peers.client.dialing import Background
from logagent.peers.client.http_client import certificate_ends, connect
from logagent.peers.client.reasons import reason
from logagent.peers.listing import listing_of
from logagent.peers.resumed import Resumed
from logagent.peers.roll import Roll
from logagent.peers.sharing import FollowClients, SharingSource
from logagent.peers.source import PeerSource, read_at_most
from logagent.peers.takers import Takers, takes_callers, too_old, version_in
from logagent.peers.tracing import trace_headers

REFUSALS = frozenset({401, 403, 421})
"""The status codes by which an agent says that it does not answer this one: the reason stands in the document."""

PAUSE = 60.0
"""Seconds in which no question waits again for a peer that could not be connected to: waiting takes five seconds."""

MAX_HEALTH = 16 * 1024
"""Bytes read of an answer of `/healthz`, which has some fifty: only its head matters."""


class Peers:
    """The known agents by name; an asynchronous context manager that closes the connections when it is left.

    Args:
        urls: base URLs by name.
        tls: for URLs that begin with https; None: the system's authorities are trusted.
        network: makes the connections; None: TCP.
        pause: seconds in which no question waits again for a peer that could not be connected to; meanwhile it is tried
            in the background, with each question.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        tls: ssl.SSLContext | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
        pause: float = PAUSE,
    ) -> None:
        self._urls = dict(urls)
        self._tls = tls
        self._network = network
        connects = {name: partial(self._connect, url) for name, url in urls.items()}
        self._background = Background(pause)
        self._attempts: AbstractAsyncContextManager[trio.Nursery] | None = None
        self._clients = {name: connect_one(background=self._background) for name, connect_one in connects.items()}
        self._takers = {name: Takers() for name in urls}
        self._follow_clients = {name: FollowClients(connect_one) for name, connect_one in connects.items()}

    def _connect(self, url: str, *, background: Background | None = None) -> httpx.AsyncClient:
        return connect(url, tls=self._tls, network=self._network, background=background)

    def renew(self, tls: ssl.SSLContext | None) -> None:
        """Take other TLS for follows that ask again because they lost their connection, however long they go on."""
        self._tls = tls
        for clients in self._follow_clients.values():
            clients.retire()

    async def __aenter__(self) -> Peers:
        self._attempts = trio.open_nursery()
        self._background.nursery = await self._attempts.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._end_attempts()  # noqa: ASYNC102 (all within is cancelled, and ends at once)
        for client in self._clients.values():
            await client.aclose()
        for clients in self._follow_clients.values():
            await clients.aclose()

    async def _end_attempts(self) -> None:
        attempts, self._attempts = self._attempts, None
        nursery, self._background.nursery = self._background.nursery, None
        if attempts is not None and nursery is not None:
            nursery.cancel_scope.cancel()
            await attempts.__aexit__(None, None, None)

    @property
    def names(self) -> list[str]:
        """The names that this agent has for its peers."""
        return list(self._urls)

    def url(self, name: str) -> str:
        """Return the base URL of a peer; empty if none is listed by this name."""
        return self._urls.get(name, "")

    def source(self, name: str, roll: Roll | None = None) -> PeerSource:
        """Return the source of one peer's answers.

        Args:
            name: by which the peer is listed.
            roll: notes who answers.
        """
        return PeerSource(self._clients[name], name, roll, self._takers[name])

    def live(self, name: str, roll: Roll | None = None) -> Source:
        """Return the source of one peer's live lines, which outlives restarts and lost connections."""
        return Resumed(name, self.live_once(name, roll))

    def live_once(self, name: str, roll: Roll | None = None) -> Source:
        """Return the source of one peer's live lines, which ends when the connection is lost."""
        return SharingSource(self._follow_clients[name], name, roll, self._takers[name])

    async def files(self, name: str, query: Query, patience: float, roll: Roll | None = None) -> Listing:
        """Ask one peer to list its own files.

        Args:
            name: of the peer.
            query: its files, and whether rotated ones belong to them.
            patience: seconds that the peer has to answer.
            roll: notes who answers.

        Returns:
            The listing, with the name by which the peer is listed; if it failed, without logs and with the reason.
        """
        return await listing_of(self._clients[name], name, query, patience, roll, self._takers[name])

    async def state(self, name: str, patience: float, roll: Roll | None = None, trace: str | None = None) -> HostState:
        """Ask one peer how it is, and measure how long it takes.

        Args:
            name: of the peer.
            patience: seconds that the peer has to answer.
            roll: notes who answers.
            trace: of the question, as in a query.
        """
        url = self._urls[name]
        started = trio.current_time()
        with trio.move_on_after(patience):
            try:
                headers = trace_headers(trace) | ({} if roll is None else roll.caller_headers())
                async with self._clients[name].stream("GET", "/healthz", headers=headers) as response:
                    body = await read_at_most(response, MAX_HEALTH)
                round_trip = trio.current_time() - started
            except httpx.HTTPError as error:
                return HostState(name, url, reachable=False, message=reason(error))
            except Failure as failure:
                return HostState(name, url, False, message=failure.message)
            return _state(name, url, round_trip, response, body, roll)
        return HostState(name, url, reachable=False, message=f"no answer within {patience:g} s")


def _state(
    name: str, url: str, round_trip: float, response: httpx.Response, body: bytes, roll: Roll | None
) -> HostState:
    version = version_in(response.headers)
    try:
        if roll is not None:
            roll.meet(name, response.headers)
    except Failure as failure:
        return HostState(name, url, False, version, round_trip, failure.message)
    if response.status_code == 200 and version:
        ends = certificate_ends(response)
        old = f"{too_old(response.headers).message} (PERMISSION_DENIED)" if _is_too_old(response, roll) else ""
        told = [old or _said(body, "refuses"), "" if ends is None else ending("its certificate:", ends, time.time())]
        return HostState(name, url, True, version, round_trip, "; ".join(filter(None, told)), ends)
    message = "is no agent, or not a healthy one"
    if response.status_code in REFUSALS:
        message = _said(body, "detail") or message
    return HostState(name, url, False, round_trip=round_trip, message=message)


def _said(body: bytes, member: str) -> str:
    """Return why an agent does not answer this one, as a member of its document says; empty if it does not say so."""
    try:
        said = json.loads(body).get(member, "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return f"refuses this agent: {said} (PERMISSION_DENIED)" if said else ""


def _is_too_old(response: httpx.Response, roll: Roll | None) -> bool:
    return roll is not None and roll.strict and not takes_callers(response.headers)
