"""The parts of a follow's outcome: each host has one, by whichever ways its lines came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from logagent.core.outcome import HostOutcome, Outcome
from logagent.fanout.followed_host import FollowedHost


def shares(hosts: Sequence[FollowedHost], given: Mapping[str, int]) -> list[Outcome]:
    """Return the outcomes of the hosts of a follow.

    Args:
        hosts: those that are followed, or were.
        given: lines of each host that the reader got.
    """
    present = {name for host in hosts if not host.is_gone for name in host.names}
    told = [_without(host.share(), present) if host.is_gone else host.share() for host in hosts]
    return _counted_once(told, given)


def _without(share: Outcome, present: Collection[str]) -> Outcome:
    """Return the outcome of what is gone without the hosts that are followed by another way since."""
    parts = tuple(part for part in share.hosts if part.host not in present)
    if len(parts) == len(share.hosts):
        return share
    first = next((part for part in parts if part.fails), None)
    if first is None:
        return Outcome(lines=share.lines, hosts=parts, notes=share.notes)
    return replace(share, status=first.status, message=f"{first.host}: {first.message}", hosts=parts)


def _counted_once(told: Sequence[Outcome], given: Mapping[str, int]) -> list[Outcome]:
    """Return outcomes in which the lines of a host that stands in several are counted in the first."""
    times = Counter(part.host for share in told for part in share.hosts)
    counted: set[str] = set()

    def with_lines(part: HostOutcome) -> HostOutcome:
        if times[part.host] == 1:
            return part
        lines = 0 if part.host in counted else given.get(part.host, 0)
        counted.add(part.host)
        return part._replace(lines=lines)

    return [replace(share, hosts=tuple(map(with_lines, share.hosts))) for share in told]
