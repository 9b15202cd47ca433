"""Connecting to one agent that may be reached at several addresses: the first at which it greets is taken.

That a machine takes a connection says little: it may be another's by now, or a balancer's before a dead host.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from itertools import zip_longest
from typing import Generic, TypeVar

import httpcore
import trio

STAGGER = 0.25
"""Seconds after which the next address is tried though the one before may still answer, as RFC 8305 has it."""

Address = tuple[str, int]
MOST_ADDRESSES = 8
"""Addresses of one name that are tried at most."""
Made = TypeVar("Made")


class FirstToAnswer(httpcore.AsyncNetworkBackend):
    """A network that tries further addresses where the one that is asked for does not answer.

    Args:
        network: makes the connections.
        others: returns the further addresses, in the order in which they are tried.
        lookups: lets so many names be looked up at a time.
    """

    def __init__(
        self,
        network: httpcore.AsyncNetworkBackend,
        others: Callable[[], Sequence[Address]] = tuple,
        lookups: trio.Semaphore | None = None,
    ) -> None:
        self._network = network
        self._others = others
        self._lookups = lookups or trio.Semaphore(1)

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Return all addresses of an agent: those of the host's name, and the others.

        Raises:
            OSError: if nobody knows the name, and there are no others.
        """
        others = [(host, port), *self._others()]
        if type(self._network) is not httpcore.TrioBackend:  # others look names up themselves
            return list(dict.fromkeys(others))
        found: dict[Address, None] = {}
        error: OSError | None = None
        for name, its_port in others:
            try:
                found |= dict.fromkeys(await self._looked_up(name, its_port))
            except OSError as unknown:
                error = error or unknown
        if error is not None and not found:
            raise error
        return list(found)

    async def _looked_up(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a name, those of IPv6 and IPv4 by turns, as RFC 8305 has it."""
        if _is_address(host):
            return [(host, port)]
        async with self._lookups:
            told = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM)
        families: dict[int, list[Address]] = {}
        for family, _, _, _, address in told:
            families.setdefault(family, []).append((str(address[0]), port))
        turns = [address for turn in zip_longest(*families.values()) for address in turn if address is not None]
        return turns[:MOST_ADDRESSES]

    async def connect_tcp(self, host: str, port: int, *args: object, **options: object) -> httpcore.AsyncNetworkStream:
        """Connect to one address, as `addresses` gives them."""
        return await self._network.connect_tcp(host, port)

    async def connect_unix_socket(self, path: str, *args: object, **options: object) -> httpcore.AsyncNetworkStream:
        """Connect to a Unix socket, which is the only way to its agent."""
        return await self._network.connect_unix_socket(path)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


async def first_of(
    attempts: Sequence[Callable[[], Awaitable[Made]]], close: Callable[[Made], Awaitable[object]]
) -> Made:
    """Return what the first attempt makes that succeeds; each begins when the one before fails or takes long.

    Args:
        attempts: one at least.
        close: closes what another one makes that succeeds as well.

    Raises:
        ConnectError: of httpcore, or another error of the first attempt, if none succeeds.
    """
    if len(attempts) == 1:
        return await attempts[0]()
    race = _Race(close)
    try:
        await race.run(attempts)
    except BaseException:
        if race.won:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + STAGGER):
                await close(race.won[0])
        raise
    if not race.won:
        raise race.errors[min(race.errors)]
    return race.won[0]


class _Race(Generic[Made]):
    def __init__(self, close: Callable[[Made], Awaitable[object]]) -> None:
        self.won: list[Made] = []
        self._close = close
        self.errors: dict[int, Exception] = {}

    async def run(self, attempts: Sequence[Callable[[], Awaitable[Made]]]) -> None:
        async with trio.open_nursery() as nursery:
            for number, attempt in enumerate(attempts):
                over = trio.Event()
                nursery.start_soon(self._try, number, attempt, over, nursery.cancel_scope)
                with trio.move_on_after(STAGGER):
                    await over.wait()

    async def _try(
        self, number: int, attempt: Callable[[], Awaitable[Made]], over: trio.Event, others: trio.CancelScope
    ) -> None:
        try:
            made = await attempt()
        except Exception as error:  # raised when all have failed, outside the nursery
            self.errors[number] = error
            over.set()
            return
        if not self.won:
            self.won.append(made)
            others.cancel()
        else:  # two have answered within one turn
            await self._close(made)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
