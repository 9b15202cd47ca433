"""Locating: finds the text of a log line that states its time.

The first of these that is there decides:

1. A leading format (see `formats`), if the line begins with it.
2. The time field of a structured line (see `structured_fields`), its value read like a line.
3. The earliest text in the line's first `WINDOW` bytes that has the shape of a clocked format. If it names no time, as
   30 February does, the line has no time.

This depends on the line alone, and on no more than its first `SEEN` bytes.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from logagent.core.times.formats import CLOCKED, LEAD, LEADING, LEADING_HINTS, Format
from logagent.core.times.structured_fields import FIELD_HINTS, LONGEST, time_fields

WINDOW = 160
"""Bytes of a line in which the landmark must stand: a time further on belongs to the line's message."""
MAX_FIELDS = 16
"""Time fields of a line that are tried: some lines hold hundreds, such as the points of a chart."""
SEEN = LONGEST + 1
"""Bytes from a line's beginning that suffice to find its time."""

LANDMARK = re.compile(rb":[0-9]{2}:[0-9]{2}")
"""A colon and two digits, twice: a part of every clock."""

find_landmark = re.compile(
    rb"(?:%b)()|(?:%b)()|(?:[^:]*+:)+?(?=[0-9]{2}:[0-9]{2})" % (b"|".join(LEADING_HINTS), b"|".join(FIELD_HINTS))
).match
"""Matches a line up to the colon of its first landmark, included.

If the line may begin with a leading format or be structured, it matches that beginning instead: `lastindex` is then
`AT_LEADING` for a leading format, or 2 for a structured line.
"""
AT_LEADING = 1
"""The `lastindex` of `find_landmark` for a line that may begin with a leading format."""
_STRUCTURED = re.compile(b"|".join(FIELD_HINTS)).match
_BY_START = sorted(((lead, form) for form in CLOCKED for lead in form.leads), key=lambda pair: -pair[0])


class FoundTime(NamedTuple):
    """A text that has the shape of a time, whether or not there is such a time.

    Attributes:
        form: the format.
        match: the match of its pattern.
        text: the bytes in which it matches: the line, or the value of its time field.
    """

    form: Format
    match: re.Match[bytes]
    text: bytes


def find_time(line: bytes) -> FoundTime | None:
    """Return the text that states a line's time, if there is one."""
    if (found := _leading(line)) is not None:
        return found
    if _STRUCTURED(line, 0, WINDOW):
        for field in itertools.islice(time_fields(line), MAX_FIELDS):
            if (found := _of_value(_value(field))) is not None:
                return found
    return find_clocked(line)


def _of_value(value: bytes) -> FoundTime | None:
    return _leading(value) or find_clocked(value)


def _value(field: re.Match[bytes]) -> bytes:
    text = field["text"] or field["other"]
    return text if text is not None else field.string[field.start("seconds") : field.end()]


def _leading(line: bytes) -> FoundTime | None:
    for form in LEADING:
        match = form.pattern.match(line, 0, WINDOW)
        if match is not None:
            return FoundTime(form, match, line)
    return None


def find_clocked(line: bytes) -> FoundTime | None:
    """Return the earliest text in a line's window that has the shape of a clocked format."""
    for landmark in LANDMARK.finditer(line, 0, WINDOW):
        for lead, form in _BY_START:
            start = landmark.start() - lead
            match = form.pattern.match(line, start) if start >= 0 else None
            if match is not None:
                return FoundTime(form, match, line)
    return None


def count_formats(lines: Iterable[bytes]) -> Mapping[str, int]:
    """Count lines by the format of their times.

    Returns:
        Numbers of lines by the format's name, the most frequent first. The name is that in the table of formats, with
        `json` or `logfmt` before it for times in fields; `none` counts lines without a time.
    """
    return dict(Counter(map(_format_of, lines)).most_common())


def _format_of(line: bytes) -> str:
    found = find_time(line)
    if found is None:
        return "none"
    if found.text is line:
        return found.form.name
    return f"{'json' if line.startswith(b'{') else 'logfmt'} {found.form.name}"


def cut_at_leads(lines: Sequence[bytes]) -> list[bytes]:
    """Cut off the bytes that stand more than `LEAD` bytes before each line's landmark.

    The rest up to the hour is longer than in any line whose landmark stands nearer to its beginning. So the hours of
    cut lines and of whole lines never collide in the cache of a `Layout`.

    Returns:
        For each line the rest; empty for a line whose landmark does not decide or stands nearer to its beginning.
    """
    return [
        line[at - LEAD - 1 :]
        if (first := find_landmark(line, 0, WINDOW)) and not first.lastindex and (at := first.end()) > LEAD
        else b""
        for line in lines
    ]
