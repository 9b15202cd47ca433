"""An agent that is on its own list of agents, as all have whose settings are the same: nothing tells of that."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
import trio
from trio.testing import MockClock

from logagent.telemetry.hook import Telemetry
from logagent.telemetry.metrics.metrics import Metrics
from logagent.telemetry.own_logs.peers_seen import PeerLog
from logagent.telemetry.own_logs.requests import StoryLog
from testbed.cluster import Cluster
from testbed.own_log import SECRET, LinesInMemory
from testbed.scrapes import scrape

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:01Z two"]
ROUTES = {
    "/logs": "filename=app.log",
    "/hits": "filename=app.log",
    "/files": "",
    "/hosts": "",
}


@pytest.mark.parametrize("itself", ["web0", "nowhere"])
async def test_the_own_log_tells_nothing_of_it(itself: str, autojump_clock: MockClock, cluster: Start) -> None:
    log = LinesInMemory()
    telemetry = {"web0": Telemetry([StoryLog(log, SECRET), PeerLog(log, "web0")])}
    async with cluster({"telemetry": telemetry, "listed": {"web0": itself}}, web0=LINES, web1=LINES) as it:
        for route, parameters in ROUTES.items():
            await it.ask(parameters, route=route)
        await it.ask("filename=app.log&follow=true&n=5&timeout=2s")
    assert [asked["asked_hosts"] for asked in log.of("asked")] == [["web0", "web1"]] * 3
    [warning] = [each for each in log.told if each.level > logging.INFO]
    assert "timeout=2 s reached" in warning.message  # of the follow, which ends so
    assert {each["asked_host"] for each in log.of("host_ended")} == {"web0", "web1"}
    assert {each["http_status"] for each in log.of("ended")} == {200}


async def test_at_debug_it_is_told(autojump_clock: MockClock, cluster: Start) -> None:
    log = LinesInMemory(logging.DEBUG)
    telemetry = {"web0": Telemetry([StoryLog(log, SECRET)])}
    async with cluster({"telemetry": telemetry, "listed": {"web0": "web0"}}, web0=LINES) as it:
        await it.ask("filename=app.log")
    assert [each.level for each in log.told if "asked by itself" in each.message] == [logging.DEBUG]


async def test_no_figure_counts_it(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = Metrics(["web0", "web1"], clock=trio.current_time)
    options = {"telemetry": {"web0": Telemetry([metrics.counting])}, "listed": {"web0": "web0"}}
    async with cluster(options, web0=LINES, web1=LINES) as it:
        for route, parameters in ROUTES.items():
            await it.ask(parameters, route=route)
        figures = scrape(metrics)
    assert figures.value("logagent_queries_total") == len(ROUTES)
    assert figures.value("logagent_refusals_total") == 0
