"""Following many hosts as one: what there was first, then what is written, merged in a short window, the lost named."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import trio

from logagent.core.batch import LARGEST_BATCH, SIGN_OF_LIFE, Batch, Notice, Out, Position
from logagent.core.columns import pieces
from logagent.core.cursor import of_host
from logagent.core.globs import is_glob
from logagent.core.merging.reversing import oldest_first, positions_before, positions_behind
from logagent.core.merging.window import Window
from logagent.core.outcome import Outcome, Status, combine
from logagent.core.query import Order, Query, Source
from logagent.fanout.feed import Feed

HELD = 16 * 1024 * 1024
"""Bytes of lines that wait for earlier ones at most; then hosts wait until some are given out."""
EARLIER_BYTES = 64 * 1024 * 1024
"""Bytes of earlier lines that a follow begins with at most: they are held until all are found."""


@dataclass(frozen=True, slots=True)
class Follow:
    """The live lines of several hosts as one source.

    live: for each host, by its name, what follows it. ended: what answers a query over some of these hosts and then
    ends. patience: seconds that a host may take to begin before the others' lines are given.
    """

    live: Sequence[tuple[str, Source]]
    ended: Callable[[Sequence[str]], Source]
    patience: float

    async def pump(self, query: Query, out: Out) -> Outcome:
        """As `Source.pump`, but it ends only where no host can be followed any more, or a limit is reached. One
        nursery, a task for each host."""
        following = _Following(self, query, out)
        with trio.move_on_after(math.inf if query.limits.timeout is None else query.limits.timeout) as scope:
            await following.run()
        if scope.cancelled_caught:
            following.limit = Outcome(Status.DEADLINE_EXCEEDED, f"timeout={query.limits.timeout:g} s reached")
        return following.outcome()


class _Following:
    """One run of a `Follow`."""

    def __init__(self, follow: Follow, query: Query, out: Out) -> None:
        self._follow = follow
        self._query = query
        self._out = out
        self._news = trio.Event()
        self._feeds = [Feed(name, source, self._tell) for name, source in follow.live]
        self._window = Window([feed.name for feed in self._feeds], patience=query.follow_options.patience)
        self._merging = not query.own and not (len(self._feeds) == 1 and _names_one_log(query))
        self._reached: dict[tuple[str, str], Position] = {}
        self._sent = trio.current_time()
        self._left = math.inf if query.limits.max_bytes is None else query.limits.max_bytes
        self._lines = 0
        self._scanned = self._scanned_untold = 0
        self.limit: Outcome | None = None

    def _tell(self) -> None:
        self._news.set()

    async def run(self) -> None:
        query = self._query
        if query.positions or (query.range.since is not None and query.limits.n is None):
            await self._catch_up()
        async with trio.open_nursery() as nursery:
            for feed in self._feeds:
                nursery.start_soon(feed.run, self._share_of(feed))
            notices = await self._hear_beginnings()
            if not self._is_nowhere(notices):
                await self._say([*self._unknown_before(), *self._worth_saying(notices)])
                if query.limits.n and not query.positions:
                    await self._tell_earlier(query.limits.n)
                await self._send(replace(SIGN_OF_LIFE, positions=self._anchors(), live=True))
                await self._go_on()
            nursery.cancel_scope.cancel()

    def outcome(self) -> Outcome:
        """What all of it came to."""
        shares = [feed.share() for feed in self._feeds]
        if self.limit is not None:
            shares.insert(0, self.limit)
        return replace(combine(shares, lines=self._lines, timings={}), bytes_scanned=self._scanned)

    def count(self, scanned: int, *, told: bool = False) -> None:
        """So many bytes of log more were gone through: the next lines say so, unless it is told already."""
        self._scanned += scanned
        self._scanned_untold += 0 if told else scanned

    # What there was before.

    async def _catch_up(self) -> None:
        """All since the positions, or since a time, merged exactly; then hosts are followed from where that came to."""
        query = self._query
        hosts = [feed.name for feed in self._feeds if not query.positions or of_host(query.positions, feed.name)]
        asked = replace(
            query,
            follow=None,
            form=replace(query.form, whole=True, places=True, times=True),
            limits=replace(query.limits, n=None, timeout=None, max_bytes=None),
        )
        self._pass_by(query.positions)
        outcome = await self._follow.ended(hosts).pump(asked, _Passing(self))
        await self._say(_failures(outcome))

    def _share_of(self, feed: Feed) -> Query:
        """What one host is asked: its own lines, from where they are known to here."""
        positions = tuple(position for (host, _), position in self._reached.items() if host == feed.name)
        since = self._query.range.since if positions or self._query.limits.n is None else None
        # Where earlier lines are told from here, the host has none to tell.
        return replace(
            self._query,
            hosts=(),
            own=True,
            positions=positions,
            limits=replace(self._query.limits, n=None, timeout=None, max_bytes=None),
            range=self._query.range._replace(since=since),
            form=replace(self._query.form, times=True, places=True),
        )

    async def _hear_beginnings(self) -> list[Notice]:
        """Wait until each host has said where it begins, or that it cannot, or all patience is gone. What they had to
        say meanwhile."""
        notices: list[Notice] = []
        with trio.move_on_after(self._follow.patience):
            while not all(feed.begun or feed.outcome for feed in self._feeds):
                await self._news.wait()
                self._news = trio.Event()
                for feed in self._feeds:
                    notices += feed.begin()
        for feed in self._feeds:
            if not feed.begun and feed.outcome is None:
                late = f"has not answered within {self._follow.patience:g} s; following without it until it does"
                notices.append(feed.note(Notice(feed.name, Status.UNAVAILABLE, late)))
        self._pass_by(self._anchors())
        self._tell()
        return notices

    def _anchors(self) -> tuple[Position, ...]:
        return tuple(position for feed in self._feeds for position in feed.anchors)

    def _is_nowhere(self, notices: Sequence[Notice]) -> bool:
        """Whether no host has what is named, so that it is no use to wait for it. A glob may match something later."""
        query = self._query
        if query.own or query.positions or any(map(is_glob, query.files)):
            return False
        missing = {notice.host: notice for notice in notices if notice.status is Status.NOT_FOUND}
        if not all(feed.name in missing and not feed.anchors for feed in self._feeds):
            return False
        for feed in self._feeds:
            feed.outcome = Outcome(Status.NOT_FOUND, missing[feed.name].message)
        return True

    def _unknown_before(self) -> list[Notice]:
        """Hosts of which an earlier answer had nothing: what they wrote since is not asked for."""
        positions = self._query.positions
        unknown = [feed for feed in self._feeds if positions and feed.anchors and not of_host(positions, feed.name)]
        message = "is not in the cursor; what it wrote before now is left out"
        return [Notice(feed.name, Status.OK, message) for feed in unknown]

    def _worth_saying(self, notices: Sequence[Notice]) -> list[Notice]:
        """That a host has no such log is worth a word only if none has it."""
        if self._anchors() and not self._query.own:
            return [notice for notice in notices if notice.status is not Status.NOT_FOUND]
        return list(notices)

    async def _tell_earlier(self, n: int) -> None:
        """The last n lines before the places where the hosts began."""
        anchors = self._anchors()
        hosts = [feed.name for feed in self._feeds if feed.anchors]
        if not anchors:
            return
        asked = replace(
            self._query,
            follow=None,
            positions=anchors,
            form=replace(self._query.form, order=Order.NEWEST),
            limits=replace(self._query.limits, n=n, timeout=None),
        )
        asked = replace(
            asked,
            limits=replace(asked.limits, max_bytes=EARLIER_BYTES),
            form=replace(asked.form, times=True, places=True),
        )
        found = _Earlier(self, self._out)
        outcome = await self._follow.ended(hosts).pump(asked, found)
        await self._say(_failures(outcome))
        earlier = oldest_first(found.batches, {(place.host, place.log) for place in anchors})
        if earlier is None:
            return
        self._pass_by(positions_before(earlier))
        await self._send(replace(SIGN_OF_LIFE, positions=tuple(self._reached.values())))
        for piece in pieces(earlier, LARGEST_BATCH):
            await self._send(replace(piece, positions=positions_behind(piece)))

    # What is written.

    async def _go_on(self) -> None:
        while self.limit is None and not all(feed.outcome and feed.slot is None for feed in self._feeds):
            with trio.move_on_at(min(self._window.due, self._sent + self._query.follow_options.heartbeat)):
                await self._news.wait()
            self._news = trio.Event()
            for feed in self._feeds:
                await self._collect(feed)
            if (batch := self._window.take(trio.current_time())) is not None:
                await self._send(batch)
            if trio.current_time() >= self._sent + self._query.follow_options.heartbeat:
                await self._send(replace(SIGN_OF_LIFE, positions=tuple(self._window.take_positions())))
        if (batch := self._window.flush()) is not None:
            await self._send(batch)

    async def _collect(self, feed: Feed) -> None:
        if feed.outcome is not None and feed.slot is None:
            await self._announce_end(feed)
        elif self._window.size < HELD and (batch := feed.take()) is not None:
            self._tell()  # there may be more
            await self._say([feed.note(notice) for notice in batch.notices])
            self.count(batch.scanned)
            feed.begun = True
            if not batch.count:
                self._window.note(feed.name, batch.positions)
            elif self._merging:
                self._window.add(feed.name, batch, trio.current_time())
            else:
                await self._send(replace(batch, scanned=0, notices=(), live=False))

    async def _announce_end(self, feed: Feed) -> None:
        outcome = feed.outcome
        if outcome is not None and feed.state.status is not outcome.status:
            feed.state = Notice(feed.name, outcome.status, outcome.message or "ended")
            await self._say([feed.state])

    async def _say(self, notices: Iterable[Notice]) -> None:
        said = tuple(notices)
        if said:
            await self._send(replace(SIGN_OF_LIFE, notices=said))

    async def _send(self, batch: Batch) -> None:
        """To the reader, as far as it is allowed."""
        if self.limit is not None:
            return
        if len(batch.body) > self._left:
            self.limit = Outcome(Status.RESOURCE_EXHAUSTED, f"max_bytes={self._query.limits.max_bytes} reached")
            batch = _beginning(batch, int(self._left))
        if batch.count:
            batch = replace(batch, scanned=batch.scanned + self._scanned_untold)
            self._scanned_untold = 0
        self._left -= len(batch.body)
        self._lines += batch.count
        by_host = _by_host(batch)
        for feed in self._feeds if by_host else ():
            feed.lines += by_host[feed.name]
        self._pass_by(batch.positions)
        await self._out.send(batch)
        self._sent = trio.current_time()

    def _pass_by(self, positions: Iterable[Position]) -> None:
        for position in positions:
            self._reached[position.host, position.log] = position


class _Passing:
    """Passes on what was before, as if it were followed."""

    def __init__(self, following: _Following) -> None:
        self._following = following

    async def send(self, batch: Batch) -> None:
        self._following.count(batch.scanned, told=True)
        await self._following._send(batch)


class _Earlier:
    """Keeps the lines of an answer; its signs of life go on."""

    def __init__(self, following: _Following, out: Out) -> None:
        self._following = following
        self._out = out
        self.batches: list[Batch] = []

    async def send(self, batch: Batch) -> None:
        self._following.count(batch.scanned)
        if batch.count:
            self.batches.append(batch)
        else:
            await self._out.send(SIGN_OF_LIFE)


def _names_one_log(query: Query) -> bool:
    return len(query.files) == 1 and not is_glob(query.files[0])


def _failures(outcome: Outcome) -> list[Notice]:
    return [
        Notice(part.host, part.status, part.message)
        for part in outcome.hosts
        if part.status not in (Status.OK, Status.NOT_FOUND)
    ]


def _beginning(batch: Batch, most: int) -> Batch:
    """The records that a batch begins with, up to so many bytes."""
    first = next(pieces(batch, most))
    if len(first.body) > most:
        return replace(SIGN_OF_LIFE, notices=batch.notices)
    return replace(first, positions=positions_behind(first))


def _by_host(batch: Batch) -> Counter[str]:
    if not batch.origins or not batch.count:
        return Counter()
    if batch.origin is None:
        return Counter({batch.origins[0].host: batch.count})
    counts: Counter[str] = Counter()
    for index, lines in Counter(batch.origin).items():
        counts[batch.origins[index].host] += lines
    return counts
