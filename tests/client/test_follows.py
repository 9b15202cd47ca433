"""Follows over memory pipes: lost connections, agents that stop and come back, and cuts at any byte."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.client import AsyncFollow, Client, ClientError, ConnectionFailed, Incomplete, Notice, Refused, Status
from logagent.core.query import HEARTBEAT
from logagent.peers.retrying import GIVEN_UP, MISSED_HEARTBEATS
from testbed.asking import MemoryTransport, all_of, client_of, next_lines
from testbed.broken import Broken
from testbed.cluster import Cluster, start_cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]
LINES = [b"2026-11-23T10:00:0%dZ old %d" % (second, second) for second in range(5)]


def line(number: int) -> str:
    return f"2026-11-23T11:{number // 60:02}:{number % 60:02}Z new {number}"


def write(file: Path, *numbers: int) -> None:
    with file.open("a") as log:
        log.write("".join(f"{line(number)}\n" for number in numbers))


async def test_a_follow_begins_with_earlier_lines_and_goes_on(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        async with client.follow("app.log", n=2) as follow:
            assert await next_lines(follow, 2) == [each.decode() for each in LINES[3:]]
            write(it.file("web0"), 1)
            assert await next_lines(follow, 1) == [line(1)]
            assert follow.live
            assert not follow.ended
        assert (follow.verdict.status, follow.verdict.lines) == (Status.CANCELLED, 3)
        assert follow.verdict.cursor == follow.cursor != ""
        with pytest.raises(StopAsyncIteration):
            await anext(follow)
        write(it.file("web0"), 2)
        async with client.follow("app.log", cursor=follow.cursor) as later:
            assert await next_lines(later, 1) == [line(2)]


async def test_a_lost_connection_loses_nothing(autojump_clock: MockClock, cluster: Start) -> None:
    told: list[Notice] = []
    async with cluster(web0=LINES) as it, client_of(it) as client:
        async with client.follow("app.log", n=1, on_notice=told.append) as follow:
            await next_lines(follow, 1)
            write(it.file("web0"), 1)
            assert await next_lines(follow, 1) == [line(1)]
            it.kill("web0")
            write(it.file("web0"), 2, 3)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(back_after, it, 20.0)
                assert await next_lines(follow, 2) == [line(2), line(3)]
    lost, back = told
    assert lost == Notice("", Status.UNAVAILABLE, lost.message)
    assert lost.message.startswith("lost: ")
    assert lost.message.endswith("; trying again")
    assert back.status is Status.OK
    assert back.message.startswith("back after ")


async def back_after(it: Cluster, seconds: float) -> None:
    await trio.sleep(seconds)
    it.revive("web0")


async def test_an_agent_that_stops_is_waited_for(autojump_clock: MockClock, cluster: Start) -> None:
    told: list[Notice] = []
    async with cluster(web0=LINES) as it, client_of(it) as client:
        async with client.follow("app.log", on_notice=told.append) as follow:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stop_when_live, it, follow)
                assert await next_lines(follow, 2) == [line(1), line(2)]
    assert told[0].message == "lost: web0 is stopping; trying again"


async def until_live(follow: AsyncFollow) -> None:
    """Wait for what another task reads."""
    while not follow.live:  # noqa: ASYNC110 - a client is told of no event
        await trio.sleep(0.1)


async def stop_when_live(it: Cluster, follow: AsyncFollow) -> None:
    await until_live(follow)
    write(it.file("web0"), 1)
    await trio.sleep(1)
    it.answers["web0"].cut_follows()
    write(it.file("web0"), 2)


async def test_lines_written_before_the_first_record_came_are_not_lost(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        async with client.follow("app.log") as follow:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lose_when_live, it, follow)
                assert await next_lines(follow, 1) == [line(1)]


async def lose_when_live(it: Cluster, follow: AsyncFollow) -> None:
    await until_live(follow)
    it.kill("web0")
    write(it.file("web0"), 1)
    it.revive("web0")


async def test_a_silent_agent_is_lost_after_two_heartbeats(autojump_clock: MockClock, cluster: Start) -> None:
    told: list[Notice] = []
    async with cluster(web0=LINES) as it:
        async with over(Falling(it, silent=True)) as client:
            async with client.follow("app.log", n=1, on_notice=told.append) as follow:
                await next_lines(follow, 1)
                began = trio.current_time()
                write(it.file("web0"), 1)
                assert await next_lines(follow, 1) == [line(1)]
                assert trio.current_time() - began >= MISSED_HEARTBEATS * HEARTBEAT
    assert told[0].message == "lost: nothing was heard of the agent in time; trying again"


class Falling(httpcore.AsyncNetworkBackend):
    """A network whose first connections break after so many bytes, or fall silent when something of a log has come."""

    def __init__(self, it: Cluster, budgets: Iterable[int] = (), *, silent: bool = False) -> None:
        self._network = it.network
        self._budgets = iter(budgets)
        self._silent = silent

    async def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        silent, self._silent = self._silent, False
        stream = await self._network.connect_tcp(host, port)
        return FallingStream(stream, next(self._budgets, None), silent)

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class FallingStream(httpcore.AsyncNetworkStream):
    """One of its connections."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, budget: int | None, silent: bool) -> None:
        self._stream = stream
        self._budget = budget
        self._silent = silent
        self._fell_silent = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (httpcore's)
        if self._fell_silent:
            assert timeout is not None
            await trio.sleep(timeout)
            raise httpcore.ReadTimeout
        if self._budget is not None and self._budget <= 0:
            await self.aclose()
            raise httpcore.ReadError("cut")
        read = await self._stream.read(max_bytes if self._budget is None else min(max_bytes, self._budget))
        self._fell_silent = self._silent and b"data: " in read
        self._budget = None if self._budget is None else self._budget - len(read)
        return read

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 (httpcore's)
        await self._stream.write(buffer)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return None


def over(network: httpcore.AsyncNetworkBackend) -> Client:
    """A client of the primary."""
    return Client("http://web0", transport=MemoryTransport(network))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(600, 3000), st.lists(st.integers(0, 3000), max_size=12), st.integers(0, 4), st.booleans())
def test_wherever_the_connection_breaks_nothing_is_lost_or_comes_twice(
    tmp_path_factory: pytest.TempPathFactory, first: int, others: list[int], earlier: int, with_since: bool
) -> None:
    asked: dict[str, Any] = {"since": "2026-11-23T10:00:00Z"} if with_since else {"n": earlier}
    directory = tmp_path_factory.mktemp("follow")
    trio.run(follow_over_cuts, directory, [first, *others], asked, clock=MockClock(autojump_threshold=0))


async def follow_over_cuts(directory: Path, budgets: list[int], asked: dict[str, Any]) -> None:
    begins = 10 if "since" in asked else asked["n"]
    async with start_cluster(directory, {"web0": LINES, "web1": LINES}) as it:
        async with over(Falling(it, budgets)) as client:
            async with client.follow("app.log", **asked) as follow:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(write_when_live, it, follow)
                    read = [await anext(follow) for _ in range(begins + 20)]
                with trio.move_on_after(2):
                    raise AssertionError(f"comes twice: {await anext(follow)}")
    for host in ("web0", "web1"):
        assert [each.line for each in read if each.host == host][-10:] == [line(n) for n in range(10)]
    assert len({(each.host, each.line) for each in read}) == len(read)


async def write_when_live(it: Cluster, follow: AsyncFollow) -> None:
    await until_live(follow)
    for number in range(10):
        write(it.file("web0"), number)
        await trio.sleep(0.1)
        write(it.file("web1"), number)


async def test_a_cancelled_wait_for_a_line_loses_nothing(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        async with client.follow("app.log", n=1) as follow:
            await next_lines(follow, 1)
            for number in range(3):
                with trio.move_on_after(5):
                    await anext(follow)
                await wait_all_tasks_blocked()
                assert it.answers["web0"].follows == 0
                write(it.file("web0"), number)
                assert await next_lines(follow, 1) == [line(number)]


async def test_a_follow_that_is_left_stops_the_agent(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        async for _ in client.follow("app.log", n=1):
            break
        gc.collect()
        await client.hosts()
        await wait_all_tasks_blocked()
        assert it.answers["web0"].follows == 0


async def test_closing_the_client_ends_a_follow(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        async with client_of(it) as client:
            follow = client.follow("app.log", n=1)
            await next_lines(follow, 1)
        await wait_all_tasks_blocked()
        assert it.answers["web0"].follows == 0
        with pytest.raises(ClientError, match="the client was closed"):
            await anext(follow)


async def test_an_agent_that_does_not_come_back_is_given_up(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        follow = client.follow("app.log", n=1)
        await next_lines(follow, 1)
        it.kill("web0")
        began = trio.current_time()
        assert await all_of(follow) == []
        assert GIVEN_UP <= trio.current_time() - began < GIVEN_UP + 60
        assert follow.verdict.status is Status.UNAVAILABLE
        assert follow.verdict.message == "the answer was cut off: cannot connect: connection refused"
        assert (follow.verdict.lines, follow.verdict.cursor) == (1, follow.cursor)
        with pytest.raises(Incomplete):
            follow.raise_if_incomplete()


async def test_it_is_given_up_earlier_if_asked_so(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        follow = client.follow("app.log", n=1, give_up_after=5, raise_if_incomplete=True)
        await next_lines(follow, 1)
        it.kill("web0")
        began = trio.current_time()
        with pytest.raises(Incomplete):
            await anext(follow)
        assert trio.current_time() - began < 20


async def test_one_that_cannot_be_reached_at_first_is_told_at_once(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        it.kill("web0")
        with pytest.raises(ConnectionFailed, match="cannot connect"):
            await anext(client.follow("app.log"))


async def test_a_refusal_at_first_is_told_at_once(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"ceilings": {"most_follows": 0}}, web0=LINES) as it, client_of(it) as client:
        for asked, status in (({"regex": "("}, 400), ({}, 503)):
            with pytest.raises(Refused) as refused:
                await anext(client.follow("app.log", **asked))  # type: ignore[arg-type]
            assert refused.value.status == status


async def test_an_agent_that_is_full_when_it_is_back_is_asked_again(autojump_clock: MockClock, cluster: Start) -> None:
    told: list[Notice] = []
    async with cluster(web0=LINES) as it, client_of(it) as client:
        follow = client.follow("app.log", n=1, on_notice=told.append)
        await next_lines(follow, 1)
        it.answers["web0"].bound(1, most_follows=0)
        it.answers["web0"].cut_follows()
        write(it.file("web0"), 1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(make_room, it)
            assert await next_lines(follow, 1) == [line(1)]
        assert len(told) == 2
        await follow.aclose()


async def make_room(it: Cluster) -> None:
    await trio.sleep(10)
    it.answers["web0"].bound(1, most_follows=1)


async def test_what_is_refused_for_good_when_it_is_back_ends_the_follow(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=LINES, web1=Broken("403")) as it, client_of(it) as client:
        follow = client.follow("app.log", n=1, hostname="web0")
        await next_lines(follow, 1)
        it.kill("web0")
        it.network.host("web0", it.servers["web1"])
        with pytest.raises(Refused) as refused:
            await all_of(follow)
        assert refused.value.status == 403


async def test_the_timeout_is_of_all_attempts_together(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        async with over(Falling(it, [1500])) as client:
            began = trio.current_time()
            follow = client.follow("app.log", n=1, timeout=30)
            assert len(await all_of(follow)) == 1
            assert trio.current_time() - began == pytest.approx(30, abs=2)
            assert follow.verdict.status is Status.DEADLINE_EXCEEDED
            assert follow.verdict.cursor == follow.cursor != ""


async def test_the_bytes_are_of_all_attempts_together(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        follow = client.follow("app.log", n=2, max_bytes=3 * (len(LINES[0]) + 1))
        await next_lines(follow, 2)
        it.answers["web0"].cut_follows()
        write(it.file("web0"), 1, 2)
        assert [each.line for each in await all_of(follow)] == [line(1)]
        assert follow.verdict.status is Status.RESOURCE_EXHAUSTED
        assert follow.verdict.lines == 3


async def test_a_host_that_is_lost_on_the_way_is_told_of(autojump_clock: MockClock, cluster: Start) -> None:
    told: list[Notice] = []
    async with cluster(web0=LINES, web1=LINES) as it, client_of(it) as client:
        async with client.follow("app.log", n=1, on_notice=told.append) as follow:
            await next_lines(follow, 1)
            it.kill("web1")
            with trio.move_on_after(5):
                await anext(follow)
    assert [(notice.host, notice.status) for notice in told] == [("web1", Status.UNAVAILABLE)]


@pytest.mark.parametrize(("http2", "left"), [(True, 1), (False, 0)])
async def test_leaving_an_answer_of_httpx_stops_the_agent_over_http1_only(
    autojump_clock: MockClock, cluster: Start, http2: bool, left: int
) -> None:
    # Why the client speaks HTTP/1.1. Once httpcore resets the streams that are left, this fails.
    async with cluster(web0=LINES) as it:
        transport = MemoryTransport(it.network, http2=http2)
        async with httpx.AsyncClient(transport=transport, base_url="http://web0") as client:
            async with client.stream("GET", "/logs?filename=app.log&follow=true"):
                await wait_all_tasks_blocked()
                assert it.answers["web0"].follows == 1
            await wait_all_tasks_blocked()
            assert it.answers["web0"].follows == left
