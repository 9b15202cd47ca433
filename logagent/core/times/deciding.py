"""Deciding what dates such as 10/11/2000 mean, by all those at the same place of a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from logagent.core.times.decided_formats import AMBIGUOUS
from logagent.core.times.places import Kind, TimePlace
from logagent.core.units import DAY

AHEAD = 31 * DAY
"""Nanoseconds after the last write to a file from which on no line of it was written: in a file of the year 2026,
28.11.26 is not in 2028."""

_NAMES = frozenset(form.name for form in AMBIGUOUS)


def rejected(times: Mapping[TimePlace, Sequence[int]], modified: int) -> tuple[Collection[TimePlace], bool]:
    """Return the places of dates that mean something else, or of which the file does not decide what they mean.

    Args:
        times: at each place, in the order of the file; negative for a date that there is not.
        modified: when the file was last written to, in nanoseconds since the epoch.

    Returns:
        The places, and whether there are some of which nothing decides.
    """
    groups: dict[TimePlace, list[TimePlace]] = defaultdict(list)
    for place in times:
        if place.kind is Kind.TEXT and place.name in _NAMES:
            groups[place._replace(name="")].append(place)
    taken, undecided = set(), False
    for group in groups.values():
        most = max(len(times[place]) for place in group)
        possible = [place for place in group if len(times[place]) == most and _is_possible(times[place], modified)]
        if len({tuple(times[place]) for place in possible}) == 1:
            taken.add(min(possible))
        else:
            undecided = True
    return {place for group in groups.values() for place in group} - taken, undecided


def _is_possible(times: Sequence[int], modified: int) -> bool:
    return min(times) >= 0 and max(times) <= modified + AHEAD
