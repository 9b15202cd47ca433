"""Agents under several names, or under wrong ones: asked once, told of, and nothing doubled, on every route."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.notes import Note
from logagent.core.outcome import Outcome, Status
from logagent.core.wire.identity import AGENT_HEADER, ASKED_AS_HEADER, from_header
from testbed.broken import Broken
from testbed.cluster import Cluster, Reply

Start = Callable[..., AbstractAsyncContextManager[Cluster]]
ONE = [b"2026-11-23T10:00:00Z one", b"2026-11-23T10:00:02Z three"]
TWO = [b"2026-11-23T10:00:01Z two"]
MERGED = [ONE[1], TWO[0], ONE[0]]
ALIASES = {"me": "web0", "web1b": "web1"}
SAME = (Note("same", ("web0",), 1, "me"), Note("same", ("web1",), 1, "web1b"))


def statuses(verdict: Outcome) -> dict[str, Status]:
    return {part.host: part.status for part in verdict.hosts}


def document(reply: Reply) -> Any:
    return json.loads(reply.body)


async def test_every_answer_says_who_gives_it(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=ONE, web1=TWO) as it:
        answers = [await it.ask("filename=app.log"), await it.ask("filename=none.log"), await it.ask("bad=1")]
        answers += [await it.ask("", route=route) for route in ("/healthz", "/readyz", "/hosts", "/nowhere")]
        told = {from_header(answer.headers[AGENT_HEADER]) for answer in answers}
        other = from_header((await it.ask("", route="/healthz", host="web1")).headers[AGENT_HEADER])
    assert told == {it.agents["web0"].identity}
    assert other.name == "web1"
    assert other.id != it.agents["web0"].identity.id


async def test_lines_of_an_agent_with_two_names_come_once(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"listed": ALIASES}, web0=ONE, web1=TWO) as it:
        reply = await it.ask("filename=app.log")
    assert reply.lines == MERGED
    assert reply.verdict.complete
    assert statuses(reply.verdict) == dict.fromkeys(("web0", "me", "web1", "web1b"), Status.OK)
    assert reply.verdict.notes == SAME


async def test_counts_of_an_agent_with_two_names_come_once(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"listed": ALIASES}, web0=ONE, web1=TWO) as it:
        reply = await it.ask("filename=app.log", route="/hits")
    assert reply.verdict.complete
    assert (reply.verdict.lines, reply.verdict.notes) == (3, SAME)


async def test_files_of_an_agent_with_two_names_are_listed_once(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"listed": ALIASES}, web0=ONE, web1=TWO) as it:
        listed = document(await it.ask("", route="/files"))
    assert [file["host"] for file in listed["files"]] == ["web0", "web1"]
    assert listed["complete"]
    assert [(note["host"], note["kind"]) for note in listed["notes"]] == [("me", "same"), ("web1b", "same")]


async def test_hosts_tell_which_are_one(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"listed": ALIASES | {"web9": "web2"}}, web0=ONE, web1=TWO, web2=TWO) as it:
        hosts = {host["name"]: host for host in document(await it.ask("", route="/hosts"))["hosts"]}
    assert hosts["web1b"]["reachable"]
    assert hosts["web1b"]["message"].endswith("asked once, by its own name: web1")
    assert hosts["me"]["message"].endswith("asked once, by its own name: web0")
    assert (hosts["web1"]["message"], hosts["web0"]["message"]) == ("", "")
    assert hosts["web9"]["message"].endswith("asked once, by its own name: web2")


async def test_a_cursor_over_an_agent_with_two_names_goes_on(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"listed": ALIASES}, web0=ONE, web1=TWO) as it:
        first = await it.ask("filename=app.log&n=2")
        second = await it.ask(f"filename=app.log&cursor={first.verdict.cursor}")
    assert first.lines + second.lines == MERGED
    assert (first.verdict.complete, second.verdict.complete) == (True, True)


async def test_a_follow_of_an_agent_with_two_names_gives_each_line_once(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster({"listed": ALIASES}, web0=ONE, web1=TWO) as it:
        replies: list[Reply] = []
        async with trio.open_nursery() as nursery:

            async def follow() -> None:
                replies.append(await it.ask("filename=app.log&follow=true&n=9&timeout=8s", accept="text/event-stream"))

            nursery.start_soon(follow)
            await trio.sleep(4)
            for host in ("web0", "web1"):
                with it.file(host).open("ab") as file:
                    file.write(b"2026-11-23T10:01:00Z new\n")
    text = replies[0].body.decode()
    assert [text.count(f"Z {word}") for word in ("one", "two", "three", "new")] == [1, 1, 1, 2]
    assert '"notice": {"host": "web1b", "status": 0' in text or "other name" in text
    verdict = replies[0].verdict
    assert verdict.status is Status.DEADLINE_EXCEEDED
    assert statuses(verdict) == dict.fromkeys(("web0", "me", "web1", "web1b"), Status.OK)
    assert verdict.notes == SAME


async def test_a_follow_of_what_no_host_has_ends_though_one_has_two_names(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster({"listed": ALIASES}, web0=ONE, web1=TWO) as it:
        reply = await it.ask("filename=none.log&follow=true")
        ended = await it.ask("filename=none.log")
    assert (reply.verdict.status if reply.status == 200 else reply.status) in (Status.NOT_FOUND, 404)
    assert ended.status == 404


@pytest.mark.parametrize("route", ["/logs", "/hits"])
async def test_a_peer_that_is_listed_by_a_wrong_name_gives_no_lines_and_is_named_with_both(
    autojump_clock: MockClock, cluster: Start, route: str
) -> None:
    async with cluster({"listed": {"db1": "web1"}}, web0=ONE, web1=TWO) as it:
        reply = await it.ask("filename=app.log&hostname=db1", route=route)
    assert reply.verdict.lines == 0
    assert statuses(reply.verdict) == {"db1": Status.INTERNAL}
    assert "answers as web1, but is listed here as db1" in reply.verdict.message


async def test_files_of_a_peer_that_is_listed_by_a_wrong_name_are_not_listed(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster({"listed": {"db1": "web1"}}, web0=ONE, web1=TWO) as it:
        listed = document(await it.ask("hostname=db1", route="/files"))
        hosts = document(await it.ask("", route="/hosts"))["hosts"]
    assert (listed["files"], listed["complete"]) == ([], False)
    assert "answers as web1, but is listed here as db1" in listed["hosts"][0]["message"]
    assert [host["reachable"] for host in hosts] == [True, True, True]  # beside web1, it is another name


async def test_an_agent_that_lists_itself_by_its_own_name_is_asked_once_and_nothing_is_said(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster({"listed": {"web0": "web0"}}, web0=ONE, web1=TWO) as it:
        reply, hits = await it.ask("filename=app.log"), await it.ask("filename=app.log", route="/hits")
        listed, hosts = [document(await it.ask("", route=route)) for route in ("/files", "/hosts")]
        follow = await it.ask("filename=app.log&follow=true&n=5&timeout=2s")
    assert reply.lines == MERGED
    assert statuses(reply.verdict) == dict.fromkeys(("web0", "web1"), Status.OK)
    assert (reply.verdict.notes, hits.verdict.lines, len(listed["files"]), len(listed["hosts"])) == ((), 3, 2, 2)
    assert [host["name"] for host in hosts["hosts"]] == ["web0", "web1"]
    assert sorted(follow.lines) == sorted(MERGED)


async def test_an_agent_that_cannot_reach_itself_is_whole(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"listed": {"web0": "nowhere"}}, web0=ONE, web1=TWO) as it:
        reply = await it.ask("filename=app.log")
    assert (reply.lines, reply.verdict.complete) == (MERGED, True)


async def test_another_agent_that_is_listed_under_the_own_name_is_named_by_its_address(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster({"listed": {"web0": "web1"}}, web0=ONE, web1=TWO) as it:
        reply = await it.ask("filename=app.log")
        hosts = document(await it.ask("", route="/hosts"))["hosts"]
    assert reply.lines == MERGED
    assert statuses(reply.verdict) == {"http://web1": Status.INTERNAL, "web0": Status.OK, "web1": Status.OK}
    assert {host["name"]: host["reachable"] for host in hosts} == {"http://web1": False, "web0": True, "web1": True}


async def test_a_peer_that_is_too_old_to_say_its_name_is_served_with_a_note(
    autojump_clock: MockClock, cluster: Start
) -> None:
    old = Broken("ends", [(10**18, b"line")], 1, version="0.1.0")
    async with cluster(web0=ONE, old=old) as it:
        reply = await it.ask("filename=app.log&prefix=true&hostname=old")
    assert reply.body == b"old app.log: line\n"
    assert reply.verdict.complete
    assert reply.verdict.notes == (Note("unnamed", (), 1, "old"),)


@pytest.mark.parametrize("route", ["/logs", "/hits", "/files"])
async def test_an_agent_that_is_not_meant_reads_nothing(autojump_clock: MockClock, cluster: Start, route: str) -> None:
    async with cluster(web0=ONE) as it:
        own = it.agents["web0"].identity
        other = await it.ask("filename=app.log", route=route, **asked_as(f'"web1";id="{"7" * 32}"'))
        itself = await it.ask("filename=app.log", route=route, **asked_as(f'"web0";id="{own.id}"'))
        meant = await it.ask("filename=app.log", route=route, **asked_as(f'"web0";id="{"7" * 32}"'))
        nonsense = await it.ask("filename=app.log", route=route, **asked_as("web0"))
    assert [reply.status for reply in (other, itself, meant, nonsense)] == [421, 421, 200, 400]
    assert document(other)["detail"] == "this agent is web0, and was asked as web1"
    assert document(itself)["detail"] == "this agent is web0, and was asked by itself"


def asked_as(value: str) -> dict[str, str]:
    return {ASKED_AS_HEADER.replace("-", "_"): value}
