"""Connecting to one agent that may be reached at several addresses: the first that answers is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import httpcore
import trio

STAGGER = 0.25
"""Seconds after which the next address is tried though the one before may still answer, as RFC 8305 has it."""

Address = tuple[str, int]
Attempt = Callable[[], Awaitable[httpcore.AsyncNetworkStream]]


class FirstToAnswer(httpcore.AsyncNetworkBackend):
    """A network that tries further addresses where the one that is asked for does not answer.

    Args:
        network: makes the connections.
        others: returns the further addresses, in the order in which they are tried.
    """

    def __init__(self, network: httpcore.AsyncNetworkBackend, others: Callable[[], Sequence[Address]]) -> None:
        self._network = network
        self._others = others

    async def connect_tcp(self, host: str, port: int, *args: object, **options: object) -> httpcore.AsyncNetworkStream:
        """Connect to the first of the addresses that answers.

        Raises:
            ConnectError: of httpcore, or another error of the first address, if none answers.
        """
        addresses = list(dict.fromkeys([(host, port), *self._others()]))
        return await first_of([partial(self._network.connect_tcp, *address) for address in addresses])

    async def connect_unix_socket(self, path: str, *args: object, **options: object) -> httpcore.AsyncNetworkStream:
        """Connect to a Unix socket, which is the only way to its agent."""
        return await self._network.connect_unix_socket(path)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


async def first_of(attempts: Sequence[Attempt]) -> httpcore.AsyncNetworkStream:
    """Return what the first attempt makes that succeeds; each begins when the one before fails or takes long.

    Args:
        attempts: one at least.

    Raises:
        ConnectError: of httpcore, or another error of the first attempt, if none succeeds.
    """
    if len(attempts) == 1:
        return await attempts[0]()
    race = _Race()
    try:
        await race.run(attempts)
    except BaseException:
        if race.won is not None:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + STAGGER):
                await race.won.aclose()
        raise
    if race.won is None:
        raise race.errors[min(race.errors)]
    return race.won


class _Race:
    def __init__(self) -> None:
        self.won: httpcore.AsyncNetworkStream | None = None
        self.errors: dict[int, Exception] = {}

    async def run(self, attempts: Sequence[Attempt]) -> None:
        async with trio.open_nursery() as nursery:
            for number, attempt in enumerate(attempts):
                over = trio.Event()
                nursery.start_soon(self._try, number, attempt, over, nursery.cancel_scope)
                with trio.move_on_after(STAGGER):
                    await over.wait()

    async def _try(self, number: int, attempt: Attempt, over: trio.Event, others: trio.CancelScope) -> None:
        try:
            made = await attempt()
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            self.errors[number] = error
            over.set()
            return
        if self.won is None:
            self.won = made
            others.cancel()
        else:  # two have answered within one turn
            await made.aclose()
