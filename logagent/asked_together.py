"""What hosts are asked at the same time besides lines: which logs they have, and how they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import trio

from logagent.core.outcome import Outcome, Status
from logagent.core.wire.hosts import HostState
from logagent.core.wire.listing import Listing, joined
from logagent.peers.calling import called, judged
from logagent.peers.roll import Roll
from logagent.telemetry.hook import asking


async def listed(hosts: Sequence[str], ask: Callable[[str], Awaitable[Listing]], roll: Roll, *, untold: str) -> Listing:
    """Return the listings of some hosts as one.

    Args:
        hosts: all that are asked.
        ask: asks one of them.
        roll: knows who answered.
        untold: the one of which nobody is told that it is asked.
    """
    listings: dict[str, Listing] = {}

    async def ask_one(host: str) -> None:
        with asking(host, told=host != untold) as one:
            listings[host] = await ask(host)
            one.outcome = listings[host].outcome

    await _together(hosts, ask_one)
    return joined(called(roll, host, listings[host]) for host in hosts if not roll.is_passed_over(host))


async def states(
    hosts: Sequence[str], ask: Callable[[str], Awaitable[HostState]], roll: Roll, *, own: str, untold: str
) -> list[HostState]:
    """Return how some hosts are, sorted by name; see `listed`.

    Args:
        hosts: all that are asked.
        ask: asks one of them.
        roll: knows who answered.
        own: the host that asks.
        untold: the one of which nobody is told that it is asked.
    """
    found: dict[str, HostState] = {}

    async def ask_one(host: str) -> None:
        if host == own:
            found[host] = await ask(host)
            return
        with asking(host, told=host != untold) as one:
            found[host] = await ask(host)
            one.outcome = _outcome_of(found[host])

    await _together(hosts, ask_one)
    return [judged(roll, name, found[name]) for name in sorted(found) if not roll.is_passed_over(name)]


async def _together(hosts: Sequence[str], ask: Callable[[str], Awaitable[None]]) -> None:
    async with trio.open_nursery() as nursery:
        for host in hosts:
            nursery.start_soon(ask, host)


def _outcome_of(state: HostState) -> Outcome:
    return Outcome() if state.reachable else Outcome(Status.UNAVAILABLE, state.message)
