"""Locating: which text of a log line decides about its time.

1. A leading format (see `formats`), if the line begins with it.
2. The time field of a structured line (see `structured_fields`), its value read like a line.
3. The earliest text in the line's first `WINDOW` bytes that has the shape of a clocked format. If it names no time, as
   30 February does, the line has none.

This depends on the line alone, and on no more than its first `SEEN` bytes.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from logagent.core.times.clocked_formats import CLOCKED, REACH, WORDED
from logagent.core.times.formats import LEAD, Format
from logagent.core.times.leading_formats import LEADING, LEADING_HINTS
from logagent.core.times.months import is_month
from logagent.core.times.structured_fields import FIELD_HINTS, LONGEST, is_nested, is_object, time_fields

WINDOW = 160
"""Bytes of a line in which the landmark must stand: a time further on is what the line talks about."""
LEADING_WINDOW = 1024
"""Bytes of a line in which a leading format must end: some name the zone far behind the clock."""
MAX_FIELDS = 16
"""Time fields of a line that are looked at: some lines hold hundreds, of a chart's points."""
_DATE_ENDS = 12
"""Bytes before a landmark in which its date ends."""
SEEN = LONGEST + 1
"""Bytes from a line's beginning that say as much about its time as the whole line does."""

LANDMARK = re.compile(rb":[0-9]{2}:[0-9]{2}")
"""Two digits behind a colon, twice: a part of every clock."""

_HINTS = (b"|".join(LEADING_HINTS), b"|".join(FIELD_HINTS))
# What may stand before a line that decides by its beginning: a byte order mark, colours, a container's name and a bar.
_WRAPPINGS = (rb"\xef\xbb\xbf", rb"\x1b\[[\d;]*+m", rb"[A-Za-z_][\w./-]*+ ++\| ")
_WRAPPED_LINE = b"(?:" + b"|".join(_WRAPPINGS) + b")%b(?=" + b"|".join(_HINTS) + b")"
_WRAPPED_LINES = b"|".join(first + _WRAPPED_LINE % b"*+" + b"()" for first in _WRAPPINGS)

find_landmark = re.compile(
    rb"(?:%b)()|(?:%b)()|%b|(?:[^:]*+:)+?(?=[0-9]{2}:[0-9]{2})" % (*_HINTS, _WRAPPED_LINES)
).match
"""Matches up to and with the colon of a line's first landmark.

But if the line's beginning may decide otherwise, it matches that: `lastindex` is then `AT_LEADING` for a leading
format, `AT_WRAPPED` if either stands behind a byte order mark, colours or a container's name, or 2 for a time field.
"""
AT_LEADING = 1
"""The `lastindex` of `find_landmark` for a line that may begin with a leading format."""
AT_WRAPPED = 3
"""The least `lastindex` of `find_landmark` for a line whose end, behind the match, is to be read like a line."""
find_wrapping = re.compile(_WRAPPED_LINE % b"++").match
_colour = re.compile(rb"\x1b\[[\d;]*+[mK]")
# What stands before every landmark that a clocked format matches.
_date_before = re.compile(
    rb"(?:(?:\d|(?i:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec))[ \tTt:;,.|/_\"-]{1,4}[ \d]?\d|\d{3}:?)\Z"
).search
_may_lead = re.compile(b"|".join(LEADING_HINTS)).match
is_structured = re.compile(b"|".join(FIELD_HINTS)).match
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
    """Return the text that decides about a line's time, if there is one."""
    if (wrapping := find_wrapping(line)) is not None:
        return find_time(line[wrapping.end() :])
    if (found := find_leading(line)) is not None:
        return found
    if is_structured(line, 0, WINDOW):
        for field in itertools.islice(time_fields(line), MAX_FIELDS):
            if (found := find_in_value(value_of(field))) is not None:
                return found
    found = find_clocked(line)
    if found is None and is_coloured(line):
        return find_time(without_colours(line))
    return None if found is not None and is_object(line) and is_nested(line, found.match.start()) else found


def is_coloured(line: bytes) -> bool:
    """Return whether colours for a terminal are within a line's window."""
    return line.find(b"\x1b[", 0, WINDOW) >= 0


def without_colours(line: bytes) -> bytes:
    """Return a line without its colours."""
    return _colour.sub(b"", line)


def found_in(line: bytes, found: FoundTime) -> FoundTime:
    """Return the same time as it stands in a coloured line, if no colour stands within it."""
    text = found.match[0]
    same = found.form.pattern.match(line, max(0, line.find(text)))
    return FoundTime(found.form, same, line) if same is not None and same[0] == text else found


def find_in_value(value: bytes) -> FoundTime | None:
    """Return the time that a field's value states, read like a line."""
    return find_leading(value) or find_clocked(value)


