"""The agents that this one knows, each with one client for queries, and further clients for follows."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from functools import partial
from types import TracebackType

import httpcore
import httpx
import trio

from logagent.core.query import Query, Source
from logagent.core.wire.certificates import ending
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.hosts import HostState
from logagent.core.wire.listing import Listing
from logagent.peers.client.http_client import certificate_ends, connect
from logagent.peers.client.reasons import reason
from logagent.peers.listing import listing_of
from logagent.peers.resumed import Resumed
from logagent.peers.sharing import FollowClients, SharingSource
from logagent.peers.source import PeerSource
from logagent.peers.tracing import trace_headers


class Peers:
    """The known agents by name; an asynchronous context manager that closes the connections when it is left.

    Args:
        urls: base URLs by name.
        tls: for URLs that begin with https; None: the system's authorities are trusted.
        network: makes the connections; None: TCP.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        tls: ssl.SSLContext | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._urls = dict(urls)
        connects = {name: partial(connect, url, tls=tls, network=network) for name, url in urls.items()}
        self._clients = {name: connect_one() for name, connect_one in connects.items()}
        self._follow_clients = {name: FollowClients(connect_one) for name, connect_one in connects.items()}

    async def __aenter__(self) -> Peers:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            await client.aclose()
        for clients in self._follow_clients.values():
            await clients.aclose()

    @property
    def names(self) -> list[str]:
        """The names that this agent has for its peers."""
        return list(self._urls)

    def source(self, name: str) -> PeerSource:
        """Return the source of one peer's answers, with the name that this agent has for it."""
        return PeerSource(self._clients[name], name)

    def live(self, name: str) -> Source:
        """Return the source of one peer's live lines, which outlives restarts and lost connections."""
        return Resumed(name, SharingSource(self._follow_clients[name], name))

    async def files(self, name: str, query: Query, patience: float) -> Listing:
        """Ask one peer to list its own files.

        Args:
            name: of the peer.
            query: its files, and whether rotated ones belong to them.
            patience: seconds that the peer has to answer.

        Returns:
            The listing, with the name that this agent has for the peer; if it failed, without logs and with the reason.
        """
        return await listing_of(self._clients[name], name, query, patience)

    async def state(self, name: str, patience: float, trace: str | None = None) -> HostState:
        """Ask one peer how it is, and measure how long it takes.

        Args:
            name: of the peer.
            patience: seconds that the peer has to answer.
            trace: of the question, as in a query.
        """
        url = self._urls[name]
        started = trio.current_time()
        with trio.move_on_after(patience):
            try:
                response = await self._clients[name].get("/healthz", headers=trace_headers(trace))
            except httpx.HTTPError as error:
                return HostState(name, url, reachable=False, message=reason(error))
            round_trip = trio.current_time() - started
            version = response.headers.get(VERSION_HEADER, "")
            if response.status_code == 200 and version:
                ends = certificate_ends(response)
                told = "" if ends is None else ending("its certificate:", ends, time.time())
                return HostState(name, url, True, version, round_trip, told, ends)
            return HostState(name, url, False, round_trip=round_trip, message="is no agent, or not a healthy one")
        return HostState(name, url, reachable=False, message=f"no answer within {patience:g} s")
