"""Ranking: which of the places at which times are seen is the main one, where most lines state their own.

It is the one with most times, each weighed by how its place looks: programs write their times at a line's beginning,
or in a field with the name of a time; a sentence mentions any. Times that lie after the file's last change, or much
further from it than others do, weigh less; times that go forward and backward are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from logagent.core.times.decided_formats import CLOCK_NAMES, MANIFOLD
from logagent.core.times.places import IN_FIELDS, REPEATED, Kind, TimePlace
from logagent.core.times.sightings import Sighting, Sightings
from logagent.core.times.structured_fields import preference
from logagent.core.units import DAY, HOUR, MINUTE

JUMP = HOUR
"""Nanoseconds from which on a step between two times counts as one forward or backward: clocks are set by an hour."""
CONTRADICTORY = 0.25
"""Share of steps in the rarer direction from which on times do not tell when lines were written."""
FEW_STEPS = 3
"""Steps from which on times within sentences may contradict each other."""
NEARLY = 0.5
"""Share of the times at a place where all are alike from which on another place is taken, whose times go on."""
FURTHER = 10
"""How much further from the file's last change than others times may lie, before they weigh less."""

_FIRST, _LEVEL, _HEAD, _SENTENCE = 16, 8, 4, 0.1
_OF_NAMES = (16, 16, 16, 6, 0.05)
"""Weights of a time in a field, by the preference for its name."""
_INDENTED = 32
"""By what the weight of times in indented lines is divided: they belong to what stands above as a rule."""
_DOUBTFUL = 4
"""By what the weight of times is divided that lie after the last change, or far from it."""


def main_place(seen: Sightings, modified: int) -> tuple[TimePlace | None, bool]:
    """Return the main place, and whether others were left out since their times contradict each other.

    Args:
        seen: the times at all places.
        modified: when the file was last written to, in nanoseconds since the epoch.
    """
    places = [place for place in seen if _may_date(place)]
    orderly = [place for place in places if not _contradicts_itself(place, seen[place])]
    weights = _weights({place: seen[place] for place in orderly}, modified)
    ranked = sorted(orderly, key=lambda place: _rank(place, weights[place]))
    ranked = [place for place in ranked if not _is_within(place, ranked)]
    contradictory = len(orderly) < len(places)
    if not ranked:
        return None, contradictory
    main = ranked[0]
    better = _livelier(main, seen, ranked, modified) if _stands_still(seen[main], modified) else None
    return better or main, contradictory


def _may_date(place: TimePlace) -> bool:
    """Return whether a place may be the main one: clocks alone are so at the beginnings of lines only."""
    if place.kind is not Kind.TEXT or place.name not in MANIFOLD:
        return True
    return place.is_first and place.name in CLOCK_NAMES


def _is_within(place: TimePlace, others: Sequence[TimePlace]) -> bool:
    """Return whether a member is of an object within one that has a time by itself."""
    return (
        place.kind is Kind.MEMBER
        and any(
            other.kind is Kind.MEMBER and other.column < place.column and preference(other.name) < len(_OF_NAMES) - 1
            for other in others
        )
    )  # fmt: skip


def _rank(place: TimePlace, weight: float) -> tuple[object, ...]:
    """Return what sorts the better places before others."""
    shown = preference(place.name) if place.kind in IN_FIELDS else 0
    depth = place.column if place.kind is Kind.MEMBER else 0
    return (-weight, depth, shown, place.kind, place.column, place.opening, place.name)


def _weights(seen: Sightings, modified: int) -> dict[TimePlace, float]:
    distances = {place: abs(modified - found[-1].time) for place, found in seen.items()}
    far = FURTHER * min(distances.values(), default=0) + DAY
    return {
        place: _weight(place, found)
        * len(found)
        / (_DOUBTFUL if distances[place] > far or found[-1].time > modified + 2 * DAY else 1)
        for place, found in seen.items()
    }


def _weight(place: TimePlace, found: Sequence[Sighting]) -> float:
    if place.kind is Kind.MEMBER:
        return _OF_NAMES[preference(place.name)] / _FIRST / _INDENTED
    if place.kind in IN_FIELDS:
        return _OF_NAMES[preference(place.name)]
    if place.is_first:
        return _FIRST if place.name != REPEATED else _SENTENCE
    weight = _SENTENCE if not are_heads(found) else _LEVEL if place.is_at_head else _HEAD
    return weight / (_INDENTED if place.is_indented else 1)


def are_heads(found: Sequence[Sighting]) -> bool:
    """Return whether most of these times stand where programs write a line's time."""
    return 2 * sum(sighting.candidate.heads for sighting in found) > len(found)


def _stands_still(found: Sequence[Sighting], modified: int) -> bool:
    times = {sighting.time for sighting in found}
    return len(found) >= FEW_STEPS and len(times) == 1 and abs(modified - times.pop()) > MINUTE


def _livelier(still: TimePlace, seen: Sightings, ranked: Sequence[TimePlace], modified: int) -> TimePlace | None:
    """Return a place at which nearly as many lines have times, but later ones that go on."""
    for place in ranked:
        if place.is_of_another:
            continue
        times = [sighting.time for sighting in seen[place]]
        nearer = abs(modified - times[-1]) < abs(modified - seen[still][-1].time)
        if (
            nearer
            and len(times) >= NEARLY * len(seen[still])
            and len(set(times)) >= FEW_STEPS
            and times == sorted(times)
        ):
            return place
    return None


def _contradicts_itself(place: TimePlace, found: Sequence[Sighting]) -> bool:
    """Return whether times go forward and backward, as no clock does; at a line's beginning they are believed."""
    if place.is_first or (place.kind is Kind.MEMBER and preference(place.name) < len(_OF_NAMES) - 1):
        return False
    steps = [later.time - earlier.time for earlier, later in pairwise(found)]
    forward = sum(step > JUMP for step in steps)
    backward = sum(step < -JUMP for step in steps)
    many = 2 * FEW_STEPS if are_heads(found) else FEW_STEPS
    return forward + backward >= many and min(forward, backward) > CONTRADICTORY * (forward + backward)
