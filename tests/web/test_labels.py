"""Hosts chosen by their labels, on every route of a cluster, and what is said where labels are not known."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.core.access.rules import Rule, Rules
from logagent.core.outcome import Status
from logagent.core.wire.identity import to_header
from logagent.core.wire.labels import LABELS_HEADER
from testbed.broken import Broken
from testbed.cluster import Cluster, Knows, Reply

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

HOSTS = {
    "web0": [b"2026-11-23T10:00:00Z zero"],
    "web1": [b"2026-11-23T10:00:01Z one"],
    "db1": [b"2026-11-23T10:00:02Z two"],
    "db2": [b"2026-11-23T10:00:03Z three"],
}
LABELS = {
    "web0": {"role": "web", "zone": "a"},
    "web1": {"role": "web", "zone": "b"},
    "db1": {"role": "db", "zone": "a"},
    "db2": {"role": "db"},
}
LABELLED = {"labels": LABELS}


def hosts_in(reply: Reply) -> dict[str, Status]:
    return {part.host: part.status for part in reply.verdict.hosts}


def detail(reply: Reply) -> Any:
    return reply.status, json.loads(reply.body)["detail"]


@pytest.mark.parametrize(
    ("asked", "hosts"),
    [
        ("hostname=role=web", {"web0", "web1"}),
        ("hostname=role%3Dweb", {"web0", "web1"}),
        ("hostname=role=w*&hostname=zone=b", {"web1"}),
        ("hostname=zone!=a", {"web1", "db2"}),
        ("hostname=zone=*", {"web0", "web1", "db1"}),
        ("hostname=db*&hostname=zone=a", {"db1"}),
        ("hostname=db*&hostname=web1&hostname=role!=web", {"db1", "db2"}),
    ],
)
async def test_hosts_are_chosen_by_their_labels(
    autojump_clock: MockClock, cluster: Start, asked: str, hosts: set[str]
) -> None:
    wanted = [line for host in sorted(HOSTS) if host in hosts for line in HOSTS[host]]
    async with cluster(LABELLED, **HOSTS) as it:
        lines = await it.ask(f"filename=app.log&{asked}")
        counts = await it.ask(f"filename=app.log&{asked}", route="/hits")
        files = json.loads((await it.ask(asked, route="/files")).body)
        states = json.loads((await it.ask(asked, route="/hosts")).body)["hosts"]
    assert sorted(lines.lines) == sorted(wanted)
    assert lines.verdict.complete
    assert (hosts_in(lines).keys(), hosts_in(counts).keys()) == (hosts, hosts)
    assert {record["host"] for record in json.loads(counts.body)["hits"]} == hosts
    assert {log["host"] for log in files["files"]} == hosts == {part["host"] for part in files["hosts"]}
    assert {state["name"]: state["labels"] for state in states} == {host: LABELS[host] for host in hosts}


async def test_hosts_are_listed_with_their_labels(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED | {"tells_no_labels": ["db2"]}, **HOSTS) as it:
        states = json.loads((await it.ask("", route="/hosts")).body)["hosts"]
        one = json.loads((await it.ask("hostname=db*&hostname=web1", route="/hosts")).body)["hosts"]
    assert {state["name"]: (state["labels"], state["labels_known"]) for state in states} == {
        **{host: (labels, True) for host, labels in LABELS.items()},
        "db2": ({}, False),
    }
    assert [state["name"] for state in one] == ["db1", "db2", "web1"]


@pytest.mark.parametrize("route", ["/logs?filename=app.log&", "/hits?filename=app.log&", "/files?", "/hosts?"])
async def test_condition_that_holds_nowhere_is_told_with_what_is_known(
    autojump_clock: MockClock, cluster: Start, route: str
) -> None:
    path, _, query = route.partition("?")
    async with cluster(LABELLED, **HOSTS) as it:
        value = await it.ask(f"{query}hostname=role=wbe", route=path)
        label = await it.ask(f"{query}hostname=roel=web", route=path)
        name = await it.ask(f"{query}hostname=wbe1&hostname=role=web", route=path)
        bad = await it.ask(f"{query}hostname=role=", route=path)
    assert detail(value) == (404, "no host with role=wbe; is web meant? known values of role are db, web")
    assert detail(label) == (
        404,
        "no host with roel=web; no such label is known; is role meant? known labels are role, zone",
    )
    assert detail(name) == (404, "no host named wbe1; is web1 meant? known are db1, db2, web0, web1")
    assert bad.status == 400
    assert "hostname: role= names no value: role=* means hosts with the label" in detail(bad)[1]


async def test_what_the_asker_has_for_a_host_overrides_what_the_host_says(
    autojump_clock: MockClock, cluster: Start
) -> None:
    options = LABELLED | {"peer_labels": {"db1": {"role": "web"}}}
    async with cluster(options, **HOSTS) as it:
        web = await it.ask("filename=app.log&hostname=role=web")
        both = await it.ask("filename=app.log&hostname=role=web&hostname=zone=a")
    assert hosts_in(web).keys() == {"web0", "web1", "db1"}
    assert hosts_in(both).keys() == {"web0", "db1"}


# What is not known.


async def test_host_that_cannot_be_reached_is_named_and_not_left_out(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED, **HOSTS, dead=Broken("refused")) as it:
        reply = await it.ask("filename=app.log&hostname=role=web")
        counts = await it.ask("filename=app.log&hostname=role=web", route="/hits")
        files = json.loads((await it.ask("hostname=role=web", route="/files")).body)
        states = json.loads((await it.ask("hostname=role=web", route="/hosts")).body)["hosts"]
        named = await it.ask("filename=app.log&hostname=web*&hostname=role=web")
    assert reply.lines == [*HOSTS["web1"], *HOSTS["web0"]]
    assert hosts_in(reply) == {"web0": Status.OK, "web1": Status.OK, "dead": Status.UNAVAILABLE}
    assert reply.verdict.status is Status.UNAVAILABLE
    message = next(part.message for part in reply.verdict.hosts if part.host == "dead")
    assert message.startswith("has not told its labels, so that role=web is not known of it: cannot connect")
    assert not counts.verdict.complete
    assert {part["host"]: part["status"] for part in files["hosts"]} == {"web0": 0, "web1": 0, "dead": 14}
    assert [state["name"] for state in states] == ["dead", "web0", "web1"]
    assert named.verdict.complete


async def test_what_lists_a_dead_host_may_settle_it(autojump_clock: MockClock, cluster: Start) -> None:
    options = LABELLED | {"peer_labels": {"dead": {"role": "db", "rack": "7"}}}
    async with cluster(options, **HOSTS, dead=Broken("refused")) as it:
        web = await it.ask("filename=app.log&hostname=role=web")
        rack = await it.ask("filename=app.log&hostname=rack=7")
        other = await it.ask("filename=app.log&hostname=role=web&hostname=zone=c")
    assert web.verdict.complete
    assert hosts_in(rack) == {"dead": Status.UNAVAILABLE}
    assert "labels" not in rack.verdict.message
    assert other.status == 404


async def test_only_hosts_that_do_not_tell_are_an_answer_without_lines(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(LABELLED, **HOSTS, dead=Broken("refused")) as it:
        reply = await it.ask("filename=app.log&hostname=role=cache")
    assert (reply.status, reply.lines, hosts_in(reply)) == (200, [], {"dead": Status.UNAVAILABLE})


async def test_agent_of_the_version_before_is_named(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED | {"tells_no_labels": ["db2"]}, **HOSTS) as it:
        reply = await it.ask("filename=app.log&hostname=role=web")
        plain = await it.ask("filename=app.log")
    assert hosts_in(reply)["db2"] is Status.UNAVAILABLE
    assert reply.verdict.message == (
        "db2: has not told its labels, so that role=web is not known of it: 0 tells no labels: upgrade that agent"
    )
    assert plain.verdict.complete


async def test_silent_host_is_waited_for_with_patience_only(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED, **HOSTS, slow=Broken("silence", version="0")) as it:
        began = trio.current_time()
        reply = await it.ask("filename=app.log&hostname=zone=a")
        assert trio.current_time() - began < 6
        quick = await it.ask("filename=app.log&hostname=zone=a&timeout=2")
    assert hosts_in(reply) == {"web0": Status.OK, "db1": Status.OK, "slow": Status.UNAVAILABLE}
    assert reply.lines == [*HOSTS["db1"], *HOSTS["web0"]]
    assert quick.lines == reply.lines or not quick.verdict.complete


async def test_labels_are_asked_for_only_where_they_matter_and_are_not_known(
    autojump_clock: MockClock, cluster: Start
) -> None:
    other = Broken("404")
    async with cluster(LABELLED | {"peer_labels": {"other": {"role": "x"}}}, **HOSTS, other=other) as it:
        await it.ask("filename=app.log")
        plain = len(other.asked)
        await it.ask("filename=app.log&hostname=role=web")
        settled = len(other.asked)
        await it.ask("filename=app.log&hostname=zone=a")
        asked = [scope["path"] for scope in other.asked[settled:]]
    assert (plain, settled) == (1, 1)
    assert asked == ["/healthz"]


async def test_agent_that_is_started_with_other_labels_is_noticed(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED, **HOSTS) as it:
        before = await it.ask("filename=app.log&hostname=role=web")
        it.agents["db1"].labels["role"] = "web"
        it.agents["web1"].labels["role"] = "db"
        await trio.sleep(31)
        after = await it.ask("filename=app.log&hostname=role=web")
    assert hosts_in(before).keys() == {"web0", "web1"}
    assert hosts_in(after).keys() == {"web0", "db1"}


async def test_labels_of_a_host_that_dies_are_remembered(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED, **HOSTS) as it:
        await it.ask("filename=app.log&hostname=role=web")
        it.kill("db1")
        it.kill("web1")
        await trio.sleep(70)
        reply = await it.ask("filename=app.log&hostname=role=web")
    assert hosts_in(reply) == {"web0": Status.OK, "web1": Status.UNAVAILABLE}


async def test_agent_under_two_names_is_no_host_that_has_not_told(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED | {"listed": {"me": "web0", "web1b": "web1"}}, **HOSTS) as it:
        reply = await it.ask("filename=app.log&hostname=role=web")
    assert reply.verdict.complete
    assert hosts_in(reply).keys() == {"web0", "web1"}


async def test_labels_are_told_to_agents_and_probes_and_to_nobody_else(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(LABELLED, **HOSTS) as it:
        health = await it.ask("", route="/healthz", host="db1")
        lines = await it.ask("filename=app.log", host="db1")
        none = await it.ask("", route="/healthz", host="db2")
    assert health.headers[LABELS_HEADER] == '"role=db", "zone=a"'
    assert LABELS_HEADER not in lines.headers
    assert none.headers[LABELS_HEADER] == '"role=db"'


# Pages.


async def _pages(it: Cluster, asked: str, between: Callable[[], Any]) -> list[Reply]:
    replies = [await it.ask(f"filename=app.log&n=2&{asked}")]
    await between()
    while (cursor := replies[-1].trailers["log-cursor"]) and replies[-1].lines:
        replies.append(await it.ask(f"filename=app.log&n=2&{asked}&cursor={cursor}"))
        assert len(replies) < 40
    return replies


def _numbered(first: int) -> list[bytes]:
    return [b"2026-11-23T10:00:%02dZ %d" % (second, second) for second in range(first, 60, 4)]


NUMBERED = {f"h{number}": _numbered(number) for number in range(4)}


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_pages_are_of_the_hosts_of_the_first_one(autojump_clock: MockClock, cluster: Start, order: str) -> None:
    labels = {"h0": {"r": "x"}, "h1": {"r": "x"}, "h2": {"r": "x"}, "h3": {"r": "y"}}
    async with cluster({"labels": labels}, **NUMBERED) as it:

        async def relabel() -> None:
            it.agents["h1"].labels["r"] = "y"
            it.agents["h3"].labels["r"] = "x"
            await trio.sleep(60)
            assert hosts_in(await it.ask("filename=app.log&hostname=r=x&n=1")).keys() == {"h0", "h2", "h3"}

        replies = await _pages(it, f"hostname=r=x&order={order}", relabel)
    wanted = sorted(line for host in ("h0", "h1", "h2") for line in NUMBERED[host])
    told = [line for reply in replies for line in reply.lines]
    assert told == (wanted if order == "oldest" else wanted[::-1])
    assert all(reply.verdict.complete for reply in replies)


async def test_host_that_told_nothing_yet_is_in_later_pages_once_it_has(
    autojump_clock: MockClock, cluster: Start
) -> None:
    labels = {host: {"r": "x"} for host in NUMBERED}
    async with cluster({"labels": labels}, **NUMBERED) as it:
        it.kill("h3")

        async def revive() -> None:
            it.revive("h3")
            await trio.sleep(61)

        replies = await _pages(it, "hostname=r=x", revive)
    assert hosts_in(replies[0])["h3"] is Status.UNAVAILABLE
    assert all(reply.verdict.complete for reply in replies[1:])
    told = [line for reply in replies for line in reply.lines]
    assert sorted(told) == sorted(line for lines in NUMBERED.values() for line in lines)


async def test_host_that_is_not_known_any_more_is_named_in_later_pages(
    autojump_clock: MockClock, cluster: Start
) -> None:
    labels = {host: {"r": "x"} for host in NUMBERED}
    async with cluster({"labels": labels, "found": ["h1"]}, h0=NUMBERED["h0"], h1=NUMBERED["h1"]) as it:
        first = await it.ask("filename=app.log&n=2&hostname=r=x")
        it.peers["h0"].set_found([])
        second = await it.ask(f"filename=app.log&n=2&hostname=r=x&cursor={first.trailers['log-cursor']}")
    assert hosts_in(second) == {"h0": Status.OK, "h1": Status.UNAVAILABLE}
    assert second.verdict.message.startswith("h1: is not known any more, and was among the hosts of the answer")


async def test_cursor_belongs_to_its_conditions(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"labels": {host: {"r": "x"} for host in NUMBERED}}, **NUMBERED) as it:
        first = await it.ask("filename=app.log&n=2&hostname=r=x")
        other = await it.ask(f"filename=app.log&n=2&hostname=r=*&cursor={first.trailers['log-cursor']}")
        none = await it.ask(f"filename=app.log&n=2&cursor={first.trailers['log-cursor']}")
    assert [detail(reply)[0] for reply in (other, none)] == [400, 400]
    assert "belongs to another question" in detail(other)[1]


# Follows.


async def _growing(it: Cluster, host: str, line: bytes) -> None:
    with it.file(host).open("ab") as log:
        log.write(line + b"\n")


async def test_follow_takes_the_hosts_that_fit_when_it_begins(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED, **HOSTS) as it:
        replies: list[Reply] = []

        async def follow() -> None:
            replies.append(await it.ask("filename=app.log&hostname=role=web&follow=true&n=1&timeout=15s"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow)
            await trio.sleep(10)
            it.agents["web1"].labels["role"] = "db"
            await _growing(it, "db1", b"2026-11-23T11:00:00Z not this")
            await _growing(it, "web1", b"2026-11-23T11:00:01Z this")
    (reply,) = replies
    assert reply.lines == [HOSTS["web1"][0], b"2026-11-23T11:00:01Z this"]
    assert hosts_in(reply).keys() == {"web0", "web1"}


async def test_follow_takes_a_host_up_once_it_has_told_its_labels(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED, **HOSTS) as it:
        it.kill("web1")
        it.kill("db1")
        replies: list[Reply] = []

        async def follow() -> None:
            asked = "filename=app.log&hostname=role=web&follow=true&timeout=60s"
            replies.append(await it.ask(asked, accept="application/x-ndjson"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow)
            await trio.sleep(5)
            it.revive("web1")
            it.revive("db1")
            await trio.sleep(25)
            await _growing(it, "db1", b"2026-11-23T11:00:00Z not this")
            await _growing(it, "web1", b"2026-11-23T11:00:01Z this")
    (reply,) = replies
    records = [json.loads(line) for line in reply.lines]
    notices = [record["notice"] for record in records if "notice" in record]
    assert {(told["host"], told["status"]) for told in notices} >= {("web1", 14), ("db1", 14), ("web1", 0), ("db1", 0)}
    untold = next(told["message"] for told in notices if told["host"] == "web1")
    assert "has not told its labels, so that role=web is not known of it" in untold
    passed = [told["message"] for told in notices if told["host"] == "db1"][-1]
    assert passed == "has other labels than those asked for; it is not followed"
    assert [record["line"] for record in records if "line" in record] == ["2026-11-23T11:00:01Z this"]


# Rights.


async def test_labels_of_a_hidden_host_are_not_told(autojump_clock: MockClock, cluster: Start) -> None:
    rules = Rules([Rule(True, who=("*",), hosts=("web*",))])
    options = LABELLED | {"rules": {"web0": rules}, "peer_labels": {"db1": {"rack": "7"}}}
    async with cluster(options, **HOSTS) as it:
        hidden = await it.ask("filename=app.log&hostname=role=db")
        rack = await it.ask("filename=app.log&hostname=rack=7")
        states = await it.ask("hostname=role=db", route="/hosts")
    for reply in (hidden, states):
        assert detail(reply) == (404, "no host with role=db; known values of role are web")
    assert detail(rack) == (404, "no host with rack=7; no such label is known; known labels are role, zone")


# Behind primaries.

SITES = {
    "top": [b"2026-11-23T10:00:09Z top"],
    "site": [b"2026-11-23T10:00:08Z site"],
    **HOSTS,
}
KNOWN = {"top": Knows(peers=("web0",), primaries=("site",)), "site": Knows(peers=("web1", "db1", "db2"))}


async def test_labels_of_hosts_behind_primaries_count(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster({"labels": LABELS, "knows": KNOWN}, **SITES) as it:
        web = await it.ask("filename=app.log&hostname=role=web")
        first = await it.ask("filename=app.log&hostname=role=*&n=2")
        second = await it.ask(f"filename=app.log&hostname=role=*&n=9&cursor={first.trailers['log-cursor']}")
        named = await it.ask("filename=app.log&hostname=web0&hostname=role=web")
    assert web.lines == [*HOSTS["web1"], *HOSTS["web0"]]
    assert web.verdict.complete
    assert [*first.lines, *second.lines] == [*HOSTS["db2"], *HOSTS["db1"], *HOSTS["web1"], *HOSTS["web0"]]
    assert second.verdict.complete
    assert named.lines == HOSTS["web0"]


async def test_labels_are_told_with_a_refusal_too(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED, **HOSTS) as it:
        web1 = to_header(it.agents["web1"].identity._replace(id=32 * "0"))  # the bits are the asker's
        refused = await it.ask("filename=none.log", host="web1", log_scope="own", log_asked_as=web1)
        others = await it.ask("filename=none.log", host="web1", log_scope="own")
    assert (refused.status, refused.headers[LABELS_HEADER]) == (404, '"role=web", "zone=b"')
    assert (others.status, LABELS_HEADER in others.headers) == (404, False)
