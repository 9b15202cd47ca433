"""Answers over memory pipes: read to the end, left early, cut, refused; by the real agent, and on Trio."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.client import Client, ClientError, ConnectionFailed, HitCount, Incomplete, Refused, Status
from testbed.asking import all_of, client_of
from testbed.broken import Broken
from testbed.cluster import Cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]
LINES = [b"2026-11-23T10:00:0%dZ line %d" % (second, second) for second in range(5)]
MANY = b"".join(b"2026-11-23T10:00:00.%06dZ %d\n" % (number, number) for number in range(60_000))
"""More than pipes, sockets and buffers between two programs hold."""


async def test_lines_of_several_hosts_come_newest_first(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES[::2]) as it, client_of(it) as client:
        answer = client.logs("app.log", keyword="line", n=3)
        assert not answer.ended
        lines = await all_of(answer)
        assert [(line.host, line.line[-1]) for line in lines] == [("web0", "4"), ("web1", "4"), ("web0", "3")]
        assert (answer.verdict.lines, answer.verdict.complete, answer.ended) == (3, True, True)
        assert sorted(part.host for part in answer.verdict.hosts) == ["web0", "web1"]
        answer.raise_if_incomplete()
        assert await all_of(answer) == []  # it has ended


async def test_pages_put_together_are_the_whole_answer(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES[::2]) as it, client_of(it) as client:
        whole = await all_of(client.logs("app.log"))
        pages, cursor = [], ""
        while True:
            answer = client.logs("app.log", n=3, cursor=cursor or None)
            pages += await all_of(answer)
            cursor = answer.verdict.cursor
            if not cursor:
                break
        assert pages == whole


async def test_a_record_has_a_cursor_if_it_is_asked_for(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        first, *others = await all_of(client.logs("app.log", cursors=True))
        assert [line.line for line in await all_of(client.logs("app.log", cursor=first.cursor))] == [
            line.line for line in others
        ]


async def test_labels_come_with_lines_counts_and_hosts(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"labels": {"web0": {"role": "web"}}}, web0=LINES, db1=LINES) as it, client_of(it) as client:
        lines = await all_of(client.logs("app.log", labels=True))
        plain = await all_of(client.logs("app.log", n=1))
        counts = await all_of(client.hits("app.log", by="label:role"))
        hosts = await client.hosts("role=web")
    assert {line.host: line.labels for line in lines} == {"web0": {"role": "web"}, "db1": {}}
    assert plain[0].labels is None
    assert counts == [HitCount(None, "", None, 5, "", 1), HitCount(None, "", None, 5, "web", 1)]
    assert [host.name for host in hosts] == ["web0"]


async def test_a_stopped_host_is_named(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES) as it, client_of(it) as client:
        it.kill("web1")
        answer = client.logs("app.log")
        assert len(await all_of(answer)) == 5
        assert not answer.verdict.complete
        assert [part.host for part in answer.verdict.failing] == ["web1"]
        with pytest.raises(Incomplete, match=r"UNAVAILABLE: web1: .* \(trace [0-9a-f]{32}\)") as incomplete:
            answer.raise_if_incomplete()
        assert incomplete.value.verdict is answer.verdict


@pytest.mark.parametrize("of_client", [True, False])
async def test_an_incomplete_end_is_an_exception_if_asked_for(
    autojump_clock: MockClock, cluster: Start, of_client: bool
) -> None:
    async with cluster(web0=LINES, web1=Broken("refused")) as it:
        async with client_of(it, raise_if_incomplete=of_client) as client:
            answer = client.logs("app.log", raise_if_incomplete=None if of_client else True)
            lines = [await anext(answer) for _ in range(5)]
            with pytest.raises(Incomplete):
                await anext(answer)
            assert len(lines) == 5
            assert await all_of(answer) == []
            unraised = client.logs("app.log", raise_if_incomplete=False)
            await all_of(unraised)
            assert not unraised.verdict.complete


async def test_counts_by_time_and_by_file(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        by_time = client.hits("app.log", step="2s")
        assert [count.count for count in await all_of(by_time)] == [2, 2, 1]
        assert by_time.verdict.lines == 5
        assert by_time.verdict.step is not None
        assert by_time.verdict.step.total_seconds() == 2
        assert await all_of(client.hits("app.log", by="file")) == [HitCount(None, "web0", "app.log", 5)]


async def test_events_and_context(autojump_clock: MockClock, cluster: Start) -> None:
    lines = [LINES[0], b"\tat home", LINES[1], LINES[2]]
    async with cluster(web0=lines) as it, client_of(it) as client:
        (event,) = await all_of(client.logs("app.log", keyword="home", unit="event"))
        assert event.lines == [LINES[0].decode(), "\tat home"]
        answer = client.logs("app.log", keyword="line 1", context=1)
        assert [line.context for line in await all_of(answer)] == [True, False, True]
        assert answer.verdict.complete


async def test_a_question_of_thousands_of_words(autojump_clock: MockClock, cluster: Start) -> None:
    words = [f"word-{number:06}" for number in range(9_999)]
    async with cluster(web0=LINES, web1=LINES) as it, client_of(it) as client:
        answer = client.logs("app.log", keyword=[*words, "line 3"], any=True)
        assert [line.host for line in await all_of(answer)] == ["web0", "web1"]
        with pytest.raises(ValueError, match="the question is larger than 1048576 bytes; give fewer patterns"):
            client.logs("app.log", keyword=["x" * 4000] * 300, any=True)


async def test_files_and_hosts(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0={"a.log": MANY, "b/c.log": b""}, web1=Broken("refused")) as it, client_of(it) as client:
        listed = await client.files("**/*.log")
        assert [(log.host, log.name) for log in listed] == [("web0", "a.log"), ("web0", "b/c.log")]
        assert (len(listed), listed[1], listed[-1].name) == (2, listed.logs[1], "b/c.log")
        assert [part.host for part in listed.verdict.failing] == ["web1"]
        with pytest.raises(Incomplete, match="web1"):
            listed.raise_if_incomplete()
        with pytest.raises(Incomplete, match="web1"):
            await client.files(raise_if_incomplete=True)
        (await client.files(hostname="web0")).raise_if_incomplete()
        hosts = await client.hosts()
        assert [(host.name, host.reachable) for host in hosts] == [("web0", True), ("web1", False)]


async def test_a_refusal_says_which_parameter_is_wrong(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        answer = client.logs("app.log", regex="(")
        with pytest.raises(Refused, match=r"^regex: ") as refused:
            await anext(answer)
        assert (refused.value.status, refused.value.parameter) == (400, "regex")
        assert len(refused.value.trace_id) == 32
        assert refused.value.retry_after is None
        with pytest.raises(StopAsyncIteration):
            await anext(answer)
        with pytest.raises(RuntimeError, match="there is no verdict yet"):
            _ = answer.verdict
        with pytest.raises(Refused, match=r"no such file: nix\.log") as missing:
            await all_of(client.logs("nix.log"))
        assert (missing.value.status, missing.value.parameter) == (404, None)


async def test_an_agent_that_is_full_says_when_to_come_back(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"most": 0}, web0=LINES) as it, client_of(it) as client:
        with pytest.raises(Refused) as refused:
            await all_of(client.logs("app.log"))
        assert (refused.value.status, refused.value.retry_after, refused.value.is_for_now) == (503, 1.0, True)


async def test_an_agent_that_is_not_there_is_told_in_words(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it, client_of(it) as client:
        it.kill("web0")
        for ask in (client.files, client.hosts, lambda: anext(client.logs("app.log"))):
            with pytest.raises(ConnectionFailed, match=r"^cannot connect: connection refused$"):
                await ask()


async def test_a_trace_goes_along(autojump_clock: MockClock, cluster: Start) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with cluster(web0=LINES) as it, client_of(it) as client:
        answer = client.logs("app.log", traceparent=f"00-{trace}-00f067aa0ba902b7-01")
        await all_of(answer)
        assert answer.verdict.trace_id == trace
        with pytest.raises(ValueError, match="traceparent is none"):
            client.hits("app.log", traceparent=trace)


async def test_an_answer_that_is_cut_is_unknown(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=MANY) as it, client_of(it) as client:
        answer = client.logs("app.log", cursors=True)
        first = await anext(answer)
        it.kill("web0")
        lines = [first, *await all_of(answer)]
        assert len(lines) < 60_000
        assert answer.verdict.status is Status.UNAVAILABLE
        assert answer.verdict.message.startswith("the answer was cut off: connection lost")
        it.revive("web0")
        lines += await all_of(client.logs("app.log", cursor=answer.verdict.cursor))
        assert [int(line.line.split()[1]) for line in lines] == list(range(60_000))[::-1]


async def leave_by_block(client: Client) -> None:
    async with client.logs("app.log") as answer:
        await anext(answer)
    assert answer.verdict.status is Status.CANCELLED
    assert answer.verdict.lines == 1


async def leave_by_aclosing(client: Client) -> None:
    async with aclosing(client.logs("app.log")) as answer:
        await anext(answer)


async def leave_by_break(client: Client) -> None:
    async for _ in client.logs("app.log"):
        break
    # What nobody holds any more is closed with the next question.
    await client.hosts()


async def leave_by_cancelling(client: Client) -> None:
    answer = client.logs("app.log", keyword="nothing")
    with trio.CancelScope() as scope:
        scope.cancel()
        await all_of(answer)
    assert answer.verdict.status is Status.CANCELLED


async def leave_by_an_error(client: Client) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with client.logs("app.log") as answer:
            async for _ in answer:
                raise ZeroDivisionError


@pytest.mark.parametrize(
    "leave", [leave_by_block, leave_by_aclosing, leave_by_break, leave_by_cancelling, leave_by_an_error]
)
async def test_an_answer_that_is_left_stops_the_agent(
    autojump_clock: MockClock, cluster: Start, leave: Callable[[Client], AbstractAsyncContextManager[None]]
) -> None:
    async with cluster(web0=MANY) as it, client_of(it) as client:
        for _ in range(3):
            await leave(client)
            gc.collect()
            await wait_all_tasks_blocked()
            assert it.answers["web0"].under_way == 0
        assert len(await all_of(client.logs("app.log", n=2))) == 2


async def test_closing_the_client_leaves_its_answers(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=MANY) as it:
        async with client_of(it) as client:
            answer = client.logs("app.log")
            await anext(answer)
        await wait_all_tasks_blocked()
        assert it.answers["web0"].under_way == 0
        read = await all_of(answer)  # what had come already
        assert len(read) < 60_000
        assert answer.verdict.status is Status.UNAVAILABLE
        assert answer.verdict.message == "the answer was cut off: the client was closed"
        with pytest.raises(ClientError, match="the client was closed"):
            await client.hosts()


async def test_two_answers_are_read_at_the_same_time(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=MANY) as it, client_of(it) as client:
        async with client.logs("app.log") as slow:
            await anext(slow)
            assert len(await all_of(client.logs("app.log", n=5))) == 5
            assert 1 + len(await all_of(slow)) == 60_000
            assert slow.verdict.complete
