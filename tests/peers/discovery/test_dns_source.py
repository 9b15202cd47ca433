"""Names are looked up by their TTL; where DNS fails, what it said last stays."""

from __future__ import annotations

import logging

import pytest
import trio
from trio.testing import MockClock

from logagent.core.wire.told_sources import UNLOOKED
from logagent.peers.discovery.dns_source import LAST_RETRY, LEAST, MOST, DnsSource
from logagent.peers.discovery.names import DnsAnswer, DnsName, DnsRecord, RecordType
from logagent.peers.discovery.resolver import DnsFailure
from logagent.peers.discovery.sources import MOST_TARGETS, REPEATED, SourceState

NAME = DnsName(name="_logagent._tcp.example.org", record_type=RecordType.SRV)


class Dns:
    """A resolver that says what it is told to, and notes when it is asked."""

    def __init__(self) -> None:
        self.says: DnsAnswer | DnsFailure = DnsAnswer((DnsRecord("web-1", 1),), 10)
        self.asked: list[float] = []

    async def look_up(self, name: str, record_type: RecordType) -> DnsAnswer:
        assert (name, record_type) == (NAME.name, NAME.record_type)
        self.asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if isinstance(self.says, DnsFailure):
            raise self.says
        return self.says


class Looked:
    def __init__(self) -> None:
        self.dns = Dns()
        self.changes = 0
        self.now = 7.0
        self.source = DnsSource(NAME, self.dns, make_state=self._state, spread=lambda: 1.0)
        self.state = self.source.states[0]

    def _state(self, name: str) -> SourceState:
        return SourceState(name, clock=trio.current_time, wall_clock=lambda: self.now, changed=self._changed)

    def _changed(self) -> None:
        self.changes += 1


@pytest.mark.parametrize(("ttl", "wait"), [(10, 10), (0, LEAST), (0.5, LEAST), (1.2, 2), (10**9, MOST)])
async def test_asks_again_when_the_ttl_ends_within_bounds(autojump_clock: MockClock, ttl: float, wait: float) -> None:
    it = Looked()
    it.dns.says = DnsAnswer((DnsRecord("web-1", 1),), ttl)
    with trio.move_on_after(2.5 * wait):
        await it.source.run()
    assert it.dns.asked == pytest.approx([0, wait, 2 * wait])
    assert it.changes == 1


async def test_no_records_is_an_answer(autojump_clock: MockClock) -> None:
    it = Looked()
    await it.source.look()
    it.dns.says = DnsAnswer((), 60)
    assert await it.source.look() == 60
    assert (it.state.targets, it.state.fault, it.state.wrong) == ((), "", ("DNS has no such records",))
    assert it.changes == 2


async def test_a_failure_keeps_what_was_found_and_is_told_once(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    it = Looked()
    await it.source.look()
    targets = it.state.targets
    it.dns.says = DnsFailure("the server answers SERVFAIL")
    waits = [await it.source.look() for _ in range(8)]
    assert waits[:3] == [2, 4, 8]
    assert waits[-1] == LAST_RETRY
    assert it.state.targets is targets
    assert it.state.fault == "the server answers SERVFAIL"
    assert len(caplog.records) == 1
    assert "SERVFAIL; the last 1 targets are kept" in caplog.text
    await trio.sleep(REPEATED)
    await it.source.look()
    assert len(caplog.records) == 2
    it.dns.says = DnsAnswer((DnsRecord("web-1", 1),), 60)
    await it.source.look()
    assert not it.state.fault
    assert caplog.records[-1].levelno == logging.WARNING
    assert it.changes == 1
    it.dns.says = DnsFailure("again")
    assert await it.source.look() == 2


async def test_a_failure_at_the_start_counts_as_tried(autojump_clock: MockClock) -> None:
    it = Looked()
    it.dns.says = DnsFailure("no answer")
    assert not it.state.tried
    await it.source.look()
    assert it.state.tried
    assert it.state.succeeded is None
    assert it.changes == 1


async def test_a_fault_is_told_with_since_when_and_what_it_gave_last(autojump_clock: MockClock) -> None:
    it = Looked()
    assert it.state.told("x", "dns", kept=False).wrong == (UNLOOKED,)
    assert it.state.told("x", "dns", kept=False).is_unread
    assert not it.state.told("x", "dns", kept=True).is_unread
    it.dns.says = DnsFailure("no answer")
    await it.source.look()
    assert it.state.told("x", "dns", kept=True).is_unread
    it.dns.says = DnsAnswer((), 10)
    await it.source.look()
    told = it.state.told("x", "dns", kept=False)
    assert (told.last_read, told.is_unread, told.is_absent) == (7.0, False, False), "that there is nothing is an answer"
    it.dns.says = DnsAnswer((DnsRecord("web-1", 1),), 10)
    await it.source.look()
    it.dns.says = DnsFailure("no answer")
    await it.source.look()
    it.now = 8.0
    it.dns.says = DnsFailure("SERVFAIL")
    await it.source.look()
    told = it.state.told("x", "dns", kept=False)
    assert (told.name, told.kind, told.found_by) == ("x", "dns", NAME.found_by)
    assert (told.agents, told.last_read, told.fault, told.fault_since) == (1, 7.0, "SERVFAIL", 7.0)


async def test_more_targets_than_a_fleet_has(autojump_clock: MockClock) -> None:
    it = Looked()
    await it.source.look()
    it.dns.says = DnsAnswer(tuple(DnsRecord(f"web-{number}", 1) for number in range(MOST_TARGETS + 1)), 10)
    await it.source.look()
    assert len(it.state.targets) == 1
    assert it.state.fault == "gives 10001 targets, more than 10000"
