"""The route for figures: its formats, who may read them, and that it is a route as the others."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from prometheus_client.parser import text_string_to_metric_families
from trio.testing import MockClock

from logagent.config.access_rules import AccessRule
from testbed.reloadable import reloadable
from testbed.scrapes import OPENMETRICS, Scrape

LINES = b"2026-11-23T10:00:00Z one\n2026-11-23T10:00:01Z two\n"
OF_PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
"""What Prometheus 2.42 sends."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_bytes(LINES)
    return tmp_path


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/json", False),
        ("application/openmetrics-text", True),
        (OF_PROMETHEUS, True),
        ("application/openmetrics-text;q=0.4, text/plain;q=0.5", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=much", False),
        ('application/openmetrics-text;version="<script>"', True),
    ],
)
async def test_the_format_is_negotiated(accept: str, openmetrics: bool, autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root) as it, it.client() as client:
        response = await client.get("/metrics", headers={"accept": accept})
    kind = "application/openmetrics-text; version=1.0.0" if openmetrics else "text/plain; version=0.0.4"
    assert (response.status_code, response.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
    assert response.text.endswith("# EOF\n") is openmetrics
    assert "logagent_build_info{" in response.text


async def test_traces_stand_in_openmetrics_only(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root) as it, it.client() as client:
        asked = await client.get("/logs?filename=app.log")
        with_traces = await client.get("/metrics", headers={"accept": OPENMETRICS})
        without = await client.get("/metrics")
    trace = asked.headers["log-trace-id"]
    assert trace in Scrape.of_openmetrics(with_traces.content).traces
    assert trace not in without.text
    assert Scrape.of_text(without.content).value("logagent_queries_total", route="logs") == 1


async def test_it_comes_compressed_to_who_accepts_that(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root) as it, it.client() as client:
        async with client.stream("GET", "/metrics", headers={"accept-encoding": "gzip"}) as response:
            raw = b"".join([chunk async for chunk in response.aiter_raw()])
        plain = await client.get("/metrics", headers={"accept-encoding": "identity"})
    assert response.headers["content-encoding"] == "gzip"
    assert list(text_string_to_metric_families(gzip.decompress(raw).decode()))
    assert len(raw) < len(plain.content) / 3
    assert "content-encoding" not in plain.headers


async def test_a_scrape_is_not_counted_as_a_query_and_not_within_itself(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root) as it:
        first, second = [Scrape.of_text((await it.text("/metrics"))[1].encode()) for _ in range(2)]
    assert first.value("logagent_probes_total", route="metrics") == 0
    assert second.value("logagent_probes_total", route="metrics", code="2xx") == 1
    assert second.value("logagent_queries_total") == second.value("logagent_query_duration_seconds_count") == 0


async def test_it_is_a_route_as_the_others(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root) as it, it.client() as client:
        head = await client.head("/metrics")
        posted = await client.post("/metrics")
        wrong = await client.get("/metrics?name[]=up")
        lost = await client.get("/metric")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/plain")
    assert (posted.status_code, wrong.status_code, lost.status_code) == (405, 400, 404)
    assert "/metrics" in lost.json()["detail"]


def rule(*what: str, who: str = "*") -> AccessRule:
    return AccessRule(allows=True, who=(who,), what=what)


@pytest.mark.parametrize(
    ("what", "status"), [(["metrics"], 200), ([], 200), (["logs", "metrics"], 200), (["logs", "hosts"], 403)]
)
async def test_with_rules_it_takes_one_that_allows_it(
    what: list[str], status: int, autojump_clock: MockClock, root: Path
) -> None:
    async with reloadable(root, rule=(rule(*what),)) as it:
        got, text = await it.text("/metrics")
    assert got == status
    if status == 403:
        assert "no rule allows anonymous to ask this agent for metrics" in text


async def test_a_rule_for_metrics_shows_no_logs(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root, rule=(rule("metrics"),)) as it:
        status, _ = await it.text("/logs?filename=app.log")
    assert status in (403, 404)


async def test_nobody_whom_no_rule_means_reads_it(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root, rule=(rule("metrics", who="token:prometheus"),)) as it:
        status, _ = await it.text("/metrics")
        now = Scrape.of_openmetrics(it.lasting.observing.metrics.exposed(OPENMETRICS)[0])
    assert status == 401
    assert now.value("logagent_refusals_total", code="401") == 1
    assert now.value("logagent_probes_total", route="metrics", code="4xx") == 1


async def test_reloads_are_counted_and_peers_come_and_go(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root, peer={"db-1": "http://db-1", "db-2": "http://db-2"}) as it:
        at_first = Scrape.of_text((await it.text("/metrics"))[1].encode())
        it.set(peer={"db-2": "http://db-2", "db-3": "http://db-3"})
        await it.reloader.reload()
        it.wrong = ValueError("odd")
        with pytest.raises(ValueError, match="odd"):
            await it.reloader.reload()
        now = Scrape.of_text((await it.text("/metrics"))[1].encode())
    assert {each["peer"] for each in at_first.labels("logagent_peer_state")} == {"db-1", "db-2"}
    assert {each["peer"] for each in now.labels("logagent_peer_state")} == {"db-2", "db-3"}
    assert now.value("logagent_reloads_total", result="ok") == now.value("logagent_reloads_total", result="failed") == 1
    last = "logagent_last_reload_success_timestamp_seconds"
    assert now.value(last) > at_first.value(last)


async def test_the_state_of_the_parts_stands_in_it(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root, max_answers=7, max_follows=9) as it, it.client() as client:
        async with client.stream("GET", "/logs?filename=app.log&follow=true&n=1"):
            now = Scrape.of_text((await it.text("/metrics"))[1].encode())
    assert now.value("logagent_follows") == 1
    assert (now.value("logagent_answers"), now.value("logagent_answers_limit")) == (0, 7)
    assert now.value("logagent_follows_limit") == 9
    assert now.value("logagent_disk_turns_limit") == 2
    assert now.value("logagent_disk_threads_limit") == 64
    assert now.value("logagent_archive_memory_limit_bytes", use="decoders") == 512 * 2**20
    assert now.value("logagent_threads") >= 1
    assert 0 < now.value("process_open_fds") < now.value("process_max_fds")
    assert now.value("process_start_time_seconds") > 0
    assert now.value("logagent_build_info") == 1


async def test_the_lag_of_the_event_loop_is_looked_at_each_second(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root) as it:
        observing = it.lasting.observing
        async with observing.running():
            await trio.sleep(60.5)
        now = Scrape.of_text((await it.text("/metrics"))[1].encode())
    assert now.value("logagent_event_loop_lag_seconds_count") == 60


async def test_two_agents_of_one_process_count_for_themselves(autojump_clock: MockClock, root: Path) -> None:
    async with reloadable(root) as one, reloadable(root) as other:
        await one.text("/logs?filename=app.log")
        texts = [(await it.text("/metrics"))[1] for it in (one, other)]
    assert [Scrape.of_text(text.encode()).value("logagent_queries_total") for text in texts] == [1, 0]
    assert replace(one.settings) == other.settings
