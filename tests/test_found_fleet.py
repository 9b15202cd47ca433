"""A fleet that finds itself, over memory pipes: a follow in flight loses nothing while hosts come, move and go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import trio
from trio.testing import MockClock

from logagent.agent import Agent
from logagent.known_sources import KnownSources
from logagent.peers.client.http_client import chunks, connect
from logagent.peers.discovery.discovering import Discovery
from logagent.peers.discovery.dns_source import DnsSource
from logagent.peers.discovery.names import DnsAnswer, DnsName, DnsRecord, RecordType
from logagent.peers.discovery.resolver import DnsFailure
from logagent.peers.known_agents import Peers
from logagent.web.access import Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.server.connections import serve_connection
from testbed.cluster import Cluster

Start = Callable[..., AbstractAsyncContextManager[Cluster]]
NAME = DnsName(name="_logagent._tcp.test", record_type=RecordType.SRV, scheme="http")
GRACE = 4.0
STREAM = {"accept": "text/event-stream", "accept-encoding": "identity"}


class Site:
    """A front that knows nobody beforehand, the hosts that DNS has, and what a follow of all has given.

    Attributes:
        dns: hosts of the memory network, or None: DNS fails.
    """

    nursery: trio.Nursery

    def __init__(self, it: Cluster) -> None:
        self.it = it
        self.dns: list[str] | None = []
        self.followed = b""
        self.peers = Peers({}, network=it.network)
        self.discovery = Discovery(
            lambda make_state: [DnsSource(NAME, self, make_state=make_state, cleartext=True, spread=lambda: 1.0)],
            grace=GRACE,
        )
        self.discovery.tell_to(self.peers.set_found)

    async def look_up(self, name: str, record_type: RecordType) -> DnsAnswer:
        await trio.lowlevel.checkpoint()
        if self.dns is None:
            raise DnsFailure("SERVFAIL")
        return DnsAnswer(tuple(DnsRecord(host, 80) for host in self.dns), 1)

    async def follow(self) -> None:
        async with connect("http://front", network=self.it.network) as client:
            route = "/logs?filename=app.log&follow=true&n=0&prefix=true"
            async with client.stream("GET", route, headers=STREAM) as response:
                async for chunk in chunks(response):
                    self.followed += chunk

    def write(self, host: str, *lines: str) -> None:
        with self.it.file(host).open("a") as log:
            log.writelines(f"2026-11-23T10:00:00Z {line}\n" for line in lines)

    def gives(self, line: str) -> int:
        return self.followed.count(f'Z {line}"'.encode())


@asynccontextmanager
async def site(it: Cluster) -> AsyncIterator[Site]:
    made = Site(it)
    agent = Agent(logs=it.agents["web0"]._logs, peers=made.peers, patience=5, sources=KnownSources(made.discovery.told))
    app = create_app(
        agent, Answers("web0", 10), version="0", access=Access(["web0", "front"], certificate_required=False)
    )
    it.network.host("front", partial(serve_connection, app))
    async with made.peers, trio.open_nursery() as made.nursery:
        made.nursery.start_soon(made.discovery.run)
        yield made
        made.nursery.cancel_scope.cancel()


MOVES = {"access": {"web1": Access(["web1", "elsewhere"], certificate_required=False)}}
"""The host that moves knows its second name."""


async def test_a_follow_loses_nothing_while_hosts_come_move_and_go(autojump_clock: MockClock, cluster: Start) -> None:
    async with cluster(MOVES, web0=[], web1=[], web2=[]) as it, site(it) as fleet:
        fleet.dns = ["web1"]
        await trio.sleep(3)
        assert fleet.peers.names == ["web1"]
        fleet.nursery.start_soon(fleet.follow)
        await trio.sleep(3)
        fleet.write("web0", "own 1")
        fleet.write("web1", "one 1")
        fleet.dns = ["web1", "web2"]
        await trio.sleep(3)
        assert b"web2" in fleet.followed
        assert b"was found; it is followed from here on" in fleet.followed
        fleet.write("web2", "two 1")
        await trio.sleep(3)

        it.network.host("elsewhere", it.servers["web1"])
        it.kill("web1")
        fleet.write("web1", "one 2")
        fleet.dns = ["elsewhere", "web2"]
        await trio.sleep(20)
        assert fleet.peers.url("web1") == "http://elsewhere:80"
        fleet.write("web1", "one 3")

        fleet.dns = None
        await trio.sleep(3 * GRACE)
        fleet.write("web2", "two 2")
        await trio.sleep(3)
        assert set(fleet.peers.names) == {"web1", "web2"}

        fleet.dns = ["elsewhere"]
        await trio.sleep(16)  # until it is asked again
        fleet.write("web2", "two 3")
        await trio.sleep(3)
        stale = fleet.peers.target("web2")
        assert stale is None or stale.stale_since is not None
        await trio.sleep(GRACE)
        assert fleet.peers.names == ["web1"]
        assert fleet.followed.count(b"is no longer known") == 1
        for line in ("own 1", "one 1", "one 2", "one 3", "two 1", "two 2"):
            assert fleet.gives(line) == 1, (line, fleet.followed)


async def test_a_follow_goes_over_while_its_agent_still_answers_at_the_former_address(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(MOVES, web0=[], web1=[]) as it, site(it) as fleet:
        fleet.dns = ["web1"]
        await trio.sleep(3)
        fleet.nursery.start_soon(fleet.follow)
        await trio.sleep(3)
        it.network.host("elsewhere", it.servers["web1"])
        fleet.dns = ["elsewhere"]
        await trio.sleep(5)
        it.kill("web1")  # what still went there would be lost, and told
        fleet.write("web1", "one 1")
        await trio.sleep(5)
        assert fleet.gives("one 1") == 1
        assert fleet.followed.count(b"is found at another address now; trying again") == 1


async def test_an_agent_that_does_not_know_the_name_by_which_it_was_found_says_so(
    autojump_clock: MockClock, cluster: Start
) -> None:
    async with cluster(web0=[], web1=[]) as it, site(it) as fleet:
        it.network.host("elsewhere", it.servers["web1"])
        fleet.dns = ["elsewhere"]
        await trio.sleep(5)
        told = (await fleet.peers.state("elsewhere:80", 5)).message
        assert told.startswith("refuses this agent: ")
        assert "elsewhere" in told
