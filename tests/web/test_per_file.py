"""So many lines of each log, and counts of each log, over the whole stack: what `grep -m`, `-c`, `-l` and `-L` need."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from logagent.core.outcome import Status
from testbed.broken import Broken
from testbed.cluster import Cluster, start_cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]
FIRST = 1_700_000_000
Logs = dict[tuple[str, str], list[bytes]]
"""The lines of each log in reading order, by host and name."""


def line(second: int, text: str) -> bytes:
    return b"%d %b" % (FIRST + second, text.encode())


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    texts = draw(st.lists(st.sampled_from(["match", "other"]), max_size=12))
    return [line(second, text) for second, text in enumerate(texts)]


def write(directory: Path, name: str, lines: Sequence[bytes], generations: int) -> None:
    """The lines in up to three files, the oldest being an archive."""
    directory.mkdir(parents=True, exist_ok=True)
    cuts = [len(lines) * part // generations for part in range(generations + 1)]
    for age, (begin, end) in enumerate(zip(cuts[-2::-1], cuts[:0:-1], strict=True)):
        text = b"".join(each + b"\n" for each in lines[begin:end])
        path = directory / (name if not age else f"{name}.{age}" if age == 1 else f"{name}.{age}.gz")
        path.write_bytes(gzip.compress(text) if age == 2 else text)
        os.utime(path, (FIRST + 100 - age, FIRST + 100 - age))


def wanted(lines: Sequence[bytes], most: int, asked: dict[str, Any]) -> list[bytes]:
    """What `grep -m` prints of lines in the order of the answer: behind the last match, no context that matches."""
    leading, trailing = asked.get("before_context", 0), asked.get("after_context", 0)
    if asked["order"] == "newest":
        lines, leading, trailing = lines[::-1], trailing, leading
    every = [place for place, each in enumerate(lines) if b"match" in each]
    matching, further = every[:most], [*every[most:], len(lines)]
    around = {near for place in matching for near in range(place - leading, place + trailing + 1)}
    return [each for place, each in enumerate(lines) if place in around and place < further[0]]


async def lines_by_log(it: Cluster, asked: dict[str, Any]) -> tuple[Logs, str]:
    reply = await it.ask(urlencode(asked), accept="application/x-ndjson")
    *records, end = map(json.loads, reply.lines)
    assert end["end"]["complete"], end
    found: Logs = {}
    for record in records:
        log = record["file"].partition(".log")[0] + ".log"
        found.setdefault((record["host"], log), []).append(record["line"].encode())
    return found, end["end"].get("cursor") or ""


async def check(directory: Path, logs: Logs, asked: dict[str, Any], most: int) -> None:
    hosts = sorted({host for host, _ in logs})
    nothing: dict[str, bytes] = {}
    async with start_cluster(directory, dict.fromkeys(hosts, nothing)) as it:
        found, _ = await lines_by_log(it, asked | {"n_per_file": most})
        assert found == {log: lines for log in logs if (lines := wanted(logs[log], most, asked))}
        reply = await it.ask(
            urlencode({"filename": "*.log", "keyword": "match", "by": "file", "n_per_file": most}), route="/hits"
        )
        counted = {(row["host"], row["file"]): row["count"] for row in json.loads(reply.body)["hits"]}
        assert counted == {log: min(most, sum(b"match" in each for each in logs[log])) for log in logs}


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(logs(), logs(), st.integers(1, 3)), min_size=1, max_size=2),
    st.fixed_dictionaries(
        {
            "filename": st.just("*.log"),
            "keyword": st.just("match"),
            "order": st.sampled_from(["newest", "oldest"]),
        },
        optional={"before_context": st.integers(0, 2), "after_context": st.integers(0, 2)},
    ),
    st.integers(1, 4),
)
def test_each_log_gives_its_first_matches_in_the_order_of_the_answer(
    hosts: list[tuple[list[bytes], list[bytes], int]], asked: dict[str, Any], most: int
) -> None:
    with TemporaryDirectory() as place:
        every: Logs = {}
        for number, (app, web, generations) in enumerate(hosts):
            for name, lines in (("app.log", app), ("web.log", web)):
                write(Path(place) / f"web{number}", name, lines, generations)
                every[f"web{number}", name] = lines
        trio.run(check, Path(place), every, asked, most, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_pages_give_the_next_lines_of_each_log(autojump_clock: MockClock, cluster: Start, order: str) -> None:
    app, web = [line(second, "match") for second in range(7)], [line(second, "match") for second in range(3)]
    asked = {"filename": "*.log", "order": order, "n_per_file": 2}
    pages: list[dict[str, int]] = []
    cursor = ""
    async with cluster(web0={"app.log": b"\n".join(app), "web.log": b"\n".join(web)}) as it:
        while not pages or (cursor and pages[-1]):
            found, cursor = await lines_by_log(it, asked | ({"cursor": cursor} if cursor else {}))
            pages.append({name: len(lines) for (_, name), lines in found.items()})
    assert pages[:4] == [{"app.log": 2, "web.log": 2}, {"app.log": 2, "web.log": 1}, {"app.log": 2}, {"app.log": 1}]
    assert pages[4:] == ([] if order == "newest" else [{}])


async def test_the_limit_of_all_lines_holds_too(autojump_clock: MockClock, cluster: Start) -> None:
    app, web = [line(second, "a") for second in range(5)], [line(second, "b") for second in range(10, 15)]
    async with cluster(web0=app, web1=web) as it:
        reply = await it.ask("filename=app.log&n_per_file=2&n=3")
    assert reply.lines == [web[4], web[3], app[4]]
    assert reply.verdict.complete


async def test_a_file_is_read_no_further_than_to_its_last_wanted_line(
    autojump_clock: MockClock, cluster: Start
) -> None:
    text = b"\n".join(line(second, "match") for second in range(100_000))
    async with cluster(web0={"a.log": text, "b.log": text}) as it:
        for order in ("newest", "oldest"):
            reply = await it.ask(f"filename=*.log&keyword=match&order={order}&n_per_file=1")
            assert (len(reply.lines), reply.verdict.complete) == (2, True)
            assert reply.verdict.bytes_scanned < len(text) // 10
        counted = await it.ask("filename=*.log&keyword=match&by=file&n_per_file=1", route="/hits")
    assert counted.verdict.bytes_scanned < len(text) // 10
    assert [row["count"] for row in json.loads(counted.body)["hits"]] == [1, 1]


async def test_counts_by_file_are_of_every_log_that_was_searched(autojump_clock: MockClock, cluster: Start) -> None:
    web0 = {"a.log": b"x 1\ny\nx 2\n", "b.log": b"y\n", "empty.log": b"", "noise.log": b"\0\1\2" * 400}
    async with cluster(web0=web0, web1={"a.log": b"x 3", "c d.log": b""}, web2=Broken("refused")) as it:
        asked = "filename=*.log&keyword=x&by=file"
        reply, text, records = [
            await it.ask(asked, route="/hits", accept=kind)
            for kind in ("application/json", "text/plain", "application/x-ndjson")
        ]
    rows = [("web0", "a.log", 2), ("web0", "b.log", 0), ("web0", "empty.log", 0), ("web1", "a.log", 1)]
    rows.append(("web1", "c d.log", 0))
    document = json.loads(reply.body)
    assert document["hits"] == [{"host": host, "file": file, "count": count} for host, file, count in rows]
    assert "step_seconds" not in document
    assert (document["end"]["lines"], document["end"]["complete"]) == (3, False)
    assert text.lines[0] == b"web0 a.log     2"
    *counted, end = map(json.loads, records.lines)
    assert (counted, end["end"]["lines"]) == (document["hits"], 3)


async def test_counts_by_file_are_of_the_range_and_of_events_too(autojump_clock: MockClock, cluster: Start) -> None:
    stacks = b"".join(line(10 * number, "failed") + b"\n  at x\n  at x\n" for number in range(5))
    async with cluster(web0={"new.log": stacks, "old.log": line(-(10**7), "x")}) as it:
        for path in (it.file("web0", "old.log"), it.file("web0", "new.log")):
            os.utime(path, (FIRST - 10**7, FIRST - 10**7) if path.name == "old.log" else (FIRST, FIRST))
        asked = f"filename=*.log&keyword=x&by=file&since={FIRST + 10}"
        counts = {
            unit: [
                row["count"] for row in json.loads((await it.ask(f"{asked}&unit={unit}", route="/hits")).body)["hits"]
            ]
            for unit in ("line", "event")
        }
    assert counts == {"line": [8, 0], "event": [4, 0]}


async def test_a_file_that_is_not_searched_has_no_count(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0={"a.log": b"x", "noise.log": b"\0\1\2" * 400}) as it:
        reply = await it.ask("filename=a.log&filename=noise.log&keyword=x&by=file", route="/hits")
    document = json.loads(reply.body)
    assert document["hits"] == [{"host": "web0", "file": "a.log", "count": 1}]
    assert document["end"]["status"] == Status.DATA_LOSS


@pytest.mark.parametrize(
    ("route", "asked", "said"),
    [
        ("/logs", "n_per_file=0", "n_per_file: must be a whole number from 1"),
        ("/logs", "n_per_file=2&n_per_file=3", "n_per_file: may be given once only"),
        ("/logs", "follow=true&n_per_file=100001", "n_per_file: a follow begins with 100000 earlier lines at most"),
        ("/logs", "by=file", "by: unknown parameter"),
        ("/hits", "n_per_file=1", "n_per_file: goes with by=file; other counts are of all lines"),
        ("/hits", "by=file&step=1m", "step: goes with counts by time; leave step out, or by"),
        ("/hits", "by=host", "by: must be file, for one count of each log, or label:NAME"),
    ],
)
async def test_what_cannot_be_combined_is_refused(
    autojump_clock: MockClock, cluster: Start, route: str, asked: str, said: str
) -> None:
    async with cluster(web0=b"x") as it:
        reply = await it.ask(f"filename=app.log&{asked}", route=route)
    assert reply.status == 400
    assert said in json.loads(reply.body)["detail"]


async def test_a_follow_begins_with_the_last_lines_of_each_log(autojump_clock: MockClock, cluster: Start) -> None:
    app, web = [line(second, "match a") for second in range(5)], [line(second, "match b") for second in range(20, 25)]
    files = {"app.log": b"".join(each + b"\n" for each in app), "web.log": b"".join(each + b"\n" for each in web)}
    async with cluster(web0=files, web1={"db.log": line(1, "match c") + b"\n"}) as it, trio.open_nursery() as nursery:

        async def write_on() -> None:
            await trio.sleep(1)
            with it.file("web1", "db.log").open("ab") as log:
                log.write(b"".join(line(second, "match d") + b"\n" for second in range(30, 33)))

        nursery.start_soon(write_on)
        reply = await it.ask("filename=*.log&follow=true&n_per_file=2&keyword=match&timeout=3s")
    earlier = [line(1, "match c"), *app[-2:], *web[-2:]]
    assert reply.lines == [*earlier, *(line(second, "match d") for second in range(30, 33))]
