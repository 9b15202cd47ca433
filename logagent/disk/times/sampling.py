"""Samples from all over a file, by which its times are judged."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Sequence

from logagent.core.times.alike import judgement_of
from logagent.core.times.judgement import SETTLED, Judgement
from logagent.core.times.named_formats import NamedFormat
from logagent.core.times.named_judging import judge_with
from logagent.disk.times.heads import Heads

PLACES = 16
"""Places, evenly spaced, at which lines are taken: the beginning and the end are among them."""
PLACE_BYTES = 4 * 1024
"""Bytes that are looked at in each place."""
LINES = 5
"""Lines that are taken at each place, as many again that are not indented, and as many members of objects that are
printed over many lines. Looking at one takes some 25 µs."""

_is_unindented = re.compile(rb"[^ \t]").match
_is_member = re.compile(rb'[ \t]+"[^"]+"\s*:\s*"?\d').match
"""Matches a member of an object that is printed over many lines, if it may be a time."""

QUICK = 3
"""Lines of each place that suffice where the lines of a file are all alike."""
QUICK_OF_ONE = 12
"""Lines that suffice in the same case of a file that is looked at as a whole."""
FEW = 200
"""Lines of a small file that are all looked at."""


def judged(
    heads: Heads,
    zone: datetime.tzinfo,
    modified: int,
    named: NamedFormat | None = None,
    beside: Callable[[], Sequence[bytes]] = tuple,
) -> Judgement:
    """Judge the times of a file by samples; reads it.

    Args:
        heads: of the lines of the file.
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch.
        named: the format that was named for it, if one was.
        beside: returns lines of another generation of its log; called if its own are too few.
    """
    taken = samples(heads)
    own = _judged_by(taken, zone, modified, named)
    if own.stands_alone or not (more := beside()):
        return own
    return judge_with(named, [*more, *_all(taken)], zone, modified)


def judged_whole(times: Sequence[bytes]) -> Judgement:
    """Judge a text that is looked at as a whole and whose lines are all timed alike; see `alike_times`."""
    judgement = judgement_of(_few([times]) or times)
    return judgement if judgement.firm else judgement_of(times)


def _judged_by(
    taken: Sequence[Sequence[bytes]], zone: datetime.tzinfo, modified: int, named: NamedFormat | None = None
) -> Judgement:
    """Judge the times of a file by the first lines of each of some places, if these are all timed alike, else by all.

    Args:
        taken: lines from each of some places.
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch.
        named: the format that was named for it, if one was.
    """
    few = _few(taken)
    if few:
        judgement = judge_with(named, few, zone, modified)
        is_plain = judgement.timed == judgement.lines and len(judgement.places) == 1
        if is_plain and (judgement.firm or (judgement.trusted and len(taken) > 1)):
            return judgement
    return judge_with(named, _all(taken), zone, modified)


def _few(taken: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Return lines by which a file is judged first; none if there are so few that all are looked at."""
    if len(taken) == 1:
        return _spread(list(taken[0]), QUICK_OF_ONE) if len(taken[0]) >= 2 * QUICK_OF_ONE else []
    few = [line for lines in taken for line in lines[:QUICK]]
    return few if len(few) >= SETTLED else []


def sampled_lines(heads: Heads) -> list[bytes]:
    """Return the heads of lines from all over a file: of a small one all, if they are few."""
    return _all(samples(heads))


def samples(heads: Heads) -> list[list[bytes]]:
    """Return the heads of lines from each of some places all over a file."""
    return [_chosen(heads, begin, end) for begin, end in _stretches(heads.begin, heads.size)]


def _stretches(first: int, size: int) -> Iterator[tuple[int, int]]:
    if size - first <= 2 * PLACE_BYTES:
        yield first, size
        return
    places = min(PLACES, (size - first) // PLACE_BYTES)
    last = size - first - PLACE_BYTES
    begins = sorted({first + last * number // (places - 1) for number in range(places)})
    for begin, following in zip(begins, [*begins[1:], size], strict=True):
        yield begin, min(begin + PLACE_BYTES, following)


def _chosen(heads: Heads, begin: int, end: int) -> list[bytes]:
    """Return the first lines of a stretch, and some of the others, see `LINES`; at the file's end its last."""
    lines = [head.text for head in heads.between(begin, end) if head.text.strip()]
    if (begin, end) == (heads.begin, heads.size):
        return lines if len(lines) <= FEW else _spread(lines, FEW)
    first, rest = lines[:LINES], lines[LINES:]
    chosen = [*first]
    for kind in (_is_unindented, _is_member):
        others = [line for line in rest if kind(line)]
        chosen += others[-LINES:] if end == heads.size else others[:LINES]
    return chosen


def _all(taken: Sequence[Sequence[bytes]]) -> list[bytes]:
    return [line for lines in taken for line in lines]


def _spread(lines: list[bytes], number: int) -> list[bytes]:
    return [lines[place * len(lines) // number] for place in range(number)]
