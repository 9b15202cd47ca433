"""What was written before a follow begins: what is asked for it, and what the reader gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Origin, Position
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Order, Query, Source
from logagent.fanout.delivery import Delivery
from logagent.fanout.feed import Feed
from logagent.fanout.history import EARLIER_BYTES, History
from testbed.queries import changed
from testbed.sources import Reader, ScriptedSource, source

QUERY = Query.of(files=("*.log",), follow=True, order=Order.OLDEST, keywords=(b"x",), timeout=60.0, max_bytes=1000)
GONE = Outcome(
    Status.UNAVAILABLE,
    hosts=(HostOutcome("b", Status.UNAVAILABLE, "cannot connect"), HostOutcome("c", Status.NOT_FOUND)),
)


def at(host: str, offset: int, log: str = "app.log") -> Position:
    return Position(host, log, 1, offset)


def found(host: str, *times: int, log: str = "app.log", scanned: int = 0) -> Batch:
    """A line for each time, which says so; its offset is its time."""
    body = b"".join(b"%d\n" % time for time in times)
    return Batch(body, len(times), list(times), list(times), (Origin(host, log, True, log, 1),), scanned=scanned)


@dataclass
class Past:
    """A history whose every question one source answers."""

    answer: ScriptedSource
    query: Query = QUERY
    reader: Reader = field(default_factory=Reader)
    asked_hosts: list[Sequence[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        feeds = {host: Feed(host, source(), lambda: None, pass_by=lambda batch: False) for host in "abc"}
        self.delivery = Delivery(self.query, self.reader, feeds)
        self.history = History(self.query, self._ended, self.delivery)

    def _ended(self, hosts: Sequence[str]) -> Source:
        self.asked_hosts.append(hosts)
        return self.answer


# Catching up.


async def test_catching_up_asks_all_hosts_for_all_lines(autojump_clock: MockClock) -> None:
    query = changed(QUERY, since=7)
    past = Past(source(), query)
    await past.history.catch_up("abc")
    assert past.asked_hosts == [["a", "b", "c"]]
    assert past.answer.query == changed(
        query, follow=False, whole=True, places=True, times=True, timeout=None, max_bytes=None
    )


async def test_catching_up_from_a_cursor_asks_the_hosts_that_it_knows(autojump_clock: MockClock) -> None:
    past = Past(source(), changed(QUERY, positions=(at("a", 3), at("c", 4)), n=5))
    await past.history.catch_up("abc")
    assert past.asked_hosts == [["a", "c"]]
    assert past.answer.query is not None
    assert past.answer.query.limits.n is None
    assert past.delivery.positions == (at("a", 3), at("c", 4))


async def test_what_is_caught_up_goes_on_as_it_comes(autojump_clock: MockClock) -> None:
    batches = [replace(found("a", 1, 2, scanned=9), positions=(at("a", 4),)), replace(SIGN_OF_LIFE, scanned=3)]
    past = Past(source(*batches))
    await past.history.catch_up("abc")
    assert past.reader.batches == batches
    assert past.delivery.positions == (at("a", 4),)
    assert past.delivery.scanned == 12


async def test_hosts_that_fail_meanwhile_are_named_and_those_without_the_log_are_not(
    autojump_clock: MockClock,
) -> None:
    past = Past(source(found("a", 1), outcome=GONE))
    await past.history.catch_up("abc")
    assert past.reader.notices == [Notice("b", Status.UNAVAILABLE, "cannot connect")]


# The last lines.


async def test_the_last_lines_before_the_anchors_are_asked_for_newest_first(autojump_clock: MockClock) -> None:
    past = Past(source(), changed(QUERY, n=3, n_per_file=2))
    anchors = (at("b", 9), at("b", 8, "db.log"), at("a", 7))
    await past.history.send_last(anchors)
    assert past.asked_hosts == [["b", "a"]]
    assert past.answer.query == changed(
        QUERY,
        follow=False,
        positions=anchors,
        order=Order.NEWEST,
        times=True,
        places=True,
        n=3,
        n_per_file=2,
        timeout=None,
        max_bytes=EARLIER_BYTES,
    )


async def test_nothing_is_asked_where_no_log_has_begun(autojump_clock: MockClock) -> None:
    past = Past(source())
    await past.history.send_last(())
    assert (past.asked_hosts, past.reader.batches) == ([], [])


async def test_the_last_lines_are_given_in_reading_order_with_positions(autojump_clock: MockClock) -> None:
    past = Past(source(found("a", 5, 3), found("b", 2)))
    await past.history.send_last((at("a", 9), at("b", 9)))
    before, given = past.reader.batches
    assert set(before.positions) == {at("a", 3), at("b", 2)}
    assert given.lines() == [b"2", b"3", b"5"]
    assert set(given.positions) == {at("a", 7), at("b", 4)}


async def test_lines_of_logs_that_have_not_begun_are_left_out(autojump_clock: MockClock) -> None:
    past = Past(source(found("a", 5), found("a", 4, log="new.log")))
    await past.history.send_last((at("a", 9),))
    assert past.reader.times == [5]


async def test_signs_of_life_go_on_while_the_last_lines_are_sought(autojump_clock: MockClock) -> None:
    past = Past(source(replace(SIGN_OF_LIFE, scanned=4), found("a", 5, scanned=2), outcome=GONE))
    await past.history.send_last((at("a", 9),))
    assert past.reader.batches[0] == SIGN_OF_LIFE
    assert past.reader.notices == [Notice("b", Status.UNAVAILABLE, "cannot connect")]
    assert [batch.scanned for batch in past.reader.batches if batch.count] == [6]


async def test_without_any_last_line_nothing_is_given(autojump_clock: MockClock) -> None:
    past = Past(source())
    await past.history.send_last((at("a", 9),))
    assert past.reader.batches == []
