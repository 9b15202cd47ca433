"""Zones as times name them: offsets, UTC, and the usual abbreviations.

An abbreviation that several parts of the world use has the meaning that agrees with the zone given for the file, which
is the writer's own as a rule: CST is read on a machine in Chicago or in Shanghai. Where none agrees, it stands for no
offset, so that the time is not read wrong. Names such as Europe/Berlin are not read, nor the few that begin as levels
do, as WAT and WARN: two letters behind a time are to tell a zone from a level.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

from logagent.core.units import HOUR, MINUTE

_HOURS = """
WET 0 WEST 1 CET 1 CEST 2 MET 1 MEST 2 MEZ 1 MESZ 2 EET 2 EEST 3 MSK 3 MSD 4
EST -5 EDT -4 CDT -5 MST -7 MDT -6 PST -8 PDT -7 AKST -9 AKDT -8 HST -10 NST -3.5 NDT -2.5
BRT -3 BRST -2 CLST -3 PETT 12 FKST -3 UYT -3
SAST 2 IRST 3.5 IRDT 4.5 SAMT 4 PKT 5 UZT 5 YEKT 5 NPT 5.75 OMST 6 MMT 6.5 KRAT 7 WIB 7 ICT 7
HKT 8 IRKT 8 MYT 8 PHT 8 SGT 8 ULAT 8 WITA 8 JST 9 KST 9 PWT 9 YAKT 9
AWST 8 ACST 9.5 ACDT 10.5 AEST 10 AEDT 11 CHST 10 CHUT 10 PGT 10 VLAT 10 MAGT 11 PONT 11 SAKT 11 SRET 11
NZST 12 NZDT 13 CHAST 12.75 CHADT 13.75 CIST -8
"""
_WORD_HOURS = "BOT -4 CAT 2 CLT -4 EAT 3 PET -5 WIT 9"
_SMALL = "utc gmt pst pdt edt cest"
_MEANINGS = """
ADT -3 4 AMT -4 4 AST -4 3 BDT 6 8 BST 1 6 11 CST -6 8 ECT -5 -4 GST 4 -2 IST 5.5 2 1 LMT PYT -4 -3
SST -11 8 WGST -2 -1 WST 8 -11 13
"""


def _nanoseconds(hours: str) -> int:
    return round(float(hours) * HOUR)


AMBIGUOUS: Mapping[bytes, frozenset[int]] = {
    name.encode(): frozenset(_nanoseconds(hours) for hours in meanings.split())
    for name, meanings in re.findall(r"([A-Z]+)([ \d.-]*)", _MEANINGS)
}
"""Abbreviations with several meanings, as nanoseconds east of UTC: CST is used in North America and China, IST in
India, Israel and Ireland, BST in Britain, Bangladesh and Bougainville."""
WORDS: Mapping[bytes, int] = {
    name.encode(): _nanoseconds(hours) for name, hours in re.findall(r"(\w+) (\S+)", _WORD_HOURS)
}
"""Abbreviations that are words too, so that they count only where nothing but a bracket or the end follows."""
ABBREVIATIONS: Mapping[bytes, int] = {
    name.encode(): _nanoseconds(hours) for name, hours in re.findall(r"(\w+) (\S+)", _HOURS)
}
"""Nanoseconds east of UTC of each abbreviation that has one meaning, or one that all others are rare beside."""
SMALL = frozenset(name.encode() for name in _SMALL.split())
"""Names that are no words, so that they count in small letters too."""
MINUS = "\N{MINUS SIGN}".encode()
"""The sign that ISO 8601 prefers to the hyphen."""


@functools.lru_cache(256)  # most files have one or two, on every line
def offset_of(zone: bytes) -> int | None:
    """Return the nanoseconds east of UTC that a zone stands for; None if there is no such offset.

    Args:
        zone: one of `ABBREVIATIONS`, `WORDS` or `SMALL`, or Z, UTC or GMT, or an offset, perhaps behind one of these.
            Three digits are minutes, as DB2 writes them.
    """
    zone = zone.strip().replace(MINUS, b"-")
    name = zone.upper()
    if (named := ABBREVIATIONS.get(name, WORDS.get(name))) is not None:
        return named
    if re.match(rb"[A-Za-z]", zone) and not re.match(rb"(?:UTC|GMT|Z\Z)", name):
        return None
    hours, minutes = _hours_and_minutes(re.sub(rb"[^\d:]", b"", zone))
    if zone[:1] in (b"+", b"-") and re.fullmatch(rb"[+-]\d{3}", zone):
        hours, minutes = divmod(int(zone[1:]), 60)
    if hours > 23 or minutes > 59:
        return None
    return (-1 if b"-" in zone else 1) * (hours * HOUR + minutes * MINUTE)


def _hours_and_minutes(digits: bytes) -> tuple[int, int]:
    hours, colon, minutes = digits.partition(b":")
    if not colon and len(digits) > 2:
        hours, minutes = digits[:-2], digits[-2:]
    return int(hours or b"0"), int(minutes or b"0")


def none_of(words: Iterable[bytes], others: bytes) -> bytes:
    """Make a pattern of the shortest text that settles that none of these words stands there.

    Args:
        words: a word counts only where no letter or digit follows.
        others: further characters, as in a set, that settle nothing in the first place.
    """
    words = [word for word in words if word]
    firsts = sorted({word[:1] for word in words})
    branches = [rb"\Z", rb"[^%b%b]" % (others, re.escape(b"".join(firsts)))]
    for first in firsts:
        rests = [word[1:] for word in words if word[:1] == first]
        behind = none_of(rests, b"") if b"" not in rests else _word_goes_on(rests)
        branches.append(re.escape(first) + b"(?:" + behind + b")")
    return b"|".join(branches)


def _word_goes_on(rests: list[bytes]) -> bytes:
    """Make a pattern of what follows a whole word and settles that it is another, longer one."""
    longer = [rest for rest in rests if rest]
    firsts = b"".join(sorted({rest[:1] for rest in longer}))
    branches = [rb"(?![%b])\w" % re.escape(firsts) if firsts else rb"\w"]
    for first in sorted({rest[:1] for rest in longer}):
        inner = [rest[1:] for rest in longer if rest[:1] == first]
        behind = none_of(inner, b"") if b"" not in inner else _word_goes_on(inner)
        branches.append(re.escape(first) + b"(?:" + behind + b")")
    return b"|".join(branches)
