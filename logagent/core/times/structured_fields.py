"""Time fields of structured lines: where in a JSON object or a logfmt line its time stands.

A line that begins with `{` is a JSON object, one that begins with `name=` is logfmt. In these the earliest field with
a time's name (`time`, `ts` and the like) and a time's value decides, wherever it stands, and whatever dates are in
other fields. It is looked for in the first `HEAD` bytes, and in a JSON object's last `TAIL`, where Docker writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from logagent.core.times.formats import EPOCH_FRACTION, EPOCH_SECONDS

HEAD = 4096  # bytes from a line's beginning in which a time field is looked for: some write it after the message
TAIL = 256  # bytes up to a line's end, likewise: more than all that Docker writes after the message
LONGEST = 64 * 1024  # bytes of a line whose tail is looked at: Docker cuts lines at 16 KiB, before it escapes them

_NAMES = (
    rb"(?:t(?:ime(?:[Ss]tamp|Millis|_local|_iso8601)?|s)?|@t(?:imestamp|s)?|T(?:ime(?:[Ss]tamp)?|IME(?:STAMP)?|S)"
    rb"|[Dd]ate(?:_?[Tt]ime)?|asctime|event_?[Tt]ime|_time|__REALTIME_TIMESTAMP)"
)
_NUMBER = EPOCH_SECONDS + EPOCH_FRACTION
_NAME = rb"[A-Za-z_@][\w.@-]{0,63}+"
FIELD_HINTS = (rb"\{", _NAME + b"=")
TEXTS = ("text", "other")  # the groups that hold a value to be read like a line

# Text within a string never looks like a member's name, for there its quotes are escaped. MongoDB has an object for a
# time: {"$date":"2000-10-10T13:55:36.123+00:00"}
JSON = re.compile(
    rb'"(?=[@_DTadet])' + _NAMES + rb'"\s*+:\s*+(?:\{\s*+"\$date"\s*+:\s*+)?'
    rb'(?:"(?P<text>[^"\\]++)"|' + _NUMBER + rb"(?=[\s,}\]])|(?P<other>[\d.eE+-]++)(?=[\s,}\]]))"
)
_PAIR = rb"(?!" + _NAMES + rb'=)[^\s"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+")?+[^\s"]*+\s++'
_LOGFMT = (
    rb"\s*+(?:" + _PAIR + rb")*+" + _NAMES + rb'=(?:"(?P<text>[^"\\]++)"|' + _NUMBER + rb"(?=\s|\Z)|(?P<other>\S++))"
)
_next_pair = re.compile(_LOGFMT).match
_first_pair = re.compile(rb"(?!node=|type=)(?=" + _NAME + rb"=)" + _LOGFMT).match


def fields(line: bytes) -> Iterator[re.Match[bytes]]:
    """The time fields of a structured line, earliest first, whether or not their values are times.

    Of each one, a group of `TEXTS` holds the value, or `seconds`, `fraction` and `more` an epoch time's digits.
    """
    return _members(line) if line.startswith(b"{") else _pairs(line)


def first_field(line: bytes) -> re.Match[bytes] | None:
    """The first of the fields in a structured line's first `HEAD` bytes."""
    return JSON.search(line, 0, HEAD) if line.startswith(b"{") else _next_pair(line, 0, HEAD)


def values_of_members(lines: Sequence[bytes]) -> list[bytes]:
    """For each line its first time field's value if the line is JSON and that is a text, else nothing."""
    find = JSON.search
    return [
        field[1] if line[:1] == b"{" and (field := find(line, 0, HEAD)) and field.lastindex == 1 else b""
        for line in lines
    ]


def values_of_pairs(lines: Sequence[bytes]) -> list[bytes]:
    """For each line its first time field's value if the line is logfmt and that is a text, else nothing."""
    find = _first_pair
    return [
        field[field.lastgroup] if (field := find(line, 0, HEAD)) and field.lastgroup in TEXTS else b"" for line in lines
    ]


def number_of_member(line: bytes) -> re.Match[bytes] | None:
    """The first time field of a JSON line, if that is an epoch time."""
    field = JSON.search(line, 0, HEAD) if line[:1] == b"{" else None
    return None if field is None or field.lastgroup in TEXTS else field


def number_of_pair(line: bytes) -> re.Match[bytes] | None:
    """The first time field of a logfmt line, if that is an epoch time."""
    field = _first_pair(line, 0, HEAD)
    return None if field is None or field.lastgroup in TEXTS else field


def _members(line: bytes) -> Iterator[re.Match[bytes]]:
    yield from JSON.finditer(line, 0, HEAD)
    if HEAD < len(line) <= LONGEST:
        yield from JSON.finditer(line, len(line) - TAIL)


def _pairs(line: bytes) -> Iterator[re.Match[bytes]]:
    at = 0
    while found := _next_pair(line, at, HEAD):
        yield found
        at = found.end()
