"""The judgement on a file: at which places its lines state their own times, and whether these can be trusted.

It is made of samples from all over the file. The place with most times in it is the main one. Another place counts, as
in a file to which two programs write, if its times lie between those of the lines around; a date that a message
mentions hardly ever does. A file whose times are few, and far from the time at which it was last written to, is not
trusted: a banner with the date of a release does not date the lines below it.
"""

from __future__ import annotations

import datetime
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum

from logagent.core.times.decided_formats import CLOCKS, EPOCH_COLUMN, MANIFOLD
from logagent.core.times.deciding import rejected
from logagent.core.times.formats import leaves_out_year
from logagent.core.times.named_formats import NamedFormat
from logagent.core.times.number_columns import number_column
from logagent.core.times.places import REPEATED, Candidate, Kind, TimePlace
from logagent.core.times.ranking import are_heads, main_place
from logagent.core.times.sightings import Sighting, Sightings, sightings, times_of
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import DAY, MINUTE

FITTING = 0.8
"""Share of the times at a further place that must lie between those around them."""
TOLERANCE = MINUTE
"""Nanoseconds by which a time may lie before or after those around it: threads log late."""
FEW = 3
"""Different times from on which few lines may date all others, and times at a further place show that they fit."""
MANY = 0.5
"""Share of the lines that are not indented from which on a file counts as timed throughout."""
MANY_FIRST = 0.25
"""The same share where times stand at the beginning of lines: what a line tells may go on in the lines below it."""
USUAL, USUAL_SHARE = 8, 0.2
"""Different times, and the share of the lines, from which on times within sentences date the other lines."""
SETTLED = 32
"""Lines from which on a judgement is kept while the file grows."""


_fields_of_w3c = re.compile(rb"(?:\xef\xbb\xbf)?#Fields: (?:\S+ )*date time(?: |\s*\Z)").match
"""Matches what heads such files; see https://www.w3.org/TR/WD-logfile.html."""


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
        firm: whether so many times go on at such a place that untimed lines, if they are appended, do not change it.
        utc: whether the file says that its times are in UTC, as the extended format of the W3C does, which IIS writes.
        turns: where the lines begin from which on times mean another year or day; None: they were not looked for.
    """

    places: frozenset[TimePlace] = frozenset()
    distrust: Distrust | None = None
    lines: int = 0
    timed: int = 0
    omitted: Omitted = Omitted.NOTHING
    local: bool = False
    formats: Mapping[str, int] = field(default_factory=dict)
    named: NamedFormat | None = None
    firm: bool = False
    utc: bool = False
    turns: tuple[int, ...] | None = None

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

    @property
    def stands_alone(self) -> bool:
        """Whether the file's own lines suffice to judge it, without those of other generations."""
        most = 2 * self.timed >= self.lines and all(place.is_at_head for place in self.places)
        return self.trusted and (self.firm or self.is_settled or most)

    def kept(self, trusted: bool | None) -> Judgement:
        """Return the judgement with an earlier decision about whether the times are trusted.

        Args:
            trusted: what was decided; None: nothing yet.
        """
        if trusted is None or trusted == self.trusted or (trusted and not self.places):
            return self
        return replace(self, distrust=None if trusted else Distrust.EARLIER)


def judge(lines: Iterable[bytes], zone: datetime.tzinfo, modified: int) -> Judgement:
    """Judge a file by samples of its lines.

    Args:
        lines: or their first `locating.SEEN` bytes, in the order of the file; empty ones do not count.
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch.
    """
    lines = [line for line in lines if line.strip()]
    seen = sightings(lines, WallClock(zone, modified))
    left_out, undecided = rejected(times_of(seen), modified)
    found = {place: at for place, at in seen.items() if place not in left_out}
    main, contradictory = main_place(found, modified)
    main = main or number_column(times_of(found), len(lines), modified)
    if main is None:
        reason = Distrust.AMBIGUOUS if undecided else Distrust.CONTRADICTORY if contradictory else Distrust.NONE
        return Judgement(distrust=reason, lines=len(lines))
    places = frozenset([main, *_fitting(found, main, modified)])
    timed = sorted({sighting.line: sighting for place in places for sighting in found[place]}.values())
    distrust = Distrust.FAR if _are_weak(main, found[main], timed, lines, modified) else None
    firm = distrust is None and _are_firm(main, found[main], timed)
    utc = any(map(_fields_of_w3c, lines))
    counts = len(lines), len(timed), _omitted(timed), _are_local(timed) and not utc, _formats(timed)
    return Judgement(places, distrust, *counts, firm=firm, utc=utc)


