"""A follow over the breaks of its source: nothing lost, nothing twice, and the reader told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Out, Position
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Order, Query
from logagent.peers.resumed import Resumed
from logagent.peers.retrying import FIRST_WAIT, GIVEN_UP, LAST_WORDS, LONGEST_WAIT

GONE = Outcome(Status.UNAVAILABLE, "connection lost: the agent closed the connection")
REFUSED = Outcome(Status.UNAVAILABLE, "cannot connect: connection refused")
ENDED = Outcome(Status.INTERNAL, "a bug")
LOST = Notice("web-2", Status.UNAVAILABLE, "lost: the agent closed the connection; trying again")
UNREACHED = Notice("web-2", Status.UNAVAILABLE, "cannot be reached: connection refused; trying again")
QUERY = Query.of(files=("app.log",), follow=True, order=Order.OLDEST, n=10, since=7, heartbeat=15.0)

Attempt = Callable[[Out], Awaitable[Outcome]]


def at(offset: int, log: str = "app.log") -> Position:
    return Position("web-2", log, 1, offset)


def line(text: bytes, *positions: Position) -> Batch:
    return Batch(text + b"\n", 1, positions=positions, scanned=10)


def sends(*batches: Batch, then: Outcome = GONE) -> Attempt:
    async def attempt(out: Out) -> Outcome:
        for batch in batches:
            await out.send(batch)
        return then

    return attempt


async def hangs(out: Out) -> Outcome:
    await trio.sleep_forever()
    raise AssertionError


@dataclass
class Scripted:
    """A source that does one thing after another, each time that it is asked; the last one for ever."""

    attempts: tuple[Attempt, ...]
    asked: list[Query] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    async def pump(self, query: Query, out: Out) -> Outcome:
        self.asked.append(query)
        self.moments.append(trio.current_time())
        return await self.attempts[min(len(self.asked), len(self.attempts)) - 1](out)


@dataclass
class Reader:
    """Keeps what it gets, and takes so many seconds for each batch."""

    slow: float = 0.0
    batches: list[Batch] = field(default_factory=list)

    async def send(self, batch: Batch) -> None:
        await trio.sleep(self.slow)
        self.batches.append(batch)

    @property
    def story(self) -> list[bytes | Notice]:
        """Notices and lines, in the order in which people see them."""
        return [told for batch in self.batches for told in (*batch.notices, *batch.lines())]


def resumed(source: Scripted, *, waits: bool = True, spread: float = 1.0) -> Resumed:
    return Resumed("web-2", source, lambda: spread, waits=waits)


async def run(*attempts: Attempt, query: Query = QUERY, slow: float = 0.0) -> tuple[Scripted, Reader, Outcome]:
    source, reader = Scripted(attempts), Reader(slow)
    outcome = await resumed(source).pump(query, reader)
    return source, reader, outcome


async def test_source_that_breaks_between_batches_goes_on_behind_the_last_one(autojump_clock: MockClock) -> None:
    first = sends(line(b"one", at(4), at(9, "b.log")), line(b"two", at(8)))
    source, reader, outcome = await run(first, sends(line(b"three", at(14)), then=ENDED))
    assert [(query.limits.n, set(query.positions)) for query in source.asked] == [
        (10, set()),
        (None, {at(8), at(9, "b.log")}),
    ]
    back = Notice("web-2", Status.OK, "back after 0.2 s")
    assert reader.story == [b"one", b"two", LOST, back, b"three"]
    assert outcome == Outcome(Status.INTERNAL, "a bug", lines=3, bytes_scanned=30)


async def test_source_that_breaks_before_the_first_batch_is_asked_the_same_again(autojump_clock: MockClock) -> None:
    source, reader, _ = await run(sends(then=REFUSED), sends(line(b"one", at(4)), then=ENDED))
    assert source.asked == [QUERY, QUERY]
    assert reader.story == [UNREACHED, Notice("web-2", Status.OK, "back after 0.2 s"), b"one"]


async def test_signs_of_life_say_nothing_of_where_to_go_on(autojump_clock: MockClock) -> None:
    source, _, _ = await run(sends(SIGN_OF_LIFE), sends(then=ENDED))
    assert source.asked == [QUERY, QUERY]


async def test_lines_without_a_position_may_be_missing_and_that_is_said(autojump_clock: MockClock) -> None:
    source, reader, _ = await run(sends(line(b"one")), sends(then=ENDED))
    assert (source.asked[1].limits.n, source.asked[1].range.since, source.asked[1].positions) == (0, None, ())
    assert reader.story[1] == LOST._replace(message=f"{LOST.message}; lines may be missing then")


async def test_positions_that_were_asked_for_are_kept_for_logs_of_which_nothing_came(autojump_clock: MockClock) -> None:
    query = Query.of(files=("*",), follow=True, positions=(at(1), at(2, "b.log")))
    source, _, _ = await run(sends(line(b"x", at(3))), sends(then=ENDED), query=query)
    assert set(source.asked[1].positions) == {at(3), at(2, "b.log")}


async def test_further_failures_say_nothing_and_the_return_says_how_long_it_was(autojump_clock: MockClock) -> None:
    refused = [sends(then=REFUSED)] * 5
    _, reader, _ = await run(sends(line(b"one", at(4))), *refused, sends(SIGN_OF_LIFE, then=ENDED))
    assert reader.story == [b"one", LOST, Notice("web-2", Status.OK, "back after 15.8 s")]  # 0.25 * (2 ** 6 - 1)


async def test_each_break_is_told(autojump_clock: MockClock) -> None:
    _, reader, _ = await run(*[sends(line(b"x", at(4)))] * 3, sends(then=ENDED))
    assert reader.story.count(LOST) == 3


async def test_silence_of_two_heartbeats_is_a_break(autojump_clock: MockClock) -> None:
    async def silent(out: Out) -> Outcome:
        await out.send(line(b"one", at(4)))
        await trio.sleep(29)
        await out.send(SIGN_OF_LIFE)
        return await hangs(out)

    source, reader, _ = await run(silent, sends(then=ENDED))
    assert source.moments[1] - source.moments[0] == pytest.approx(29 + 30 + FIRST_WAIT)
    assert reader.story == [b"one", LOST._replace(message="lost: nothing was heard of it for 30 s; trying again")]


async def test_silence_from_the_beginning_is_a_break(autojump_clock: MockClock) -> None:
    source, reader, _ = await run(hangs, sends(then=ENDED))
    assert source.moments[1] - source.moments[0] == pytest.approx(30 + FIRST_WAIT)
    assert reader.story == [
        UNREACHED._replace(message="cannot be reached: nothing was heard of it for 30 s; trying again")
    ]


async def test_slow_reader_is_not_the_silence_of_the_source(autojump_clock: MockClock) -> None:
    source, reader, outcome = await run(
        sends(line(b"one", at(4)), line(b"two", at(8)), then=ENDED), sends(then=GONE), slow=100
    )
    assert (reader.story, outcome.lines, len(source.asked)) == ([b"one", b"two"], 2, 1)


async def test_silence_that_ends_as_it_is_cut_off_passes_nothing_on_twice(autojump_clock: MockClock) -> None:
    async def late(out: Out) -> Outcome:
        with trio.CancelScope(shield=True):
            await trio.sleep(31)
        await out.send(line(b"one", at(4)))
        raise AssertionError("went on")

    _, reader, outcome = await run(late, sends(line(b"one", at(4)), then=ENDED))
    assert (reader.story[-1], outcome.lines) == (b"one", 1)


@pytest.mark.parametrize("spread", [0.5, 1.0])
async def test_waits_double_up_to_a_bound_each_shortened_at_random(autojump_clock: MockClock, spread: float) -> None:
    source = Scripted((*[sends(then=REFUSED)] * 9, sends(then=ENDED)))
    await resumed(source, spread=spread).pump(QUERY, Reader())
    waits = [later - earlier for earlier, later in zip(source.moments, source.moments[1:], strict=False)]
    full = [0.25, 0.5, 1, 2, 4, 8, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]
    assert waits == pytest.approx([wait * spread for wait in full])


async def test_waits_begin_anew_once_something_was_heard(autojump_clock: MockClock) -> None:
    source, _, _ = await run(*[sends(then=REFUSED)] * 5, sends(SIGN_OF_LIFE), sends(then=ENDED))
    assert source.moments[-1] - source.moments[-2] == pytest.approx(FIRST_WAIT)


async def test_source_that_stays_away_for_an_hour_is_given_up(autojump_clock: MockClock) -> None:
    source, reader, outcome = await run(sends(line(b"one", at(4))), sends(then=REFUSED))
    assert outcome.status is Status.UNAVAILABLE
    assert outcome.message == "away for an hour: cannot connect: connection refused"
    assert GIVEN_UP <= source.moments[-1] - source.moments[0] <= GIVEN_UP + LONGEST_WAIT
    assert reader.story == [b"one", LOST]


async def test_hour_begins_anew_when_the_source_was_back(autojump_clock: MockClock) -> None:
    async def lives(out: Out) -> Outcome:
        for _ in range(400):
            await trio.sleep(10)
            await out.send(SIGN_OF_LIFE)
        return GONE

    source, _, _ = await run(lives, sends(then=REFUSED), lives, sends(then=ENDED))
    assert len(source.asked) == 4


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.UNAVAILABLE])
async def test_end_that_no_further_attempt_would_change_is_the_end(autojump_clock: MockClock, status: Status) -> None:
    end = Outcome(status, "so it is", hosts=(HostOutcome("web-2", status),), cursor="of the source")
    source, reader, outcome = await run(sends(line(b"one", at(4)), then=end))
    assert outcome == Outcome(status, "so it is", 1, 10, (HostOutcome("web-2", status),))
    assert (len(source.asked), reader.story) == (1, [b"one"])


async def test_source_that_never_began_is_not_asked_again_where_nobody_waits(autojump_clock: MockClock) -> None:
    source, reader = Scripted((sends(then=REFUSED),)), Reader()
    assert await resumed(source, waits=False).pump(QUERY, reader) == REFUSED
    assert (len(source.asked), reader.story) == (1, [])


async def test_source_that_began_is_asked_again_all_the_same(autojump_clock: MockClock) -> None:
    source, reader = Scripted((sends(SIGN_OF_LIFE), sends(then=REFUSED), sends(then=ENDED))), Reader()
    assert await resumed(source, waits=False).pump(QUERY, reader) == ENDED
    assert reader.story == [LOST]


TIMED = Query.of(files=("app.log",), follow=True, timeout=20.0)


async def test_timeout_is_of_all_attempts_together(autojump_clock: MockClock) -> None:
    async def lives(out: Out) -> Outcome:
        await trio.sleep(9)
        await out.send(line(b"one", at(4)))
        return GONE

    source, _, outcome = await run(lives, lives, lives, query=TIMED)
    assert [query.limits.timeout for query in source.asked] == pytest.approx([20, 20 - 9.25, 20 - 18.5])
    assert (outcome.status, outcome.message) == (Status.DEADLINE_EXCEEDED, "timeout=20 s reached")
    assert trio.current_time() - source.moments[0] == pytest.approx(20 + LAST_WORDS)


async def test_timeout_that_comes_while_the_source_is_away_is_kept_exactly(autojump_clock: MockClock) -> None:
    source, _, outcome = await run(sends(then=REFUSED), query=TIMED)
    assert outcome.status is Status.DEADLINE_EXCEEDED
    assert trio.current_time() - source.moments[0] == pytest.approx(20)


async def test_source_has_a_moment_to_say_how_it_ended_at_the_timeout(autojump_clock: MockClock) -> None:
    async def keeps_it(out: Out) -> Outcome:
        await trio.sleep(20.1)
        return Outcome(Status.DEADLINE_EXCEEDED, "its own words")

    _, _, outcome = await run(keeps_it, query=TIMED)
    assert outcome.message == "its own words"


async def test_bytes_are_budgeted_over_all_attempts(autojump_clock: MockClock) -> None:
    query = Query.of(files=("app.log",), follow=True, max_bytes=6)
    source, _, _ = await run(sends(line(b"one", at(4))), sends(line(b"two", at(8))), sends(then=ENDED), query=query)
    assert [query.limits.max_bytes for query in source.asked] == [6, 2, 1]


async def test_cancelling_reaches_the_source(autojump_clock: MockClock) -> None:
    source = Scripted((hangs,))
    with trio.move_on_after(5) as scope:
        await resumed(source).pump(QUERY, Reader())
    assert scope.cancelled_caught
    assert len(source.asked) == 1


@dataclass
class Log:
    """A log of numbered lines in one file, of which each attempt tells some before it breaks in one of the ways."""

    breaks: Iterator[tuple[int, int, bool]]
    lines: int

    async def pump(self, query: Query, out: Out) -> Outcome:
        given = query.positions[0].offset if query.positions else 0
        size, batches, silent = next(self.breaks, (1, self.lines, False))
        for _ in range(batches):
            some = list(range(given, min(given + size, self.lines)))
            if not some:
                return ENDED
            given += len(some)
            await out.send(Batch(b"".join(b"%d\n" % number for number in some), len(some), positions=(at(given),)))
        return await hangs(out) if silent else GONE


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4), st.booleans()), max_size=8), st.integers(0, 30))
def test_every_line_comes_once_and_in_order_however_the_source_breaks(
    breaks: list[tuple[int, int, bool]], lines: int
) -> None:
    async def main() -> list[bytes]:
        reader = Reader()
        await Resumed("web-2", Log(iter(breaks), lines)).pump(QUERY, reader)
        return [told for told in reader.story if isinstance(told, bytes)]

    assert trio.run(main, clock=MockClock(autojump_threshold=0)) == [b"%d" % number for number in range(lines)]


@pytest.mark.parametrize(
    ("query", "is_left_out"),
    [
        (Query.of(files=("app.log",), follow=True, order=Order.OLDEST, heartbeat=15.0), True),
        (QUERY, False),
        (Query.of(files=("app.log",), follow=True, order=Order.OLDEST, heartbeat=15.0, positions=(at(4),)), False),
    ],
)
async def test_what_a_source_wrote_before_it_was_reached_is_sent_or_told_to_be_left_out(
    autojump_clock: MockClock, query: Query, is_left_out: bool
) -> None:
    _, reader, _ = await run(sends(then=REFUSED), sends(line(b"one", at(8)), then=ENDED), query=query)
    told = [each.status for each in reader.story if isinstance(each, Notice)]
    assert told == [Status.UNAVAILABLE, Status.OK, *([Status.DATA_LOSS] if is_left_out else [])]
