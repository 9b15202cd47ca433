"""The agent, as its routes use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from logagent.core.access.caller import Caller
from logagent.core.query import Query, Source
from logagent.core.wire.hosts import HostState
from logagent.core.wire.identity import Identity
from logagent.core.wire.labels import HostLabels
from logagent.core.wire.listing import Listing
from logagent.core.wire.through import Through
from logagent.core.wire.told_sources import ToldSource


class AnsweringSource(Source, Protocol):
    """The source of an answer."""

    @property
    def asks(self) -> Sequence[str]:
        """The hosts that are asked, for an agent that has asked for all of them."""
        ...


class ShownSources(Protocol):
    """The sources in which the agent finds others."""

    def shown_to(self, caller: Caller) -> Sequence[ToldSource] | None:
        """Return how each fares; None: the caller may not know of them."""
        ...


class AnsweringAgent(Protocol):
    """The agent, as the routes use it."""

    @property
    def name(self) -> str:
        """The agent's host."""
        ...

    @property
    def identity(self) -> Identity:
        """Who the agent is."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the agent's host."""
        ...

    @property
    def sources(self) -> ShownSources:
        """The sources in which the agent finds others."""
        ...

    def labels_of(self, host: str) -> HostLabels:
        """Return what is known of a host's labels."""
        ...

    async def check(self, query: Query) -> None:
        """Raise `Failure` or `BadParameter` for a query that cannot be answered."""
        ...

    async def choose(self, query: Query, caller: Caller, *, through: bool = False) -> Query:
        """Return a caller's query with the hosts that its conditions on labels choose; it may come through an agent."""
        ...

    def answer(self, query: Query, caller: Caller, through: Through | None = None) -> AnsweringSource:
        """Return the source that answers a caller's query, not begun yet.

        Args:
            query: what is asked.
            caller: who asks.
            through: by which way the question came; None: through no agent that says so.
        """
        ...

    async def files(self, query: Query, caller: Caller, through: Through | None = None) -> Listing:
        """List the files of the hosts that a caller's query names."""
        ...

    async def hosts(
        self, caller: Caller, trace: str | None, meant: Sequence[str], through: Through | None = None
    ) -> list[HostState]:
        """Return the state of each host that is meant for a caller; `trace` is the request's `traceparent`."""
        ...

    async def unready(self) -> Sequence[str]:
        """Return the reasons why the agent cannot answer; none: it can."""
        ...
