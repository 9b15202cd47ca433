"""Agents that the command line asks by itself, chosen by their labels as an agent chooses among those that it knows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.asked_peers import AskedPeers, asking
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.parameters import parse, parse_hits
from logagent.terminal.peer_addresses import PeerAddresses
from testbed.broken import Broken
from testbed.cluster import Cluster
from testbed.sources import Reader

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

HOSTS = {
    "web0": [b"2026-11-23T10:00:00Z zero"],
    "web1": [b"2026-11-23T10:00:01Z one"],
    "db1": [b"2026-11-23T10:00:02Z two"],
}
LABELLED = {
    "labels": {
        "web0": {"role": "web", "zone": "a"},
        "web1": {"role": "web", "zone": "b"},
        "db1": {"role": "db", "zone": "a"},
    }
}


def all_of(it: Cluster) -> AbstractAsyncContextManager[AskedPeers]:
    """Ask all agents of a cluster, and those of its hosts that are broken."""
    names = sorted({*it.servers, *HOSTS})
    return asking(PeerAddresses({name: f"http://{name}" for name in names}, None, {}), it.network)


async def lines(peers: AskedPeers, query: str, read: Any = parse) -> tuple[list[bytes], Outcome]:
    reader = Reader()
    outcome = await peers.pump(read(f"filename=app.log&{query}".encode(), 0), reader)
    return [line for batch in reader.batches for line in batch.lines()], outcome


def _with_places(query: str) -> Query:
    """The query of a command that prints JSON."""
    asked = parse(query.encode(), 0)
    return replace(asked, form=replace(asked.form, times=True, places=True))


def hosts_of(outcome: Outcome) -> dict[str, Status]:
    return {part.host: part.status for part in outcome.hosts}


@pytest.mark.parametrize(
    ("asked", "hosts"),
    [
        ("hostname=role=web", {"web0", "web1"}),
        ("hostname=role=w*&hostname=zone=b", {"web1"}),
        ("hostname=zone!=b", {"web0", "db1"}),
        ("hostname=web*&hostname=zone=a", {"web0"}),
    ],
)
async def test_agents_are_chosen_by_their_labels_for_every_question(
    autojump_clock: MockClock, cluster: Start, asked: str, hosts: set[str]
) -> None:
    meant = tuple(asked.replace("hostname=", "").split("&"))
    async with cluster(LABELLED, **HOSTS) as it, all_of(it) as peers:
        came, outcome = await lines(peers, asked)
        _, counted = await lines(peers, asked, parse_hits)
        listing = await peers.list_files(Query.of(files=("**/*",), hosts=meant), 5.0)
        states = await peers.hosts(5.0, meant)
    assert sorted(came) == sorted(line for host in hosts for line in HOSTS[host])
    assert (hosts_of(outcome).keys(), hosts_of(counted).keys()) == (hosts, hosts)
    assert (outcome.complete, counted.complete) == (True, True)
    assert {part.host for part in listing.hosts} == {log.host for log in listing.logs} == hosts
    assert {state.name: dict(state.labels) for state in states} == {host: LABELLED["labels"][host] for host in hosts}


async def test_lines_have_the_labels_that_the_agents_tell(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED | {"tells_no_labels": ["db1"]}, **HOSTS) as it, all_of(it) as peers:
        with_them, without, followed = Reader(), Reader(), Reader()
        await peers.pump(_with_places("filename=app.log&labels=true"), with_them)
        await peers.pump(_with_places("filename=app.log"), without)
        with trio.move_on_after(10):
            await peers.pump(_with_places("filename=app.log&labels=true&follow=true&since=0"), followed)
    told = {"web0": (("role", "web"), ("zone", "a")), "web1": (("role", "web"), ("zone", "b")), "db1": None}
    for reader in (with_them, followed):
        assert {one.host: one.labels for batch in reader.batches for one in batch.origins} == told
    assert {one.labels for batch in without.batches for one in batch.origins} == {None}


async def test_an_agent_that_does_not_tell_its_labels_is_asked_and_named(
    autojump_clock: MockClock, cluster: Start
) -> None:
    hosts = {"web0": HOSTS["web0"], "web1": Broken("refused"), "db1": HOSTS["db1"]}
    async with cluster(LABELLED | {"tells_no_labels": ["db1"]}, **hosts) as it, all_of(it) as peers:
        came, outcome = await lines(peers, "hostname=role=web")
        listing = await peers.list_files(Query.of(files=("**/*",), hosts=("role=web",)), 5.0)
        states = await peers.hosts(5.0, ("role=web",))
        named, whole = await lines(peers, "hostname=web0&hostname=role=web")
    assert came == named == HOSTS["web0"]
    assert hosts_of(outcome) == {"web0": Status.OK, "web1": Status.UNAVAILABLE, "db1": Status.UNAVAILABLE}
    messages = {part.host: part.message for part in outcome.hosts}
    assert messages["web1"].startswith("has not told its labels, so that role=web is not known of it: cannot connect")
    assert messages["db1"].endswith("0 tells no labels: upgrade that agent")
    assert {part.host for part in listing.hosts if part.fails} == {"web1", "db1"}
    assert [(state.name, state.labels_known) for state in states] == [("db1", False), ("web0", True), ("web1", False)]
    assert whole.complete


async def test_a_condition_that_holds_nowhere_is_told_with_what_is_known(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(LABELLED, **HOSTS) as it, all_of(it) as peers:
        _, outcome = await lines(peers, "hostname=role=wbe")
        with pytest.raises(Failure, match="no host with rack=7"):
            await peers.list_files(Query.of(files=("**/*",), hosts=("rack=7",)), 5.0)
        with pytest.raises(Failure, match="no host with rack=7"):
            await peers.hosts(5.0, ("rack=7",))
        with pytest.raises(Failure, match="no host named dbx; is db1 meant"):
            await peers.hosts(5.0, ("dbx",))
    assert outcome.message == "no host with role=wbe; is web meant? known values of role are db, web"
    assert outcome.status is Status.NOT_FOUND


async def test_pages_are_of_the_agents_of_the_first_one(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(LABELLED, **HOSTS) as it, all_of(it) as peers:
        first, cut = await lines(peers, "hostname=zone=a&n=1")
        it.agents["web0"].labels["zone"] = "b"
        it.agents["web1"].labels["zone"] = "a"
        await trio.sleep(60)
        anew, _ = await lines(peers, "hostname=zone=a")
        rest, ended = await lines(peers, f"hostname=zone=a&n=9&cursor={cut.cursor}")
    async with cluster(LABELLED, **HOSTS) as it, all_of(it) as others:  # another command, which has heard nothing
        it.agents["web0"].labels["zone"] = "b"
        it.agents["web1"].labels["zone"] = "a"
        elsewhere, _ = await lines(others, f"hostname=zone=a&n=9&cursor={cut.cursor}")
    assert anew == [*HOSTS["db1"], *HOSTS["web1"]]
    assert (first, rest, elsewhere) == (HOSTS["db1"], HOSTS["web0"], HOSTS["web0"])
    assert ended.complete


async def test_a_follow_takes_an_agent_up_once_it_has_told_its_labels(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(LABELLED, **HOSTS) as it, all_of(it) as peers:
        it.kill("web1")
        reader = Reader()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peers.pump, parse(b"filename=app.log&hostname=role=web&follow=true&since=0", 0), reader)
            await trio.sleep(10)
            it.revive("web1")
            await trio.sleep(30)
            for host in HOSTS:
                with it.file(host).open("ab") as log:
                    log.write(b"2026-11-23T11:00:00Z later at " + host.encode() + b"\n")
            await trio.sleep(30)
            nursery.cancel_scope.cancel()
    came = [line for batch in reader.batches for line in batch.lines()]
    assert came[0] == HOSTS["web0"][0]
    assert {b"2026-11-23T11:00:00Z later at web0", b"2026-11-23T11:00:00Z later at web1"} <= {*came}
    assert not any(line.endswith((b"db1", b"two")) for line in came)
    assert "has not told its labels" in next(notice.message for notice in reader.notices if notice.host == "web1")
