"""DNS is asked over real sockets: what each kind of answer means."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
import trio

from logagent.peers.discovery import resolver
from logagent.peers.discovery.names import DnsRecord, RecordType
from logagent.peers.discovery.resolver import DnsFailure, DnsResolver

pytestmark = pytest.mark.real

SOA = "example.org. 900 IN SOA ns.example.org. root.example.org. 1 2 3 4 7"
Answer = Callable[[dns.message.Message], dns.message.Message | bytes]


def answer(*records: str, rcode: int = dns.rcode.NOERROR, authority: tuple[str, ...] = ()) -> Answer:
    """Make what answers each question with these records, each a line of a zone."""

    def made(question: dns.message.Message) -> dns.message.Message:
        message = dns.message.make_response(question)
        message.set_rcode(rcode)
        for section, lines in ((message.answer, records), (message.authority, authority)):
            for line in lines:
                name, ttl, _, kind, data = line.split(maxsplit=4)
                found = message.find_rrset(section, dns.name.from_text(name), 1, kind_of(kind), create=True)
                found.update_ttl(int(ttl))
                found.add(dns.rdata.from_text("IN", kind, data))
        return message

    return made


def kind_of(kind: str) -> dns.rdatatype.RdataType:
    return dns.rdatatype.from_text(kind)


@asynccontextmanager
async def server(made: Answer, *, limit: int = 65535) -> AsyncIterator[str]:
    """A server of DNS on loopback, which truncates what it sends over UDP; yields its address."""
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, trio.socket.socket() as tcp:
        await tcp.bind(("127.0.0.1", 0))
        address, port = tcp.getsockname()
        await udp.bind((address, port))  # of UDP, which hardly anything on a machine that runs tests uses
        tcp.listen(16)
        async with trio.open_nursery() as nursery:
            listeners = [trio.SocketListener(tcp)]
            nursery.start_soon(  # noqa: ASYNC113 (it listens already)
                trio.serve_listeners, lambda stream: over_tcp(made, stream), listeners
            )
            nursery.start_soon(over_udp, made, udp, limit)
            yield f"{address}:{port}"
            nursery.cancel_scope.cancel()


async def over_udp(made: Answer, udp: trio.socket.SocketType, limit: int) -> None:
    while True:
        asked, client = await udp.recvfrom(4096)
        message = made(dns.message.from_wire(asked))
        if isinstance(message, bytes):
            await udp.sendto(message, client)
            continue
        if len(message.to_wire(max_size=65535)) > limit:
            message.answer.clear()
            message.flags |= dns.flags.TC
        await udp.sendto(message.to_wire(), client)


async def over_tcp(made: Answer, stream: trio.SocketStream) -> None:
    asked = await stream.receive_some(4096)
    message = made(dns.message.from_wire(asked[2:]))
    wire = message if isinstance(message, bytes) else message.to_wire(max_size=65535)
    await stream.send_all(struct.pack("!H", len(wire)) + wire)


async def test_srv() -> None:
    records = [
        "a. 60 IN SRV 10 5 8443 web-1.example.org.",
        "a. 60 IN SRV 20 0 8444 web-2.example.org.",
        "a. 60 IN SRV 0 0 0 .",
    ]
    async with server(answer(*records)) as address:
        found = await DnsResolver(address).look_up("a", RecordType.SRV)
    assert set(found.records) == {
        DnsRecord("web-1.example.org", 8443, 10, 5),
        DnsRecord("web-2.example.org", 8444, 20, 0),
        DnsRecord("."),
    }
    assert 55 < found.ttl <= 60


@pytest.mark.parametrize(("record_type", "address"), [(RecordType.A, "10.0.0.1"), (RecordType.AAAA, "2001:db8::1")])
async def test_addresses_behind_a_chain_of_names_hold_as_long_as_the_shortest_of_it(
    record_type: RecordType, address: str
) -> None:
    records = ["a. 300 IN CNAME b.", "b. 3 IN CNAME c.", f"c. 300 IN {record_type} {address}"]
    async with server(answer(*records)) as at:
        found = await DnsResolver(at).look_up("a", record_type)
    assert found.records == (DnsRecord(address),)
    assert found.ttl <= 3


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.NOERROR])
async def test_no_such_records_is_an_answer_that_holds_as_the_zone_says(rcode: int) -> None:
    async with server(answer(rcode=rcode, authority=(SOA,))) as address:
        found = await DnsResolver(address).look_up("x.example.org", RecordType.A)
    assert found == ((), 7)


async def test_no_such_records_without_a_word_of_the_zone() -> None:
    async with server(answer(rcode=dns.rcode.NXDOMAIN)) as address:
        assert await DnsResolver(address).look_up("x", RecordType.SRV) == ((), resolver.NO_TTL)


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP])
async def test_a_server_that_fails_says_nothing_of_the_records(rcode: int) -> None:
    async with server(answer(rcode=rcode)) as address:
        with pytest.raises(DnsFailure, match=f"{dns.rcode.to_text(rcode)}.* from {address}"):
            await DnsResolver(address).look_up("x", RecordType.SRV)


async def test_what_does_not_fit_into_a_datagram_comes_over_tcp() -> None:
    records = [f"a. 60 IN SRV 0 0 8443 web-{number}.example.org." for number in range(1000)]
    async with server(answer(*records), limit=resolver.PAYLOAD) as address:
        found = await DnsResolver(address).look_up("a", RecordType.SRV)
    assert len(found.records) == 1000


async def test_what_is_no_answer_is_waited_past_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "LONGEST", 0.3)
    async with server(lambda question: b"\x00garbage") as address:
        with pytest.raises(DnsFailure, match=r"no answer within 0\.3 s"):
            await DnsResolver(address).look_up("a", RecordType.A)


async def test_a_server_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "LONGEST", 1.0)
    async with server(answer()) as address:
        pass
    with pytest.raises(DnsFailure, match=f" from {address}"):
        await DnsResolver(address).look_up("a", RecordType.A)


@pytest.mark.parametrize("name", ["a..b", f"{'a' * 64}", "a." * 150])
async def test_a_name_that_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(DnsFailure):
        await DnsResolver("127.0.0.1:9").look_up(name, RecordType.A)


def test_servers_are_given_with_or_without_a_port() -> None:
    assert resolver.host_and_port("10.0.0.53") == ("10.0.0.53", 53)
    assert resolver.host_and_port("127.0.0.1:8600") == ("127.0.0.1", 8600)
    assert resolver.host_and_port("[::1]:8600") == ("::1", 8600)
