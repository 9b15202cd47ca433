"""Labels with each line: added by the agent that answers, whoever has read the line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from trio.testing import MockClock

from testbed.cluster import Cluster, Knows, Reply

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

HOSTS = {host: [b"2026-11-23T10:00:0%dZ one" % second] for second, host in enumerate(("web0", "web1", "db1", "plain"))}
LABELS = {"web0": {"zone": "a", "role": "web"}, "web1": {"role": "web"}, "db1": {"role": "db"}}
OPTIONS = {"labels": LABELS, "tells_no_labels": ["db1"]}


def labels_in(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {record["host"]: record["labels"] for record in records if "host" in record}


def events_in(reply: Reply) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in reply.lines if line.startswith(b"data: ")]


async def test_records_and_events_have_the_labels_of_their_hosts(autojump_clock: MockClock, cluster: Start) -> None:
    asked = "filename=app.log&labels=true"
    async with cluster(OPTIONS, **HOSTS) as it:
        records = await it.ask(asked, accept="application/x-ndjson")
        with_cursors = await it.ask(f"{asked}&cursors=true", accept="application/x-ndjson")
        events = await it.ask(asked, accept="text/event-stream")
        without = await it.ask("filename=app.log", accept="application/x-ndjson")
        text = await it.ask(f"{asked}&hostname=web0")
    wanted = {**LABELS, "plain": {}, "db1": None}
    assert labels_in(list(map(json.loads, records.lines))) == wanted
    assert list(json.loads(records.lines[-2])["labels"]) == ["role", "zone"]
    assert labels_in(list(map(json.loads, with_cursors.lines))) == wanted
    assert all(json.loads(line)["cursor"] for line in with_cursors.lines[:-1])
    assert labels_in(events_in(events)) == wanted
    assert b"labels" not in without.body
    assert text.lines == HOSTS["web0"]


async def test_events_of_many_lines_and_context_have_them_too(autojump_clock: MockClock, cluster: Start) -> None:
    lines = [b"2026-11-23T10:00:00Z one", b"  more", b"2026-11-23T10:00:01Z two", b"2026-11-23T10:00:02Z x"]
    async with cluster(OPTIONS, web0=lines, web1=lines) as it:
        events = await it.ask("filename=app.log&unit=event&labels=true", accept="application/x-ndjson")
        context = await it.ask("filename=app.log&keyword=x&context=1&labels=true", accept="application/x-ndjson")
    for reply, records in ((events, 6), (context, 4)):
        told = list(map(json.loads, reply.lines[:-1]))
        assert len(told) == records
        assert all(record["labels"] == LABELS[record["host"]] for record in told)


async def test_nobody_is_asked_for_them(autojump_clock: MockClock, cluster: Start) -> None:
    knows = {"top": Knows(primaries=("site",)), "site": Knows(peers=("web1",))}
    async with cluster(
        {"labels": LABELS, "knows": knows}, top=HOSTS["web0"], site=HOSTS["db1"], web1=HOSTS["web1"]
    ) as it:
        reply = await it.ask("filename=app.log&labels=true", accept="application/x-ndjson")
    assert labels_in(list(map(json.loads, reply.lines)))["web1"] is None  # the primary passes on lines, as any version
