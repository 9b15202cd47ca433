"""Sightings: the times that are seen in samples of a file's lines, by the places at which they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from logagent.core.times.decided_formats import AMBIGUOUS
from logagent.core.times.instants import instant_of
from logagent.core.times.places import Candidate, TimePlace, candidates
from logagent.core.times.wall_clock import WallClock


class Sighting(NamedTuple):
    """A time at a place.

    Attributes:
        line: the number of its line among the samples.
        time: the instant; -1 if there is none.
        candidate: the time as it stands in the line.
    """

    line: int
    time: int
    candidate: Candidate


Sightings = Mapping[TimePlace, Sequence[Sighting]]
"""The times at each place, in the order of the file."""


def sightings(lines: Sequence[bytes], wall_clock: WallClock) -> Sightings:
    """Return the times in lines by their places.

    Args:
        lines: or their beginnings, in the order of the file.
        wall_clock: reads dates and clocks.
    """
    seen: dict[TimePlace, list[Sighting]] = defaultdict(list)
    for number, line in enumerate(lines):
        for candidate in candidates(line):
            time = instant_of(candidate.found.form, candidate.found.match, wall_clock)
            found = seen[candidate.place]
            is_new = not found or found[-1].line != number
            if is_new and (time is not None or candidate.found.form in AMBIGUOUS):
                found.append(Sighting(number, -1 if time is None else time, candidate))
    return {place: found for place, found in seen.items() if found}


def times_of(seen: Sightings) -> Mapping[TimePlace, Sequence[int]]:
    """Return the instants at each place, in the order of the file."""
    return {place: [sighting.time for sighting in found] for place, found in seen.items()}
