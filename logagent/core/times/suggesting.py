"""Suggestions of formats to name, for files whose times are not trusted, in the terms of strptime.

What looks like a time in most of a file's lines, at one place, is spelled as a format, and tried on the lines. Where
the day and the month may be either way round, both are suggested; times after the last write to the file are none.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from logagent.core.times.judgement import MANY
from logagent.core.times.named_formats import named_format
from logagent.core.times.places import Kind, candidates
from logagent.core.times.stampers import NamedStamper
from logagent.core.times.strptime import BadTimeFormat
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import DAY

MAX_TRIED = 12
"""Formats that are tried on the lines: the most frequent are among them."""
MAX_SUGGESTED = 3
"""Formats that are suggested at most: day first, month first, year first."""
_LONGEST_MARK = 12
"""Bytes of text directly before a time that may be part of its format."""


class Suggestion(NamedTuple):
    """A format that may be named for a file.

    Attributes:
        format: in the terms of strptime.
        column: where it stands, counted from 1; None: at the beginning of the line, or in a field.
        field: the name of a field; empty: none.
        timed: how many of the lines have such a time.
    """

    format: str
    column: int | None
    field: str
    timed: int

    @property
    def exactness(self) -> int:
        """How much it leaves out: 2 for nothing, 1 for the year, 0 for the date."""
        directives = set(re.findall("%(.)", self.format))
        return 2 if directives & {"Y", "y", "s"} else 1 if "d" in directives else 0

    def setting(self, files: str) -> str:
        """Return the setting `time_format` that names it.

        Args:
            files: a glob.
        """
        place = f";field={self.field}" if self.field else f";column={self.column}" if self.column else ""
        return f"{files}={self.format}{place}"


def suggestions(lines: Sequence[bytes], zone: datetime.tzinfo, modified: int) -> list[Suggestion]:
    """Return formats to name for a file, those first that more lines have; none if most lines have no such time.

    Args:
        lines: samples of the file.
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch.
    """
    lines = [line for line in lines if line.strip()]
    seen = Counter(spelled for line in lines for spelled in set(_spelled(line)))
    tried = []
    for text, column, field in [spelled for spelled, _ in seen.most_common(MAX_TRIED)]:
        times = _times(text, column, field, lines, zone, modified)
        if times and len(times) >= MANY * len(lines) and max(times) <= modified + DAY:
            tried.append(Suggestion(text, column, field, len(times)))
    best = max(((each.timed, each.exactness) for each in tried), default=(0, 0))
    return sorted(each for each in tried if (each.timed, each.exactness) == best)[:MAX_SUGGESTED]


def _times(
    text: str, column: int | None, field: str, lines: Sequence[bytes], zone: datetime.tzinfo, modified: int
) -> list[int]:
    """Return the times that lines state in a format; none if it cannot be named."""
    try:
        stamper = NamedStamper(named_format(text, column=column, field=field), WallClock(zone, modified))
    except BadTimeFormat:
        return []
    return [time for time in stamper.stamps(lines) if time is not None]


_YEAR = rb"(?P<year>\d{4}|\d\d)"
_MONTH_DAY = rb"(?P<month>\d\d?)(?P<separator>[./_-])(?P<day>\d\d?)"
_DAY_MONTH = rb"(?P<day>\d\d?)(?P<separator>[./_-])(?P<month>\d\d?)"
_DATES = (
    _DAY_MONTH + rb"(?P=separator)" + _YEAR,
    _MONTH_DAY + rb"(?P=separator)" + _YEAR,
    _YEAR + rb"(?P<separator>[./_-])(?P<month>\d\d?)(?P=separator)(?P<day>\d\d?)",
    rb"(?P<day>\d\d?)[. /-]{0,2}(?P<month>[A-Za-z\x80-\xff]{3,12})[. /-]{0,2}" + _YEAR,
    rb"(?P<month>[A-Za-z\x80-\xff]{3,12})[. /-]{0,2}(?P<day>\d\d?)[, /-]{1,2}" + _YEAR,
)
_YEARLESS = (
    _DAY_MONTH + rb"(?P=separator)?",
    _MONTH_DAY,
    rb"(?P<day>\d\d?)[. -]{0,2}(?P<month>[A-Za-z\x80-\xff]{3,12})\.?",
)
_CLOCK = (
    rb"(?:[T ,;_@-]{1,3}(?:(?:at|um) )?(?P<hour>\d\d?)[:.h-](?P<minute>\d\d)(?:[:.m-](?P<second>\d\d))?"
    rb"(?:[.,](?P<fraction>\d{1,9}))?(?: ?(?P<half>[AaPp][Mm](?![A-Za-z])))?)%b(?!\d)"
)
_JOINED = (
    rb"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)[T_ -]?(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?!\d)"
)
_GUESSES = tuple(
    re.compile(rb"(?<![\w.])" + guess)
    for guess in (*(date + _CLOCK % b"?" for date in _DATES), *(date + _CLOCK % b"" for date in _YEARLESS), _JOINED)
)
_WINDOW = 160
_BEFORE_VALUE = re.compile(rb'(?:"(?P<member>[^"\\\\]{1,64})"\s*:\s*"|(?:\A|\s)(?P<pair>[A-Za-z_@][\w.@-]{0,63})="?)\Z')
_WEEKDAY = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b")


def _spelled(line: bytes) -> Iterator[tuple[str, int | None, str]]:
    """Yield the formats of what may be times in a line, each with its column or field."""
    for candidate in candidates(line):
        found = candidate.found
        if (text := spelled_as_format(found.match)) is not None:
            if candidate.place.kind in (Kind.FIELD, Kind.PAIR):
                yield text, None, candidate.place.name
            elif found.text is line:
                yield from _in_column(line, found.match.start(), text)
    for guess in _GUESSES:
        match = guess.search(line, 0, _WINDOW)
        if match is not None and (text := spelled_as_format(match)) is not None:
            yield from _in_field(line[: match.start()], text) or _in_column(line, match.start(), text)


def _in_field(before: bytes, text: str) -> list[tuple[str, int | None, str]]:
    """Return a format with the name of the field that it begins the value of; nothing if it does not."""
    name = _BEFORE_VALUE.search(before)
    return [] if name is None else [(text, None, (name["member"] or name["pair"]).decode("utf-8", "replace"))]


def _in_column(line: bytes, start: int, text: str) -> Iterator[tuple[str, int | None, str]]:
    before = line[:start]
    words = before.split()
    mark = words.pop() if words and not before[-1:].isspace() else b""
    if len(mark) <= _LONGEST_MARK and not re.search(rb"\d", mark) and not (before[:1].isspace() and not words):
        yield mark.decode("utf-8", "replace").replace("%", "%%") + text, len(words) + 1 if words else None, ""


def spelled_as_format(match: re.Match[bytes]) -> str | None:
    """Return the format of a time in the terms of strptime; None if it cannot be said so.

    Args:
        match: whose groups have the names of the parts of a time.
    """
    spans = sorted((match.span(name), name) for name, text in match.groupdict().items() if text and name in _SAID)
    text, at = "", match.start()
    for (begin, end), name in spans:
        if begin < at:
            return None
        part = match.string[begin:end].decode("utf-8", "replace")
        text += (
            _literal(match.string[at:begin]) + part[: len(part) - len(part.lstrip())] + _directive(name, part, match)
        )
        at = end
    return text + _literal(match.string[at : match.end()]) if spans else None


_SAID = {
    "year": "Y",
    "year_behind": "Y",
    "month": "m",
    "day": "d",
    "day_of_year": "j",
    "hour": "H",
    "minute": "M",
    "second": "S",
    "fraction": "f",
    "half": "p",
    "zone": "z",
    "zone_behind": "z",
    "seconds": "s",
}


def _directive(name: str, part: str, match: re.Match[bytes]) -> str:
    letter, text = _SAID[name], part.strip()
    if letter == "Y" and len(text) == 2:
        letter = "y"
    elif letter == "m" and not text.isdigit():
        letter = "b" if len(text) <= len("June") else "B"
    elif letter == "H" and match.groupdict().get("half"):
        letter = "I"
    elif letter == "z" and text[:1].isalpha() and text not in "Zz":
        letter = "Z"
    return f"%{letter}"


def _literal(text: bytes) -> str:
    return _WEEKDAY.sub("%a", text.decode("utf-8", "replace").replace("%", "%%"))
