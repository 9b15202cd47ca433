"""Explanations, line by line, of what was taken for the time of a line, or why none was."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import NamedTuple

from logagent.core.times.decided_formats import AMBIGUOUS, CLOCK_ALONE
from logagent.core.times.instants import instant_of
from logagent.core.times.judgement import Judgement
from logagent.core.times.place_words import in_words
from logagent.core.times.places import Candidate, candidates
from logagent.core.times.wall_clock import WallClock


@dataclass(frozen=True, slots=True)
class FileSample:
    """Lines of a file, and what was found out about its times.

    Attributes:
        lines: the first of its lines, or their beginnings.
        stamps: the times that they state, in nanoseconds since the epoch; None for each that states none.
        sampled: lines from all over the file, by which it was judged.
        judgement: on the file.
        zone: of times that name none.
        modified: when it was last written to, in nanoseconds since the epoch.
    """

    lines: tuple[bytes, ...]
    stamps: tuple[int | None, ...]
    sampled: tuple[bytes, ...]
    judgement: Judgement
    zone: datetime.tzinfo
    modified: int


_LATE = 2**62
"""A time after those of all logs, in nanoseconds since the epoch."""


class Explanation(NamedTuple):
    """What was taken for the time of a line.

    Attributes:
        time: in nanoseconds since the epoch; None if none was taken.
        form: the name of its format; empty if none was taken.
        why: where the time stands, or why none was taken.
    """

    time: int | None
    form: str
    why: str


def explained(line: bytes, stamp: int | None, judgement: Judgement) -> Explanation:
    """Explain the time of one line.

    Args:
        stamp: the time that it states.
        judgement: on its file.
    """
    named = judgement.named
    if named is not None:
        if stamp is not None:
            return Explanation(stamp, named.form.name, in_words(named.place))
        return Explanation(None, "", f"no time in the format that was named, {in_words(named.place)}")
    found = list(candidates(line))
    own = next((candidate for candidate in found if candidate.place in judgement.places), None)
    if own is not None and stamp is not None:
        name = f"{own.place.structure} {own.found.form.name}".lstrip()
        return Explanation(stamp, name, in_words(own.place))
    return Explanation(None, "", _why_not(own, found, judgement))


def _is_there(candidate: Candidate) -> bool:
    """Return whether there is such a time, in whichever zone and year."""
    return instant_of(candidate.found.form, candidate.found.match, WallClock(datetime.UTC, _LATE)) is not None


def _why_not(own: Candidate | None, found: list[Candidate], judgement: Judgement) -> str:
    if not found:
        return "no time"
    first = own or found[0]
    text = first.found.match[0].decode("utf-8", "replace").strip()
    if own is not None or (first.found.form not in AMBIGUOUS and not _is_there(first)):
        return f"there is no such time ({text})"
    if judgement.places:
        what = "a clock" if first.found.form is CLOCK_ALONE else "a date"
        return f"{what} within the message ({text}), not where this file keeps its times"
    if first.found.form is CLOCK_ALONE:
        return f"a clock without a date ({text})"
    if first.found.form in AMBIGUOUS:
        return f"the day and the month cannot be told apart ({text})"
    return f"a date ({text}), but {judgement.distrust.value if judgement.distrust else 'no time of this file'}"
