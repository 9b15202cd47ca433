"""What a peer is asked, and what becomes of what it answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import trio
from trio.testing import MockClock

from logagent.core.batch import Batch, Notice, Origin, Position
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.frames import BATCHES, encode
from logagent.core.wire.parameters import parse
from logagent.core.wire.verdict import to_trailers
from logagent.peers.source import PeerSource
from testbed.broken import Broken
from testbed.cluster import Cluster
from testbed.responses import Body
from testbed.sources import Reader

Start = Callable[..., AbstractAsyncContextManager[Cluster]]
QUERY = Query.of(files=("app.log",))
FOLLOW = Query.of(files=("app.log",), follow=True)
LINES = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:01Z two"]
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def sent(peer: Broken) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in peer.asked[0]["headers"]}


def parameters(peer: Broken) -> dict[str, list[str]]:
    return parse_qs(peer.asked[0]["query_string"].decode())


async def test_peer_is_asked_for_its_own_files_only(autojump_clock: MockClock, cluster: Start) -> None:
    peer = Broken("verdict")
    async with cluster(web0=LINES, web1=peer) as it:
        await it.ask("filename=app.log&hostname=web1")
    assert sent(peer)["log-scope"] == "own"
    assert "hostname" not in parameters(peer)


async def test_filters_are_passed_on(autojump_clock: MockClock, cluster: Start) -> None:
    peer = Broken("verdict")
    async with cluster(web0=LINES, web1=peer) as it:
        await it.ask("filename=*.log&keyword=a%26b&exclude=%C3%A9&ignore_case=true&n=7&order=oldest")
    assert parameters(peer) == {
        "filename": ["*.log"],
        "keyword": ["a&b"],
        "exclude": ["é"],
        "ignore_case": ["true"],
        "n": ["7"],
        "order": ["oldest"],
    }


async def test_trace_context_is_passed_on(autojump_clock: MockClock, cluster: Start) -> None:
    peer = Broken("verdict")
    async with cluster(web0=LINES, web1=peer) as it:
        await it.ask("filename=app.log", traceparent=TRACE)
    passed_on = sent(peer)["traceparent"]
    assert (passed_on[:36], passed_on[52:]) == (TRACE[:36], TRACE[52:])
    assert passed_on[36:52] != TRACE[36:52]


async def test_trace_context_that_is_none_is_not_passed_on(autojump_clock: MockClock, cluster: Start) -> None:
    peer = Broken("verdict")
    async with cluster(web0=LINES, web1=peer) as it:
        reply = await it.ask("filename=app.log", traceparent="00-nonsense")
    assert sent(peer)["traceparent"][3:35] == reply.headers["log-trace-id"]


@pytest.mark.parametrize("how", ["verdict", "no trailers", "cut frame", "404", "reset", None])
async def test_an_outcome_names_the_trace_that_the_agent_named(
    autojump_clock: MockClock, cluster: Start, how: Any
) -> None:
    named: list[str] = []
    async with cluster(web0=LINES if how is None else Broken(how, [(10**18, b"line")], 1)) as it, it.client() as client:
        client.event_hooks["response"] = [_noting(named)]
        outcome = await PeerSource(client).pump(QUERY, Ignored())
    assert outcome.trace == named[0]


def _noting(named: list[str]) -> Any:
    async def note(response: httpx.Response) -> None:
        named.append(response.headers["log-trace-id"])

    return note


class Ignored:
    async def send(self, batch: Batch) -> None:
        pass


async def test_time_that_is_left_is_passed_on(autojump_clock: MockClock, cluster: Start) -> None:
    peer = Broken("verdict")
    async with cluster(web0=LINES, web1=peer) as it:
        await it.ask("filename=app.log&timeout=30")
    assert float(parameters(peer)["timeout"][0]) == pytest.approx(30, abs=0.1)


async def test_agents_that_know_each_other_do_not_ask_in_circles(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES) as it:
        own = await it.ask("filename=app.log", host="web0", log_scope="own")
        all_of_them = await it.ask("filename=app.log", host="web0")
    assert [part.host for part in own.verdict.hosts] == ["web0"]
    assert [part.host for part in all_of_them.verdict.hosts] == ["web0", "web1"]


async def test_lines_carry_the_name_by_which_the_peer_is_known(autojump_clock: MockClock, cluster: Start) -> None:
    peer = Broken("verdict", [(10**18, b"line")], 1)
    async with cluster(web0=LINES, alias=peer) as it:
        reply = await it.ask("filename=app.log&prefix=true&hostname=alias")
    assert reply.body == b"alias app.log: line\n"


async def test_cancel_of_a_merged_query_reaches_the_peer(autojump_clock: MockClock, cluster: Start) -> None:
    many = [b"2026-11-23T10:00:00Z " + b"x" * 1000] * 5000
    async with cluster(web0=many, web1=many) as it:
        with trio.move_on_after(1):
            async with it.client() as client:
                async with client.stream("GET", "/logs?filename=app.log"):
                    await trio.sleep_forever()
        await trio.sleep(1)
        assert it.answers["web0"].under_way == 0
        assert it.answers["web1"].under_way == 0


async def test_peer_that_needs_more_rights_is_a_permission_denied(autojump_clock: MockClock, cluster: Start) -> None:
    peer = Broken("401")
    async with cluster(web0=LINES, web1=peer) as it:
        reply = await it.ask("filename=app.log")
    assert reply.verdict.hosts[0].status is Status.PERMISSION_DENIED


@dataclass
class Answering:
    """An agent that answers every request in one way, and what it was asked for."""

    status: int = 503
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    version: bytes = b"HTTP/2"
    outcome: Outcome = field(default_factory=Outcome)
    asked: list[httpx.Request] = field(default_factory=list)

    async def pump(self, query: Query, host: str | None = None) -> tuple[Outcome, list[Batch]]:
        reader = Reader()
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer), base_url="http://a") as client:
            return await PeerSource(client, host).pump(query, reader), reader.batches

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        trailing = [(name.encode(), value.encode()) for name, value in to_trailers(self.outcome)]
        extensions = {"http_version": self.version, "trailing_headers": trailing, "body": Body(self.body)}
        return httpx.Response(self.status, headers=self.headers, extensions=extensions)


def sending(body: bytes, **changed: Any) -> Answering:
    """An agent that answers with batches."""
    return Answering(**{"status": 200, "body": body, "headers": {"content-type": BATCHES}} | changed)


async def test_positions_that_fit_into_no_question_are_refused_and_not_left_out() -> None:
    random = Random(7)  # names that pack badly
    logs = [f"{random.randbytes(12).hex()}.log" for _ in range(2000)]
    positions = tuple(Position("web-1", log, random.getrandbits(40), random.getrandbits(40)) for log in logs)
    agent = Answering()
    outcome, batches = await agent.pump(Query.of(files=("**/*",), follow=True, positions=positions))
    assert outcome.status is Status.RESOURCE_EXHAUSTED
    assert outcome.message == "too many logs to continue exactly; name fewer of them"
    assert (agent.asked, batches) == ([], [])


async def test_agent_that_is_too_old_for_a_long_question_is_told_as_that() -> None:
    long = Query.of(files=("app.log",), keywords=tuple(b"%04000d" % number for number in range(20)), any=True)
    for status, detail in ((405, "this method is not for this route"), (413, "no route takes a body")):
        agent = Answering(status, b'{"detail": "%b"}' % detail.encode(), {"logagent-version": "0.0.9"})
        outcome, _ = await agent.pump(long)
        told = "0.0.9 takes no question that fits into no URL: upgrade that agent, or give fewer patterns"
        assert outcome == Outcome(Status.INTERNAL, told)
        assert (agent.asked[0].method, agent.asked[0].url.query) == ("POST", b"")
        assert parse(b"", 0, agent.asked[0].content) == long


async def test_agent_that_is_too_old_for_a_parameter_is_told_as_that() -> None:
    refused = b'{"detail": "n_per_file: unknown parameter; known are filename"}'
    agent = Answering(400, refused, {"logagent-version": "0.0.9"})
    outcome, batches = await agent.pump(Query.of(files=("app.log",), n_per_file=3))
    assert outcome == Outcome(Status.INTERNAL, "0.0.9 does not know `n_per_file`: upgrade that agent")
    assert batches == []


async def test_agent_of_a_version_that_takes_no_paths_is_told_as_that() -> None:
    agent = Answering(400, b'{"detail": "paths: unknown parameter; known are filename"}')
    outcome, _ = await agent.pump(Query.of(files=("app.log", "/var/log/syslog")))
    assert outcome.message.endswith(" does not know `paths`: upgrade that agent")
    assert "paths=true" in str(agent.asked[0].url)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (500, Status.UNAVAILABLE),
        (503, Status.UNAVAILABLE),
        (408, Status.UNAVAILABLE),
        (406, Status.INTERNAL),
        (414, Status.INTERNAL),
        (431, Status.INTERNAL),
        (302, Status.INTERNAL),
    ],
)
async def test_only_what_may_pass_by_itself_is_worth_asking_again(code: int, expected: Status) -> None:
    outcome, batches = await Answering(code).pump(QUERY)
    assert (outcome.status, batches) == (expected, [])


async def test_time_that_is_left_is_counted_from_now(autojump_clock: MockClock) -> None:
    autojump_clock.jump(1000)
    agent = Answering()
    with trio.move_on_after(30):
        await agent.pump(QUERY)
    assert agent.asked[0].url.params["timeout"] == "30.0"


async def test_peer_whose_time_is_over_is_given_enough_to_say_so(autojump_clock: MockClock) -> None:
    agent = Answering()
    await agent.pump(Query.of(files=("app.log",), timeout=0.0))
    assert agent.asked[0].url.params["timeout"] == "0.001"


async def test_moving_deadline_round_a_follow_is_no_timeout_of_it() -> None:
    agent = Answering()
    with trio.move_on_after(30):
        await agent.pump(Query.of(files=("app.log",), follow=True))
        await agent.pump(Query.of(files=("app.log",), follow=True, timeout=7.0))
    assert ["timeout" in request.url.params for request in agent.asked] == [False, True]
    assert agent.asked[1].url.params["timeout"] == "7.0"


# What becomes of an answer.


FAR = Origin("far", "app.log", True, "app.log", 1)
BATCH = Batch(
    b"one\n",
    1,
    [5],
    [0],
    (FAR,),
    positions=(Position("far", "app.log", 1, 4),),
    notices=(Notice("far", Status.OK, "back"),),
)


async def test_whatever_a_peer_names_carries_the_name_by_which_it_is_known() -> None:
    outcome, batches = await sending(encode(BATCH) * 2).pump(FOLLOW, "web-2")
    here = FAR._replace(host="web-2")
    assert [batch.origins for batch in batches] == [(here,), (here,)]
    assert batches[0].origins[0] is batches[1].origins[0]
    assert batches[0].positions == (Position("web-2", "app.log", 1, 4),)
    assert batches[0].notices == (Notice("web-2", Status.OK, "back"),)
    assert outcome == Outcome(lines=2)


async def test_names_stay_as_they_come_for_a_reader_of_many_hosts() -> None:
    _, batches = await sending(encode(BATCH)).pump(FOLLOW)
    assert batches == [BATCH]


async def test_verdict_of_a_peer_is_its_outcome_with_the_lines_that_came() -> None:
    said = Outcome(Status.DATA_LOSS, "damaged", lines=7, bytes_scanned=9)
    outcome, _ = await sending(encode(BATCH), outcome=said).pump(FOLLOW)
    assert outcome == Outcome(Status.DATA_LOSS, "damaged", lines=1, bytes_scanned=9)


async def test_answer_over_another_version_of_http_is_refused() -> None:
    outcome, batches = await sending(encode(BATCH), version=b"HTTP/1.1").pump(QUERY)
    assert outcome == Outcome(Status.INTERNAL, "speaks HTTP/1.1; agents speak HTTP/2 to each other")
    assert batches == []


async def test_answer_that_is_no_batches_is_refused() -> None:
    outcome, _ = await sending(b"<html>", headers={"content-type": "text/html"}).pump(QUERY)
    assert outcome == Outcome(Status.INTERNAL, "answered with something else than batches; is it an agent?")


@pytest.mark.parametrize("coding", ["identity", "zstd", "unheard-of"])
async def test_body_that_is_no_batches_or_cannot_be_decompressed_is_no_internal_error(coding: str) -> None:
    headers = {"content-type": BATCHES, "content-encoding": coding}
    outcome, batches = await sending(b"\xff" * 40, headers=headers).pump(QUERY)
    assert outcome.status is Status.INTERNAL
    assert outcome.message.startswith("sent something else than batches: ")
    assert batches == []


@pytest.mark.parametrize("wanted", ["times", "places"])
async def test_answer_without_a_column_that_was_asked_for_is_refused(wanted: str) -> None:
    bare = Batch(b"one\n", 1)
    outcome, _ = await sending(encode(bare)).pump(Query.of(files=("app.log",), **{wanted: True}))
    missing = "sent something else than batches: a column that was asked for is missing"
    assert outcome == Outcome(Status.INTERNAL, missing)


async def test_what_is_no_answer_is_told_among_the_refusals_which_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    await sending(b"\xff" * 40, headers={"content-type": BATCHES}).pump(QUERY)
    told = [(record.name, record.getMessage().partition(": ")[0]) for record in caplog.records]
    assert told == [("logagent.refusals", "the answer of http://a")]


async def test_bug_of_the_reader_shows_as_an_internal_error_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Buggy:
        async def send(self, batch: Batch) -> None:
            raise ZeroDivisionError

    agent = sending(encode(BATCH))
    async with httpx.AsyncClient(transport=httpx.MockTransport(agent.answer), base_url="http://a") as client:
        outcome = await PeerSource(client).pump(FOLLOW, Buggy())
    assert outcome == Outcome(Status.INTERNAL, "internal error while asking")
    assert "asking http://a failed" in caplog.text


@pytest.mark.parametrize("how", ["401", "403", "421"])
async def test_refusal_of_a_peer_is_not_the_primarys(autojump_clock: MockClock, cluster: Start, how: Any) -> None:
    async with cluster(web0=LINES, web1=Broken(how)) as it:
        alone = await it.ask("filename=app.log&hostname=web1")
        both = await it.ask("filename=app.log")
    for reply in (alone, both):
        assert (reply.status, reply.verdict.status, reply.verdict.complete) == (200, Status.PERMISSION_DENIED, False)
        [part] = [part for part in reply.verdict.hosts if part.status is not Status.OK]
        assert (part.host, part.status) == ("web1", Status.PERMISSION_DENIED)
    assert len(both.lines) == 2
