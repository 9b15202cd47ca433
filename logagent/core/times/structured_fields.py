"""Time fields of structured lines: finds the field of a JSON object or a logfmt line that states its time.

A line that begins with `{` is a JSON object, a line that begins with `name=` is logfmt. The earliest field that has the
name of a time (such as `time` or `ts`) and whose value is a time decides, whatever times are in other fields. It is
searched for in the first `HEAD` bytes, and in the last `TAIL` bytes of a JSON object, where Docker writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from logagent.core.times.formats import EPOCH_FRACTION, EPOCH_SECONDS

HEAD = 4096
"""Bytes from a line's beginning in which a time field is searched for: some programs write it after the message."""
TAIL = 256
"""Bytes up to a line's end in which a time field is searched for: more than Docker writes after the message."""
LONGEST = 64 * 1024
"""Bytes of the longest line whose tail is searched: Docker cuts lines at 16 KiB, before it escapes them."""

_NAMES = (
    rb"(?:t(?:ime(?:[Ss]tamp|Millis|_local|_iso8601)?|s)?|@t(?:imestamp|s)?|T(?:ime(?:[Ss]tamp)?|IME(?:STAMP)?|S)"
    rb"|[Dd]ate(?:_?[Tt]ime)?|asctime|event_?[Tt]ime|_time|__REALTIME_TIMESTAMP)"
)
_NUMBER = EPOCH_SECONDS + EPOCH_FRACTION
_NAME = rb"[A-Za-z_@][\w.@-]{0,63}+"
FIELD_HINTS = (rb"\{", _NAME + b"=")
"""Patterns one of which matches the beginning of every structured line."""
TEXT_GROUPS = ("text", "other")
"""The groups of a time field's match that hold a value to be read like a line."""

# Text within a string never looks like a member's name, since quotes are escaped there. MongoDB writes an object in
# place of a time: {"$date":"2000-10-10T13:55:36.123+00:00"}
_MEMBER = re.compile(
    rb'"(?=[@_DTadet])' + _NAMES + rb'"\s*+:\s*+(?:\{\s*+"\$date"\s*+:\s*+)?'
    rb'(?:"(?P<text>[^"\\]++)"|' + _NUMBER + rb"(?=[\s,}\]])|(?P<other>[\d.eE+-]++)(?=[\s,}\]]))"
)
_PAIR = rb"(?!" + _NAMES + rb'=)[^\s"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+")?+[^\s"]*+\s++'
_LOGFMT = (
    rb"\s*+(?:" + _PAIR + rb")*+" + _NAMES + rb'=(?:"(?P<text>[^"\\]++)"|' + _NUMBER + rb"(?=\s|\Z)|(?P<other>\S++))"
)
_next_pair = re.compile(_LOGFMT).match
_first_pair = re.compile(rb"(?!node=|type=)(?=" + _NAME + rb"=)" + _LOGFMT).match


def time_fields(line: bytes) -> Iterator[re.Match[bytes]]:
    """Find the fields of a structured line that have a time's name, whether or not their values are times.

    Returns:
        Matches, the earliest first. One of the `TEXT_GROUPS` holds the value, or else `seconds`, `fraction` and `more`
        hold an epoch time's digits.
    """
    return _members(line) if line.startswith(b"{") else _pairs(line)


def first_time_field(line: bytes) -> re.Match[bytes] | None:
    """Find the first time field in the first `HEAD` bytes of a structured line."""
    return _MEMBER.search(line, 0, HEAD) if line.startswith(b"{") else _next_pair(line, 0, HEAD)


def values_of_members(lines: Sequence[bytes]) -> list[bytes]:
    """Return the first time field's value for each JSON line; empty for other lines, and for an epoch time."""
    find = _MEMBER.search
    return [
        field[1] if line[:1] == b"{" and (field := find(line, 0, HEAD)) and field.lastindex == 1 else b""
        for line in lines
    ]


def values_of_pairs(lines: Sequence[bytes]) -> list[bytes]:
    """Return the first time field's value for each logfmt line; empty for other lines, and for an epoch time."""
    find = _first_pair
    return [
        field[field.lastgroup] if (field := find(line, 0, HEAD)) and field.lastgroup in TEXT_GROUPS else b""
        for line in lines
    ]


def number_of_member(line: bytes) -> re.Match[bytes] | None:
    """Find the first time field of a JSON line, if it is an epoch time."""
    field = _MEMBER.search(line, 0, HEAD) if line[:1] == b"{" else None
    return None if field is None or field.lastgroup in TEXT_GROUPS else field


def number_of_pair(line: bytes) -> re.Match[bytes] | None:
    """Find the first time field of a logfmt line, if it is an epoch time."""
    field = _first_pair(line, 0, HEAD)
    return None if field is None or field.lastgroup in TEXT_GROUPS else field


def _members(line: bytes) -> Iterator[re.Match[bytes]]:
    yield from _MEMBER.finditer(line, 0, HEAD)
    if HEAD < len(line) <= LONGEST:
        yield from _MEMBER.finditer(line, len(line) - TAIL)


def _pairs(line: bytes) -> Iterator[re.Match[bytes]]:
    at = 0
    while found := _next_pair(line, at, HEAD):
        yield found
        at = found.end()
