"""Peers that stop answering and answer again: one line each, however much is asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from trio.testing import MockClock

from logagent.telemetry.hook import Telemetry
from logagent.telemetry.own_logs.peers_seen import LOGGER, PeerLog
from testbed.broken import Broken
from testbed.cluster import Cluster
from testbed.own_log import LinesInMemory

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [b"2026-11-23T10:00:00Z one"]
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"


async def test_one_that_goes_is_told_once_and_once_when_it_is_back(autojump_clock: MockClock, cluster: Start) -> None:
    log = LinesInMemory()
    options = {"telemetry": {"web0": Telemetry([PeerLog(log, "web0")])}}
    async with cluster(options, web0=LINES, web1=LINES) as it:
        await it.ask("filename=app.log")
        assert log.told == []
        it.kill("web1")
        for _ in range(3):
            await it.ask("filename=app.log", traceparent=TRACE)
            await it.ask("", route="/hosts")
        [gone] = log.told
        it.revive("web1")
        for _ in range(3):
            await it.ask("filename=none.log")
    back = log.told[-1]
    assert len(log.told) == 2
    assert (gone.logger, gone.level, gone.fields["trace_id"]) == (LOGGER, logging.WARNING, TRACE_ID)
    assert gone.message.startswith("web1 does not answer: ")
    assert back.level == logging.INFO
    assert back.message.startswith("web1 answers again, after ")


async def test_one_that_is_left_behind_does_not_answer(autojump_clock: MockClock, cluster: Start) -> None:
    log = LinesInMemory()
    options = {"telemetry": {"web0": Telemetry([PeerLog(log, "web0")])}}
    async with cluster(options, web0=LINES, web1=Broken("silence")) as it:
        await it.ask("filename=app.log")
    assert log.messages == ["web1 does not answer: sent nothing for 5 s and was left behind"]


async def test_of_itself_an_agent_tells_nothing_of_the_kind(autojump_clock: MockClock, cluster: Start) -> None:
    log = LinesInMemory()
    options = {"telemetry": {"web0": Telemetry([PeerLog(log, "web1")])}}
    async with cluster(options, web0=LINES, web1=Broken("silence")) as it:
        await it.ask("filename=app.log")
    assert log.told == []
