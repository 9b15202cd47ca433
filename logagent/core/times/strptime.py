"""Formats of time as people name them: what strptime(3) and date(1) call directives becomes a regular expression.

A pattern never reads less than the text says: a number ends where its digits do, and numbers without anything between
them have all their digits. White space stands for any amount of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from logagent.core.times.months import MONTH_NAME
from logagent.core.times.zones import ABBREVIATIONS


class BadTimeFormat(ValueError):
    """A format of time that cannot be used; its text says what would be right."""


class Spelling(NamedTuple):
    """A format of time as a regular expression.

    Attributes:
        pattern: its groups are the parts.
        parts: what it names: `year`, `month`, `day`, `day_of_year`, `hour`, `half`, `minute`, `second`, `fraction`,
            `zone`, `zone_behind`, or `seconds` since the epoch.
    """

    pattern: bytes
    parts: frozenset[str]


class _Directive(NamedTuple):
    """What a directive stands for.

    Attributes:
        part: what it names; empty if it says nothing that is not known from the others.
        pattern: of its text where something stands between it and other numbers.
        fixed: of its text beside another number; None: it is no number.
    """

    part: str
    pattern: bytes
    fixed: bytes | None = None


_WHOLE = {"T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "F": "%Y-%m-%d", "r": "%I:%M:%S %p"}
_DAY = (rb"3[01]|[12]\d|[0 ]?[1-9]", rb"0[1-9]|[12]\d|3[01]")
_HOUR = (rb"2[0-3]|[01]\d|[ ]?\d", rb"[01]\d|2[0-3]")
_HALF_HOUR = (rb"1[0-2]|[0 ]?[1-9]", rb"0[1-9]|1[0-2]")
_FRACTION = (rb"\d{1,9}", rb"\d{1,9}")
_WORD = rb"[A-Za-z\x80-\xff]{2,16}\.?"
_HALF = rb"[AaPp]\.?[Mm](?:\.|(?![A-Za-z]))"
_UTC = rb"(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d\d)?(?!\d))?|Z"
_NAMES = b"|".join(sorted(ABBREVIATIONS, reverse=True))
_OFFSET = rb"[+-]\d\d(?::?\d\d)?|Z"

_DIRECTIVES = {
    "Y": _Directive("year", rb"\d{4}", rb"\d{4}"),
    "y": _Directive("year", rb"\d\d", rb"\d\d"),
    "m": _Directive("month", rb"1[0-2]|0?[1-9]", rb"0[1-9]|1[0-2]"),
    **dict.fromkeys("bBh", _Directive("month", MONTH_NAME)),
    **dict.fromkeys("de", _Directive("day", *_DAY)),
    "j": _Directive("day_of_year", rb"3[0-6]\d|[0-2]\d\d|[1-9]\d?", rb"3[0-6]\d|[0-2]\d\d"),
    **dict.fromkeys("Hk", _Directive("hour", *_HOUR)),
    **dict.fromkeys("Il", _Directive("hour", *_HALF_HOUR)),
    **dict.fromkeys("pP", _Directive("half", _HALF)),
    "M": _Directive("minute", rb"[0-5]?\d", rb"[0-5]\d"),
    "S": _Directive("second", rb"60|[0-5]?\d", rb"60|[0-5]\d"),
    **dict.fromkeys("fN", _Directive("fraction", *_FRACTION)),
    "L": _Directive("fraction", rb"\d{3}", rb"\d{3}"),
    "z": _Directive("zone", _OFFSET),
    "s": _Directive("seconds", rb"\d{1,10}", rb"\d{10}"),
    **dict.fromkeys("aA", _Directive("", _WORD)),
    **dict.fromkeys("uw", _Directive("", rb"[0-7]", rb"[0-7]")),
}
KNOWN = "%Y %y %m %b %B %d %e %j %a %A %H %I %p %M %S %f %L %N %z %Z %s %T %R %D %F %r %%"
"""The directives that people are told of."""
_TOKEN = re.compile(r"%[-_0^#]?(?P<width>[1-9]?)(?P<letter>:?.)|\s+|[^%\s]+|%", re.DOTALL)
_SHORTHAND = re.compile("%%|%([TRDFr])")
_NEEDS = (
    ("fraction", ("second", "seconds"), "%f needs %S"),
    ("second", ("minute",), "%S needs %M"),
    ("minute", ("hour",), "%M needs %H, or %I and %p"),
    ("half", ("hour",), "%p needs %I"),
    ("day", ("month",), "%d needs %m or %b"),
    ("month", ("day",), "%m and %b need %d"),
    ("day_of_year", ("year",), "%j needs %Y"),
    ("year", ("day", "day_of_year"), "%Y needs %m and %d, or %j"),
    ("zone", ("hour", "seconds"), "%z and %Z need a clock, such as %H:%M:%S"),
)


def spelling(text: str) -> Spelling:
    """Return what a format of time stands for.

    Raises:
        BadTimeFormat: when it holds an unknown directive, names something twice, or lacks what a time needs.
    """
    tokens = list(_TOKEN.finditer(_SHORTHAND.sub(lambda found: _WHOLE.get(found[1], "%%"), text)))
    named = [_named(token) for token in tokens]
    letters = [token["letter"] for token in tokens if token["letter"] not in (None, "%")]
    parts = _parts(named, letters)
    last = len(tokens) - 1
    pattern = b"".join(
        _pattern(token, named[at], [_is_number(named[near]) for near in (at - 1, at + 1) if 0 <= near <= last], parts)
        for at, token in enumerate(tokens)
    )
    end = rb"(?!\d)" if named and _is_number(named[-1]) else b""
    return Spelling(pattern + end, parts)


def _named(token: re.Match[str]) -> _Directive | None:
    """Return the directive that a token is, None if it is text."""
    letter, width = token["letter"], token["width"]
    if not token[0].startswith("%"):
        return None
    if letter is None:
        raise BadTimeFormat("ends with a single %; a percent sign is written %%")
    letter = letter.removeprefix(":") if letter == ":z" else letter
    if letter == "%":
        return None
    if letter == "Z":
        return _Directive("zone_behind", b"")
    if letter not in _DIRECTIVES or (width and letter not in "fN"):
        raise BadTimeFormat(f"{token[0]} is not known; known are {KNOWN}")
    if width:
        digits = rb"\d{%d}" % int(width)
        return _Directive("fraction", digits, digits)
    return _DIRECTIVES[letter]


def _parts(named: list[_Directive | None], letters: list[str]) -> frozenset[str]:
    """Return what a format names, which makes a time."""
    parts: dict[str, str] = {}
    for directive, letter in zip(filter(None, named), letters, strict=True):
        if directive.part in parts:
            raise BadTimeFormat(f"%{parts[directive.part]} and %{letter} both give the {directive.part}; write one")
        if directive.part:
            parts[directive.part] = letter
    if "zone_behind" in parts and "zone" not in parts:
        parts["zone"] = parts.pop("zone_behind")
    _check(parts)
    return frozenset(parts)


def _check(parts: dict[str, str]) -> None:
    if not {"hour", "day", "day_of_year", "seconds"} & parts.keys():
        raise BadTimeFormat("names neither a date nor a clock; such a format is %Y-%m-%d %H:%M:%S")
    if parts.get("hour") in ("I", "l") and "half" not in parts:
        raise BadTimeFormat(f"%{parts['hour']} needs %p, since a clock of twelve hours comes twice a day; or write %H")
    if "seconds" in parts and parts.keys() - {"seconds", "fraction"}:
        raise BadTimeFormat("%s is a whole time by itself; leave out the rest, or write it as text")
    if "day_of_year" in parts and "month" in parts:
        raise BadTimeFormat("%j is a date with %Y; leave out the month and the day")
    for part, needed, message in _NEEDS:
        if part in parts and parts.keys().isdisjoint(needed):
            raise BadTimeFormat(message)


def _is_number(directive: _Directive | None) -> bool:
    return directive is not None and directive.fixed is not None


def _pattern(token: re.Match[str], directive: _Directive | None, beside: list[bool], parts: frozenset[str]) -> bytes:
    """Return the pattern of a token.

    Args:
        beside: whether each of its neighbours is a number.
    """
    if directive is None:
        text = "%" if token["letter"] == "%" else token[0]
        return rb"\s+" if text.isspace() else re.escape(text.encode("utf-8", "surrogateescape"))
    if directive.part == "zone_behind":
        return _zone(b"zone_behind" if "zone_behind" in parts else b"zone")
    digits = directive.fixed if directive.fixed is not None and any(beside) else directive.pattern
    if not directive.part:
        return b"(?:" + digits + b")"
    return b"(?P<" + directive.part.encode() + b">" + digits + b")"


def _zone(group: bytes) -> bytes:
    """Return the pattern of a zone's name, of which only one that has one meaning counts."""
    return rb"(?:(?P<%b>%b|%b)|[A-Za-z]{1,6})(?![A-Za-z/])" % (group, _UTC, _NAMES)
