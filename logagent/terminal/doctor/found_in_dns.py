"""The agents that DNS names to this host: looked up once, as an agent looks them up again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from logagent.config.discovery import DnsAsked
from logagent.config.settings import Settings
from logagent.peers.discovery.names import dns_names
from logagent.peers.discovery.resolved_network import ResolvedNetwork
from logagent.peers.discovery.resolver import DnsFailure, Resolver
from logagent.terminal.doctor.network import MachineWays
from logagent.terminal.doctor.steps import Examination, Peer, State, Step

STEP = "dns"
"""The step that looks a name up."""


class FoundInDns(NamedTuple):
    """What DNS names.

    Attributes:
        peers: the agents.
        wrong: the names that give none, or of which some records cannot be used.
    """

    peers: Sequence[Peer]
    wrong: Sequence[Examination]


class ResolvedWays(MachineWays):
    """The network of this machine, where one server of DNS resolves names first, as it does for an agent."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolved = ResolvedNetwork(resolver)

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, as that server tells them, else as the system looks them up."""
        return await self._resolved.addresses(host) or await super().addresses(host, port)


async def found_in_dns(settings: Settings, resolver: Resolver, where: str) -> FoundInDns:
    """Look up all names that the settings give.

    Args:
        where: the setting, for what is to be mended.
    """
    found = [await _found(asked, resolver, where, cleartext=settings.allow_cleartext) for asked in settings.dns]
    return FoundInDns([peer for one in found for peer in one.peers], [each for one in found for each in one.wrong])


async def _found(asked: DnsAsked, resolver: Resolver, where: str, *, cleartext: bool) -> FoundInDns:
    names = dns_names(asked.name, asked.record_types, asked.port, asked.scheme, dict(asked.labels))
    urls: dict[str, str] = {}
    unanswered, unusable = list[str](), list[str]()
    for name in names:
        try:
            answer = await resolver.look_up(name.name, name.record_type)
        except DnsFailure as failure:
            unanswered.append(f"{name.record_type}: {failure}")
            continue
        targets, wrong = name.targets_in(answer.records, cleartext=cleartext)
        unusable += wrong
        urls |= {target.urls[0]: name.found_by for target in targets}
    steps = [*_steps(names[0].name, unanswered, unusable, where, finds=bool(urls))]
    wrong_ones = [Examination(Peer("", f"dns {asked.name}", where), (step,)) for step in steps]
    return FoundInDns([Peer("", url, f"{by}, {where}") for url, by in urls.items()], wrong_ones)


def _steps(name: str, unanswered: Sequence[str], unusable: Sequence[str], where: str, *, finds: bool) -> Sequence[Step]:
    if unanswered:
        mend = "look whether the server of DNS runs; `dns_server` names another than those in /etc/resolv.conf"
        return [Step(STEP, State.FAILED, "; ".join(unanswered), mend)]
    if not finds:
        told = "; ".join(unusable) or f"DNS has no such records of {name}"
        return [Step(STEP, State.FAILED, told, f"correct the name in {where}, or have DNS know the agents by it")]
    return [Step(STEP, State.WARNING, "; ".join(unusable), "correct these records")] if unusable else []
