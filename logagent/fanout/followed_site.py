"""A primary of a follow: one source of the live lines of many hosts, of each of which it is known how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import trio

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Position
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query, Source
from logagent.fanout.followed_host import FollowedHost
from logagent.fanout.roll_call import UNQUESTIONED, RollCall
from logagent.fanout.site import Site

ASKED_AGAIN = 15.0
"""Seconds after which a primary behind which no host is meant is asked whether one has come: it ends its answer, since
it cannot know whether there are hosts elsewhere for whose sake the follow goes on."""
HAS_HOSTS = "has hosts that are meant now; they are followed from here on"
"""What is told of such a primary once it has one."""
_BEGINS_EMPTY = replace(SIGN_OF_LIFE, live=True)


class FollowedSite(FollowedHost):
    """The feed of one primary.

    What is said of the primary's own state is about the way to it: its own logs are always at its hand.

    Args:
        site: which hosts are behind it.
        source: their live lines.
        tell: called when there is a batch to take, and when the follow of this primary has ended.
        given: lines of each host that the reader got.
        roll: knows whether it is asked by another way.
    """

    def __init__(
        self,
        site: Site,
        source: Source,
        tell: Callable[[], None],
        given: Mapping[str, int],
        roll: RollCall = UNQUESTIONED,
    ) -> None:
        super().__init__(site.name, source, tell, roll)
        self._site = site
        self._given = given
        self._way = self.state
        self._states: dict[str, Notice] = {}
        self._losses: dict[str, Notice] = {}

    @property
    def names(self) -> frozenset[str]:
        """The names of the hosts whose lines come from it, as far as it has named them."""
        return frozenset((self.name, *self._site.asks))

    @property
    def is_idle(self) -> bool:
        """Whether no host behind it is meant for now."""
        return self.outcome is not None and self.outcome.complete and not (self.is_beside or self.is_gone)

    async def _pump(self, query: Query) -> None:
        """Pump the source until it ends, and again after a while as long as no host behind it is meant."""
        await super()._pump(query)
        while self.is_idle:
            self._tell()
            await trio.sleep(ASKED_AGAIN)
            await super()._pump(query)

    async def send(self, batch: Batch) -> None:
        """Put a batch into the slot, unless it only says again that no host is meant."""
        if self.is_idle:
            if batch in (SIGN_OF_LIFE, _BEGINS_EMPTY):
                await trio.lowlevel.checkpoint()
                return
            self.outcome, self.greeting = None, HAS_HOSTS
        await super().send(batch)

    def join(self, batch: Batch) -> list[Notice]:
        """Note what the batch says of the hosts behind it, and return its notices; see `FollowedHost.join`."""
        self._site.hear_of(position.host for position in batch.positions)
        return super().join(batch)

    def _greeted(self) -> str:
        return f"{self.greeting}{self._site.named_behind(self._site.asks)}"

    def question(self, query: Query, positions: Sequence[Position]) -> Query:
        """Return what of a query concerns which hosts: all behind it, from the positions that are reached."""
        return self._site.question(replace(query, positions=tuple(positions)))

    def is_in(self, positions: Sequence[Position]) -> bool:
        """Return whether each host behind it that has a log has a position among these."""
        known = {position.host for position in positions}
        return {anchor.host for anchor in self.anchors} <= known

    def named(self, notes: tuple[Note, ...]) -> tuple[Note, ...]:
        """Return notes with the names of their hosts."""
        return self._site.hear(notes)

    @property
    def lacks_log(self) -> bool:
        """Whether hosts behind it have said that they have no such log, and none that it has."""
        is_said = any(state.status is Status.NOT_FOUND for state in self._states.values())
        ended = self.outcome is not None and self.outcome.status is Status.NOT_FOUND
        return (is_said or ended) and not self.anchors

    def note(self, notice: Notice) -> Notice:
        """Remember a notice as a host's state or loss, or as the state of the way to the primary."""
        if notice.host == self.name and notice.status in (Status.OK, Status.UNAVAILABLE):
            if notice.status is Status.OK:
                self._states.clear()  # it tells anew how each host stands
            self._way = notice
            self.state = notice._replace(message=self._with_behind(notice))
            return self.state
        self._site.hear_of((notice.host,))
        if notice.status in (Status.DATA_LOSS, Status.RESOURCE_EXHAUSTED):
            self._losses.setdefault(notice.host, notice)
        else:
            self._states[notice.host] = notice
        return notice

    def _with_behind(self, notice: Notice) -> str:
        if notice.status is Status.OK:
            return notice.message
        return f"{notice.message}{self._site.named_behind(self._site.asks or self._site.known)}"

    def _has_begun(self, batch: Batch, notices: Sequence[Notice]) -> bool:
        lost = any(notice.status is Status.UNAVAILABLE and notice.host == self.name for notice in notices)
        return batch.live or lost

    def share(self) -> Outcome:
        """Return the parts of all hosts behind it of the follow's outcome."""
        if self.is_beside:
            return Outcome()
        if self.outcome is not None and not self.outcome.complete:
            return self._site.told(self.outcome, self._given)
        if self.state.status is not Status.OK:
            return self._site.told(Outcome(self._way.status, self._way.message), self._given)
        names = dict.fromkeys(
            [*(self._site.asks if self._site.has_answered else [self.name]), *self._states, *self._losses]
        )
        parts = tuple(map(self._part, names))
        first = next((part for part in parts if part.fails), HostOutcome(self.name, Status.OK))
        message = f"{first.host}: {first.message}" if first.message else ""
        return Outcome(first.status, message, sum(part.lines for part in parts), hosts=parts)

    def _part(self, host: str) -> HostOutcome:
        said = self._losses.get(host) or self._states.get(host) or Notice(host, Status.OK, "")
        message = "" if said.status is Status.OK else said.message
        return HostOutcome(host, said.status, message, self._given.get(host, 0))
