"""The judgement on a file for which a format was named: nothing is guessed, but a format that is not there is said."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from logagent.core.times.alike import judged_alike
from logagent.core.times.judgement import MANY, Distrust, Judgement, Omitted, judge
from logagent.core.times.named_formats import NamedFormat, depth_of, is_member
from logagent.core.times.places import Kind, TimePlace
from logagent.core.times.stampers import NamedStamper
from logagent.core.times.wall_clock import WallClock


def judge_with(named: NamedFormat | None, lines: Iterable[bytes], zone: datetime.tzinfo, modified: int) -> Judgement:
    """Judge a file by samples of its lines, as `judge` does.

    Args:
        named: the format that was named for the file; None: none was.
        lines: in the order of the file; empty ones do not count.
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch.
    """
    lines = [line for line in lines if line.strip()]
    if named is None:
        return judged_alike(lines) or judge(lines, zone, modified)
    stamper = NamedStamper(named, WallClock(named.zone_or(zone), modified))
    timed = [line for line, time in zip(lines, stamper.stamps(lines), strict=True) if time is not None]
    is_there = len(timed) >= MANY * sum(not _goes_on(line) for line in lines)
    omitted = Omitted.DAY if named.omits_day else Omitted.YEAR if named.omits_year else Omitted.NOTHING
    return Judgement(
        frozenset([_place(named, timed)]),
        None if is_there else Distrust.NAMED,
        len(lines),
        len(timed),
        omitted,
        any(_is_local(named, line) for line in timed),
        {named.form.name: len(timed)} if timed else {},
        named,
    )


def _place(named: NamedFormat, timed: Sequence[bytes]) -> TimePlace:
    """Return where the times of lines stand; objects may be printed over many lines, of which one is the field."""
    if named.place.kind is Kind.FIELD and timed and all(map(is_member, timed)):
        return named.place._replace(kind=Kind.MEMBER, column=min(map(depth_of, timed)))
    return named.place


def _goes_on(line: bytes) -> bool:
    """Return whether a line looks as if it belonged to the one before it."""
    return line[:1].isspace() or line[:1] in b"}])"


def _is_local(named: NamedFormat, line: bytes) -> bool:
    found = named.find(line)
    groups = found.groupdict() if found is not None else {}
    return "seconds" not in groups and not (groups.get("zone") or groups.get("zone_behind"))
