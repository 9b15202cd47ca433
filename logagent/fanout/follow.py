"""The live lines of many hosts as one stream: earlier lines first, then new ones, merged within a short window."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import trio

from logagent.core.batch import SIGN_OF_LIFE, Notice, Out, Position
from logagent.core.globs import is_glob
from logagent.core.merging.outcomes import combine
from logagent.core.merging.window import Window
from logagent.core.notes import Note, of_kinds
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.fanout.delivery import Delivery
from logagent.fanout.feed import Feed
from logagent.fanout.followed_host import FollowedHost
from logagent.fanout.followed_site import FollowedSite
from logagent.fanout.history import History
from logagent.fanout.membership import Fleet, Membership
from logagent.fanout.roll_call import UNQUESTIONED, RollCall, told_beside
from logagent.fanout.saying import Waker
from logagent.fanout.shares import shares
from logagent.fanout.site import Site

HELD = 16 * 1024 * 1024
"""Bytes of lines in the window; while it holds more, no further lines are taken from the hosts."""


@dataclass(frozen=True, slots=True)
class Follow:
    """The live lines of several hosts as one source.

    Attributes:
        live: each host's name, and the source of its live lines.
        ended: makes a source, for some of these hosts, that answers with the lines already written and then ends.
        patience: seconds to wait for a host to begin before the others' lines are sent.
        roll: knows which of the hosts are one.
        sites: those of the hosts that answer for others too, by name.
        through: whether an agent has asked, for all that is behind this one: it is told of each host without the log.
        depth: agents that the question came through: of each, live lines wait half as long for earlier ones as of the
            one above, so that all are in order there.
        fleet: the hosts that there are, where they may come and go; None: they stay the same.
    """

    live: Sequence[tuple[str, Source]]
    ended: Callable[[Sequence[str]], Source]
    patience: float
    roll: RollCall = UNQUESTIONED
    sites: Mapping[str, Site] = field(default_factory=dict)
    through: bool = False
    depth: int = 0
    fleet: Fleet | None = None

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send earlier lines as the query asks, then live ones; see `Source.pump`.

        It ends only when no host can be followed any more or a limit is reached. There is one nursery, with a task for
        each host; cancelling reaches all of them.
        """
        follow = _MergedFollow(self, query, out)
        with trio.move_on_after(math.inf if query.limits.timeout is None else query.limits.timeout) as scope:
            await follow.run()
        if scope.cancelled_caught:
            follow.run_out_of_time()
        return follow.outcome()


