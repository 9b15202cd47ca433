"""The lines written before a follow begins: all since a time or an earlier answer, or the last n."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace

from logagent.core.batch import LARGEST_BATCH, SIGN_OF_LIFE, Batch, Notice, Position
from logagent.core.columns import pieces
from logagent.core.cursor import of_host
from logagent.core.merging.reversing import oldest_first, positions_before, positions_behind
from logagent.core.outcome import Outcome
from logagent.core.query import MAX_EARLIER, Order, Query, Source
from logagent.fanout.delivery import Delivery

EARLIER_BYTES = 64 * 1024 * 1024
"""Bytes of the last n lines at most: all of them are held in memory until the oldest one is found."""


class History:
    """Sends the reader of a follow the lines that were written before.

    Args:
        query: the follow.
        ended: makes a source, for some hosts, that answers with the lines already written and then ends.
        delivery: sends to the reader, and keeps the position in each log from which the live lines must continue.
        sites: the primaries among the hosts.
    """

    def __init__(
        self,
        query: Query,
        ended: Callable[[Sequence[str]], Source],
        delivery: Delivery,
        sites: Container[str] = (),
    ) -> None:
        self._sites = sites
        self._query = query
        self._ended = ended
        self._delivery = delivery

    async def catch_up(self, hosts: Iterable[str]) -> None:
        """Send all lines since the query's positions, or else since its time, merged exactly.

        Args:
            hosts: who is asked; if the query has positions, hosts that they do not name are left out.
        """
        query = self._query
        known = [host for host in hosts if not query.positions or self._may_go_on(host)]
        asked = replace(
            query,
            follow=None,
            form=replace(query.form, whole=True, places=True, times=True),
            limits=replace(query.limits.uncounted(), timeout=None, max_bytes=None),
        )
        self._delivery.pass_by(query.positions)
        outcome = await self._ended(known).pump(asked, self._delivery)
        await self._delivery.say(_failures(outcome))
        await self._delivery.note(outcome.notes)

    def _may_go_on(self, host: str) -> bool:
        """Return whether the query's positions name a host, or may name one behind it."""
        return host in self._sites or bool(of_host(self._query.positions, host))

    async def send_last(self, anchors: Sequence[Position], hosts: Sequence[str] | None = None) -> None:
        """Send the last lines before the places where the live lines begin, as many as the query asks for.

        They come in reading order, `MAX_EARLIER` at most.

        Args:
            anchors: where the live lines of each log begin.
            hosts: who is asked for them; None: the hosts of the anchors.
        """
        if not anchors:
            return
        asked = list(dict.fromkeys(anchor.host for anchor in anchors)) if hosts is None else hosts
        found = _FoundLines(self._delivery)
        outcome = await self._ended(asked).pump(self._question(anchors), found)
        await self._delivery.say(_failures(outcome))
        await self._delivery.note(outcome.notes)
        earlier = oldest_first(found.batches, {(anchor.host, anchor.log) for anchor in anchors})
        if earlier is None:
            return
        self._delivery.pass_by(positions_before(earlier))
        await self._delivery.send(replace(SIGN_OF_LIFE, positions=self._delivery.positions))
        for piece in pieces(earlier, LARGEST_BATCH):
            await self._delivery.send(replace(piece, positions=positions_behind(piece)))

    def _question(self, anchors: Sequence[Position]) -> Query:
        query = self._query
        n = MAX_EARLIER if query.limits.n is None else query.limits.n
        return replace(
            query,
            follow=None,
            positions=tuple(anchors),
            form=replace(query.form, order=Order.NEWEST, times=True, places=True),
            limits=replace(query.limits, n=n, timeout=None, max_bytes=EARLIER_BYTES),
        )


class _FoundLines:
    """Collects the batches with lines of an answer, and sends a sign of life for each batch without lines."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self.batches: list[Batch] = []

    async def send(self, batch: Batch) -> None:
        self._delivery.count_scanned(batch.scanned)
        if batch.count:
            self.batches.append(batch)
        else:
            await self._delivery.send(SIGN_OF_LIFE)


def _failures(outcome: Outcome) -> list[Notice]:
    """Return a notice for each host that failed; NOT_FOUND is not a failure here."""
    return [Notice(part.host, part.status, part.message) for part in outcome.hosts if part.fails]
