"""Counts over time, asked over the whole stack: on one host, and merged over many."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.core.wire.verdict import TRAILERS
from testbed.broken import Broken
from testbed.cluster import Cluster, Reply

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)


def lines(*seconds: int, text: str = "line") -> list[bytes]:
    """Lines so many seconds after ten o'clock."""
    return [f"{TEN + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ} {text}".encode() for second in seconds]


LINES = lines(*range(0, 300, 7))
OTHERS = lines(*range(100, 200), text="other")


def expected(step: int, **hosts: list[bytes]) -> list[dict[str, Any]]:
    counted = Counter(
        (datetime.fromisoformat(line[:20].decode()).timestamp() // step * step, host)
        for host, lines in hosts.items()
        for line in lines
    )
    return [
        {"time": f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}", "host": host, "count": count}
        for (start, host), count in sorted(counted.items())
    ]


async def hits(it: Cluster, asked: str, **headers: str) -> Reply:
    return await it.ask(f"filename=app.log&{asked}", route="/hits", **headers)


async def test_counts_of_many_hosts_are_one_json_object(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=OTHERS, web2=b"") as it:
        reply = await hits(it, "step=1m")
    document = json.loads(reply.body)
    assert reply.headers["content-type"] == "application/json"
    assert (document["step_seconds"], document["hits"]) == (60, expected(60, web0=LINES, web1=OTHERS))
    assert document["end"]["complete"]
    assert document["end"]["lines"] == len(LINES) + len(OTHERS)
    assert reply.verdict.lines == len(LINES) + len(OTHERS)
    assert {part.host: part.lines for part in reply.verdict.hosts} == {"web0": 43, "web1": 100, "web2": 0}
    assert reply.verdict.bytes_scanned == sum(len(line) + 1 for line in LINES + OTHERS)
    assert reply.headers["trailer"].split(", ") == list(TRAILERS)


async def test_ndjson_has_a_record_for_each_count_and_the_verdict(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=OTHERS) as it:
        reply = await hits(it, "step=2m", accept="application/x-ndjson")
    *records, end = map(json.loads, reply.lines)
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert records == expected(120, web0=LINES, web1=OTHERS)
    assert (end["end"]["lines"], end["end"]["step_seconds"]) == (143, 120)


async def test_text_is_columns_of_time_host_and_count(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await hits(it, "step=1h", accept="text/plain")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.body == b"2026-11-23T10:00:00Z web0 43\n"


async def test_filters_and_ranges_are_those_of_logs(autojump_clock: MockClock, cluster: Start) -> None:
    asked = "keyword=OTHER&exclude=01:49&ignore_case=true&since=2026-11-23T10:01:43Z&until=2026-11-23T10:02:00Z&step=5m"
    async with cluster(web0=LINES, web1=OTHERS) as it:
        reply = await hits(it, asked)
    assert json.loads(reply.body)["hits"] == [{"time": "2026-11-23T10:00:00Z", "host": "web1", "count": 16}]


async def test_step_suits_what_there_is_where_none_is_asked_for(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=lines(*range(0, 360_000, 60))) as it:
        both = json.loads((await hits(it, "")).body)
        one = json.loads((await hits(it, "hostname=web0")).body)
    assert (one["step_seconds"], len(one["hits"])) == (5, 43)
    assert both["step_seconds"] == 3600
    assert both["hits"] == expected(3600, web0=LINES, web1=lines(*range(0, 360_000, 60)))


async def test_files_of_one_host_are_added_up(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0={"a.log": b"\n".join(LINES), "b.log": b"\n".join(OTHERS), "c.log": b"plain\n"}) as it:
        reply = await it.ask("filename=*.log&step=1m", route="/hits")
    *timed, untimed = json.loads(reply.body)["hits"]
    assert timed == expected(60, web0=LINES + OTHERS)
    assert untimed == {"time": None, "host": "web0", "count": 1}


async def test_dead_host_is_named_and_the_others_counts_are_there(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=Broken("refused"), web2=OTHERS) as it:
        reply = await hits(it, "step=1m")
    document = json.loads(reply.body)
    assert document["hits"] == expected(60, web0=LINES, web2=OTHERS)
    assert reply.trailers["log-complete"] == "false"
    assert (reply.verdict.status, reply.verdict.lines) == (Status.UNAVAILABLE, 143)
    assert document["end"]["hosts"][0]["host"] == "web1"
    assert not document["end"]["complete"]


@pytest.mark.parametrize("how", ["reset", "silence", "no trailers", "garbage"])
async def test_host_that_fails_midway_spoils_no_others_counts(
    autojump_clock: MockClock, cluster: Start, how: Any
) -> None:
    counted = [(0, b"5 60000000000"), (60_000_000_000, b"7 60000000000")]
    async with cluster(web0=LINES, web1=Broken(how, counted, at=1)) as it:
        reply = await hits(it, "step=1m")
    document = json.loads(reply.body)
    assert [hit for hit in document["hits"] if hit["host"] == "web0"] == expected(60, web0=LINES)
    assert reply.trailers["log-complete"] == "false"


async def test_host_that_sends_lines_in_place_of_counts_is_at_fault(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=Broken("verdict", [(0, b"a line")], at=1)) as it:
        reply = await hits(it, "step=1m")
    assert reply.verdict.message == "web1: sent something else than batches: a line is no count"
    assert json.loads(reply.body)["hits"] == expected(60, web0=LINES)


async def test_peer_is_asked_by_the_same_route_and_step(autojump_clock: MockClock, cluster: Start) -> None:
    peers = Broken("verdict"), Broken("verdict")
    async with cluster(web0=LINES, web1=peers[0], web2=peers[1]) as it:
        await hits(it, "step=90s&hostname=web1")
        await hits(it, "hostname=web2")
    assert [peer.asked[0]["path"] for peer in peers] == ["/hits", "/hits"]
    assert [peer.asked[0]["query_string"] for peer in peers] == [b"filename=app.log&step=90s", b"filename=app.log"]


async def test_too_many_buckets_are_a_verdict_that_says_what_would_do(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=lines(*range(20_000))) as it:
        reply = await hits(it, "step=1s")
    assert (reply.verdict.status, reply.verdict.lines) == (Status.RESOURCE_EXHAUSTED, 10_000)
    assert reply.verdict.message == "step=1s makes more than 10000 buckets; step=5m would do"


async def test_no_such_file_is_a_404(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await it.ask("filename=none.log", route="/hits")
    assert reply.status == 404


async def test_unknown_parameter_is_a_400(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await hits(it, "n=5")
    assert (reply.status, json.loads(reply.body)["parameter"]) == (400, "n")


async def test_media_type_that_there_is_not_is_a_406(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES) as it:
        reply = await hits(it, "", accept="image/png")
    assert json.loads(reply.body)["detail"] == "/hits comes as application/json, application/x-ndjson or text/plain"
