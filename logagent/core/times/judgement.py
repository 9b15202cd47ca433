"""The judgement on a file: at which places its lines state their own times, and whether these can be trusted.

It is made of samples from all over the file. The place with most times in it is the main one. Another place counts, as
in a file to which two programs write, if its times lie between those of the lines around; a date that a message
mentions hardly ever does. A file whose times are few, and far from the time at which it was last written to, is not
trusted: a banner with the date of a release does not date the lines below it.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from itertools import pairwise
from typing import NamedTuple

from logagent.core.times.decided_formats import AMBIGUOUS, CLOCKS, EPOCH_COLUMN
from logagent.core.times.deciding import rejected
from logagent.core.times.formats import leaves_out_year
from logagent.core.times.instants import instant_of
from logagent.core.times.named_formats import NamedFormat
from logagent.core.times.number_columns import number_column
from logagent.core.times.places import Candidate, Kind, TimePlace, candidates
from logagent.core.times.structured_fields import preference
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import DAY, HOUR, MINUTE

FITTING = 0.8
"""Share of the times at a further place that must lie between those around them."""
TOLERANCE = MINUTE
"""Nanoseconds by which a time may lie before or after those around it: threads log late."""
JUMP = HOUR
"""Nanoseconds from which on a step between two times counts as one forward or backward: clocks are set by an hour."""
CONTRADICTORY = 0.25
"""Share of steps in the rarer direction from which on times do not tell when lines were written."""
FEW_STEPS = 3
"""Steps from which on times within sentences may contradict each other."""
MANY = 0.5
"""Share of the lines that are not indented from which on a file counts as timed throughout."""
MANY_FIRST = 0.25
"""The same share where times stand at the beginning of lines: what a line tells may go on in the lines below it."""
SETTLED = 64
"""Lines from which on a judgement is kept while the file grows."""


_CLOCKS = frozenset(form.name for form in CLOCKS)
_WEAK = _CLOCKS | {EPOCH_COLUMN.name}  # formats that many texts look like


class Distrust(Enum):
    """Why the times of a file are not trusted."""

    NONE = "no line states a time"
    CONTRADICTORY = "its times contradict each other"
    FAR = "its few times are far from when it was last written to"
    TURNS = "it holds the same dates or clocks too often to tell them apart"
    EARLIER = "they were not trusted when this answer began"
    AMBIGUOUS = "the day and the month of its dates cannot be told apart"
    NAMED = "the time format that was named for it is not found in it"


class Omitted(IntEnum):
    """What the times of a file leave out, so that it depends on their order."""

    NOTHING = 0
    YEAR = 1
    DAY = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found out about the times of a file.

    Attributes:
        places: where lines state their own times.
        distrust: why they are not trusted; None if they are.
        lines: lines that were looked at.
        timed: how many of them state a time at one of these places.
        omitted: what their times leave out.
        local: whether some of their times name no zone.
        formats: how many of them have a time in each format, the most frequent first.
        named: the format that was named for the file, so that nothing was found out; None if none was.
    """

    places: frozenset[TimePlace] = frozenset()
    distrust: Distrust | None = None
    lines: int = 0
    timed: int = 0
    omitted: Omitted = Omitted.NOTHING
    local: bool = False
    formats: Mapping[str, int] = field(default_factory=dict)
    named: NamedFormat | None = None

    @property
    def trusted(self) -> bool:
        """Whether the lines' times tell when they were written."""
        return self.distrust is None

    @property
    def of_objects(self) -> bool:
        """Whether objects are printed over many lines, of which one states the time."""
        return any(place.kind is Kind.MEMBER for place in self.places)

    @property
    def in_columns(self) -> bool:
        """Whether times are numbers in a column."""
        return any(place.name == EPOCH_COLUMN.name for place in self.places)

    @property
    def is_settled(self) -> bool:
        """Whether further lines hardly change it."""
        return self.trusted and self.lines >= SETTLED

    def kept(self, trusted: bool | None) -> Judgement:
        """Return the judgement with an earlier decision about whether the times are trusted.

        Args:
            trusted: what was decided; None: nothing yet.
        """
        if trusted is None or trusted == self.trusted or (trusted and not self.places):
            return self
        return replace(self, distrust=None if trusted else Distrust.EARLIER)