def value_of(field: re.Match[bytes]) -> bytes:
    """Return the value of a time field."""
    text = field["text"] or field["other"]
    return text if text is not None else field.string[field.start("seconds") : field.end()]


def find_leading(line: bytes) -> FoundTime | None:
    """Return the time at a line's beginning in a leading format."""
    if _may_lead(line) is None:  # one pattern instead of all of them, since most lines have none of these formats
        return None
    for form in LEADING:
        match = form.pattern.match(line, 0, LEADING_WINDOW)
        if match is not None:
            return FoundTime(form, match, line)
    return None


def find_clocked(line: bytes) -> FoundTime | None:
    """Return the earliest text in a line's window that has the shape of a clocked format."""
    return next(clocked_times(line), None)


def clocked_times(line: bytes, more: Sequence[Format] = ()) -> Iterator[FoundTime]:
    """Yield the texts in a line's window that have the shape of a clocked format, from left to right.

    Args:
        more: formats that count where no other does; several of them may match the same text.
    """
    passed = 0
    for landmark in LANDMARK.finditer(line, 0, WINDOW):
        at = landmark.start()
        if at < passed:
            continue
        found = _around(line, at)
        founds = [found] if found is not None else list(_of_forms(line, at, more))
        yield from founds
        passed = max((found.match.end() for found in founds), default=passed)


def _around(line: bytes, at: int) -> FoundTime | None:
    """Return the time around the landmark at `at`."""
    if _date_before(line, max(0, at - _DATE_ENDS), at) is not None:
        for lead, form in _BY_START:
            match = form.pattern.match(line, at - lead) if at >= lead else None
            if match is not None:
                return FoundTime(form, match, line)
    return _worded(line, at)


def _of_forms(line: bytes, at: int, forms: Sequence[Format]) -> Iterator[FoundTime]:
    for form in forms:
        matches = (form.pattern.match(line, at - lead) for lead in sorted(form.leads, reverse=True) if at >= lead)
        match = next((match for match in matches if match is not None), None)
        if match is not None:
            yield FoundTime(form, match, line)


def _worded(line: bytes, at: int) -> FoundTime | None:
    """Return the time around a landmark whose month is written out."""
    for form in WORDED:
        match = form.pattern.search(line, max(0, at - REACH))
        if match is not None and match.start() < at < match.end("second") and is_month(match["month"]):
            return FoundTime(form, match, line)
    return None


def count_formats(lines: Iterable[bytes]) -> Mapping[str, int]:
    """Count in which formats lines write their times.

    Returns:
        Numbers of lines by the format's name, the most frequent first. The name is that in the table of formats, behind
        `json` or `logfmt` for times in fields; `none` counts lines without a time.
    """
    return dict(Counter(map(_format_of, lines)).most_common())


def _format_of(line: bytes) -> str:
    found = find_time(line)
    if found is None:
        return "none"
    wrapping = find_wrapping(line)
    line = line[wrapping.end() :] if wrapping is not None else line
    if found.text == line:
        return found.form.name
    return f"{'json' if line.startswith(b'{') else 'logfmt'} {found.form.name}"


_Find = Callable[[bytes, int, int], re.Match[bytes] | None]


@functools.lru_cache(64)
def landmark_behind(gaps: int) -> _Find:
    """Return what matches up to and with the colon of the first landmark behind a number of gaps of spaces.

    Objects, and lines with something before what is to be read, are left out.
    """
    return re.compile(
        rb"(?![{\x1b\xef]|[A-Za-z_][\w./-]*+ ++\|)(?:[^ ]*+ ++){%d}(?:[^ :]*+:)+?(?=[0-9]{2}:[0-9]{2})" % gaps
    ).match


def cut_at_leads(
    lines: Sequence[bytes], spaces: Container[int] | None = None, find: _Find = find_landmark
) -> list[bytes]:
    """Cut off what stands more than `LEAD` bytes before each line's landmark.

    What is left up to the hour is longer than in any line whose landmark stands nearer to its beginning. So what a
    `Layout` remembers of the hours of cut lines is never taken for that of whole lines.

    Args:
        spaces: how many spaces may stand before the landmark; None: any number.
        find: finds it.

    Returns:
        For each line the rest; nothing for a line whose landmark does not decide or stands nearer to its beginning.
    """
    if spaces is None:
        return [
            line[at - LEAD - 1 :]
            if (first := find(line, 0, WINDOW)) and not first.lastindex and (at := first.end()) > LEAD
            else b""
            for line in lines
        ]
    return [
        line[at - LEAD - 1 :]
        if (first := find(line, 0, WINDOW))
        and not first.lastindex
        and (at := first.end()) > LEAD
        and line.count(b" ", 0, at) in spaces
        else b""
        for line in lines
    ]
