"""Connecting to an agent that is down: waited for once in a while, tried in the background, there when it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.peers.client.dialing import FRESH, GLANCE, Background, Dialer
from logagent.peers.client.downtime import Downtime
from logagent.peers.client.exchange import Away
from logagent.peers.client.reasons import reason

PATIENCE = 5.0
PAUSE = 60.0


@dataclass
class Agent:
    """An agent that takes connections, takes no notice, or fails in some way.

    Attributes:
        error: raised by each attempt; None: none is.
        dead: whether attempts are not taken notice of.
        answers: whether its machine answers at once, and only the agent takes its time.
        mute: whether its machine answers, and the agent never does.
        delay: seconds that an attempt takes.
        free: connections that are there.
        shared: whether a connection serves more than one request.
        attempts: how many there were.
    """

    error: Exception | None = None
    dead: bool = False
    answers: bool = False
    mute: bool = False
    delay: float = 0.01
    free: list[str] = field(default_factory=list)
    shared: bool = True
    attempts: int = 0

    async def dial(self, answered: Callable[[], None]) -> str:
        self.attempts += 1
        name = f"connection {self.attempts}"
        if self.dead:
            await trio.sleep_forever()
        if self.answers:
            answered()
        if self.mute:
            await trio.sleep_forever()
        await trio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        self.free += [name] if self.shared else []
        return name


@dataclass
class Bench:
    agent: Agent
    dialer: Dialer[str]

    async def ask(self) -> tuple[str, float]:
        """The connection or what was wrong, and how long that took."""
        started = trio.current_time()
        try:
            told = await self.dialer.connection(PATIENCE)
        except httpx.TransportError as error:
            told = reason(error)
        return told, trio.current_time() - started


@asynccontextmanager
async def a_bench(**agent: object) -> AsyncIterator[Bench]:
    it = Agent(**agent)  # type: ignore[arg-type]  # fields by their names
    async with trio.open_nursery() as nursery:
        background = Background(PAUSE, nursery)
        yield Bench(it, Dialer("http://far", it.dial, lambda: it.free[-1] if it.free else None, background))
        nursery.cancel_scope.cancel()


async def test_an_agent_that_is_there_is_connected_to_once(autojump_clock: MockClock) -> None:
    async with a_bench() as it:
        told: list[tuple[str, float]] = []
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(_note, it, told)
        assert {name for name, _ in told} == {"connection 1"}
        assert it.agent.attempts == 1


async def _note(it: Bench, told: list[tuple[str, float]]) -> None:
    told.append(await it.ask())


async def test_connections_that_are_not_shared_are_made_for_each(autojump_clock: MockClock) -> None:
    async with a_bench(shared=False) as it:
        told: list[tuple[str, float]] = []
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(_note, it, told)
        assert sorted(name for name, _ in told) == ["connection 1", "connection 2", "connection 3"]


async def test_a_dead_agent_is_waited_for_once_and_then_named_at_once(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        first = await it.ask()
        assert first == ("cannot connect in time: http://far did not answer in time", pytest.approx(PATIENCE))
        await trio.sleep(12)
        for ago in (12, 12):
            told, took = await it.ask()
            assert told.endswith(f"did not answer in time, {ago} s ago; it is being tried again")
            assert took == pytest.approx(GLANCE)
        assert it.agent.attempts == 2  # those that do not wait share one attempt


async def test_a_dead_agent_is_down_since_its_first_failure_until_it_is_back(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        assert it.dialer.downtime is None
        await it.ask()
        assert it.dialer.downtime == Downtime(PATIENCE, PATIENCE, PATIENCE + PAUSE)
        await trio.sleep(10)
        await it.ask()
        await trio.sleep(PATIENCE)
        tried = PATIENCE + 10 + PATIENCE  # when the attempt in the background has ended
        assert it.dialer.downtime == Downtime(PATIENCE, pytest.approx(tried), PATIENCE + PAUSE)
        it.agent.dead = False
        await it.ask()
        assert it.dialer.downtime is None


async def test_a_dead_agent_is_waited_for_again_after_the_pause(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        assert (await it.ask())[1] == pytest.approx(PATIENCE)
        took = []
        for _ in range(30):
            await trio.sleep(10)
            took.append((await it.ask())[1])
        assert [round(seconds, 1) for seconds in took].count(PATIENCE) == 5  # in five and a half minutes
        assert {round(seconds, 2) for seconds in took} == {GLANCE, PATIENCE}


async def test_an_agent_that_is_back_is_there_at_once(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        await it.ask()
        await trio.sleep(10)
        it.agent.dead = False
        assert await it.ask() == ("connection 2", pytest.approx(it.agent.delay))


async def test_an_agent_that_is_back_is_dialed_anew_beside_an_attempt_that_began_before(
    autojump_clock: MockClock,
) -> None:
    async with a_bench(dead=True) as it, trio.open_nursery() as nursery:
        nursery.start_soon(it.ask)
        await trio.sleep(FRESH)
        it.agent.dead = False
        assert await it.ask() == ("connection 2", pytest.approx(it.agent.delay))


async def test_a_question_does_not_fail_for_an_attempt_that_began_before_it(autojump_clock: MockClock) -> None:
    told: list[str] = []

    async def ask(it: Bench) -> None:
        told.append((await it.ask())[0])

    async with a_bench(dead=True) as it, trio.open_nursery() as nursery:
        nursery.start_soon(ask, it)
        await trio.sleep(FRESH / 2)
        nursery.start_soon(ask, it)
        await trio.sleep(PATIENCE - FRESH)
        it.agent.dead = False  # the attempt under way does not notice
    assert told == ["cannot connect in time: http://far did not answer in time", "connection 2"]


async def test_an_attempt_that_was_given_up_for_a_fresh_one_says_nothing_of_the_agent(
    autojump_clock: MockClock,
) -> None:
    async with a_bench(dead=True, shared=False) as it, trio.open_nursery() as nursery:
        nursery.start_soon(it.ask)
        await trio.sleep(2 * FRESH)
        it.agent.dead = False
        await it.ask()
        await trio.sleep(PATIENCE)
        it.agent.delay = 3.0
        assert await it.ask() == ("connection 3", pytest.approx(3.0)), "it is not known to be down"


async def test_an_agent_whose_machine_answers_again_is_waited_for(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        await it.ask()
        it.agent.dead, it.agent.answers, it.agent.delay = False, True, 8 * GLANCE
        assert await it.ask() == ("connection 2", pytest.approx(it.agent.delay))


async def test_an_agent_that_never_says_anything_though_its_machine_answers_is_waited_for_once(
    autojump_clock: MockClock,
) -> None:
    async with a_bench(answers=True, mute=True) as it:
        assert (await it.ask())[1] == pytest.approx(PATIENCE)
        for _ in range(3):
            await trio.sleep(PATIENCE)
            assert (await it.ask())[1] == pytest.approx(GLANCE)
        it.agent.mute, it.agent.delay = False, GLANCE / 2
        await trio.sleep(PATIENCE)
        assert (await it.ask())[0].startswith("connection")


async def test_an_agent_that_takes_long_to_come_back_is_there_in_the_next_question(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        await it.ask()
        await trio.sleep(1)
        it.agent.dead, it.agent.delay = False, 1.0
        assert (await it.ask())[1] == pytest.approx(GLANCE)
        await trio.sleep(2)
        assert await it.ask() == ("connection 2", 0)


async def test_an_agent_that_comes_back_and_goes_is_waited_for_anew(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        await it.ask()
        it.agent.dead = False
        await it.ask()
        it.agent.free.clear()
        it.agent.dead = True
        assert (await it.ask())[1] == pytest.approx(PATIENCE)


async def test_a_refusal_is_told_anew_each_time(autojump_clock: MockClock) -> None:
    async with a_bench(error=httpx.ConnectError("refused")) as it:
        for attempts in (1, 2, 3):
            assert await it.ask() == ("cannot connect: refused", pytest.approx(it.agent.delay))
            assert it.agent.attempts == attempts


async def test_a_question_that_gives_up_leaves_the_attempt_to_others(autojump_clock: MockClock) -> None:
    async with a_bench(delay=2.0) as it:
        with trio.move_on_after(1):
            await it.ask()
        await trio.sleep(1.5)
        assert await it.ask() == ("connection 1", 0)


async def test_a_bug_while_connecting_is_an_error_of_the_connection(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_bench(error=ZeroDivisionError("a bug")) as it:
        assert (await it.ask())[0] == "cannot connect: a bug"
    assert "connecting to http://far failed" in caplog.text


async def test_an_agent_that_fell_silent_is_dialed_anew_before_the_next_question(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        it.dialer.redial(PATIENCE)
        it.dialer.redial(PATIENCE)
        await trio.sleep(10)
        told, took = await it.ask()
        assert told.endswith("5 s ago; it is being tried again")
        assert took == pytest.approx(GLANCE)
        assert it.agent.attempts == 2


async def test_attempts_end_with_those_who_know_the_agent(autojump_clock: MockClock) -> None:
    async with a_bench(dead=True) as it:
        with trio.move_on_after(1):
            await it.ask()
    assert trio.current_time() == pytest.approx(1)


async def test_without_a_background_each_request_waits_for_its_own(autojump_clock: MockClock) -> None:
    agent = Agent(dead=True)
    it = Bench(agent, Dialer("http://far", agent.dial, lambda: None, None))
    for attempts in (1, 2):
        assert (await it.ask())[1] == pytest.approx(PATIENCE)
        assert agent.attempts == attempts
    it.dialer.redial(PATIENCE)
    assert agent.attempts == 2


def test_who_is_away_is_told_of_in_the_words_of_the_first_failure() -> None:
    assert reason(Away("cannot connect: timed out, 12 s ago")) == "cannot connect: timed out, 12 s ago"
