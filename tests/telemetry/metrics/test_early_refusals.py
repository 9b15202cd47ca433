"""What is refused before a request has a story is counted, and what has one is not counted twice."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from logagent.telemetry.hook import Telemetry
from logagent.telemetry.metrics.early_refusals import counted_early
from logagent.telemetry.metrics.metrics import Metrics
from testbed.cluster import Cluster
from testbed.raw_http import Http1Client
from testbed.scrapes import scrape

Start = Callable[..., AbstractAsyncContextManager[Cluster]]


async def test_what_is_no_http_is_counted_and_a_missing_file_once(autojump_clock: MockClock, cluster: Start) -> None:
    metrics = Metrics()
    telemetry = {"telemetry": {"web0": Telemetry([metrics.counting])}}
    with counted_early(metrics.counting.refuse):
        async with cluster(telemetry, web0=b"one\n") as it, trio.open_nursery() as nursery:
            near, far = memory_stream_pair()
            nursery.start_soon(it.servers["web0"], far)
            answer = await Http1Client(near).send(b"GET / HTTP/1.1\r\nhost: web0\r\nbad header\r\n\r\n")
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
            await trio.sleep(1)
            await it.ask("filename=none.log")
            nursery.cancel_scope.cancel()
    assert {each["code"]: 1.0 for each in scrape(metrics).labels("logagent_refusals_total")} == {"400": 1, "404": 1}
    assert scrape(metrics).value("logagent_refusals_total") == 2


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ({"status": 401, "early": True}, {401: 1}),
        ({"status": "TLS", "early": True}, {"tls": 1}),
        ({"status": "flood", "early": True}, {"flood": 1}),
        ({"status": "else", "early": True}, {"other": 1}),
        ({"status": 404}, {}),
    ],
)
def test_refusals_are_counted_by_status_or_kind(told: dict[str, object], counted: dict[object, int]) -> None:
    counts: Counter[object] = Counter()
    log = logging.getLogger("logagent.refusals")
    with counted_early(lambda status: counts.update([status])):
        log.warning("no", extra=told)
    log.warning("no", extra=told)
    assert counts == counted
