"""Agents that the command line asks by itself: merged, named where they fail, followed, with no agent of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.asked_peer import ALIVE, ReachedSource
from logagent.asked_peers import AskedPeers, asking
from logagent.core.hits.by_label import CountsByLabel
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.parameters import parse, parse_hits
from logagent.peers.client.http_client import connect
from logagent.peers.ssh.network import SshNetwork
from logagent.ssh_address import read_ssh
from logagent.terminal.peer_addresses import PeerAddresses
from testbed.broken import Broken
from testbed.cluster import Cluster
from testbed.played_ssh import PlayedSsh
from testbed.sources import Reader, ScriptedSource

Start = Callable[..., AbstractAsyncContextManager[Cluster]]

ONE = b"2026-11-23T10:00:00Z one"
TWO = b"2026-11-23T10:00:01Z two"
THREE = b"2026-11-23T10:00:02Z three"


def addresses(*names: str, **others: str) -> PeerAddresses:
    return PeerAddresses({**{name: f"http://{name}" for name in names}, **others}, None, {})


async def lines(peers: AskedPeers, query: str, read: Any = parse) -> tuple[list[bytes], Outcome]:
    reader = Reader()
    outcome = await peers.pump(read(query.encode(), 0), reader)
    return [line for batch in reader.batches for line in batch.lines()], outcome


async def test_lines_are_merged_by_time_with_one_verdict(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[ONE, THREE], web1=[TWO]) as it, asking(addresses("web0", "web1"), it.network) as peers:
        came, outcome = await lines(peers, "filename=app.log")
        newest, cut = await lines(peers, "filename=app.log&n=1")
        rest, _ = await lines(peers, f"filename=app.log&n=1&cursor={cut.cursor}")
    assert (came, outcome.complete) == ([THREE, TWO, ONE], True)
    assert {part.host for part in outcome.hosts} == {"web0", "web1"}
    assert (newest, rest) == ([THREE], [TWO])


async def test_lines_are_counted(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[ONE, THREE], web1=[TWO]) as it, asking(addresses("web0", "web1"), it.network) as peers:
        _, outcome = await lines(peers, "filename=app.log&step=1d", parse_hits)
    assert (outcome.lines, outcome.complete) == (3, True)


async def test_lines_are_counted_by_a_label_that_the_agents_tell(autojump_clock: MockClock, cluster: Start) -> None:
    hosts = {"web0": [ONE, THREE], "web1": [TWO], "db1": [TWO], "old": [TWO]}
    labels = {"web0": {"role": "web"}, "web1": {"role": "web"}}
    async with (
        cluster({"labels": labels, "tells_no_labels": ["old"]}, **hosts) as it,
        asking(addresses(*hosts), it.network) as peers,
    ):
        reader, counts = Reader(), CountsByLabel()
        outcome = await peers.pump(parse_hits(b"filename=app.log&by=label:role", 0), reader)
    for batch in reader.batches:
        counts.add(batch)
    assert counts.rows() == [("", 2, 2), ("web", 2, 3)]
    assert [(note.host, note.kind) for note in outcome.notes] == [("old", "labels")]


async def test_a_host_that_cannot_be_reached_is_named_and_the_others_are_whole(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=[ONE], web1=Broken("refused")) as it:
        async with asking(addresses("web0", "web1"), it.network) as peers:
            came, outcome = await lines(peers, "filename=app.log")
    assert came == [ONE]
    assert [(part.host, part.status) for part in outcome.hosts if part.fails] == [("web1", Status.UNAVAILABLE)]


async def test_an_agent_under_another_name_gives_no_lines(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[ONE]) as it, asking(addresses(db1="http://web0"), it.network) as peers:
        came, outcome = await lines(peers, "filename=app.log")
    assert (came, outcome.hosts[0].message) == (
        [],
        "answers as web0, but is listed here as db1; list it by the name that it has",
    )


async def test_globs_select_hosts_and_a_misspelt_one_is_told(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[ONE], web1=[TWO]) as it, asking(addresses("web0", "web1"), it.network) as peers:
        assert (await lines(peers, "filename=app.log&hostname=*1"))[0] == [TWO]
        came, outcome = await lines(peers, "filename=app.log&hostname=wep1")
    assert (came, outcome.message) == ([], "no host named wep1; is web1 meant? known are web0, web1")


async def test_a_bad_expression_is_told_before_anybody_is_asked(autojump_clock: MockClock) -> None:
    async with asking(addresses("nowhere")) as peers:
        came, outcome = await lines(peers, "filename=app.log&regex=(")
    assert (came, outcome.message.partition(":")[0]) == ([], "regex")


async def test_files_and_hosts_are_told_of_each(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[ONE], web1=Broken("refused")) as it:
        async with asking(addresses("web0", "web1"), it.network) as peers:
            listing = await peers.list_files(Query.of(files=("**/*",)), 5.0)
            states = await peers.hosts(5.0)
            with pytest.raises(Failure, match="no host named db"):
                await peers.list_files(Query.of(files=("**/*",), hosts=("db",)), 5.0)
    assert [(log.host, log.name) for log in listing.logs] == [("web0", "app.log")]
    assert [(part.host, part.status) for part in listing.hosts] == [
        ("web0", Status.OK),
        ("web1", Status.UNAVAILABLE),
    ]
    assert [(state.name, state.reachable) for state in states] == [("web0", True), ("web1", False)]


async def test_a_follow_goes_on_where_a_connection_was_lost(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(web0=[ONE], web1=[TWO]) as it, asking(addresses("web0", "web1"), it.network) as peers:
        reader = Reader()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peers.pump, parse(b"filename=app.log&follow=true&since=0", 0), reader)
            await trio.sleep(10)
            it.kill("web1")
            await trio.sleep(1)
            it.revive("web1")
            with it.file("web1").open("ab") as log:
                log.write(THREE + b"\n")
            await trio.sleep(60)
            nursery.cancel_scope.cancel()
    assert [line for batch in reader.batches for line in batch.lines()] == [ONE, TWO, THREE]
    assert next(notice.message.partition(":")[0] for notice in reader.notices) == "lost"


async def test_an_agent_that_is_being_connected_to_shows_signs_of_life(autojump_clock: MockClock) -> None:
    ssh, reader, web = PlayedSsh(), Reader(), read_ssh("ssh://web-1")
    async with connect("ssh://web-1", network=SshNetwork(web, ssh.start, {})) as client:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def refuse() -> None:
                await trio.sleep(5.5 * ALIVE)
                ssh.end(255, b"Permission denied (publickey).\n")

            outcome = await ReachedSource(client, ScriptedSource()).pump(Query.of(files=("f",)), reader)
    assert (reader.signs_of_life, outcome.status) == (5, Status.UNAVAILABLE)
    assert outcome.message.startswith("ssh: Permission denied (publickey).")


async def test_an_agent_that_never_speaks_is_named_after_a_bounded_time(autojump_clock: MockClock) -> None:
    ssh, web = PlayedSsh(), read_ssh("ssh://web-1")
    async with connect("ssh://web-1", network=SshNetwork(web, ssh.start, {})) as client:
        outcome = await ReachedSource(client, ScriptedSource()).pump(Query.of(files=("f",)), Reader())
    assert outcome.message == "`logagent stdio --name web-1` did not begin to speak within 60 s"
    assert (ssh.is_over, ssh.starts) == (True, 1)