class _Seen(NamedTuple):
    """A time at a place: the number of its line, the instant, and the candidate."""

    line: int
    time: int
    candidate: Candidate


_Sightings = Mapping[TimePlace, Sequence[_Seen]]


def judge(lines: Iterable[bytes], zone: datetime.tzinfo, modified: int) -> Judgement:
    """Judge a file by samples of its lines.

    Args:
        lines: or their first `locating.SEEN` bytes, in the order of the file; empty ones do not count.
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch.
    """
    lines = [line for line in lines if line.strip()]
    seen = _sightings(lines, WallClock(zone, modified))
    left_out, undecided = rejected(_times(seen), modified)
    found = {place: sightings for place, sightings in seen.items() if place not in left_out}
    main, contradictory = _main_place(found, modified)
    main = main or number_column(_times(found), len(lines), modified)
    if main is None:
        reason = Distrust.AMBIGUOUS if undecided else Distrust.CONTRADICTORY if contradictory else Distrust.NONE
        return Judgement(distrust=reason, lines=len(lines))
    places = frozenset([main, *_fitting(found, main)])
    timed = sorted({sighting.line: sighting for place in places for sighting in found[place]}.values())
    weak = _is_weak(main, found[main], timed, lines)
    distrust = Distrust.FAR if weak and _is_far(timed, modified) else None
    return Judgement(places, distrust, len(lines), len(timed), _omitted(timed), _are_local(timed), _formats(timed))


def _sightings(lines: Sequence[bytes], wall_clock: WallClock) -> _Sightings:
    seen: dict[TimePlace, list[_Seen]] = defaultdict(list)
    for number, line in enumerate(lines):
        for candidate in candidates(line):
            if seen[candidate.place] and seen[candidate.place][-1].line == number:
                continue  # found by its name and by its form
            time = instant_of(candidate.found.form, candidate.found.match, wall_clock)
            if time is not None or candidate.found.form in AMBIGUOUS:
                seen[candidate.place].append(_Seen(number, -1 if time is None else time, candidate))
    return {place: sightings for place, sightings in seen.items() if sightings}


def _times(seen: _Sightings) -> Mapping[TimePlace, Sequence[int]]:
    return {place: [sighting.time for sighting in sightings] for place, sightings in seen.items()}


def _main_place(seen: _Sightings, modified: int) -> tuple[TimePlace | None, bool]:
    """Return the place with most times, and whether others were left out since their times contradict each other."""
    dated = [place for place in seen if place.kind is not Kind.TEXT or place.name not in _WEAK]
    clocks = [place for place in seen if place.is_first and place.kind is Kind.TEXT and place.name in _CLOCKS]
    ranked = sorted([*dated, *clocks], key=lambda place: _rank(place, seen[place]))
    contradictory = False
    for place in ranked:
        if _contradicts_itself(place, seen[place]):
            contradictory = True
            continue
        better = _livelier(place, seen, ranked) if _stands_still(seen[place], modified) else None
        return better or place, contradictory
    return None, contradictory


def _rank(place: TimePlace, sightings: Sequence[_Seen]) -> tuple[object, ...]:
    """Return what sorts the better places before others."""
    weight = 4 if place.is_first else 2 if sightings[0].candidate.heads else 1
    shown = preference(place.name) if place.kind in (Kind.FIELD, Kind.PAIR, Kind.MEMBER) else 0
    depth = place.column if place.kind is Kind.MEMBER else 0
    return (-weight * len(sightings), depth, shown, place.kind, place.column, place.opening, place.name)


def _stands_still(sightings: Sequence[_Seen], modified: int) -> bool:
    times = {sighting.time for sighting in sightings}
    return len(sightings) >= FEW_STEPS and len(times) == 1 and abs(modified - times.pop()) > HOUR


