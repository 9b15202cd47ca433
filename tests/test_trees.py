"""Primaries behind primaries: one question, one verdict with a part for each host, and nobody asked twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Status
from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import chunks, trailers
from logagent.peers.target import Target
from logagent.web.access import Access
from testbed.broken import Broken
from testbed.cluster import PATIENCE, Knows, Reply, start_cluster
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


# Three levels.

PLAIN = {"accept-encoding": "identity"}

DEEP = {
    "top": Knows(primaries=("region",)),
    "region": Knows(primaries=("site-a", "site-b")),
    "site-a": Knows(peers=("a-1", "a-2")),
    "site-b": Knows(peers=("b-1",)),
}
DEEP_HOSTS = ("top", "region", "site-a", "site-b", "a-1", "a-2", "b-1")


def failing(reply: Reply) -> dict[str, str]:
    return {part.host: part.message for part in reply.verdict.hosts if part.fails}


async def test_a_stalled_host_alone_is_left_behind_at_any_depth(autojump_clock: MockClock, tmp_path: Path) -> None:
    hosts = logs(*DEEP_HOSTS) | {"a-2": Broken("silence")}
    async with start_cluster(tmp_path, hosts, knows=DEEP) as it:
        began = trio.current_time()
        reply = await it.ask("filename=app.log")
        took = trio.current_time() - began
    assert failing(reply) == {"a-2": "sent nothing for 5 s and was left behind"}
    assert sorted(reply.lines) == sorted(line for host in DEEP_HOSTS if host != "a-2" for line in lines(host))
    assert took < PATIENCE + 1


async def test_a_primary_that_dies_in_the_middle_of_its_answer_leaves_each_host_behind_it_named(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    many = logs(*DEEP_HOSTS, count=60) | {"a-1": lines("a-1", 50) * 4000}
    async with start_cluster(tmp_path, many, knows=DEEP) as it:
        async with it.client() as client, client.stream("GET", "/logs?filename=app.log", headers=PLAIN) as response:
            body = bytearray()
            async for chunk in chunks(response):
                if not body:
                    it.kill("site-a")
                body += chunk
            verdict = from_trailers(trailers(response))
    named = {part.host: part.status for part in verdict.hosts}
    assert {host for host, status in named.items() if status is Status.UNAVAILABLE} == {"site-a", "a-1", "a-2"}
    assert named["b-1"] is Status.OK
    assert sum(part.lines for part in verdict.hosts) == len(body.splitlines())


async def test_pages_through_levels_hold_each_line_once(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with start_cluster(tmp_path, logs(*DEEP_HOSTS, count=7), knows=DEEP) as it:
        read, cursor = list[bytes](), ""
        while True:
            reply = await it.ask(f"filename=app.log&n=4{cursor}")
            assert reply.verdict.complete
            read += reply.lines
            if not reply.verdict.cursor:
                break
            cursor = f"&cursor={reply.verdict.cursor}"
    assert sorted(read) == sorted(line for host in DEEP_HOSTS for line in lines(host, 7))


async def test_a_page_goes_on_where_a_host_is_reached_through_a_primary_only_by_now(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    knows = {"top": Knows(primaries=("site-a",)), "site-a": Knows(peers=("a-1",))}
    access = {"a-1": Access(["a-1", "direct"], certificate_required=False)}
    hosts: dict[str, list[bytes]] = {"top": [], "site-a": [], "a-1": lines("a-1", 6)}
    async with start_cluster(tmp_path, hosts, knows=knows, access=access) as it:
        it.network.host("direct", it.servers["a-1"])
        it.peers["top"].set_found([Target(urls=("http://direct",), name="a-1")])
        first = await it.ask("filename=app.log&n=2")
        it.kill("direct")
        second = await it.ask(f"filename=app.log&n=2&cursor={first.verdict.cursor}")
    assert [*first.lines, *second.lines] == lines("a-1", 6)[:1:-1]


async def test_hits_are_counted_for_each_host_behind_primaries(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with start_cluster(tmp_path, logs(*DEEP_HOSTS), knows=DEEP) as it:
        reply = await it.ask("filename=app.log&step=1m", route="/hits")
    assert {part.host: part.lines for part in reply.verdict.hosts} == dict.fromkeys(DEEP_HOSTS, 3)
    assert reply.verdict.lines == 21


async def test_who_leaves_the_top_stops_the_last_host(autojump_clock: MockClock, tmp_path: Path) -> None:
    many = logs(*DEEP_HOSTS) | {"a-1": lines("a-1", 50) * 20_000}
    async with start_cluster(tmp_path, many, knows=DEEP) as it:
        async with it.client() as client, client.stream("GET", "/logs?filename=app.log") as response:
            async for _ in chunks(response):
                break
            assert it.answers["a-1"].under_way == 1
        await trio.sleep(1)
        assert {host: answers.under_way for host, answers in it.answers.items()} == dict.fromkeys(DEEP_HOSTS, 0)


# Which hosts.


async def test_patterns_match_anywhere_and_one_that_matches_nowhere_is_not_found(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with start_cluster(tmp_path, logs(*DEEP_HOSTS), knows=DEEP) as it:
        one = await it.ask("filename=app.log&hostname=b-1")
        assert sorted(one.lines) == sorted(lines("b-1"))
        some = await it.ask("filename=app.log&hostname=a-*&hostname=top")
        assert sorted(part.host for part in some.verdict.hosts) == ["a-1", "a-2", "top"]
        site = await it.ask("filename=app.log&hostname=region")
        assert sorted(site.lines) == sorted(lines("region"))
        assert (await it.ask("filename=app.log")).verdict.complete
        none = await it.ask("filename=app.log&hostname=a-3")
        assert none.status == 404
        assert b"no host named a-3" in none.body
        assert b"a-1" in none.body, "what is known behind primaries is told"
        both = await it.ask("filename=app.log&hostname=a-3&hostname=a-1")
        assert both.verdict.status is Status.NOT_FOUND
        it.kill("site-b")
        open_ = await it.ask("filename=app.log&hostname=a-3&hostname=a-1")
        assert [*failing(open_)] == ["site-b"], "it may be there"


async def test_two_agents_of_one_name_are_never_mixed(autojump_clock: MockClock, tmp_path: Path) -> None:
    knows = SITES | {"site-a": Knows(peers=("a-1",))}
    async with start_cluster(tmp_path, logs(*ALL), knows=knows, called={"a-2": "b-1"}) as it:
        it.peers["site-a"].set_found([Target(urls=("http://a-2",), name="b-1")])
        reply = await it.ask("filename=app.log")
        assert [*failing(reply)] == ["b-1"]
        told = failing(reply)["b-1"]
        assert told.startswith("two agents are called b-1, one behind site-")
        assert told.endswith("; give each a name of its own")
        assert lines("b-1")[0] in reply.lines or lines("a-2")[0] in reply.lines
        assert not {lines("b-1")[0], lines("a-2")[0]} <= set(reply.lines)


async def test_an_agent_that_cannot_be_asked_as_a_primary_is_named(autojump_clock: MockClock, tmp_path: Path) -> None:
    hosts = logs("top") | {"site-a": Broken("ends", [(1, b"line")], version="0.0.9")}
    async with start_cluster(tmp_path, hosts, knows={"top": Knows(primaries=("site-a",))}) as it:
        reply = await it.ask("filename=app.log")
    assert failing(reply) == {"site-a": "0.0.9 cannot be asked as a primary: upgrade it, or list it as a peer"}
    assert sorted(reply.lines) == sorted(lines("top"))


# What else is asked.


async def test_files_behind_primaries_are_listed_with_who_failed(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with start_cluster(tmp_path, logs(*DEEP_HOSTS) | {"a-2": Broken("silence")}, knows=DEEP) as it:
        document = json.loads((await it.ask("", route="/files")).body)
        assert sorted(log["host"] for log in document["files"]) == sorted(set(DEEP_HOSTS) - {"a-2"})
        assert [part["host"] for part in document["hosts"] if part["status"]] == ["a-2"]
        some = json.loads((await it.ask("hostname=b-*", route="/files")).body)
        assert [log["host"] for log in some["files"]] == ["b-1"]
        it.kill("a-2")
        nowhere = await it.ask("hostname=c-*", route="/files")
        assert (nowhere.status, b"no host named c-*" in nowhere.body) == (404, True)
        it.kill("site-b")
        lost = json.loads((await it.ask("", route="/files")).body)
        [site] = [part for part in lost["hosts"] if part["host"] == "site-b"]
        assert site["message"].endswith("; behind it: b-1")


async def test_hosts_behind_primaries_are_told_with_the_way_to_them(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with start_cluster(tmp_path, logs(*DEEP_HOSTS), knows=DEEP) as it:
        it.kill("a-2")
        told = {host["name"]: host for host in json.loads((await it.ask("", route="/hosts")).body)["hosts"]}
        assert {name: host["via"] for name, host in told.items()} == {
            "top": "",
            "region": "",
            "site-a": "region",
            "site-b": "region",
            "a-1": "region/site-a",
            "a-2": "region/site-a",
            "b-1": "region/site-b",
        }
        assert [name for name, host in told.items() if not host["reachable"]] == ["a-2"]
        assert [name for name, host in told.items() if host["down_since"]] == ["a-2"]
        assert told["a-2"]["down_since"] <= told["a-2"]["last_tried"] < told["a-2"]["next_try"]
        it.kill("site-a")
        told = {host["name"]: host for host in json.loads((await it.ask("", route="/hosts")).body)["hosts"]}
        assert told["a-1"]["message"] == "was behind site-a, which does not say how it is"
        assert [name for name, host in told.items() if not host["reachable"]] == ["a-1", "a-2", "site-a"]


async def test_hosts_of_agents_that_list_each_other_are_told_once(autojump_clock: MockClock, tmp_path: Path) -> None:
    knows = {"site-a": Knows(primaries=("site-b",)), "site-b": Knows(primaries=("site-a",), peers=("b-1",))}
    async with start_cluster(tmp_path, logs("site-a", "site-b", "b-1"), knows=knows) as it:
        told = json.loads((await it.ask("", route="/hosts")).body)["hosts"]
        assert [(host["name"], host["via"]) for host in told] == [("b-1", "site-b"), ("site-a", ""), ("site-b", "")]
        files = json.loads((await it.ask("", route="/files")).body)
        assert sorted(log["host"] for log in files["files"]) == ["b-1", "site-a", "site-b"]
        assert files["complete"]
