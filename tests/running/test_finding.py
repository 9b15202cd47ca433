"""Agents are found while one runs, and a reload changes how, without forgetting those that were found."""

from __future__ import annotations

from pathlib import Path

import trio
from trio.testing import MockClock

from logagent.config.discovery import DnsAsked
from logagent.config.settings import Settings
from logagent.peers.discovery.names import DnsAnswer, DnsRecord, RecordType
from logagent.running.finding import discovery_of
from testbed.reloadable import reloadable as agent


class Dns:
    """A resolver that knows some addresses of `web`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def look_up(self, name: str, record_type: RecordType) -> DnsAnswer:
        self.asked.append((name, record_type))
        await trio.lowlevel.checkpoint()
        return DnsAnswer((DnsRecord("127.0.0.5"),) if record_type is RecordType.A else (), 5)


async def test_each_setting_makes_its_sources(autojump_clock: MockClock, tmp_path: Path, nursery: trio.Nursery) -> None:
    (tmp_path / "t.yml").write_text("- targets: [127.0.0.9:1]\n  labels: {__scheme__: http}\n")
    asked = DnsAsked("web", ("A", "AAAA"), 8443, "http", (("role", "web"),))
    dns = Dns()
    settings = Settings(name="a", targets=(str(tmp_path / "t.yml"),), dns=(asked,))
    discovery = discovery_of(settings, dns)
    news = trio.Event()
    discovery.tell_to(lambda targets: news.set() if len(targets) == 2 else None)
    nursery.start_soon(discovery.run)
    await news.wait()
    assert {target.urls[0]: target.labels for target in discovery.known} == {
        "http://127.0.0.9:1": {},
        "http://127.0.0.5:8443": {"role": "web"},
    }
    assert set(dns.asked) == {("web", "A"), ("web", "AAAA")}


async def known(it: object, *names: str) -> None:
    """Wait until an agent knows these peers."""
    peers = it.reloader.now.peers.peers  # type: ignore[attr-defined]
    while set(peers.names) != set(names):
        await peers.changed.wait()


async def test_a_reload_takes_up_sources_and_keeps_what_was_found_meanwhile(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    for name in "ab":
        group = f"- targets: [127.0.0.9:1]\n  labels: {{__scheme__: http, __logagent_name__: {name}}}\n"
        (tmp_path / f"{name}.yml").write_text(group)
    async with agent(tmp_path) as it:
        assert it.reloader.now.peers.peers.names == []
        it.set(targets=(str(tmp_path / "a.yml"),))
        await it.reloader.reload()
        await known(it, "a")
        peers = it.reloader.now.peers
        it.set(targets=(str(tmp_path / "a.yml"), str(tmp_path / "b.yml")))
        await it.reloader.reload()
        assert it.reloader.now.peers is peers
        assert peers.peers.names == ["a"]
        await known(it, "a", "b")
        it.set(peer={"c": "http://127.0.0.9:2"})
        await it.reloader.reload()
        assert it.reloader.now.peers is not peers
        assert it.reloader.now.peers.peers.names == ["c", "a", "b"]
        it.set(targets=(), target_grace=30.0)
        await it.reloader.reload()
        await trio.sleep(20)
        stale = it.reloader.now.peers.peers.target("a")
        assert stale is not None
        assert stale.stale_since is not None
        await known(it, "c")
