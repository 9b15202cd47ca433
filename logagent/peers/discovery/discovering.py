"""All sources of targets together: what they have found goes to whoever keeps the peers, and how they fare is told."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import trio

from logagent.core.wire.told_sources import ToldSource
from logagent.peers.discovery.grace import Grace
from logagent.peers.discovery.sources import MakeState, SourceState, TargetSource
from logagent.peers.target import Target

GATHERED = 0.05
"""Seconds for which changes are gathered before they are told: at the start all sources answer at once."""
FIRST_LOOK = 6.0
"""Seconds for which the first looks at all sources are waited for, where something is known beforehand: no look at DNS
takes longer."""


class Discovery:
    """Looks for targets in several sources.

    Args:
        make_sources: makes them; each makes its states with the function that it is given.
        grace: seconds for which a target that has vanished is kept.
        wall_clock: seconds since the epoch.

    Attributes:
        sources: of targets.
        known: the targets that were told last.
        tell: called with all targets whenever they have changed.
    """

    def __init__(
        self,
        make_sources: Callable[[MakeState], Sequence[TargetSource]],
        *,
        grace: float,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._grace, self._wall_clock = Grace(grace), wall_clock
        self._changed = trio.Event()
        self._has_begun = False
        self.known: tuple[Target, ...] = ()
        self.tell: Callable[[Sequence[Target]], None] = lambda targets: None
        self.sources = tuple(make_sources(self._make_state))

    def _make_state(self, name: str) -> SourceState:
        return SourceState(name, clock=trio.current_time, wall_clock=self._wall_clock, changed=self._note_change)

    def _note_change(self) -> None:
        self._changed.set()

    def begin_with(self, targets: Sequence[Target]) -> None:
        """Know what others have found, until each source was looked at; what is not found then is stale."""
        self._has_begun = True
        self._grace.begin_with(targets, trio.current_time(), self._wall_clock())
        self.known = tuple(targets)

    def tell_to(self, tell: Callable[[Sequence[Target]], None]) -> None:
        """Tell somebody else from now on, and at once what is known."""
        self.tell = tell
        if self.known:
            tell(self.known)

    @property
    def states(self) -> tuple[SourceState, ...]:
        """How all sources fare."""
        return tuple(state for source in self.sources for state in source.states)

    def told(self) -> list[ToldSource]:
        """Return how all sources fare, as it is told."""
        kept = self._has_begun
        return [each.told(source.setting, source.kind, kept=kept) for source in self.sources for each in source.states]

    async def run(self) -> None:
        """Look until cancelled."""
        async with trio.open_nursery() as nursery:
            for source in self.sources:
                nursery.start_soon(source.run)
            if self.known:
                with trio.move_on_after(FIRST_LOOK):
                    await self._first_looks()
                self._tell_all()
            await self._gather()

    async def _first_looks(self) -> None:
        while not all(state.tried for state in self.states):
            await self._next_change(math.inf)

    async def _next_change(self, until: float) -> None:
        with trio.move_on_at(until):
            await self._changed.wait()
        self._changed = trio.Event()

    async def _gather(self) -> None:
        while True:
            await self._next_change(self._grace.ends)
            await trio.sleep(GATHERED)
            self._tell_all()

    def _tell_all(self) -> None:
        found = [target for state in self.states for target in state.targets]
        known = self._grace.known(found, trio.current_time(), self._wall_clock())
        if known != self.known:
            self.known = known
            self.tell(known)
