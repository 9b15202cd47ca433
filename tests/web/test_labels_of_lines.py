"""Labels with each line: added by the agent that answers, whoever has read the line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.wire.frames import FrameDecoder
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


TREE = {"top": Knows(primaries=("site",)), "site": Knows(primaries=("deep",)), "deep": Knows(peers=("web1", "db1"))}
BEHIND = {
    "top": HOSTS["web0"],
    "site": HOSTS["plain"],
    "deep": HOSTS["plain"],
    "web1": HOSTS["web1"],
    "db1": HOSTS["db1"],
}


@pytest.mark.parametrize("form", ["application/x-ndjson", "text/event-stream"])
async def test_primaries_tell_the_labels_of_the_hosts_behind_them_with_their_lines(
    autojump_clock: MockClock, cluster: Start, form: str
) -> None:
    async with cluster({"labels": LABELS, "knows": TREE}, **BEHIND) as it:
        reply = await it.ask("filename=app.log&labels=true", accept=form)
    records = events_in(reply) if form.startswith("text") else list(map(json.loads, reply.lines))
    assert labels_in(records) == {"top": {}, "site": {}, "deep": {}, "web1": LABELS["web1"], "db1": LABELS["db1"]}


async def test_lines_of_a_follow_have_the_labels_of_hosts_behind_primaries(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster({"labels": LABELS, "knows": TREE}, **BEHIND) as it:
        replies: list[Reply] = []

        async def follow() -> None:
            asked = "filename=app.log&labels=true&follow=true&n=0&timeout=20s"
            replies.append(await it.ask(asked, accept="application/x-ndjson"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow)
            await trio.sleep(10)
            for host in ("web1", "site"):
                with it.file(host).open("ab") as log:
                    log.write(b"2026-11-23T11:00:00Z later\n")
    assert labels_in(list(map(json.loads, replies[0].lines))) == {"web1": LABELS["web1"], "site": {}}


async def test_what_lists_a_primary_overrides_what_it_says_of_itself_and_not_of_others(
    autojump_clock: MockClock, cluster: Start
) -> None:
    knows = {"top": Knows(primaries=("site",)), "site": Knows(peers=("web1",))}
    options = {"labels": LABELS | {"site": {"zone": "x"}}, "knows": knows, "peer_labels": {"site": {"zone": "y"}}}
    hosts = {"top": HOSTS["web0"], "site": HOSTS["plain"], "web1": HOSTS["web1"]}
    async with cluster(options, **hosts) as it:
        reply = await it.ask("filename=app.log&labels=true", accept="application/x-ndjson")
    assert labels_in(list(map(json.loads, reply.lines))) == {"top": {}, "site": {"zone": "y"}, "web1": {"role": "web"}}


async def test_nothing_is_known_behind_a_primary_that_does_not_tell(autojump_clock: MockClock, cluster: Start) -> None:
    """A primary of an earlier version does not know the parameter of the media type, and sends lines as ever."""
    knows = {"top": Knows(primaries=("site",)), "site": Knows(peers=("db1",))}
    hosts = {"top": HOSTS["web0"], "site": HOSTS["plain"], "db1": HOSTS["db1"]}
    async with cluster(OPTIONS | {"knows": knows}, **hosts) as it:
        reply = await it.ask("filename=app.log&labels=true", accept="application/x-ndjson")
    assert labels_in(list(map(json.loads, reply.lines))) == {"top": {}, "site": {}, "db1": None}


async def test_agents_get_labels_in_batches_only_where_they_ask_for_them(
    autojump_clock: MockClock, cluster: Start
) -> None:
    accept = "application/vnd.logagent.batches;times=true;places=true"
    async with cluster(OPTIONS, **HOSTS) as it:
        told = await it.ask("filename=app.log", accept=f"{accept};labels=true")
        asked = await it.ask("filename=app.log&labels=true", accept=accept)
    labels = {one.host: one.labels for batch in FrameDecoder().receive(told.body) for one in batch.origins}
    assert labels == {"web0": (("role", "web"), ("zone", "a")), "web1": (("role", "web"),), "db1": None, "plain": ()}
    assert {one.labels for batch in FrameDecoder().receive(asked.body) for one in batch.origins} == {None}
