"""What an answer calls its hosts: as it lists them, with what is noted of who answered."""

from __future__ import annotations

from dataclasses import replace

from logagent.core.outcome import HostOutcome, Status
from logagent.core.wire.hosts import HostState
from logagent.core.wire.listing import Listing
from logagent.peers.roll import Roll


def called(roll: Roll, host: str, listing: Listing, *, is_site: bool = False) -> Listing:
    """Return a host's listing as the answer calls the host, and without its failure if it is no host of its own.

    Args:
        roll: knows who answered.
        host: which was asked.
        listing: its answer.
        is_site: whether it was asked as a primary, so that the listing has many hosts.
    """
    if is_site and not roll.is_other_name(host):
        return replace(listing, notes=(*listing.notes, *roll.notes(host)))
    listing = listing.of_host(host)
    parts = (HostOutcome(host, Status.OK),) if roll.is_other_name(host) else listing.hosts
    return replace(listing, hosts=parts, notes=(*listing.notes, *roll.notes(host)))


def judged(roll: Roll, name: str, state: HostState) -> HostState:
    """Return a host's state, with what is noted of who it is."""
    message = "; ".join(filter(None, [state.message, *(note.sentence for note in roll.notes(name))]))
    if roll.is_other_name(name):
        return replace(state, reachable=True, message=roll.notes(name)[0].sentence)
    return replace(state, name=name, message=message)
