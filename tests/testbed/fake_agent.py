"""An agent for tests of the web, whose every answer is one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from logagent.core.access.caller import Caller
from logagent.core.batch import Out
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.core.wire.hosts import HostState
from logagent.core.wire.identity import Identity
from logagent.core.wire.labels import UNTOLD, HostLabels
from logagent.core.wire.listing import Listing
from logagent.core.wire.through import Through
from logagent.known_sources import KnownSources
from logagent.web.answering_agent import AnsweringAgent, AnsweringSource

Pump = Callable[[Query, Out], Awaitable[Outcome]]


class FakeAgent:
    """Answers every query with `pump`, and has no files and no peers."""

    name = "web0"
    identity = Identity("web0", "0" * 32)
    labels: Mapping[str, str] = {}
    sources = KnownSources()

    def __init__(self, pump: Pump) -> None:
        self._pump = pump

    def labels_of(self, host: str) -> HostLabels:
        return UNTOLD

    async def check(self, query: Query) -> None:
        pass

    async def choose(self, query: Query, caller: Caller, *, through: bool = False) -> Query:
        return query

    asks: Sequence[str] = ()

    def answer(self, query: Query, caller: Caller, through: Through | None = None) -> AnsweringSource:
        return self

    async def pump(self, query: Query, out: Out) -> Outcome:
        return await self._pump(query, out)

    async def files(self, query: Query, caller: Caller, through: Through | None = None) -> Listing:
        return Listing((), ())

    async def hosts(
        self, caller: Caller, trace: str | None, meant: Sequence[str], through: Through | None = None
    ) -> list[HostState]:
        return []

    async def unready(self) -> list[str]:
        return []


def as_the_web_uses_it(fake: FakeAgent) -> AnsweringAgent:
    """Return it as what it stands for; mypy says here what it lacks."""
    return fake
