"""Places: where in a line a time stands, so that a file's own times can be told from those that its messages mention.

A program writes the time of each line at the same place: at the line's beginning, behind the same number of words, in
the same field. What a message mentions stands anywhere. `judgement` finds out which places of a file hold its times.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from logagent.core.times.decided_formats import DECIDED, EPOCH_COLUMN
from logagent.core.times.locating import (
    MAX_FIELDS,
    WINDOW,
    FoundTime,
    clocked_times,
    find_in_value,
    find_leading,
    find_wrapping,
    found_in,
    is_coloured,
    is_structured,
    value_of,
    without_colours,
)
from logagent.core.times.structured_fields import is_nested, is_object, name_of, preference, time_fields

MAX_CANDIDATES = 4
"""Times of a line that are looked at: its own is among the first, and each takes some microseconds."""


REPEATED = "set_timestamp"
"""The name of a format that says again within an event of MySQL's slow log when that was."""


class Kind(IntEnum):
    """The kinds of places."""

    START = 0
    """The line's beginning, in a format that counts only there."""
    FIELD = 1
    """A field of a JSON object."""
    PAIR = 2
    """A field of a logfmt line."""
    MEMBER = 3
    """A line by itself of a JSON object that is printed over many lines."""
    TEXT = 4
    """Behind a number of words."""


IN_FIELDS = (Kind.FIELD, Kind.PAIR, Kind.MEMBER)
"""The kinds of places within structures."""


class TimePlace(NamedTuple):
    """Where a time stands in a line.

    Attributes:
        kind: what decides about the place.
        name: of the format, or of the field.
        column: words before the time, or the depth of indentation of a member.
        opening: what stands directly before the time, its letters as `a` and its digits as `0`.
        lead: how the line begins, if words stand before the time: with a level (`L`), or indented (`I`).
    """

    kind: Kind
    name: str
    column: int = 0
    opening: bytes = b""
    lead: str = ""

    @property
    def is_first(self) -> bool:
        """Whether nothing but punctuation stands before the time, and the line is not indented."""
        if self.kind is Kind.TEXT:
            return not self.column and not self.is_indented and b"a" not in self.opening
        return self.kind is Kind.START or (self.kind is not Kind.MEMBER and self.has_good_name)

    @property
    def is_at_head(self) -> bool:
        """Whether at most the line's level stands before the time."""
        return self.is_first or (self.kind is Kind.TEXT and self.lead == "L" and self.column == 1)

    @property
    def is_indented(self) -> bool:
        """Whether the line of a time behind words begins with a space."""
        return self.kind is Kind.TEXT and (self.lead == "I" or self.opening[:1] == b" ")

    @property
    def has_good_name(self) -> bool:
        """Whether the name of the field that holds the time is one of times."""
        return self.kind in IN_FIELDS and preference(self.name) < 3

    @property
    def is_of_another(self) -> bool:
        """Whether the name of the field that holds the time is one of other times than the line's."""
        return self.kind in IN_FIELDS and preference(self.name) > 3

    @property
    def structure(self) -> str:
        """The name of the structure that holds the time as a field; empty if none does."""
        return {Kind.FIELD: "json", Kind.MEMBER: "json", Kind.PAIR: "logfmt"}.get(self.kind, "")


class Candidate(NamedTuple):
    """A time in a line that may be the line's own.

    Attributes:
        place: where it stands.
        found: the time.
        heads: whether it stands where programs write a line's time, rather than within a sentence.
        labelled: whether the words before it say that something begins or ends then.
    """

    place: TimePlace
    found: FoundTime
    heads: bool
    labelled: bool = False


_LEVEL = re.compile(
    rb"(?i)[\[<(|]?(?:trace|debug|verbose|fine|finer|finest|config|info|notice|log|warn|warning|err|error|crit|critical|fatal"
    rb"|severe|alert|emerg|panic|audit|[DIWEFVT])[\])>|]?:?"
)
_WORD = re.compile(rb"[a-z]{2,}")
_LABEL = re.compile(
    rb"(?i)\W*(?:(?:script|log|session|job|date|time|start|end|stop|begin|finish|done)(?:ed|ing)?\W+){1,3}(?:(?:at|on)\W+)?"
)
_OF_ANOTHER = re.compile(
    rb"(?i)\b(?:buil[dt]|compiled|releas|version|v\d+\.\d|until|since|expire|valid|created|modified)"
)
_MEMBER = re.compile(rb'[ \t]+"')
_BEFORE_VALUE = re.compile(rb'"([^"\\]{1,64})"\s*:\s*"\Z')
_SEPARATOR = re.compile(rb"[\s,;|]+")
_BRACKETED = re.compile(rb"\[[^\]]*+\]|\{[^}]*+\}|\"[^\"]*+\"")
_UNSEEN = re.compile(rb"\xef\xbb\xbf|\x1b\[[\d;]*+m")
_LETTERS = re.compile(rb"[^\W\d_]+")
_DIGITS = re.compile(rb"\d+")
_MASKED = 12
"""Bytes before a time that tell places apart."""


