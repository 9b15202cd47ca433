"""A follow takes up hosts that come, says so, and lets go of those that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import trio
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Out, Position
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query, Source
from logagent.fanout.follow import Follow
from logagent.fanout.membership import FOUND, FOUND_AGAIN, GONE
from testbed.queries import changed
from testbed.sources import Reader, lines, source

QUERY = Query.of(files=("f",), follow=True, patience=0.1, heartbeat=10.0, n=0)


@dataclass
class Host:
    """A host that writes a line each second, from the position on that it is asked for."""

    name: str
    written: int = 0
    asked: list[Query] = field(default_factory=list)
    fails: str = ""

    async def pump(self, query: Query, out: Out) -> Outcome:
        self.asked.append(query)
        if self.fails:
            notice = Notice(self.name, Status.UNAVAILABLE, self.fails)
            await out.send(replace(SIGN_OF_LIFE, notices=(notice,)))
            await trio.sleep_forever()
        self.written = max([self.written, *(position.offset for position in query.positions)])
        await out.send(replace(SIGN_OF_LIFE, positions=(self._position,), live=True))
        while True:
            await trio.sleep(1)
            self.written += 1
            await out.send(replace(lines(self.written, host=self.name), positions=(self._position,)))

    @property
    def _position(self) -> Position:
        return Position(self.name, "f", 0, self.written)


class Fleet:
    """Hosts that a test adds and takes away."""

    def __init__(self, *hosts: Host) -> None:
        self.known = {host.name: host for host in hosts}
        self.unproved: set[str] = set()
        self._changed = trio.Event()

    def set(self, *hosts: Host) -> None:
        self.known = {host.name: host for host in hosts}
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    async def change(self) -> None:
        await self._changed.wait()

    def hosts(self) -> Sequence[str]:
        return list(self.known)

    def source(self, host: str) -> Source | None:
        return None if host in self.unproved else self.known[host]

    def site(self, host: str) -> None:
        return None

    def farewell(self, host: str) -> str:
        return GONE


class Followed:
    """A follow over a fleet, what it has sent, and how it ended."""

    def __init__(self, fleet: Fleet) -> None:
        self.reader = Reader()
        live = [(name, host) for name, host in fleet.known.items()]
        self.follow = Follow(live, lambda hosts: source(), 5.0, fleet=fleet)
        self.outcome: Outcome | None = None

    async def run(self) -> None:
        with trio.CancelScope() as self.scope:
            self.outcome = await self.follow.pump(QUERY, self.reader)

    def of(self, host: str) -> list[int]:
        return [int(line) for batch in self.reader.batches for line in of_host(batch, host)]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(notice.host, notice.message) for notice in self.reader.notices]


def of_host(batch: Batch, host: str) -> list[bytes]:
    names = [one.host for one in batch.origins]
    which = batch.origin or [0] * batch.count
    return [line for line, origin in zip(batch.lines(), which, strict=True) if names[origin] == host]


async def test_a_host_that_comes_is_followed_from_there_on_and_that_is_said(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    one, new = Host("web-1"), Host("web-2")
    fleet = Fleet(one)
    it = Followed(fleet)
    nursery.start_soon(it.run)
    await trio.sleep(2.5)
    fleet.set(one, new)
    await trio.sleep(3)
    assert it.told == [("web-2", FOUND)]
    assert it.of("web-1") == [1, 2, 3, 4, 5]
    assert it.of("web-2") == [1, 2]
    assert not new.asked[0].positions
    it.scope.cancel()


async def test_a_host_that_is_gone_is_said_once_and_no_failure(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    one, two = Host("web-1"), Host("web-2")
    fleet = Fleet(one, two)
    it = Followed(fleet)
    nursery.start_soon(it.run)
    await trio.sleep(2.5)
    fleet.set(one)
    await trio.sleep(2)
    fleet.set(one)
    await trio.sleep(2)
    assert it.told == [("web-2", GONE)]
    assert it.of("web-2") == [1, 2]
    assert it.of("web-1") == [1, 2, 3, 4, 5, 6]


async def test_a_host_that_comes_back_goes_on_where_it_was_left(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    one, two = Host("web-1"), Host("web-2")
    fleet = Fleet(one, two)
    it = Followed(fleet)
    nursery.start_soon(it.run)
    await trio.sleep(2.5)
    fleet.set(one)
    await trio.sleep(2)
    fleet.set(one, two)
    await trio.sleep(2.5)
    assert it.told == [("web-2", GONE), ("web-2", FOUND_AGAIN)]
    assert [position.offset for position in two.asked[1].positions] == [2]
    assert it.of("web-2") == [1, 2, 3, 4]


async def test_a_host_that_was_never_reached_leaves_no_failure_behind(autojump_clock: MockClock) -> None:
    one, dead = Host("web-1"), Host("10.0.0.7:8443", fails="has not said its name yet")
    fleet = Fleet(one, dead)
    it = Followed(fleet)

    async def change() -> None:
        await trio.sleep(7)
        fleet.set(one, Host("web-7"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(change)
        it.follow = replace(it.follow, fleet=fleet)
        it.outcome = await it.follow.pump(changed(QUERY, timeout=10.0), it.reader)
    assert [message for host, message in it.told if host == "web-7"] == [FOUND]
    assert {part.host: part.status for part in it.outcome.hosts} == {"web-1": Status.OK, "web-7": Status.OK}


async def test_a_host_that_has_not_proved_its_name_is_taken_up_once_it_has(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    one, new = Host("web-1"), Host("10.0.0.7:8443")
    fleet = Fleet(one)
    fleet.unproved = {"10.0.0.7:8443"}
    it = Followed(fleet)
    nursery.start_soon(it.run)
    await trio.sleep(1.5)
    fleet.set(one, new)
    await trio.sleep(2)
    assert not it.told
    assert not new.asked
    fleet.set(one, Host("web-7"))
    await trio.sleep(1.5)
    assert it.told == [("web-7", FOUND)]


async def test_a_follow_whose_hosts_are_all_gone_waits_for_others(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    fleet = Fleet(Host("web-1"))
    it = Followed(fleet)
    nursery.start_soon(it.run)
    await trio.sleep(1.5)
    fleet.set()
    await trio.sleep(100)
    assert it.outcome is None
    fleet.set(Host("web-2"))
    await trio.sleep(2.5)
    assert it.of("web-2") == [1, 2]


async def test_a_follow_whose_hosts_have_all_ended_by_themselves_ends(autojump_clock: MockClock) -> None:
    class Refusing(Host):
        async def pump(self, query: Query, out: Out) -> Outcome:
            await trio.lowlevel.checkpoint()
            return Outcome(Status.PERMISSION_DENIED, "no")

    it = Followed(Fleet(Refusing("web-1")))
    await it.run()
    assert it.outcome is not None
    assert it.outcome.status is Status.PERMISSION_DENIED
