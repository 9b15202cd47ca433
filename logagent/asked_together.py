"""What hosts are asked at the same time besides lines: which logs they have, and how they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import trio

from logagent.asked_hosts import HostsAsked
from logagent.choosing_hosts import meant_among, named, untold_of
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.hosts import HostState
from logagent.core.wire.listing import Listing, failing, joined
from logagent.fanout.claims import Claims
from logagent.fanout.site import Site
from logagent.fanout.together import together
from logagent.known_hosts import KnownHosts
from logagent.peers.answers import with_timeout
from logagent.peers.calling import called, judged
from logagent.peers.known_agents import Peers
from logagent.peers.roll import Roll
from logagent.telemetry.hook import asking

LESS = 0.8
"""The part of the time that a primary has which it waits for the hosts behind it: what it tells is in time then."""


class OwnLister(Protocol):
    """Lists this host's logs."""

    async def listing(self, query: Query, patience: float) -> Listing:
        """Return the listing, within a part of so many seconds."""
        ...


async def listed(
    query: Query,
    asked: HostsAsked,
    roll: Roll,
    patience: float,
    lister: OwnLister,
    peers: Peers,
    known: KnownHosts,
) -> Listing:
    """Return the listings of some hosts as one.

    Args:
        query: its files, and whether rotated ones belong to them.
        asked: all that are asked.
        roll: knows who answered.
        patience: seconds that each of them has.
        lister: of this host's logs.
        peers: the agents that this one knows.
        known: knows how answers call them.

    Raises:
        Failure: NOT_FOUND for a pattern that matches no host anywhere.
    """
    share = replace(query, hosts=(), chosen=None, own=True, limits=replace(query.limits, timeout=patience))
    listings: dict[str, Listing] = {}

    async def ask(host: str) -> None:
        site, is_told = asked.sites.get(host), host != known.namesake
        theirs = share if site is None else site.question(with_timeout(share, patience * LESS))
        with asking(host, told=is_told) as one:
            if host == known.own:
                listings[host] = await lister.listing(share, patience)
            else:
                listings[host] = await peers.files(known.listed(host), theirs, patience, roll, site)
            one.outcome = listings[host].outcome

    await together(asked.hosts, ask)
    return _one_of(asked, listings, roll, untold_of(query).values())


def _one_of(asked: HostsAsked, listings: Mapping[str, Listing], roll: Roll, untold: Iterable[HostOutcome]) -> Listing:
    """Return listings as one, with those hosts of which it is not known whether they are meant."""
    claims = Claims(asked.sites)
    parts = [
        _claimed(called(roll, host, _with_all_hosts(listings[host], site), is_site=site is not None), host, claims)
        for host, site in ((host, asked.sites.get(host)) for host in asked.hosts)
        if not roll.is_passed_over(host)
    ]
    listing = joined([*parts, *(failing(*part[:3]) for part in untold)])
    if asked.sites:
        listing = replace(listing, hosts=claims.told(listing.outcome).hosts)
    if asked.is_through:
        return replace(listing, asks=tuple(asked.names), unmatched=asked.nowhere)
    if asked.nowhere and listing.outcome.complete:
        raise Failure(Status.NOT_FOUND, asked.told_of(asked.nowhere))
    return listing


def _with_all_hosts(listing: Listing, site: Site | None) -> Listing:
    """Return the listing of a primary with a part for each host that is missing, if it has failed itself."""
    if site is None or site.unmatched is not None:
        return listing
    failed = listing.hosts[0]
    return replace(listing, hosts=site.told(Outcome(failed.status, failed.message), None).hosts)


def _claimed(listing: Listing, host: str, claims: Claims) -> Listing:
    """Return a listing without the hosts that another one has listed."""
    every = {named.host for some in (listing.logs, listing.hosts, listing.notes) for named in some}
    if hidden := claims.hidden(host, every):
        listing = replace(
            listing,
            logs=tuple(log for log in listing.logs if log.host not in hidden),
            hosts=tuple(part for part in listing.hosts if part.host not in hidden),
            notes=tuple(note for note in listing.notes if note.host not in hidden),
        )
    refused = claims.refused(host, [part.host for part in listing.hosts if not part.fails])
    if not refused:
        return listing
    logs = tuple(log for log in listing.logs if log.host not in refused)
    return replace(listing, logs=logs, hosts=tuple(part for part in listing.hosts if part.host not in refused))


async def states(
    hosts: Sequence[str],
    ask: Callable[[str], Awaitable[HostState]],
    behind: Callable[[str], Awaitable[Sequence[HostState]]],
    roll: Roll,
    meant: Sequence[str],
    *,
    untold: str,
) -> list[HostState]:
    """Return how some hosts are and those behind them, sorted by name.

    Args:
        hosts: all that are asked.
        ask: asks one of them.
        behind: asks one of them for those behind it.
        roll: knows who answered.
        meant: names, globs and conditions on labels; none: all of them.
        untold: the one of which nobody is told that it is asked.

    Raises:
        Failure: NOT_FOUND if none is meant.
    """
    found: dict[str, HostState] = {}
    further: dict[str, Sequence[HostState]] = {}

    async def ask_one(host: str) -> None:
        with asking(host, told=host != untold) as one:
            found[host] = await ask(host)
            one.outcome = _outcome_of(found[host])

    async def ask_behind(host: str) -> None:
        further[host] = await behind(host)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(together, hosts, ask_one)
        nursery.start_soon(together, hosts, ask_behind)
    own = {name: judged(roll, name, found[name]) for name in found if not roll.is_passed_over(name)}
    every = _sorted(own, (state for host in sorted(further) for state in further[host]))
    names = frozenset(named(meant, [state.name for state in every])) if meant else None
    return meant_among([state for state in every if names is None or state.name in names], meant)


def _sorted(own: dict[str, HostState], behind: Iterable[HostState]) -> list[HostState]:
    """Return the states by name; of several hosts of one name that which was asked itself, or the first."""
    every = dict(own)
    for state in behind:
        every.setdefault(state.name, state)
    return [every[name] for name in sorted(every)]


def _outcome_of(state: HostState) -> Outcome:
    return Outcome() if state.reachable else Outcome(Status.UNAVAILABLE, state.message)
