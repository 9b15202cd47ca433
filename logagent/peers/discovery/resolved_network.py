"""Connecting to hosts that were found in DNS by the server of DNS that has found them.

The machine's own resolver may know nothing of them: Consul answers for its names at a port of its own.
"""

from __future__ import annotations

import ipaddress
from functools import partial

import httpcore
import trio

from logagent.peers.client.exchange import close
from logagent.peers.client.first_to_answer import first_of
from logagent.peers.discovery.names import DnsAnswer, RecordType
from logagent.peers.discovery.resolver import DnsFailure, Resolver

MOST_ADDRESSES = 8
"""Addresses of one host that are tried at most, each a quarter of a second after the one before."""


class ResolvedNetwork(httpcore.AsyncNetworkBackend):
    """A network whose host names one server of DNS resolves first, and the machine where that knows none.

    Args:
        resolver: asks that server.
        network: makes the connections; None: those of this machine.
    """

    def __init__(self, resolver: Resolver, network: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._resolver = resolver
        self._network = network or httpcore.TrioBackend()

    async def connect_tcp(self, host: str, port: int, *args: object, **options: object) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that answers.

        Raises:
            ConnectError: of httpcore, or another error of the first address, if none answers.
        """
        addresses = await self.addresses(host) or [host]
        return await first_of([partial(self._network.connect_tcp, address, port) for address in addresses], close)

    async def connect_unix_socket(self, path: str, *args: object, **options: object) -> httpcore.AsyncNetworkStream:
        """Connect to a Unix socket."""
        return await self._network.connect_unix_socket(path)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)

    async def addresses(self, host: str) -> list[str]:
        """Return the addresses of a host, IPv6 and IPv4 by turns; none if they are not known."""
        if host == "localhost" or _is_address(host):
            return []
        answers: dict[RecordType, DnsAnswer] = {}
        async with trio.open_nursery() as nursery:
            for record_type in (RecordType.AAAA, RecordType.A):
                nursery.start_soon(self._look_up, host, record_type, answers)
        found = [list(answers[each].records) for each in (RecordType.AAAA, RecordType.A) if each in answers]
        turns = [records[turn].host for turn in range(MOST_ADDRESSES) for records in found if turn < len(records)]
        return [address for address in turns if _is_address(address)][:MOST_ADDRESSES]

    async def _look_up(self, host: str, record_type: RecordType, answers: dict[RecordType, DnsAnswer]) -> None:
        try:
            answers[record_type] = await self._resolver.look_up(host, record_type)
        except DnsFailure:
            return


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