def candidates(line: bytes) -> Iterator[Candidate]:
    """Yield the times in a line, those first that are more likely its own; see `MAX_CANDIDATES`."""
    return itertools.islice(_candidates(line), MAX_CANDIDATES)


def _candidates(line: bytes) -> Iterator[Candidate]:
    if (wrapping := find_wrapping(line)) is not None:
        line = line[wrapping.end() :]
    text = without_colours(line) if is_coloured(line) else line
    if (found := find_leading(text)) is not None:
        yield Candidate(TimePlace(Kind.START, found.form.name), found, heads=True)
    if is_structured(text, 0, WINDOW):
        yield from _in_fields(text, Kind.FIELD if is_object(text) else Kind.PAIR, 0)
    if _MEMBER.match(line):
        yield from _in_printed(line)
        return
    first = None
    for found in clocked_times(text, DECIDED):
        first = found.match.start() if first is None else first
        if is_object(text):
            yield from _in_member(text, found, Kind.FIELD, 0)
        else:
            before, here = text[: found.match.start()], found if text is line else found_in(line, found)
            yield _in_text(before, here, is_first=first == found.match.start())
    if not is_object(text):
        yield from _in_columns(text)


def _in_columns(line: bytes) -> Iterator[Candidate]:
    for match in EPOCH_COLUMN.pattern.finditer(line, 0, WINDOW):
        before = _SEPARATOR.split(line[: match.start()])
        place = TimePlace(Kind.TEXT, EPOCH_COLUMN.name, len(before), _masked(before[-1]))
        yield Candidate(place, FoundTime(EPOCH_COLUMN, match, line), heads=True)


def _in_fields(line: bytes, kind: Kind, column: int) -> Iterator[Candidate]:
    for field in itertools.islice(time_fields(line), MAX_FIELDS):
        if (found := find_in_value(value_of(field))) is not None:
            yield Candidate(TimePlace(kind, name_of(field), column), found, heads=True)


def _in_printed(line: bytes) -> Iterator[Candidate]:
    """Yield the times in a line of an object that is printed over many lines."""
    depth = len(line) - len(line.lstrip())
    member = b"{" + line.strip().rstrip(b",") + b"}"
    yield from _in_fields(member, Kind.MEMBER, depth)
    for found in clocked_times(member, DECIDED):
        yield from _in_member(member, found, Kind.MEMBER, depth)


def _in_member(line: bytes, found: FoundTime, kind: Kind, column: int) -> Iterator[Candidate]:
    """Yield a time in an object's own member of any name, if its value begins with the time."""
    before = line[: found.match.start()]
    name = _BEFORE_VALUE.search(before)
    if name is not None and not is_nested(line, len(before)):
        yield Candidate(TimePlace(kind, name[1].decode("utf-8", "replace"), column), found, heads=True)


def _in_text(before: bytes, found: FoundTime, *, is_first: bool) -> Candidate:
    place = place_behind(before, found.form.name)
    labelled = _LABEL.fullmatch(before) is not None
    heads = labelled or (is_first and _OF_ANOTHER.search(before) is None and _is_head(before, place))
    return Candidate(place, found, heads, labelled)


def _is_head(before: bytes, place: TimePlace) -> bool:
    if place.column <= 1 or (place.name == "common" and place.opening == b"["):
        return True
    return len(_WORD.findall(_BRACKETED.sub(b"", before))) < 2


def place_behind(before: bytes, name: str) -> TimePlace:
    """Return the place of a time in a text.

    Args:
        before: what stands before the time in its line.
        name: of the time's format.
    """
    before = _UNSEEN.sub(b"", before)
    words = _BRACKETED.sub(b"[]", before).split()
    glued = b"" if not words or before[-1:].isspace() else words.pop()
    opening = _masked(glued[-_MASKED:])
    if not words:
        return TimePlace(Kind.TEXT, name, 0, (b" " if before[:1].isspace() else b"") + opening)
    lead = "I" if before[:1].isspace() else "L" if _LEVEL.fullmatch(words[0]) else ""
    return TimePlace(Kind.TEXT, name, len(words), opening, lead)


def _masked(text: bytes) -> bytes:
    return _DIGITS.sub(b"0", _LETTERS.sub(b"a", text))
