"""Targets in DNS, looked up again whenever what is known of them ends."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import trio

from logagent.peers.discovery.names import DnsName
from logagent.peers.discovery.resolver import DnsFailure, Resolver
from logagent.peers.discovery.sources import MakeState, SourceState

LEAST = 1.0
"""Seconds between two questions at least: a TTL of 0 says that nothing may be kept, not that one asks without end."""
MOST = 3600.0
"""Seconds between two questions at most: a TTL of a week was not written for a fleet that is to find itself."""
FIRST_RETRY = 2.0
"""Seconds after a failure until it is asked again; each time twice as long."""
LAST_RETRY = 30.0
"""Seconds between two attempts at most, while DNS does not answer."""


class DnsSource:
    """The targets that DNS has of one name.

    Args:
        name: what is looked up.
        resolver: looks it up.
        make_state: makes a state that is told of changes.
        cleartext: whether http may lead to another machine.
        spread: returns a random factor for each wait for a retry, so that not all hosts of a fleet ask at once.
    """

    kind = "dns"

    def __init__(
        self,
        name: DnsName,
        resolver: Resolver,
        *,
        make_state: MakeState,
        cleartext: bool = False,
        spread: Callable[[], float] = lambda: random.uniform(0.5, 1),
    ) -> None:
        self._name, self._resolver, self._cleartext, self._spread = name, resolver, cleartext, spread
        self.setting = name.setting or name.found_by
        self._state = make_state(name.found_by)
        self._retry = FIRST_RETRY

    @property
    def states(self) -> tuple[SourceState, ...]:
        """One, of this name."""
        return (self._state,)

    async def run(self) -> None:
        """Look the name up, again and again."""
        while True:
            wait = await self.look()
            await trio.sleep(wait)

    async def look(self) -> float:
        """Look the name up once, and return for how many seconds that holds."""
        try:
            answer = await self._resolver.look_up(self._name.name, self._name.record_type)
        except DnsFailure as failure:
            self._state.fail(str(failure))
            wait, self._retry = self._retry * self._spread(), min(2 * self._retry, LAST_RETRY)
            return wait
        self._retry = FIRST_RETRY
        targets, wrong = self._name.targets_in(answer.records, cleartext=self._cleartext)
        if not answer.records:
            wrong = ("DNS has no such records",)
        self._state.succeed(targets, wrong)
        return min(max(math.ceil(answer.ttl), LEAST), MOST)
