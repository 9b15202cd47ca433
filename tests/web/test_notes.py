"""Notes over the whole stack: in trailers, end records, listings and follows, and between agents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from trio.testing import MockClock

from logagent.core.notes import Note
from logagent.core.outcome import Status
from logagent.core.wire.frames import BATCHES, FrameDecoder
from testbed.cluster import Cluster, Reply, start_cluster
from testbed.trees import Unprivileged, permit

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

LINES = [f"2026-11-23T10:00:{second:02}Z line {second}".encode() for second in range(60)]
OUT = Note("link", ("out.log",), 1)
GLOB = "filename=*.log"
FOLLOW = f"{GLOB}&follow=true&n=1&timeout=2s"


def leading_out(it: Cluster, *hosts: str, name: str = "out.log") -> None:
    """Give hosts a link that leads out of their root."""
    outside = it.directory / "outside"
    outside.write_bytes(b"2026-11-23T10:00:00Z secret\n")
    for host in hosts:
        it.file(host, name).symlink_to(outside)


def end_of(reply: Reply) -> Any:
    last = reply.lines[-1].removeprefix(b"data: ") if reply.lines[-1] else reply.lines[-2].removeprefix(b"data: ")
    return json.loads(last)["end"]


@pytest.mark.parametrize("query", [GLOB, f"{GLOB}&n=1", f"{GLOB}&order=oldest&n=1", f"{GLOB}&keyword=nowhere"])
async def test_a_note_is_in_the_trailers_of_a_complete_answer(
    query: str, autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=LINES, web1=LINES, web2=LINES) as it:
        leading_out(it, "web0", "web2")
        reply = await it.ask(query, prefer="handling=strict")
        hits = await it.ask(GLOB, route="/hits")
    assert reply.verdict.complete
    assert reply.error is None
    assert [(note.host, note.kind, note.files) for note in reply.verdict.notes] == [
        ("web0", "link", ("out.log",)),
        ("web2", "link", ("out.log",)),
    ]
    assert hits.verdict.notes == reply.verdict.notes


@pytest.mark.parametrize("route", ["/logs", "/hits"])
@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream", "application/json"])
async def test_a_note_is_in_the_end_record(route: str, accept: str, autojump_clock: MockClock, cluster: Start) -> None:
    if (route, accept) in (("/hits", "text/event-stream"), ("/logs", "application/json")):
        return
    async with cluster(web0=LINES, web1=LINES) as it:
        leading_out(it, "web1")
        reply = await it.ask(GLOB, route=route, accept=accept)
    assert end_of(reply)["complete"] is True
    assert end_of(reply)["notes"] == [
        {"host": "web1", "kind": "link", "count": 1, "files": ["out.log"], "message": OUT.sentence}
    ]


async def test_a_note_is_in_the_listing_of_files(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES) as it:
        leading_out(it, "web0", "web1")
        document = json.loads((await it.ask("", route="/files")).body)
    assert document["complete"] is True
    assert [(note["host"], note["message"]) for note in document["notes"]] == [
        ("web0", OUT.sentence),
        ("web1", OUT.sentence),
    ]


async def test_a_follow_tells_notes_at_once_and_in_its_end(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=LINES, web1=LINES) as it:
        leading_out(it, "web0", "web1")
        reply = await it.ask(FOLLOW, accept="application/x-ndjson")
        events = await it.ask(FOLLOW, accept="text/event-stream")
    *before, end = map(json.loads, reply.lines)
    told = [record["notice"] for record in before if "notice" in record]
    assert sorted(told, key=lambda notice: notice["host"])[:1] == [
        {"host": "web0", "status": 0, "message": f"note: {OUT.sentence}"}
    ]
    assert [(note["host"], note["count"]) for note in end["end"]["notes"]] == [("web0", 1), ("web1", 1)]
    assert f"note: {OUT.sentence}".encode() in events.body
    assert len(end_of(events)["notes"]) == 2


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that another user can reach, as pytest's own cannot be."""
    with TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)
        permit(Path(directory))


LOCKED = {"a.log": b"2026-11-23T10:00:00Z one\n", "dark.log": b"x\n", "dark.log.1": b"y\n"}


async def test_what_may_not_be_read_is_noted_by_globs_and_denied_by_its_name(
    autojump_clock: MockClock, shared: Path
) -> None:
    async with start_cluster(shared, {"web0": LOCKED, "web1": LOCKED}) as it:
        for host in ("web0", "web1"):
            (shared / host).chmod(0o755)
            for name in ("dark.log", "dark.log.1"):
                it.file(host, name).chmod(0)
        with Unprivileged():
            glob = await it.ask("filename=**/*")
            exact = await it.ask("filename=dark.log&hostname=web0")
            both = await it.ask("filename=dark*")
            hits = await it.ask("filename=dark.log&hostname=web0", route="/hits")
    assert glob.verdict.complete
    assert glob.lines == [b"2026-11-23T10:00:00Z one"] * 2
    assert [(note.host, note.kind, note.count) for note in glob.verdict.notes] == [
        ("web0", "unreadable", 2),
        ("web1", "unreadable", 2),
    ]
    assert (exact.status, hits.status, both.status) == (403, 403, 403)
    assert b"permission denied: dark.log, dark.log.1" in exact.body


async def test_one_generation_of_an_exact_name_that_may_not_be_read_fails_the_answer(
    autojump_clock: MockClock, shared: Path
) -> None:
    async with start_cluster(shared, {"web0": {"a.log": b"one\n", "a.log.1": b"two\n"}}) as it:
        (shared / "web0").chmod(0o755)
        it.file("web0", "a.log.1").chmod(0)
        with Unprivileged():
            exact = await it.ask("filename=a.log")
            glob = await it.ask("filename=a*")
    assert exact.lines == glob.lines == [b"one"]
    assert (exact.verdict.status, exact.verdict.message) == (
        Status.PERMISSION_DENIED,
        "permission denied: a.log.1",
    )
    assert glob.verdict.complete
    assert glob.verdict.notes[0].files == ("a.log.1",)


@pytest.mark.parametrize(("asked", "notes"), [("", 0), (";notes=true", 1)])
async def test_frames_have_notes_only_for_agents_that_ask_for_them(
    asked: str, notes: int, autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=LINES) as it:
        leading_out(it, "web0")
        for route in ("/logs", "/hits"):
            reply = await it.ask(GLOB, route=route, accept=f"{BATCHES};times=true;places=true{asked}", log_scope="own")
            batches = list(FrameDecoder().receive(reply.body))
            assert sum(bool(batch.notes) for batch in batches) == notes
            assert len(reply.verdict.notes) == 1
