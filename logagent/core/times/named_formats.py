"""Named formats: where the lines of some files state their times, and how, as the operator says it.

A named format goes before all that is found out about a file. It stands at the beginning of a line, at the beginning of
one of its columns, or of the value of a field of JSON or logfmt.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from logagent.core.globs import fits
from logagent.core.times.decided_formats import CLOCK_ALONE
from logagent.core.times.formats import Format, Instant, dated, epoch, latest, numbered
from logagent.core.times.locating import MAX_FIELDS, SEEN
from logagent.core.times.months import is_month
from logagent.core.times.places import Kind, TimePlace
from logagent.core.times.strptime import BadTimeFormat, Spelling, spelling
from logagent.core.times.structured_fields import is_nested

MAX_COLUMN = 1000
"""The last column that can be named: more than any table of a log has."""

Find = Callable[[bytes], re.Match[bytes] | None]
"""Finds the time of a line: a match with the groups of a `Spelling`, and `time`, which is all of it."""

_BEFORE = rb"(?:\xef\xbb\xbf)?+(?:\x1b\[[\d;]*+m)*+"
"""What may stand before a line's beginning: a byte order mark, colours."""


@dataclass(frozen=True, slots=True, eq=False)
class NamedFormat:
    """A format of time that was named, at its place.

    Attributes:
        form: its name is the text that was given.
        place: where it stands.
        parts: what it names, see `Spelling`.
        zone: of its times if they name none; None: that of the file.
        find: finds the time of a line.
    """

    form: Format
    place: TimePlace
    parts: frozenset[str]
    zone: datetime.tzinfo | None
    find: Find = field(repr=False)

    @property
    def omits_year(self) -> bool:
        """Whether its dates name no year."""
        return "month" in self.parts and "year" not in self.parts

    @property
    def omits_day(self) -> bool:
        """Whether it is a clock alone."""
        return self.form.instant is CLOCK_ALONE.instant

    def zone_or(self, zone: datetime.tzinfo) -> datetime.tzinfo:
        """Return its zone, or else that of the file."""
        return self.zone or zone


def named_format(
    text: str,
    *,
    zone: datetime.tzinfo | None = None,
    column: int | None = None,
    field: str = "",
    separator: str = "",
) -> NamedFormat:
    """Return the format that a text in the terms of strptime names.

    Args:
        text: such as `%d/%m/%y %H.%M`; other characters stand for themselves.
        zone: of times that name none; None: that of the file.
        column: the time begins with so manieth a word, counted from 1; None: with the line, or in a field.
        field: the name of a field of JSON or logfmt; empty: none.
        separator: what stands between columns; empty: white space.

    Raises:
        BadTimeFormat: when that cannot be used.
    """
    if column is not None and field:
        raise BadTimeFormat("a column and a field are both named; name one of them")
    if separator and column is None:
        raise BadTimeFormat("a separator is named, but no column")
    if column is not None and not 1 <= column <= MAX_COLUMN:
        raise BadTimeFormat(f"column must be a number from 1 to {MAX_COLUMN}")
    spelled = spelling(text)
    time = b"(?P<time>" + spelled.pattern + b")"
    form = Format(text, re.compile(time), _instant(spelled))
    if field:
        place, find = TimePlace(Kind.FIELD, field), _in_field(field, form.pattern.match)
    else:
        place = TimePlace(Kind.TEXT, text, (column or 1) - 1)
        find = _within_sight(re.compile(_BEFORE + _columns_before(column or 1, separator) + time).match)
    return NamedFormat(form, place, spelled.parts, zone, find)


def _instant(spelled: Spelling) -> Instant:
    parts = spelled.parts
    if "seconds" in parts:
        return epoch
    if "day_of_year" in parts:
        return numbered
    if "month" in parts:
        return _with_month(dated if "year" in parts else latest)
    return CLOCK_ALONE.instant


def _with_month(instant: Instant) -> Instant:
    return lambda found, wall_clock: instant(found, wall_clock) if is_month(found["month"]) else None


def _columns_before(column: int, separator: str) -> bytes:
    """Return the pattern of what stands before a column."""
    if not separator:
        return rb"\s*+(?:\S++\s++){%d}+" % (column - 1) if column > 1 else b""
    mark = re.escape(separator.encode("utf-8", "surrogateescape"))
    return rb"(?:(?:(?!%b).)*+%b){%d}+\s*+\"?+" % (mark, mark, column - 1)


def _within_sight(match: Callable[[bytes, int, int], re.Match[bytes] | None]) -> Find:
    return lambda line: match(line, 0, SEEN)


def _in_field(name: str, match: Find) -> Find:
    text = re.escape(name.encode("utf-8", "surrogateescape"))
    value = rb'(?:"(?P<quoted>[^"\\]*+(?:\\.[^"\\]*+)*+)"|(?P<bare>[^\s,}\]"]++))'
    members = re.compile(rb'"%b"\s*+:\s*+' % text + value).finditer
    pair = re.compile(
        rb'(?:(?!%b=)[^\s"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+")?+[^\s"]*+\s++)*+%b=' % (text, text)
        + rb'(?:"(?P<quoted>[^"\\]*+(?:\\.[^"\\]*+)*+)"|(?P<bare>\S++))'
    ).match

    def find(line: bytes) -> re.Match[bytes] | None:
        line = line[:SEEN]
        begin = line.find(b"{")
        whole = b"{" + line.strip() if is_member(line) else line[begin:] if begin >= 0 else b""
        fields = (
            found for found in itertools.islice(members(whole), MAX_FIELDS) if not is_nested(whole, found.start())
        )
        found = next(fields, None) or pair(line.lstrip())
        return match(_unescaped(found)) if found is not None else None

    return find


def is_member(line: bytes) -> bool:
    """Return whether a line may be by itself a member of an object that is printed over many lines."""
    return line[:1].isspace() and line.lstrip()[:1] == b'"'


def depth_of(line: bytes) -> int:
    """Return how far a line is indented."""
    return len(line) - len(line.lstrip())


def _unescaped(field: re.Match[bytes]) -> bytes:
    """Return the value of a field; of JSON's escapes those count that a time may hold."""
    value = field["quoted"] if field["quoted"] is not None else field["bare"]
    return value.replace(rb"\/", b"/").strip()


class FormatRule(NamedTuple):
    """A named format, and the files that it is for.

    Attributes:
        files: globs.
    """

    files: tuple[str, ...]
    named: NamedFormat


class FormatRules:
    """Named formats by the names of files: the first rule of which a glob matches counts.

    Args:
        rules: in their order.
    """

    def __init__(self, rules: Sequence[FormatRule] = ()) -> None:
        self._rules = tuple(rules)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._rules)

    def named_for(self, names: Iterable[str]) -> NamedFormat | None:
        """Return the format that is named for a file, None if none is.

        Args:
            names: all names that the file, and the log that it belongs to, go by.
        """
        names = set(names)
        for files, named in self._rules:
            if any(fits(glob, name) for glob in files for name in names):
                return named
        return None


def format_rules(given: Iterable[tuple[tuple[str, ...], str, Mapping[str, Any]]]) -> FormatRules:
    """Return the rules that were given.

    Args:
        given: for each its globs, its format, and the further arguments of `named_format` by name.

    Raises:
        BadTimeFormat: for a format that cannot be used; it names the globs.
    """
    rules = []
    for files, text, how in given:
        try:
            rules.append(FormatRule(files, named_format(text, **how)))
        except BadTimeFormat as error:
            raise BadTimeFormat(f"{', '.join(files)}: {text}: {error}") from None
    return FormatRules(rules)