class _MergedFollow:
    """One run of a `Follow`."""

    def __init__(self, follow: Follow, query: Query, out: Out) -> None:
        self._patience = follow.patience
        self._query = query
        self._news = Waker()
        self._roll = follow.roll
        self._nursery: trio.Nursery | None = None
        self._tells_all = query.own or follow.through
        self._feeds: dict[str, Feed] = {}
        self._delivery = Delivery(query, out, self._feeds)
        first = [self._followed(name, source, follow.sites.get(name)) for name, source in follow.live]
        self._feeds.update((host.name, host) for host in first)
        self._members = Membership(first, follow.fleet)
        patience = query.follow_options.patience / 2**follow.depth
        self._window = Window([host.name for host in first], patience=patience)
        self._by_time = query.own or len(first) > 1 or not query.names_one_log
        self._merging = not query.own and self._by_time
        self._history = History(query, follow.ended, self._delivery, follow.sites)

    def _followed(self, name: str, source: Source, site: Site | None) -> FollowedHost:
        if site is None:
            return FollowedHost(name, source, self._news.wake, self._roll)
        return FollowedSite(site, source, self._news.wake, self._delivery.given, self._roll)

    async def run(self) -> None:
        """Send earlier lines, then new ones, until every host has ended or a limit is reached."""
        query = self._query
        if query.positions or (query.range.since is not None and not query.limits.counts_records):
            await self._history.catch_up(host.name for host in self._hosts)
        async with trio.open_nursery() as self._nursery:
            for host in self._hosts:
                self._nursery.start_soon(host.run, self._question_to(host))
            notices = await self._hear_beginnings()
            if not self._is_nowhere(notices):
                await self._delivery.say([*self._unknown_to_cursor(), *self._worth_saying(notices)])
                await self._delivery.note(note for host in self._hosts for note in self._notes_of(host))
                if query.limits.counts_records and query.limits.n != 0 and not query.positions:
                    await self._history.send_last(self._anchors(), [host.name for host in self._hosts if host.anchors])
                await self._delivery.send(replace(SIGN_OF_LIFE, positions=self._anchors(), live=True))
                self._nursery.start_soon(self._members.watch, self._news.wake)
                await self._merge_live_lines()
            self._nursery.cancel_scope.cancel()

    def run_out_of_time(self) -> None:
        """Note that the query's timeout ended the follow."""
        message = f"timeout={self._query.limits.timeout:g} s reached"
        self._delivery.limit = Outcome(Status.DEADLINE_EXCEEDED, message)

    def outcome(self) -> Outcome:
        """Combine the hosts' parts; a limit that was reached comes before any host's failure."""
        ends = shares([host for host in self._hosts if not host.is_beside], self._delivery.given)
        if self._delivery.limit is not None:
            ends.insert(0, self._delivery.limit)
        others = [host.share() for host in self._hosts if self._roll.is_other_name(host.name)]
        whole = told_beside(combine(ends, lines=self._delivery.lines, timings={}), others)
        return replace(whole, bytes_scanned=self._delivery.scanned, notes=self._delivery.notes)

    @property
    def _hosts(self) -> list[FollowedHost]:
        return self._members.hosts

    def _begin(self, name: str, source: Source, site: Site | None) -> FollowedHost:
        """Begin to follow a host that has come: from where it was left, else from here on."""
        host = self._feeds[name] = self._followed(name, source, site)
        self._window.join(name)
        self._merging = self._by_time = True
        assert self._nursery is not None, "hosts come while the others are followed"
        # A primary is told of no host that comes by another way: it would say that the others are in no cursor.
        elsewhere = {name for other in self._hosts if not other.is_gone for name in other.names}
        self._nursery.start_soon(host.run, self._question_to(host, elsewhere - {name}))
        return host

    # Where the live lines begin.

    def _question_to(self, host: FollowedHost, elsewhere: Collection[str] = ()) -> Query:
        """Return the query for one host: its own live lines only, from the positions that were delivered.

        Args:
            host: which is asked.
            elsewhere: hosts whose positions are none of its.
        """
        reached = [position for position in self._delivery.positions if position.host not in elsewhere]
        query = host.question(self._query, reached)
        positions = query.positions
        # If the last n lines are wanted, `History` sends them, and the host must not send earlier lines itself.
        since = query.range.since if positions or not query.limits.counts_records else None
        return replace(
            query,
            limits=replace(query.limits.uncounted(), timeout=None, max_bytes=None),
            range=query.range._replace(since=since),
            form=replace(query.form, times=True, places=True),
        )

    async def _hear_beginnings(self) -> list[Notice]:
        """Wait until each host has sent where its live lines begin, or has failed, for the patience at most.

        Returns the notices that arrived meanwhile.
        """
        notices: list[Notice] = []
        with trio.move_on_after(self._patience):
            while not all(host.begun or host.outcome for host in self._hosts):
                await self._news.wait()
                for host in self._hosts:
                    notices += host.hear_beginning()
        late = [host for host in self._hosts if not host.begun and host.outcome is None]
        notices += [host.be_late(self._patience) for host in late]
        self._delivery.pass_by(self._anchors())
        self._news.wake()
        return notices

    def _anchors(self) -> tuple[Position, ...]:
        return tuple(position for host in self._hosts for position in host.anchors)

    def _is_nowhere(self, notices: Sequence[Notice]) -> bool:
        """Return whether no host has the named log, so that the follow ends; a glob may match a log later."""
        query = self._query
        if self._tells_all or query.positions or any(map(is_glob, query.files)):
            return False
        missing = {notice.host: notice for notice in notices if notice.status is Status.NOT_FOUND}
        hosts = [host for host in self._hosts if not host.is_beside]
        if not all(host.lacks_log for host in hosts):
            return False
        for host in hosts:
            message = missing[host.name].message if host.name in missing else "has no such log behind it"
            host.outcome = host.outcome or Outcome(Status.NOT_FOUND, message)
        return True

    def _unknown_to_cursor(self) -> list[Notice]:
        """Return a notice for each host that the query's positions do not name: its earlier lines are not sent."""
        positions = self._query.positions
        unknown = [host for host in self._hosts if positions and host.anchors and not host.is_in(positions)]
        message = "is not in the cursor; what it wrote before now is left out"
        return [Notice(host.name, Status.OK, message) for host in unknown]

    def _worth_saying(self, notices: Sequence[Notice]) -> list[Notice]:
        """Return all notices, without those that a host has no such log if some other host has it."""
        if self._anchors() and not self._tells_all:
            return [notice for notice in notices if notice.status is not Status.NOT_FOUND]
        return list(notices)

    # Live lines.

    async def _merge_live_lines(self) -> None:
        while self._delivery.limit is None and not self._members.is_over:
            await self._delivery.say(self._members.look(self._begin))
            with trio.move_on_at(min(self._window.due, self._next_heartbeat, self._delivery.notices_due)):
                await self._news.wait()
            for host in self._hosts:
                await self._collect(host)
            await self._send_due()
        await self._delivery.say_the_rest()
        if (batch := self._window.flush()) is not None:
            await self._delivery.send(batch)

    @property
    def _next_heartbeat(self) -> float:
        return self._delivery.last_sent + self._query.follow_options.heartbeat

    async def _send_due(self) -> None:
        if trio.current_time() >= self._delivery.notices_due:
            await self._delivery.say_the_rest()
        if (batch := self._window.take(trio.current_time())) is not None:
            await self._delivery.send(batch)
        if trio.current_time() >= self._next_heartbeat:
            await self._delivery.send(replace(SIGN_OF_LIFE, positions=tuple(self._window.take_positions())))

    def _notes_of(self, host: FollowedHost) -> tuple[Note, ...]:
        return (*self._roll.notes(host.name), *of_kinds(host.named(host.notes), times=self._by_time))

    async def _note(self, host: FollowedHost, notes: tuple[Note, ...]) -> None:
        await self._delivery.note(of_kinds(host.named(notes), times=self._by_time))

    async def _collect(self, host: FollowedHost) -> None:
        if host.is_over:
            if (end := host.note_end()) is not None:
                await self._delivery.say([end])
        elif self._window.size < HELD and (batch := host.take()) is not None:
            self._news.wake()  # there may be more
            is_new = not host.begun
            if is_new:
                await self._delivery.note(self._roll.notes(host.name))
            notices = host.join(batch)
            await self._delivery.say(self._worth_saying(notices) if is_new else notices)
            await self._note(host, batch.notes)
            self._delivery.count_scanned(batch.scanned)
            if not batch.count:
                self._window.note(host.name, batch.positions)
            elif self._merging:
                self._window.add(host.name, batch, trio.current_time())
            else:
                await self._delivery.send(replace(batch, scanned=0, notices=(), live=False, notes=()))
