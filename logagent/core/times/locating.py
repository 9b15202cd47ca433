"""Which text of a log line decides about its time.

1. A leading format (see `formats`), where the line begins with one.
2. The time field of a structured line (see `fields`), its value read as if it were a line of its own.
3. Of the clocked formats, the earliest text in the line's first `WINDOW` bytes that has the shape of one; there is no
   time then if it names none, such as 30 February.

That depends on the line alone, and on no more than its first `SEEN` bytes.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from logagent.core.times.formats import CLOCKED, LEAD, LEADING, LEADING_HINTS, Format
from logagent.core.times.structured_fields import FIELD_HINTS, LONGEST, fields

WINDOW = 160  # bytes of a line in which the landmark must stand: beyond, a time is what the line talks about
FIELDS = 16  # time fields of a line that are looked at: some lines hold hundreds of a chart's points
SEEN = LONGEST + 1  # bytes of a line, from its beginning, that say as much about its time as all of it

LANDMARK = re.compile(rb":[0-9]{2}:[0-9]{2}")

# Up to and with the colon of the first landmark; or nothing, where the line's beginning may decide otherwise: the last
# group is then the first, for a leading format, or the second, for a time field.
FIRST = re.compile(
    rb"(?:%b)()|(?:%b)()|(?:[^:]*+:)+?(?=[0-9]{2}:[0-9]{2})" % (b"|".join(LEADING_HINTS), b"|".join(FIELD_HINTS))
).match
AT_LEADING, AT_FIELD = 1, 2
_STRUCTURED = re.compile(b"|".join(FIELD_HINTS)).match
_BY_START = sorted(((lead, form) for form in CLOCKED for lead in form.leads), key=lambda pair: -pair[0])


class Found(NamedTuple):
    """A text that has a time's shape, whether or not there is such a time."""

    form: Format
    match: re.Match[bytes]
    text: bytes  # in which it matches: the line, or the value of its time field


def find(line: bytes) -> Found | None:
    """The text that decides about a line's time."""
    if (found := _leading(line)) is not None:
        return found
    if _STRUCTURED(line, 0, WINDOW):
        for field in itertools.islice(fields(line), FIELDS):
            if (found := _of_value(_value(field))) is not None:
                return found
    return clocked(line)


def _of_value(value: bytes) -> Found | None:
    return _leading(value) or clocked(value)


def _value(field: re.Match[bytes]) -> bytes:
    text = field["text"] or field["other"]
    return text if text is not None else field.string[field.start("seconds") : field.end()]


def _leading(line: bytes) -> Found | None:
    for form in LEADING:
        match = form.pattern.match(line, 0, WINDOW)
        if match is not None:
            return Found(form, match, line)
    return None


def clocked(line: bytes) -> Found | None:
    """The earliest text in the line's window that has the shape of a clocked format."""
    for landmark in LANDMARK.finditer(line, 0, WINDOW):
        for lead, form in _BY_START:
            start = landmark.start() - lead
            match = form.pattern.match(line, start) if start >= 0 else None
            if match is not None:
                return Found(form, match, line)
    return None


def formats(lines: Iterable[bytes]) -> Mapping[str, int]:
    """How many of some lines have a time in which format, the most frequent first; `none` are those that have none.

    The name of a format is that in the table, behind `json` or `logfmt` where it stands in a field.
    """
    return dict(Counter(map(_format_of, lines)).most_common())


def _format_of(line: bytes) -> str:
    found = find(line)
    if found is None:
        return "none"
    if found.text is line:
        return found.form.name
    return f"{'json' if line.startswith(b'{') else 'logfmt'} {found.form.name}"


def from_leads(lines: Sequence[bytes]) -> list[bytes]:
    """For each line what begins `LEAD` bytes before its landmark, if that decides and stands no nearer, else nothing.

    Cut so, a text is longer than any in which a landmark stands nearer to its beginning: what is remembered of the one
    kind is never taken for the other.
    """
    return [
        line[at - LEAD - 1 :]
        if (first := FIRST(line, 0, WINDOW)) and not first.lastindex and (at := first.end()) > LEAD
        else b""
        for line in lines
    ]
