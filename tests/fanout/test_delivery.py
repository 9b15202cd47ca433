"""What the reader of a follow gets: within its limit of bytes, counted, and with positions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import trio
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Origin, Position
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.fanout.delivery import AT_ONCE, TOGETHER, Delivery
from logagent.fanout.feed import Feed
from testbed.sources import Reader, lines, source

NOTICE = Notice("a", Status.OK, "back")
EVENT = Batch(b"1\n2\n3\n", 3, [1, 2, 3], [0, 2, 4], (Origin("a", "f", True, "f", 1),), flags=b"\0\1\0")


def delivery_to(reader: Reader, **limits: Any) -> tuple[Delivery, dict[str, Feed]]:
    feeds = {host: Feed(host, source(), lambda: None, pass_by=lambda batch: False) for host in "ab"}
    return Delivery(Query.of(files=("f",), follow=True, **limits), reader, feeds), feeds


async def test_each_hosts_lines_are_counted(autojump_clock: MockClock) -> None:
    delivery, feeds = delivery_to(Reader())
    await delivery.send(lines(1, host="a"))
    both = (Origin("a", "f"), Origin("b", "f"), Origin("b", "g"))
    await delivery.send(Batch(b"2\n3\n4\n5\n", 4, [2, 3, 4, 5], [0] * 4, both, [1, 2, 0, 1]))
    assert {host: feed.given for host, feed in feeds.items()} == {"a": 2, "b": 3}
    assert delivery.lines == 5


async def test_records_are_given_whole_as_far_as_they_fit(autojump_clock: MockClock) -> None:
    reader = Reader()
    delivery, feeds = delivery_to(reader, max_bytes=5)
    await delivery.send(EVENT)
    assert reader.times == [1, 2]
    assert delivery.positions == (Position("a", "f", 1, 4),)
    assert delivery.limit == Outcome(Status.RESOURCE_EXHAUSTED, "max_bytes=5 reached")
    assert feeds["a"].given == 2


async def test_a_first_record_that_does_not_fit_leaves_its_notices(autojump_clock: MockClock) -> None:
    reader = Reader()
    delivery, _ = delivery_to(reader, max_bytes=3)
    await delivery.send(replace(EVENT, notices=(NOTICE,), positions=(Position("a", "f", 1, 6),)))
    assert (reader.times, reader.notices, delivery.positions) == ([], [NOTICE], ())


async def test_lines_that_fill_the_limit_exactly_do_not_reach_it(autojump_clock: MockClock) -> None:
    delivery, _ = delivery_to(Reader(), max_bytes=6)
    await delivery.send(EVENT)
    await delivery.send(SIGN_OF_LIFE)
    assert delivery.limit is None


async def test_nothing_is_sent_once_a_limit_is_reached(autojump_clock: MockClock) -> None:
    reader = Reader()
    delivery, _ = delivery_to(reader)
    delivery.limit = Outcome(Status.DEADLINE_EXCEEDED)
    await delivery.send(replace(EVENT, scanned=9))
    await delivery.say([NOTICE])
    assert reader.batches == []
    assert (delivery.lines, delivery.scanned) == (0, 9)


async def test_no_notices_send_nothing(autojump_clock: MockClock) -> None:
    reader = Reader()
    delivery, _ = delivery_to(reader)
    await delivery.say([])
    assert reader.batches == []
    await delivery.say([NOTICE])
    assert reader.notices == [NOTICE]


async def test_the_latest_position_of_each_log_is_kept(autojump_clock: MockClock) -> None:
    delivery, _ = delivery_to(Reader())
    delivery.pass_by([Position("a", "f", 1, 4), Position("a", "g", 1, 5), Position("b", "f", 1, 6)])
    await delivery.send(replace(SIGN_OF_LIFE, positions=(Position("a", "f", 2, 1),)))
    assert set(delivery.positions) == {
        Position("a", "f", 2, 1),
        Position("a", "g", 1, 5),
        Position("b", "f", 1, 6),
    }


async def test_scanned_bytes_are_told_with_lines_and_once(autojump_clock: MockClock) -> None:
    reader = Reader()
    delivery, _ = delivery_to(reader)
    delivery.count_scanned(7)
    await delivery.send(SIGN_OF_LIFE)
    await delivery.send(lines(1, host="a", scanned=2))
    await delivery.send(lines(2, host="a"))
    assert [batch.scanned for batch in reader.batches] == [0, 9, 0]
    assert delivery.scanned == 9


async def test_the_moment_of_the_last_batch_is_when_the_reader_had_taken_it(autojump_clock: MockClock) -> None:
    delivery, _ = delivery_to(Reader(delay=3))
    started = trio.current_time()
    assert delivery.last_sent == started
    await delivery.send(SIGN_OF_LIFE)
    assert delivery.last_sent - started == 3


async def test_notices_of_many_hosts_that_come_one_by_one_are_sent_together(autojump_clock: MockClock) -> None:
    reader = Reader()
    delivery, _ = delivery_to(reader)
    for number in range(1000):
        await delivery.say([Notice(f"web-{number}", Status.UNAVAILABLE, "lost: gone")])
    assert len(reader.notices) == AT_ONCE
    assert delivery.notices_due == trio.current_time() + TOGETHER
    await delivery.say([Notice("web-7", Status.DATA_LOSS, "lines were lost")])
    assert len(reader.notices) == 1001
    assert delivery.notices_due == math.inf
    await trio.sleep(TOGETHER)
    await delivery.say([NOTICE])
    assert reader.notices[-1] == NOTICE


async def test_notices_that_wait_are_sent_in_the_end(autojump_clock: MockClock) -> None:
    reader = Reader()
    delivery, _ = delivery_to(reader)
    for _ in range(AT_ONCE + 2):
        await delivery.say([NOTICE])
    await delivery.say_the_rest()
    await delivery.say_the_rest()
    assert reader.notices == [NOTICE] * (AT_ONCE + 2)
