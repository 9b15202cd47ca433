"""Merges of many hosts: each is asked for small batches, of which less waits here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from trio.testing import MockClock

from logagent.core.batch import BATCH_BYTES, LEAST_BATCH, WIDE, Batch, batch_bytes_of
from logagent.core.query import Query
from logagent.core.wire.frames import BATCHES, FrameDecoder
from logagent.fanout.gather import Gather
from logagent.peers.answers import question_headers
from logagent.peers.client.h2_machine import ALL_WINDOWS, LEAST_WINDOW, STREAM_WINDOW, window_of
from testbed.cluster import Cluster
from testbed.queries import changed
from testbed.sources import Reader, ScriptedSource

Start = Callable[..., AbstractAsyncContextManager[Cluster]]
LINES = [b"2026-11-23T10:00:00Z " + b"x" * 979 for _ in range(200)]


def test_what_a_merge_holds_is_bounded_however_many_hosts_there_are() -> None:
    assert [batch_bytes_of(hosts) for hosts in (0, 1, 10, 64)] == [0] * 4
    for hosts in (65, 100, 500, 1000):
        assert LEAST_BATCH <= batch_bytes_of(hosts) < BATCH_BYTES
        assert batch_bytes_of(hosts) * hosts <= WIDE
    assert batch_bytes_of(10**6) == LEAST_BATCH
    assert [window_of(hosts) for hosts in (0, 1, 32)] == [STREAM_WINDOW] * 3
    assert window_of(100) * 100 <= ALL_WINDOWS
    assert window_of(10**6) == LEAST_WINDOW


@pytest.mark.parametrize(("hosts", "most"), [(2, 0), (100, batch_bytes_of(100))])
async def test_each_host_of_many_is_asked_for_small_batches(autojump_clock: MockClock, hosts: int, most: int) -> None:
    sources = [(f"web-{number}", ScriptedSource()) for number in range(hosts)]
    await Gather(sources, 5.0, of_hosts=True).pump(Query.of(files=("a.log",)), Reader())
    assert {source.query.form.batch_bytes for _, source in sources if source.query} == {most}


def test_the_size_is_a_parameter_that_older_agents_pass_over() -> None:
    query = Query.of(files=("a.log",), times=True)
    assert question_headers(query, "web-1")["accept"] == f"{BATCHES};times=true;notes=true"
    wanted = question_headers(changed(query, batch_bytes=20_000), "web-1")
    assert wanted["accept"] == f"{BATCHES};times=true;notes=true;most=20000"


@pytest.mark.parametrize(("most", "largest"), [("20000", 20_000), ("1", LEAST_BATCH), ("", 184_184), ("x", 184_184)])
async def test_an_agent_sends_batches_of_the_size_that_is_asked_for(
    autojump_clock: MockClock, cluster: Start, most: str, largest: int
) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=app.log", accept=f"{BATCHES};times=true;places=true;notes=true;most={most}")
    decoder = FrameDecoder()
    batches: list[Batch] = list(decoder.receive(reply.body))
    decoder.finish()
    sizes = [len(batch.body) for batch in batches if batch.count]
    assert largest - 1001 < max(sizes) <= largest
    assert b"".join(batch.body for batch in batches).splitlines() == LINES[::-1]
