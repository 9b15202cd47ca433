"""The agent, as its routes use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from logagent.core.access.caller import Caller
from logagent.core.query import Query, Source
from logagent.core.wire.hosts import HostState
from logagent.core.wire.identity import Identity
from logagent.core.wire.listing import Listing
from logagent.core.wire.through import Through


class AnsweringSource(Source, Protocol):
    """The source of an answer."""

    @property
    def asks(self) -> Sequence[str]:
        """The hosts that are asked, for an agent that has asked for all of them."""
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

    async def check(self, query: Query) -> None:
        """Raise `Failure` or `BadParameter` for a query that cannot be answered."""
        ...

    def answer(self, query: Query, caller: Caller, through: Through | None = None) -> AnsweringSource:
        """Return the source that answers a caller's query, not begun yet.

        Args:
            query: what is asked.
            caller: who asks.
            through: by which way the question came; None: through no agent that says so.
        """
        ...

    async def files(self, query: Query, caller: Caller) -> Listing:
        """List the files of the hosts that a caller's query names."""
        ...

    async def hosts(self, caller: Caller, trace: str | None) -> list[HostState]:
        """Return the state of each known host for a caller; `trace` is the request's `traceparent`."""
        ...

    async def unready(self) -> Sequence[str]:
        """Return the reasons why the agent cannot answer; none: it can."""
        ...
