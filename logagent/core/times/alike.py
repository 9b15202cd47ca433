"""Lines that all begin with a time as RFC 3339 writes it: what is found out about most files, in a few steps for all.

`judgement` looks at each time in each line, which takes some 25 µs a line. Where every line begins with a date, a clock
and a zone, and nothing else in it could be a time, the judgement is known: this takes some 10 µs for all. Whatever is
in doubt is left to `judgement`, which says the same of the lines that are judged here.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from logagent.core.times.instants import nanoseconds
from logagent.core.times.judgement import FEW, Judgement
from logagent.core.times.locating import WINDOW
from logagent.core.times.places import Kind, TimePlace
from logagent.core.units import SECOND

_PLACES = frozenset([TimePlace(Kind.TEXT, "iso")])
# Days that every month has, and hours and seconds that every day has, so that each such text is a time.
_times_in = re.compile(
    rb"^(?:19[7-9]\d|20\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
    rb"(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-2]):[0-5]\d)(?=[ \t])",
    re.MULTILINE,
).findall
_as_zeros = bytes.maketrans(b"123456789", b"000000000")
_A_CLOCK, _AN_EPOCH, _A_COLOUR = b":00:00", b"0000000000", b"\x1b"
"""What each clock holds, a number that may be an epoch time, and colours, behind which other rules hold; with zeros."""
_CLOCK_ENDS = 19
"""Bytes up to the end of the second."""


def alike_times(lines: Sequence[bytes]) -> list[bytes]:
    """Return the texts of the times that lines begin with, if all do so alike and hold no other; else nothing.

    All have one zone, and as many digits, so that the earliest text is the earliest time.

    Args:
        lines: or their first `locating.SEEN` bytes; none is empty.
    """
    if not lines or not lines[0][:1].isdigit():
        return []
    text = b"\n".join([line[:WINDOW] for line in lines])
    times: list[bytes] = _times_in(text)
    masked = text.translate(_as_zeros)
    is_only_one = masked.count(_A_CLOCK) == len(lines) and _AN_EPOCH not in masked and _A_COLOUR not in masked
    return times if len(times) == len(lines) and is_only_one and _are_of_one_shape(times) else []


def _are_of_one_shape(times: Sequence[bytes]) -> bool:
    """Return whether all have one zone, as many digits, and the same between date and clock."""
    zone, together = _zone_of(times[0]), b"\n".join(times) + b"\n"
    ends = together.count(zone + b"\n") == len(times)
    return ends and len(set(map(len, times))) == 1 and together.count(b"T") in (0, len(times))


def judged_alike(lines: Sequence[bytes]) -> Judgement | None:
    """Return the judgement on lines that all begin with a time alike; None: others have to judge them."""
    times = alike_times(lines)
    return judgement_of(times) if times else None


def judgement_of(times: Sequence[bytes]) -> Judgement:
    """Return the judgement on lines of which `alike_times` returned the texts."""
    count = len(times)
    return Judgement(_PLACES, None, count, count, formats={"iso": count}, firm=len(set(times)) >= FEW)


def instant_of_text(time: bytes) -> int:
    """Return the nanoseconds since the epoch of a text that `alike_times` returned."""
    zone = _zone_of(time)
    whole = datetime.datetime.fromisoformat((time[:_CLOCK_ENDS] + zone).decode())
    fraction = time[_CLOCK_ENDS + 1 : len(time) - len(zone)]
    return round(whole.timestamp()) * SECOND + nanoseconds(fraction)


def _zone_of(time: bytes) -> bytes:
    return time[_CLOCK_ENDS:].lstrip(b".0123456789")
