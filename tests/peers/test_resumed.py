"""A source that breaks is asked again: when, from where, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import trio
from trio.testing import MockClock

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Origin, Out, Position
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query
from logagent.peers.resumed import GIVEN_UP, Resumed
from testbed.reading import Collected

FOLLOW = Query(files=("app.log",), follow=True, order=Order.OLDEST, n=10, heartbeat=15.0)
GONE = Outcome(Status.UNAVAILABLE, "connection refused")
REFUSED = Outcome(Status.PERMISSION_DENIED, "not yours")


def line(number: int) -> Batch:
    """A batch of one line, and how far the log is done behind it."""
    text = b"line %d\n" % number
    positions = (Position("web-1", "app.log", 7, number + 1),)
    return Batch(text, 1, [number], [number], (Origin("web-1", "app.log", True, "app.log", 7),), positions=positions)


class Script:
    """A source that gives, at each attempt, these batches and then ends so, or waits so many seconds first."""

    def __init__(self, *attempts: tuple[list[Batch | float], Outcome]) -> None:
        self.attempts = list(attempts)
        self.asked: list[Query] = []
        self.at: list[float] = []

    async def pump(self, query: Query, out: Out) -> Outcome:
        self.asked.append(query)
        self.at.append(trio.current_time())
        acts, end = self.attempts.pop(0) if len(self.attempts) > 1 else self.attempts[0]
        for act in acts:
            if isinstance(act, float):
                await trio.sleep(act)
            else:
                await out.send(act)
        await trio.lowlevel.checkpoint()
        return end


def whole(most: float = 1.0) -> Callable[[], float]:
    return lambda: most


def said(out: Collected) -> list[Notice]:
    return [notice for batch in out.batches for notice in batch.notices]


async def test_it_goes_on_behind_what_was_given(autojump_clock: MockClock) -> None:
    script, out = Script(([line(0), line(1)], GONE), ([line(2)], REFUSED)), Collected()
    outcome = await Resumed("web-1", script, whole()).pump(FOLLOW, out)
    assert out.lines == [b"line 0", b"line 1", b"line 2"]
    assert script.asked == [FOLLOW, replace(FOLLOW, n=None, positions=(Position("web-1", "app.log", 7, 2),))]
    assert outcome == replace(REFUSED, lines=3)
    assert said(out) == [
        Notice("web-1", Status.UNAVAILABLE, "lost: connection refused; trying again"),
        Notice("web-1", Status.OK, "back after 0.2 s"),
    ]


async def test_it_is_asked_the_same_again_before_anything_came(autojump_clock: MockClock) -> None:
    script, out = Script(([], GONE), ([line(0)], REFUSED)), Collected()
    await Resumed("web-1", script, whole()).pump(FOLLOW, out)
    assert script.asked == [FOLLOW, FOLLOW]
    assert len(said(out)) == 2


async def test_pauses_double_up_to_a_limit_and_losing_is_said_once(autojump_clock: MockClock) -> None:
    script, out = Script(*[([], GONE)] * 9, ([line(0)], REFUSED)), Collected()
    await Resumed("web-1", script, whole()).pump(FOLLOW, out)
    pauses = [later - earlier for earlier, later in zip(script.at, script.at[1:], strict=False)]
    assert [round(pause, 6) for pause in pauses] == [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15]
    assert [notice.status for notice in said(out)] == [Status.UNAVAILABLE, Status.OK]


async def test_pauses_are_spread(autojump_clock: MockClock) -> None:
    script = Script(([], GONE), ([], REFUSED))
    await Resumed("web-1", script, whole(0.5)).pump(FOLLOW, Collected())
    assert script.at[1] - script.at[0] == 0.125


async def test_a_source_that_was_heard_is_asked_again_soon(autojump_clock: MockClock) -> None:
    script = Script(*[([], GONE)] * 5, ([line(0)], GONE), ([], REFUSED))
    await Resumed("web-1", script, whole()).pump(FOLLOW, Collected())
    assert round(script.at[-1] - script.at[-2], 6) == 0.25


async def test_silence_for_two_heartbeats_is_taken_for_death(autojump_clock: MockClock) -> None:
    script, out = Script(([line(0), 31.0, line(1)], GONE), ([line(1)], REFUSED)), Collected()
    await Resumed("web-1", script, whole()).pump(FOLLOW, out)
    assert out.lines == [b"line 0", b"line 1"]
    assert said(out)[0].message == "lost: nothing was heard of it for 30 s; trying again"


async def test_signs_of_life_keep_it(autojump_clock: MockClock) -> None:
    acts: list[Batch | float] = [line(0), 29.0, SIGN_OF_LIFE, 29.0, line(1)]
    out = Collected()
    await Resumed("web-1", Script((acts, REFUSED)), whole()).pump(FOLLOW, out)
    assert out.lines == [b"line 0", b"line 1"]
    assert said(out) == []


async def test_a_slow_reader_is_no_silence(autojump_clock: MockClock) -> None:
    class Slow(Collected):
        async def send(self, batch: Batch) -> None:
            await trio.sleep(1000)
            await super().send(batch)

    out = Slow()
    await Resumed("web-1", Script(([line(0), line(1)], REFUSED)), whole()).pump(FOLLOW, out)
    assert out.lines == [b"line 0", b"line 1"]
    assert said(out) == []


async def test_after_an_hour_it_is_given_up(autojump_clock: MockClock) -> None:
    script = Script(([], GONE))
    outcome = await Resumed("web-1", script, whole()).pump(FOLLOW, Collected())
    assert outcome.status is Status.UNAVAILABLE
    assert outcome.message == "away for an hour: connection refused"
    assert script.at[-1] - script.at[0] >= GIVEN_UP


async def test_one_that_cannot_even_be_asked_is_not_waited_for_where_nobody_would(autojump_clock: MockClock) -> None:
    script, out = Script(([], GONE)), Collected()
    assert await Resumed("", script, whole(), waits=False).pump(FOLLOW, out) == GONE
    assert said(out) == []
    script = Script(([line(0)], GONE), ([line(1)], REFUSED))
    await Resumed("", script, whole(), waits=False).pump(FOLLOW, out)
    assert out.lines == [b"line 0", b"line 1"]
