"""Primaries behind primaries: one question, one verdict with a part for each host, and nobody asked twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.core.wire.verdict import from_trailers
from testbed.cluster import Knows, start_cluster
from testbed.whole_follows import SETTLED, append, following

SITES = {
    "top": Knows(primaries=("site-a", "site-b")),
    "site-a": Knows(peers=("a-1", "a-2")),
    "site-b": Knows(peers=("b-1",)),
}


def lines(host: str, count: int = 3) -> list[bytes]:
    return [b"2026-11-23T10:00:%02dZ %s %d" % (number, host.encode(), number) for number in range(count)]


def logs(*names: str, count: int = 3) -> dict[str, list[bytes]]:
    return {name: lines(name, count) for name in names}


ALL = ("top", "site-a", "site-b", "a-1", "a-2", "b-1")


async def test_hosts_behind_primaries_answer_as_if_they_were_asked_themselves(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with start_cluster(tmp_path, logs(*ALL), knows=SITES) as it:
        reply = await it.ask("filename=app.log")
    flat = sorted((line for host in ALL for line in lines(host)), key=lambda line: line[:20], reverse=True)
    assert [line[:20] for line in reply.lines] == [line[:20] for line in flat]
    assert sorted(reply.lines) == sorted(flat)
    assert reply.verdict.complete
    assert sorted((part.host, part.status, part.lines) for part in reply.verdict.hosts) == [
        (host, Status.OK, 3) for host in sorted(ALL)
    ]


async def test_a_dead_host_behind_a_primary_is_named_itself(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with start_cluster(tmp_path, logs(*ALL), knows=SITES) as it:
        it.kill("a-2")
        reply = await it.ask("filename=app.log")
        [failing] = [part for part in reply.verdict.hosts if part.status]
        assert (failing.host, failing.status, failing.lines) == ("a-2", Status.UNAVAILABLE, 0)
        assert reply.verdict.message.startswith("a-2: cannot connect")
        assert len(reply.lines) == 15
        first = await it.ask("filename=app.log&n=2")
        assert first.verdict.status is Status.UNAVAILABLE, "the primary is stopped before its verdict"
        assert [part.host for part in first.verdict.hosts if part.status] == ["a-2"]


async def test_a_primary_that_cannot_be_reached_is_named_with_what_is_behind_it(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with start_cluster(tmp_path, logs(*ALL), knows=SITES) as it:
        assert (await it.ask("filename=app.log")).verdict.complete
        it.kill("site-a")
        reply = await it.ask("filename=app.log")
    [failing] = [part for part in reply.verdict.hosts if part.status]
    assert failing.host == "site-a"
    assert failing.message.endswith("; behind it: a-1, a-2")
    assert len(reply.lines) == 9


async def test_a_host_behind_two_primaries_is_asked_once(autojump_clock: MockClock, tmp_path: Path) -> None:
    both = SITES | {"site-b": Knows(peers=("b-1", "a-1", "top", "site-a"))}
    both |= {"top": Knows(peers=("a-2",), primaries=("site-a", "site-b"))}
    async with start_cluster(tmp_path, logs(*ALL), knows=both) as it:
        for _ in range(3):
            reply = await it.ask("filename=app.log")
            assert sorted(reply.lines) == sorted(line for host in ALL for line in lines(host))
            assert reply.verdict.complete, reply.verdict
            assert sorted(part.host for part in reply.verdict.hosts) == sorted(ALL)


@pytest.mark.parametrize("circle", [("site-a", "site-b"), ("site-a", "site-b", "a-1")])
async def test_a_circle_of_primaries_is_cut_and_named(
    circle: tuple[str, ...], autojump_clock: MockClock, tmp_path: Path
) -> None:
    knows = {name: Knows(primaries=(after,)) for name, after in zip(circle, (*circle[1:], circle[0]), strict=True)}
    async with start_cluster(tmp_path, logs("top", *circle), knows=knows | {"top": Knows(primaries=("site-a",))}) as it:
        reply = await it.ask("filename=app.log")
    assert reply.verdict.complete
    assert sorted(reply.lines) == sorted(line for host in ("top", *circle) for line in lines(host))
    [note] = reply.verdict.notes
    assert (note.host, note.files) == (circle[-1], ("site-a",))
    assert "so that the loop is cut" in note.sentence


async def test_a_follow_goes_on_through_levels_and_names_who_is_away(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with start_cluster(tmp_path, logs(*ALL), knows=SITES) as it, following(it, "filename=app.log&n=2") as follow:
        assert len(follow.lines) == 2
        append(it.file("a-1"), b"2026-11-23T10:01:00Z first")
        append(it.file("b-1"), b"2026-11-23T10:01:01Z second")
        append(it.file("site-a"), b"2026-11-23T10:01:02Z third")
        await trio.sleep(SETTLED)
        assert [line.split()[1] for line in follow.lines[2:]] == ["first", "second", "third"]
        it.kill("a-1")
        await trio.sleep(SETTLED)
        assert [(notice["host"], notice["status"]) for notice in follow.notices] == [("a-1", 14)]
        append(it.file("a-1"), b"2026-11-23T10:01:03Z while it was away")
        it.revive("a-1")
        await trio.sleep(40)
        assert follow.lines[-1].endswith("while it was away")
        assert follow.notices[-1]["host"] == "a-1"
        assert follow.notices[-1]["status"] == 0
        it.kill("site-a")
        await trio.sleep(SETTLED)
        assert follow.notices[-1]["host"] == "site-a"
        assert follow.notices[-1]["message"].endswith("; behind it: a-1, a-2")
        append(it.file("a-2"), b"2026-11-23T10:01:04Z while its site was away")
        it.revive("site-a")
        await trio.sleep(40)
        assert [line.split(" ", 1)[1] for line in follow.lines[5:]] == [
            "third",
            "while it was away",
            "while its site was away",
        ][1:]


async def test_the_verdict_of_a_follow_names_each_host_that_is_away(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with start_cluster(tmp_path, logs(*ALL), knows=SITES) as it:
        async with following(it, "filename=app.log&timeout=60") as follow:
            append(it.file("a-2"), b"2026-11-23T10:01:00Z first")
            await trio.sleep(SETTLED)
            it.kill("b-1")
            it.kill("site-a")
            await trio.sleep(60)
        verdict = from_trailers(follow.trailers)
    failing = {part.host: part.message for part in verdict.hosts if part.status is Status.UNAVAILABLE}
    assert sorted(failing) == ["a-1", "a-2", "b-1", "site-a"]
    assert failing["a-1"].startswith("is behind site-a: ")
    assert {part.host: part.lines for part in verdict.hosts}["a-2"] == 1