def _fitting(seen: Sightings, main: TimePlace, modified: int) -> list[TimePlace]:
    """Return further places at which lines state their own times, judged by the times of the lines around them."""
    own = seen[main]
    numbers = [sighting.line for sighting in own]
    taken = set(numbers)
    fitting = []
    for place, found in seen.items():
        others = [sighting for sighting in found if sighting.line not in taken]
        if place == main or not others or not _is_alike(place, main) or place.name in MANIFOLD:
            continue
        few = not place.is_first and (len({sighting.time for sighting in others}) < FEW or not are_heads(others))
        fits = sum(_fits(sighting, own, bisect_left(numbers, sighting.line), modified) for sighting in others)
        if not few and fits >= FITTING * len(others):
            fitting.append(place)
    return fitting


def _is_alike(place: TimePlace, main: TimePlace) -> bool:
    """Return whether a program may well write the time of some lines there, and of others at the main place."""
    if place.is_first:
        return place.name != REPEATED
    if place.kind is not Kind.TEXT:
        return place.kind is Kind.MEMBER is main.kind and main.column == place.column and place.has_good_name
    if place.is_indented:
        return False
    return place.is_at_head or place.opening[-1:] == b"[" or (main.kind is Kind.TEXT and place[1::2] == main[1::2])


def _fits(sighting: Sighting, own: Sequence[Sighting], at: int, modified: int) -> bool:
    """Return whether a time lies between those of the lines around; at the ends of a file one of them must be near."""
    before = own[at - 1].time if at else own[0].time - DAY
    after = own[at].time if at < len(own) else max(before, min(modified, before + DAY))
    if before > after:  # newest first
        before, after = after, before
    return before - TOLERANCE <= sighting.time <= after + TOLERANCE


def _are_weak(
    main: TimePlace, own: Sequence[Sighting], timed: Sequence[Sighting], lines: Sequence[bytes], modified: int
) -> bool:
    """Return whether so few lines state times, and so far from the last change, that others may well be of others."""
    if main.kind is Kind.MEMBER:
        return False
    times = {sighting.time for sighting in timed}
    distance, heads = abs(modified - max(times)), are_heads(own)
    share = len(timed) / max(1, sum(map(_is_unindented, lines)))
    if not heads and max(times) > modified + 2 * DAY:
        return True
    if share >= (MANY_FIRST if main.is_at_head else MANY):
        return not heads and len(timed) < FEW and distance > (MINUTE if len(times) == 1 else DAY)
    several = len(times) >= FEW if heads else len(times) >= USUAL and share >= USUAL_SHARE
    if _are_firm(main, own, timed):
        return False
    return distance > (DAY if several or (main.is_at_head and len(times) > 1) else MINUTE)


def _are_firm(main: TimePlace, own: Sequence[Sighting], timed: Sequence[Sighting]) -> bool:
    """Return whether untimed lines that are appended do not make these times few."""
    if main.kind is Kind.MEMBER:
        return True
    several = are_heads(own) and len({sighting.time for sighting in timed}) >= FEW
    return several and (main.is_at_head or own[0].candidate.labelled)


def _is_unindented(line: bytes) -> bool:
    return not line[:1].isspace() and line[:1] not in b"}])"


def _omitted(timed: Sequence[Sighting]) -> Omitted:
    founds = [sighting.candidate.found for sighting in timed]
    if any(found.form in CLOCKS for found in founds):
        return Omitted.DAY
    return Omitted.YEAR if any(leaves_out_year(found.form, found.match) for found in founds) else Omitted.NOTHING


def _are_local(timed: Sequence[Sighting]) -> bool:
    """Return whether times are by the clock on the wall, which may be set back."""
    groups = (sighting.candidate.found.match.groupdict() for sighting in timed)
    return any("hour" in group and not (group.get("zone") or group.get("zone_behind")) for group in groups)


def _formats(timed: Sequence[Sighting]) -> Mapping[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for sighting in timed:
        counts[_format_name(sighting.candidate)] += 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def _format_name(candidate: Candidate) -> str:
    name = candidate.found.form.name
    return f"{candidate.place.structure} {name}".lstrip()
