"""Counts by the value of a label of hosts, over a cluster and behind primaries, in all forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from trio.testing import MockClock

from testbed.broken import Broken
from testbed.cluster import Cluster, Knows, Reply

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

HOSTS: dict[str, Any] = {
    "web0": {"app.log": b"x 1\n", "more.log": b"x 2\nother\n"},
    "web1": {"app.log": b"x 1\nx 2\nx 3\n"},
    "db1": {"app.log": b"other\n"},
    "plain": {"app.log": b"x 1\n"},
    "none": {"another.txt": b"x 1\n"},
}
LABELS = {"web0": {"role": "web"}, "web1": {"role": "web", "zone": "b"}, "db1": {"role": "db"}}
ASKED = "filename=*.log&keyword=x&by=label:role"
ROWS = [
    {"value": "", "hosts": 1, "count": 1},
    {"value": "db", "hosts": 1, "count": 0},
    {"value": "web", "hosts": 2, "count": 5},
]


def hits(reply: Reply) -> Any:
    return json.loads(reply.body)["hits"]


def notes(reply: Reply) -> dict[str, str]:
    return {note.host: note.kind for note in reply.verdict.notes}


async def test_lines_of_hosts_with_one_value_are_counted_together(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"labels": LABELS}, **HOSTS) as it:
        reply = await it.ask(ASKED, route="/hits")
        records = await it.ask(ASKED, route="/hits", accept="application/x-ndjson")
        text = await it.ask(ASKED, route="/hits", accept="text/plain")
        other = await it.ask("filename=*.log&keyword=x&by=label:nobody/has.it", route="/hits")
        few = await it.ask(f"{ASKED}&hostname=role=web&hostname=zone=*", route="/hits")
    document = json.loads(reply.body)
    assert (document["label"], document["hits"]) == ("role", ROWS)
    assert (reply.verdict.lines, notes(reply)) == (6, {})
    assert {part.host: part.lines for part in reply.verdict.hosts}["web1"] == 3
    *rows, end = map(json.loads, records.lines)
    assert (rows, end["end"]["label"]) == (ROWS, "role")
    assert text.lines == [b"-   1 1", b"db  1 0", b"web 2 5"]
    assert hits(other) == [{"value": "", "hosts": 4, "count": 6}]
    assert hits(few) == [{"value": "web", "hosts": 1, "count": 3}]


async def test_host_whose_labels_are_not_known_is_noted(autojump_clock: MockClock, cluster: Start) -> None:
    options = {"labels": LABELS, "tells_no_labels": ["web1"]}
    async with cluster(options, **HOSTS) as it:
        reply = await it.ask(ASKED, route="/hits")
    async with cluster(options | {"peer_labels": {"web1": {"role": "web"}}}, **HOSTS) as it:
        listed = await it.ask(ASKED, route="/hits")
    assert hits(reply) == [
        {"value": "", "hosts": 2, "count": 4},
        {"value": "db", "hosts": 1, "count": 0},
        {"value": "web", "hosts": 1, "count": 2},
    ]
    assert notes(reply) == {"web1": "labels"}
    assert (hits(listed), notes(listed)) == (ROWS, {})


async def test_host_that_fails_is_named_and_the_others_count(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"labels": LABELS}, **HOSTS | {"web1": Broken("refused")}) as it:
        reply = await it.ask(ASKED, route="/hits")
    assert hits(reply)[-1] == {"value": "web", "hosts": 1, "count": 2}
    assert [part.host for part in reply.verdict.hosts if part.fails] == ["web1"]


async def test_primaries_count_by_the_labels_of_the_hosts_behind_them(
    autojump_clock: MockClock, cluster: Start
) -> None:
    knows = {"top": Knows(primaries=("site",)), "site": Knows(peers=("web0", "web1", "db1", "plain"))}
    hosts = {"top": {"app.log": b"x of top\n"}, "site": {"another.txt": b""}, **HOSTS}
    labels = {**LABELS, "top": {"role": "top"}}
    async with cluster({"labels": labels, "knows": knows}, **hosts) as it:
        reply = await it.ask(ASKED, route="/hits")
    assert hits(reply) == [*ROWS[:2], {"value": "top", "hosts": 1, "count": 1}, ROWS[2]]


async def test_one_host_is_asked_by_itself(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"labels": LABELS}, **HOSTS) as it:
        reply = await it.ask(f"{ASKED}&hostname=web0", route="/hits")
        own = await it.ask(ASKED, host="web1", route="/hits", log_scope="own")
    assert (hits(reply), hits(own)) == (
        [{"value": "web", "hosts": 1, "count": 2}],
        [{"value": "web", "hosts": 1, "count": 3}],
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("by=role", "by: must be file, for one count of each log, or label:NAME, for one of each value of a label of"),
        ("by=label:", "by: must name a label, such as label:role: letters, digits and"),
        ("by=label:1x", "by: must name a label"),
        ("by=label:role&by=file", "by: may be given once only"),
        ("by=label:role&step=1m", "step: goes with counts by time; leave step out, or by"),
        ("by=label:role&n_per_file=1", "n_per_file: goes with by=file; other counts are of all lines"),
    ],
)
async def test_what_cannot_be_counted_is_told(autojump_clock: MockClock, cluster: Start, asked: str, told: str) -> None:
    async with cluster(web0=HOSTS["web0"]) as it:
        reply = await it.ask(f"filename=app.log&{asked}", route="/hits")
    assert reply.status == 400
    assert json.loads(reply.body)["detail"].startswith(told)
