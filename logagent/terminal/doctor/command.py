"""The command `doctor`: whom it examines, all at the same time, and what it prints."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import trio

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.peers.client.tls import client_tls
from logagent.peers.discovery.file_reading import TooManyFiles, paths_of
from logagent.peers.discovery.file_reading import read as read_targets
from logagent.peers.discovery.resolver import DnsResolver, Resolver
from logagent.terminal.access import settings_of
from logagent.terminal.address import agent_address
from logagent.terminal.arguments import DoctorArguments
from logagent.terminal.doctor import printing
from logagent.terminal.doctor.examining import Tools, examine
from logagent.terminal.doctor.found_in_dns import ResolvedWays, found_in_dns
from logagent.terminal.doctor.steps import Examination, Peer
from logagent.terminal.own_agent import nearest
from logagent.terminal.several_agents import peer_addresses
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FOUND, PARTIAL

AT_A_TIME = 32
"""Peers that are examined at a time: some that take no notice hold up no other, and no network is flooded."""


async def run(
    typed: DoctorArguments,
    environ: Mapping[str, str],
    streams: Streams,
    resolver_of: Callable[[str], Resolver] = DnsResolver,
) -> int:
    """Examine all peers, print what was found, and return the exit code: whether all are well.

    Args:
        typed: whom to examine.
        resolver_of: makes what asks a server of DNS; of an empty address, those of this machine.

    Raises:
        ConfigError: for arguments or settings that cannot be used.
    """
    try:
        patience = values.seconds(typed.timeout)
    except ValueError as error:
        raise ConfigError("--timeout", str(error)) from None
    if typed.config and typed.agent and "agent" not in typed.told_by:
        raise ConfigError("--config", "names peers, and --agent one agent: leave one out")
    if typed.config and (typed.peer or typed.peers_from) and not typed.told_by:
        raise ConfigError("--config", "names peers, and so do --peer and --peers-from: leave one out")
    if not typed.config and (typed.peer or typed.peers_from):
        found = await examine_all(_of_peers(typed, environ, patience))
    elif not typed.config and (typed.agent or environ.get("LOGAGENT_AGENT")):
        found = await examine_all(_of_agent(typed, environ, patience))
    else:
        found = await _of_settings(typed, environ, patience, resolver_of)
    streams.print(printing.document(found) if typed.output == "json" else printing.text(found))
    return FOUND if all(each.failing is None for each in found) else PARTIAL


async def examine_all(asked: Sequence[tuple[Peer, Tools]]) -> list[Examination]:
    """Examine peers, many at the same time, and return what was found in their order."""
    found: dict[int, Examination] = {}
    limit = trio.CapacityLimiter(AT_A_TIME)

    async def one(place: int, peer: Peer, tools: Tools) -> None:
        async with limit:
            found[place] = await examine(peer, tools)

    async with trio.open_nursery() as nursery:
        for place, (peer, tools) in enumerate(asked):
            nursery.start_soon(one, place, peer, tools)
    return [found[place] for place in range(len(asked))]


def _of_agent(typed: DoctorArguments, environ: Mapping[str, str], patience: float) -> list[tuple[Peer, Tools]]:
    agent = agent_address(typed, environ)
    where = typed.where("agent") if typed.agent else "LOGAGENT_AGENT"
    return [(Peer("", agent.url, where), Tools(agent.tls, agent.credential, patience=patience))]


def _of_peers(typed: DoctorArguments, environ: Mapping[str, str], patience: float) -> list[tuple[Peer, Tools]]:
    several, where = peer_addresses(typed, environ), typed.where("peer" if typed.peer else "peers_from")
    tools = Tools(several.tls, patience=patience)
    credentials = several.credentials
    return [
        (Peer(name, url, where), replace(tools, credential=credentials.get(name))) for name, url in several.urls.items()
    ]


async def _of_settings(
    typed: DoctorArguments, environ: Mapping[str, str], patience: float, resolver_of: Callable[[str], Resolver]
) -> list[Examination]:
    settings, file = settings_of(typed.config, environ, socket.gethostname())
    tools = Tools(_tls(settings), rules=bool(settings.rule), patience=patience)
    where = f"`peer` of {file}" if file else "`peer` of the settings"
    peers = [(Peer(name, url, where), tools) for name, url in settings.known_agents.items() if name != settings.name]
    peers += [(peer, tools) for peer in _in_files(settings) if peer.name != settings.name]
    resolver = resolver_of(settings.dns_server)
    named = await found_in_dns(settings, resolver, f"`dns` of {file}" if file else "`dns` of the settings")
    ways = replace(tools, ways=ResolvedWays(resolver)) if settings.dns_server else tools
    peers += [(peer, ways) for peer in named.peers]
    found = await examine_all([*_own(settings, tools, file), *peers])
    return [*found, *named.wrong]


def _own(settings: Settings, tools: Tools, file: str | None) -> Iterator[tuple[Peer, Tools]]:
    """Yield this host's own agent, if its settings say where it listens."""
    own = nearest(settings.listen)
    if not own:
        return
    # By loopback, an address that its certificate need not hold: it is to prove its name.
    mine = replace(tools, tls=_tls(settings, settings.name), rules=False)
    yield Peer(settings.name, own, f"`listen` of {file or 'the settings'}"), mine


def _in_files(settings: Settings) -> Iterator[Peer]:
    """Yield the agents in files of targets; a file that cannot be used is a fault of the settings."""
    for pattern in settings.targets:
        try:
            for path in paths_of(pattern):
                read = read_targets(path, cleartext=settings.allow_cleartext)
                if wrong := read.fault or "; ".join(read.wrong):
                    raise ConfigError(f"targets: {path}", wrong)
                yield from (Peer(target.name, target.urls[0], path) for target in read.targets)
        except TooManyFiles as error:
            raise ConfigError(f"targets: {pattern}", str(error)) from None


def _tls(settings: Settings, name: str | None = None) -> ssl.SSLContext | None:
    if settings.tls_ca is None and settings.tls_certificate is None:
        return None
    context = client_tls(settings.tls_ca, settings.tls_certificate, settings.tls_key)
    context.name = name
    return context
