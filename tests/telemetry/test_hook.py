"""The story of a request: what is told at the edges, in which order, and that who hears it can break nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.telemetry.hook import EVENTS, UNTOLD, LogRead, Observer, Story, Telemetry, current
from testbed.broken import Broken
from testbed.cluster import Cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:01Z two"]
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"


class Heard(Observer):
    """Keeps all that it hears."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.stories: list[Story] = []

    def hear(self, name: str, story: Story, *about: Any) -> None:
        if name == "accepted":
            self.stories.append(story)
        told = getattr(about[0], "host", getattr(about[0], "log", "")) if about else ""
        self.events.append((name, told))


class Failing(Observer):
    """Hears nothing without an error."""

    def hear(self, name: str, story: Story, *about: Any) -> None:
        raise RuntimeError(name)


def hearing(name: str) -> Callable[..., None]:
    def hear(self: Any, *about: Any) -> None:
        self.hear(name, *about)

    return hear


for event in EVENTS:
    setattr(Heard, event, hearing(event))
    setattr(Failing, event, hearing(event))


async def test_the_story_of_a_small_answer(autojump_clock: MockClock, cluster: Start) -> None:
    heard = Heard()
    async with cluster({"telemetry": {"web0": Telemetry([heard])}}, web0=LINES) as it:
        await it.ask("filename=app.log&hostname=web0", traceparent=TRACE)
    assert [event for event, _ in heard.events] == ["accepted", "parsed", "sent", "taken", "read", "ended"]
    (story,) = heard.stories
    assert (story.method, story.path, story.status, story.lines, story.delivered) == ("GET", "/logs", 200, 2, True)
    assert story.outcome is not None
    assert story.outcome.status is Status.OK
    assert story.bytes_sent == sum(len(line) + 1 for line in LINES)
    assert TRACE_ID in story.trace
    assert not story.is_root


async def test_of_several_hosts_it_says_whom_it_asked_and_who_was_left_behind(
    autojump_clock: MockClock, cluster: Start
) -> None:
    heard = Heard()
    async with cluster(
        {"telemetry": {"web0": Telemetry([heard])}}, web0=LINES, web1=LINES, web2=Broken("silence")
    ) as it:
        await it.ask("filename=app.log")
    assert sorted(host for event, host in heard.events if event == "asked") == ["web0", "web1", "web2"]
    assert sorted(host for event, host in heard.events if event == "first_batch") == ["web0", "web1"]
    assert [host for event, host in heard.events if event == "left_behind"] == ["web2"]
    assert sorted(host for event, host in heard.events if event == "host_ended") == ["web0", "web1", "web2"]
    asked = heard.stories[0].askings
    assert asked["web2"].outcome is None
    assert "left behind" in asked["web2"].left
    assert asked["web1"].outcome is not None
    assert heard.events[-1] == ("ended", "")


@pytest.mark.parametrize(
    ("route", "status"),
    [("/nowhere", 404), ("/logs?filename=app.log&n=x", 400), ("/logs?filename=none.log", 404), ("/healthz", 200)],
)
async def test_every_request_has_an_end(route: str, status: int, autojump_clock: MockClock, cluster: Start) -> None:
    heard = Heard()
    async with cluster({"telemetry": {"web0": Telemetry([heard])}}, web0=LINES) as it:
        await it.ask("", route=route)
    assert [event for event, _ in heard.events].count("ended") == 1
    assert (heard.stories[0].status, heard.stories[0].delivered) == (status, True)
    assert bool(heard.stories[0].reason) is (status >= 400)


async def test_an_observer_that_fails_breaks_nothing(
    autojump_clock: MockClock, cluster: Start, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    async with cluster({"telemetry": {"web0": Telemetry([Failing(), heard])}}, web0=LINES) as it:
        reply = await it.ask("filename=app.log")
    assert reply.verdict.status is Status.OK
    assert heard.events[-1] == ("ended", "")
    assert any(record.levelno == logging.ERROR and "Failing" in record.getMessage() for record in caplog.records)


async def test_the_stages_of_reading_are_told(autojump_clock: MockClock, cluster: Start) -> None:
    readings: list[LogRead] = []

    class Reader(Observer):
        def read(self, story: Story, reading: LogRead) -> None:
            readings.append(reading)

    async with cluster({"telemetry": {"web0": Telemetry([Reader()])}}, web0=LINES) as it:
        await it.ask("filename=app.log&since=2026-11-23T10:00:00Z")
    (reading,) = readings
    assert {"open", "scan", "seek", "send"} <= reading.stages.keys()
    assert all(stage.began <= stage.ended for stage in reading.stages.values())
    assert reading.outcome is not None


async def test_peers_get_the_trace_and_its_state(autojump_clock: MockClock, cluster: Start) -> None:
    heard = Heard()
    both = {"web0": Telemetry([heard]), "web1": Telemetry([heard])}
    async with cluster({"telemetry": both}, web0=LINES, web1=LINES) as it:
        await it.ask("filename=app.log", traceparent=TRACE, tracestate="vendor=1,other=2")
    assert [TRACE_ID in story.trace for story in heard.stories] == [True, True]
    assert [story.tracestate for story in heard.stories] == ["vendor=1,other=2"] * 2


def test_outside_of_a_request_nobody_hears() -> None:
    assert current() is UNTOLD
    current().tell("ended")


def test_an_observer_is_called_for_what_it_hears_of_only() -> None:
    story, telemetry = Story(), Telemetry([Observer(), Heard()])
    telemetry.begin(story)
    assert {len(listeners) for listeners in story.listeners.values()} == {1}
    telemetry.observers = (Observer(),)
    later = Story()
    telemetry.begin(later)
    assert not any(later.listeners.values())
