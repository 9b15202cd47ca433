"""The agent, as its routes use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from logagent.core.access.caller import Caller
from logagent.core.query import Query, Source
from logagent.core.wire.hosts import HostState
from logagent.core.wire.identity import Identity
from logagent.core.wire.listing import Listing


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

    def answer(self, query: Query, caller: Caller) -> Source:
        """Return the source that answers a caller's query, not begun yet."""
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
