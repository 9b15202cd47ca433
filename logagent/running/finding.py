"""Finding agents while this one runs: sources made of its settings, and what they find told to its peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import trio

from logagent.config.discovery import DnsAsked
from logagent.config.settings import Settings
from logagent.peers.discovery.discovering import Discovery
from logagent.peers.discovery.dns_source import DnsSource
from logagent.peers.discovery.file_source import FileSource
from logagent.peers.discovery.names import DnsName, dns_names
from logagent.peers.discovery.resolver import DnsResolver, Resolver
from logagent.peers.discovery.sources import MakeState, TargetSource
from logagent.peers.target import Target

OF_DISCOVERY = ("targets", "dns", "dns_server", "target_grace", "allow_cleartext")
"""The settings by which agents are found."""


def discovery_of(settings: Settings, resolver: Resolver | None = None) -> Discovery:
    """Return what looks for agents as the settings say.

    Args:
        resolver: asks DNS; None: one as the settings say.
    """
    resolver = resolver or DnsResolver(settings.dns_server)

    def make_sources(make_state: MakeState) -> Sequence[TargetSource]:
        cleartext = settings.allow_cleartext
        files = [FileSource(path, make_state=make_state, cleartext=cleartext) for path in settings.targets]
        names = [name for asked in settings.dns for name in _names(asked)]
        return [
            *files,
            *(DnsSource(name, resolver, make_state=make_state, cleartext=cleartext) for name in names),
        ]

    return Discovery(make_sources, grace=settings.target_grace)


def _names(asked: DnsAsked) -> list[DnsName]:
    names = dns_names(asked.name, asked.record_types, asked.port, asked.scheme, dict(asked.labels))
    return [replace(name, setting=asked.spelled) for name in names]


class Finding:
    """Lets one discovery run at a time.

    Args:
        nursery: in which it runs.
        tell: is told all targets whenever they have changed.
    """

    def __init__(self, nursery: trio.Nursery, tell: Callable[[Sequence[Target]], None]) -> None:
        self._nursery, self._tell = nursery, tell
        self._discovery: Discovery | None = None
        self._scope = trio.CancelScope()

    def run(self, discovery: Discovery) -> None:
        """Let a discovery run, in place of the one that ran before; the same one just goes on."""
        if discovery is self._discovery:
            return
        self._scope.cancel()
        discovery.tell_to(self._tell)
        self._discovery, self._scope = discovery, trio.CancelScope()
        self._nursery.start_soon(self._run, discovery, self._scope)

    async def _run(self, discovery: Discovery, scope: trio.CancelScope) -> None:
        with scope:
            await discovery.run()