def _livelier(still: TimePlace, seen: _Sightings, ranked: Sequence[TimePlace]) -> TimePlace | None:
    """Return a place at which nearly as many lines have times, but times that go on."""
    for place in ranked:
        times = [sighting.time for sighting in seen[place]]
        if len(times) >= MANY * len(seen[still]) and len(set(times)) > 1 and times == sorted(times):
            return place
    return None


def _contradicts_itself(place: TimePlace, sightings: Sequence[_Seen]) -> bool:
    """Return whether times go forward and backward, as no clock does; at a line's beginning they are believed."""
    if place.is_first or place.kind is Kind.MEMBER:
        return False
    steps = [later.time - earlier.time for earlier, later in pairwise(sightings)]
    forward = sum(step > JUMP for step in steps)
    backward = sum(step < -JUMP for step in steps)
    many = FEW_STEPS if not sightings[0].candidate.heads else 2 * FEW_STEPS
    return forward + backward >= many and min(forward, backward) > CONTRADICTORY * (forward + backward)


def _fitting(seen: _Sightings, main: TimePlace) -> list[TimePlace]:
    """Return further places at which lines state their own times, judged by the times of the lines around them."""
    own = seen[main]
    numbers = [sighting.line for sighting in own]
    taken = set(numbers)
    fitting = []
    for place, sightings in seen.items():
        others = [sighting for sighting in sightings if sighting.line not in taken]
        if place == main or not others or not _is_alike(place, main) or place.name in _WEAK:
            continue
        fits = sum(_fits(sighting, own, bisect_left(numbers, sighting.line)) for sighting in others)
        if fits >= FITTING * len(others):
            fitting.append(place)
    return fitting


def _is_alike(place: TimePlace, main: TimePlace) -> bool:
    """Return whether a program may well write the time of some lines there, and of others at the main place."""
    if place.is_first:
        return True
    if place.kind is Kind.MEMBER:
        return main.kind is Kind.MEMBER and main.column == place.column
    return not main.is_first and main.kind is Kind.TEXT and place[1::2] == main[1::2] and place.lead != "I"


def _fits(sighting: _Seen, own: Sequence[_Seen], at: int) -> bool:
    before = own[at - 1].time - TOLERANCE if at else None
    after = own[at].time + TOLERANCE if at < len(own) else None
    if before is not None and after is not None and before > after:  # newest first
        before, after = after, before
    return (before is None or before <= sighting.time) and (after is None or sighting.time <= after)


def _is_weak(main: TimePlace, own: Sequence[_Seen], timed: Sequence[_Seen], lines: Sequence[bytes]) -> bool:
    """Return whether so few lines state times that the others may well be of other times."""
    heads = sum(not line[:1].isspace() and line[:1] not in b"}])" for line in lines)
    if main.kind is Kind.MEMBER:
        return False
    if len(timed) < (MANY_FIRST if main.is_first else MANY) * heads:
        return not (own[0].candidate.heads and len({sighting.time for sighting in timed}) >= FEW_STEPS)
    return not own[0].candidate.heads and len(timed) < FEW_STEPS


def _is_far(timed: Sequence[_Seen], modified: int) -> bool:
    """Return whether the file was written to long after the last time in it, or before."""
    last = max(sighting.time for sighting in timed)
    single = len({sighting.time for sighting in timed}) == 1
    return abs(modified - last) > (MINUTE if single else DAY)


def _omitted(timed: Sequence[_Seen]) -> Omitted:
    founds = [sighting.candidate.found for sighting in timed]
    if any(found.form in CLOCKS for found in founds):
        return Omitted.DAY
    return Omitted.YEAR if any(leaves_out_year(found.form, found.match) for found in founds) else Omitted.NOTHING


def _are_local(timed: Sequence[_Seen]) -> bool:
    """Return whether times are by the clock on the wall, which may be set back."""
    groups = (sighting.candidate.found.match.groupdict() for sighting in timed)
    return any("hour" in group and not (group.get("zone") or group.get("zone_behind")) for group in groups)


def _formats(timed: Sequence[_Seen]) -> Mapping[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for sighting in timed:
        counts[_format_name(sighting.candidate)] += 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def _format_name(candidate: Candidate) -> str:
    name = candidate.found.form.name
    return f"{candidate.place.structure} {name}".lstrip()
