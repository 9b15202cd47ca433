"""`logagent follow` and `query -f`: what they ask, and what they say on standard error."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.config.errors import ConfigError
from logagent.core.batch import Batch, Notice, Origin, Out, Position
from logagent.core.cursor import encode
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query
from logagent.core.wire.frames import BATCHES
from logagent.core.wire.frames import encode as frame
from logagent.peers.client.http_client import connect
from logagent.terminal import follow
from logagent.terminal.bookmarks import Bookmarked
from logagent.terminal.question import Question
from logagent.terminal.verdicts import FAILED
from logagent.web.server.connections import serve_connection
from testbed.console import Console, question_of
from testbed.network import MemoryNetwork
from testbed.queries import changed
from testbed.reading import Collected


def query_of(*argv: str) -> Query:
    return question_of(*argv).query


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (["follow", "app.log"], {"n": 10}),
        (["query", "-f", "app.log"], {"n": 10}),
        (["follow", "-n", "0", "app.log"], {"n": 0}),
        (["follow", "app.log", "--patience", "1s", "--heartbeat", "5s"], {"n": 10, "patience": 1.0, "heartbeat": 5.0}),
        (["query", "-f", "app.log", "--patience", "0", "--heartbeat", "1s"], {"n": 10, "patience": 0, "heartbeat": 1}),
        (["follow", "app.log", "word", "-i", "-v", "no"], {"n": 10, "keywords": (b"word",), "ignore_case": True}),
    ],
)
def test_a_follow_is_asked(argv: list[str], meant: dict[str, Any]) -> None:
    query = query_of(*argv)
    asked = changed(Query.of(files=("app.log",), follow=True, order=Order.OLDEST), places=query.form.places, **meant)
    assert changed(query, exclude=()) == asked


def test_since_asks_for_all_from_then_on() -> None:
    query = query_of("follow", "app.log", "--since", "2026-11-23T10:00:00Z")
    assert query.limits.n is None
    assert query.range.since is not None


def test_a_follow_has_no_end() -> None:
    with pytest.raises(ConfigError, match="no end in time"):
        query_of("follow", "app.log", "--until", "2026-11-23T10:00:00Z")


def test_a_follow_cannot_be_counted() -> None:
    with pytest.raises(ConfigError, match="--count: a follow has no end to count at"):
        query_of("query", "-f", "-c", "app.log")


def test_patience_is_of_a_follow_only() -> None:
    with pytest.raises(ConfigError, match="--patience: goes with --follow only"):
        query_of("query", "app.log", "--patience", "1s")


# How it ends


def place(offset: int) -> Position:
    return Position("web-1", "app.log", 7, offset)


LINE = Batch(b"one\n", 1, [0], [0], (Origin("web-1", "app.log"),), positions=(place(4),))
SPENT = Outcome(Status.DEADLINE_EXCEEDED, "timeout=5 s reached", 1)


class Ending:
    """A source that sends some batches and ends as it is told, or never."""

    def __init__(self, *batches: Batch, then: Outcome | None = SPENT) -> None:
        self.batches = batches
        self.then = then

    async def pump(self, query: Query, out: Out) -> Outcome:
        for batch in self.batches:
            await out.send(batch)
        if self.then is None:
            await trio.sleep_forever()
        return self.then or SPENT


async def test_end_says_where_to_go_on() -> None:
    query = query_of("follow", "app.log", "one")
    outcome = await Bookmarked(Ending(LINE), query).pump(query, Collected())
    assert outcome == replace(SPENT, cursor=encode(query, [place(4)]))
    assert query_of("follow", "app.log", "one", "--cursor", outcome.cursor).positions == (place(4),)


async def test_end_before_anything_came_goes_on_where_it_was_asked_to() -> None:
    query = replace(query_of("follow", "app.log"), positions=(place(2),))
    assert (await Bookmarked(Ending(), query).pump(query, Collected())).cursor == encode(query, [place(2)])
    without = replace(query, positions=())
    assert (await Bookmarked(Ending(), without).pump(without, Collected())).cursor == ""


async def test_lines_that_were_not_taken_are_not_passed_by() -> None:
    class Stuck(Collected):
        async def send(self, batch: Batch) -> None:
            await trio.sleep_forever()

    query = query_of("follow", "app.log")
    source = Bookmarked(Ending(LINE), query)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(source.pump, query, Stuck())
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    assert source.cursor == ""


class Agent:
    """An agent at http://far that answers every follow with one batch and then waits; what it was asked."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.asked: list[bytes] = []

    async def serve(self, stream: Any) -> None:
        await serve_connection(self._app, stream)

    async def _app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        self.asked.append(scope["query_string"])
        headers = [(b"content-type", BATCHES.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
        await send({"type": "http.response.body", "body": frame(self.batch), "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass


TOLD = Batch(b"", 0, positions=(place(4),), notices=(Notice("web-2", Status.DATA_LOSS, "7 bytes are gone"),))
"""Without lines, since those are printed in a thread, which a virtual clock does not see."""


def asked(*argv: str) -> Question:
    return question_of("follow", "app.log", "--agent", "http://far", *argv)


@asynccontextmanager
async def followed(
    monkeypatch: pytest.MonkeyPatch, console: Console, agent: Agent, *argv: str
) -> AsyncIterator[MemoryNetwork]:
    """A follow under way; cancelled in the end, as by Ctrl-C."""
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("far", agent.serve)
        monkeypatch.setattr(follow, "connect", partial(connect, network=network))
        async with trio.open_nursery() as following_it:
            following_it.start_soon(follow.follow, asked(*argv), console.streams, {})
            await trio.sleep(1)
            yield network
            following_it.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


async def test_follow_comes_over_the_loss_of_its_agent_and_tells_of_it(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    agent = Agent(TOLD)
    async with followed(monkeypatch, console, agent) as network:
        network.cut("far")
        await trio.sleep(5)
        network.host("far", agent.serve)
        await trio.sleep(20)
    first, lost, back, again = console.talk.splitlines()
    assert first == again == "logagent: web-2: 7 bytes are gone"
    assert re.fullmatch("logagent: http://far: lost: .*; trying again", lost)
    assert re.fullmatch(r"logagent: http://far: back after \d+\.\d s", back)
    assert [b"cursor=" in query for query in agent.asked] == [False, True]
    assert console.data == ""


async def test_interrupt_says_where_to_go_on_to_who_wants_to_know(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    async with followed(monkeypatch, console, Agent(TOLD), "--show-cursor"):
        pass
    cursor = encode(asked().query, [place(4)])
    assert console.talk.splitlines()[1:] == [f"logagent: to continue from there: --cursor {cursor}"]


async def test_interrupt_is_quiet_otherwise(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    async with followed(monkeypatch, console, Agent(replace(TOLD, notices=()))):
        pass
    assert console.talk == ""


async def test_agent_that_cannot_be_reached_at_first_is_not_waited_for(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    async with trio.open_nursery() as nursery:
        monkeypatch.setattr(follow, "connect", partial(connect, network=MemoryNetwork(nursery)))
        assert await follow.follow(asked(), console.streams, {}) == FAILED
    refused, *advised = console.talk.splitlines()
    assert refused == "logagent: no answer: http://far: cannot connect: connection refused (UNAVAILABLE)"
    assert advised == [
        "logagent: a URL without a port means port 80, or 443 for https; `logagent serve` listens on 8000"
    ]


async def test_end_at_a_timeout_that_the_agent_did_not_keep_says_where_to_go_on(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        network.host("far", Agent(replace(TOLD, notices=())).serve)
        monkeypatch.setattr(follow, "connect", partial(connect, network=network))
        assert await follow.follow(asked("--timeout", "5s"), console.streams, {}) == FAILED
        nursery.cancel_scope.cancel()
    assert console.talk.splitlines() == [
        "logagent: no answer: http://far: timeout=5 s reached (DEADLINE_EXCEEDED)",
        f"logagent: to continue from there: --cursor {encode(asked().query, [place(4)])}",
    ]
