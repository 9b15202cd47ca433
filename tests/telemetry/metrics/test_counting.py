"""Each figure moves by what was asked, here and at peers, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair, wait_all_tasks_blocked

from logagent.telemetry.hook import Telemetry
from logagent.telemetry.metrics.limits import LIMITS
from logagent.telemetry.metrics.metrics import Metrics
from testbed.broken import Broken
from testbed.cluster import Cluster
from testbed.raw_http import Http2Client
from testbed.scrapes import Scrape, scrape

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:01Z two"]
SIZE = sum(len(line) + 1 for line in LINES)
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
FLOOD = 150
EPOCH = 1_800_000_000.0
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"


def measured(*peers: str) -> Metrics:
    """Figures whose clocks are the virtual one."""
    return Metrics(peers, clock=trio.current_time, wall_clock=lambda: EPOCH + trio.current_time())


def hosts(**metrics: Metrics) -> dict[str, Any]:
    return {"telemetry": {host: Telemetry([each.counting]) for host, each in metrics.items()}}


async def test_an_answer_is_counted_once_with_what_it_sent(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics), web0=LINES) as it:
        await it.ask("filename=app.log", traceparent=TRACE)
        now = scrape(metrics)
    assert now.labels("logagent_queries_total") == [{"route": "logs", "scope": "all", "code": "2xx", "status": "OK"}]
    assert now.value("logagent_sent_lines_total") == 2
    assert now.value("logagent_sent_bytes_total") == now.value("logagent_scanned_bytes_total") == SIZE
    assert now.value("logagent_query_duration_seconds_count", route="logs") == 1
    assert now.value("logagent_first_line_seconds_count", route="logs") == 1
    assert now.traces == {TRACE_ID}
    assert now.value("logagent_limits_hit_total") == now.value("logagent_refusals_total") == 0


async def test_bytes_are_those_that_were_sent_compressed(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics), web0=[b"2026-11-23T10:00:00Z the same again"] * 500) as it:
        async with it.client() as client:
            async with client.stream("GET", "/logs?filename=app.log", headers={"accept-encoding": "gzip"}) as response:
                sent = sum([len(chunk) async for chunk in response.aiter_raw()])
    assert 0 < sent < 5000
    assert scrape(metrics).value("logagent_sent_bytes_total") == sent


async def test_peers_count_what_they_are_asked_for_apart(autojump_clock: MockClock, cluster: Start) -> None:
    primary, secondary = measured("web1"), measured()
    async with cluster(hosts(web0=primary, web1=secondary), web0=LINES, web1=LINES) as it:
        await it.ask("filename=app.log", traceparent=TRACE)
    asked, gave = scrape(primary), scrape(secondary)
    assert asked.value("logagent_scanned_bytes_total", scope="all") == 2 * SIZE
    assert asked.value("logagent_sent_lines_total", scope="all") == 4
    assert asked.value("logagent_queries_total", scope="own") == 0
    assert gave.value("logagent_queries_total", scope="own", status="OK") == 1
    assert gave.value("logagent_scanned_bytes_total", scope="own") == SIZE
    assert asked.traces == gave.traces == {TRACE_ID}


async def test_each_route_is_counted_by_its_name(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics), web0=LINES) as it:
        for route, query in [
            ("/logs", "filename=app.log"),
            ("/hits", "filename=app.log"),
            ("/files", ""),
            ("/hosts", ""),
        ]:
            await it.ask(query, route=route)
    now = scrape(metrics)
    assert {each["route"] for each in now.labels("logagent_queries_total")} == {"logs", "hits", "files", "hosts"}
    assert {each["route"] for each in now.labels("logagent_query_duration_seconds_count")} == {
        "logs", "hits", "files", "hosts",
    }  # fmt: skip


async def test_the_time_of_refusals_is_not_among_that_of_answers(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics), web0=LINES) as it:
        await it.ask("filename=none.log")
        await it.ask("filename=app.log&n=x")
        await it.ask("", route="/nowhere")
    now = scrape(metrics)
    assert now.value("logagent_queries_total", code="4xx") == 3
    assert now.value("logagent_query_duration_seconds_count") == 0


async def test_probes_are_no_queries(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics), web0=LINES) as it:
        await it.ask("", route="/healthz")
        await it.ask("", route="/readyz")
    now = scrape(metrics)
    assert now.value("logagent_queries_total") == 0
    assert now.value("logagent_probes_total", route="healthz", code="2xx") == 1
    assert now.value("logagent_probes_total", route="readyz") == 1


async def test_a_flood_of_odd_requests_makes_no_more_series(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured("web1")
    async with cluster(hosts(web0=metrics), web0=LINES, web1=LINES) as it:
        async with it.client() as client:
            for number in range(FLOOD):
                await client.request(f"M{number}", f"/odd-{number}")
                await client.get(f"/path-{number}")
                await client.get(f"/logs?filename=app.log&hostname=host-{number}")
                await client.get(f"/logs?filename=app.log&p{number}=1", headers={"host": "web0"})
    now = scrape(metrics)
    assert now.value("logagent_queries_total", route="other", code="4xx", status="none") == FLOOD
    assert len(now.labels("logagent_queries_total")) <= 4
    assert {each["peer"] for each in now.labels("logagent_peer_state")} == {"web1"}
    assert now.series < scrape(measured("web1")).series + 10
    assert now.value("logagent_refusals_total") == 3 * FLOOD


@pytest.mark.parametrize(
    ("query", "ceilings", "limit"),
    [
        ("filename=app.log&max_bytes=10", {}, "max_bytes"),
        ("filename=*.log", {"max_bytes": 10}, "max_bytes"),
        ("filename=app.log&follow=true&timeout=1&n=1", {}, "timeout"),
    ],
)
async def test_limits_are_counted(
    query: str, ceilings: dict[str, Any], limit: str, autojump_clock: MockClock, cluster: Start
) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics) | {"ceilings": ceilings}, web0=LINES) as it:
        await it.ask(query)
    now = scrape(metrics)
    assert [each["limit"] for each in now.labels("logagent_limits_hit_total")] == [limit]
    assert {each.labels["limit"] for each in now.all("logagent_limits_hit_total")} == set(LIMITS)


async def test_too_many_answers_are_a_limit_and_a_refusal(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics) | {"most": 0}, web0=LINES) as it:
        reply = await it.ask("filename=app.log")
    now = scrape(metrics)
    assert reply.status == 503
    assert now.labels("logagent_limits_hit_total") == [{"limit": "answers"}]
    assert now.labels("logagent_refusals_total") == [{"code": "503"}]


async def test_a_body_that_is_too_large_is_a_limit(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics), web0=LINES) as it:
        await it.ask("", form="filename=app.log&keyword=" + "x" * 1024 * 1024)
    now = scrape(metrics)
    assert now.labels("logagent_limits_hit_total") == [{"limit": "question"}]
    assert now.labels("logagent_refusals_total") == [{"code": "413"}]


async def test_what_questions_meet_at_peers(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured("web1", "web2", "web3", "web4")
    async with cluster(
        hosts(web0=metrics), web0=LINES, web1=LINES, web2=Broken("refused"), web3=Broken("silence")
    ) as it:
        await it.ask("filename=app.log")
        now = scrape(metrics)
        assert state(now) == {"web1": "ok", "web2": "away", "web3": "away", "web4": "unknown"}
        assert now.value("logagent_peer_answers_total", peer="web3", status="LEFT_BEHIND") == 1
        assert now.value("logagent_peer_answers_total", peer="web2", status="UNAVAILABLE") == 1
        assert now.labels("logagent_limits_hit_total") == [{"limit": "patience"}]
        assert [one["peer"] for one in now.labels("logagent_peer_answered_timestamp_seconds")] == ["web1"]
        it.kill("web1")
        await it.ask("filename=app.log")
        assert state(scrape(metrics))["web1"] == "away"
        it.revive("web1")
        await trio.sleep(100)
        await it.ask("filename=app.log")
        assert state(scrape(metrics))["web1"] == "ok"
        since = now.value("logagent_peer_answered_timestamp_seconds", peer="web1")
        assert scrape(metrics).value("logagent_peer_answered_timestamp_seconds", peer="web1") >= since + 100


def state(now: Scrape) -> dict[str, str]:
    return {each["peer"]: each["state"] for each in now.labels("logagent_peer_state")}


async def test_a_peer_that_is_removed_vanishes_and_the_others_keep_what_is_known(
    autojump_clock: MockClock, cluster: Start
) -> None:
    metrics = measured("web1", "web2")
    async with cluster(hosts(web0=metrics), web0=LINES, web1=LINES, web2=LINES) as it:
        await it.ask("filename=app.log")
        metrics.counting.peers.renew(["web1", "web9"])
        await it.ask("filename=app.log")
    now = scrape(metrics)
    assert state(now) == {"web1": "ok", "web9": "unknown"}
    assert now.value("logagent_peer_answers_total", peer="web1", status="OK") == 2
    assert now.all("logagent_peer_answers_total", peer="web2") == []


async def test_many_at_once_are_each_counted(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured("web1")
    async with cluster(hosts(web0=metrics), web0=LINES, web1=LINES) as it, trio.open_nursery() as nursery:
        for _ in range(40):
            nursery.start_soon(it.ask, "filename=app.log")
    now = scrape(metrics)
    assert now.value("logagent_queries_total", route="logs", status="OK") == 40
    assert now.value("logagent_sent_lines_total") == 160
    assert now.value("logagent_sent_bytes_total") == 80 * SIZE
    assert now.value("logagent_peer_answers_total", peer="web1", status="OK") == 40


async def test_a_client_that_leaves_is_counted_as_cancelled(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics), web0=LINES) as it:
        async with it.client() as client:
            with trio.move_on_after(5):
                async with client.stream("GET", "/logs?filename=app.log&follow=true&n=1") as response:
                    async for _ in response.aiter_raw():
                        pass
        await wait_all_tasks_blocked()
    now = scrape(metrics)
    assert now.labels("logagent_queries_total") == [
        {"route": "follow", "scope": "all", "code": "2xx", "status": "CANCELLED"}
    ]
    assert now.value("logagent_query_duration_seconds_count") == 0


async def test_the_lag_of_a_follow_whose_reader_stops(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = measured()
    async with cluster(hosts(web0=metrics), web0=LINES) as it, trio.open_nursery() as nursery:
        near, far = memory_stream_pair()
        nursery.start_soon(it.servers["web0"], far)
        client = Http2Client(near, None)  # type: ignore[arg-type]  # the server's side is not looked at
        await client.open(nursery)
        client.credits = False
        path = b"/logs?filename=app.log&follow=true&n=2"
        answer = client.start_with(
            [(b":method", b"GET"), (b":path", path), (b":scheme", b"http"), (b":authority", b"web0")]
        )
        await client.flush()
        await trio.sleep(1)
        assert len(answer.body) == SIZE
        assert scrape(metrics).value("logagent_follow_lag_seconds") == 0
        with it.file("web0").open("ab") as log:
            log.writelines(b"2026-11-23T10:00:02Z " + b"x" * 2000 + b"\n" for _ in range(2000))
        await trio.sleep(30)
        assert 25 < scrape(metrics).value("logagent_follow_lag_seconds") <= 30
        client.credits = True
        client.h2.increment_flow_control_window(2**24)
        client.h2.increment_flow_control_window(2**24, answer.stream_id)
        await client.flush()
        await trio.sleep(1)
        assert scrape(metrics).value("logagent_follow_lag_seconds") == 0
        assert scrape(metrics).value("logagent_sent_lines_total") == 2002
        nursery.cancel_scope.cancel()
