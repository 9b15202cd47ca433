"""Zones as times name them: offsets, UTC, and the usual abbreviations.

An abbreviation that several parts of the world use says nothing: a time with one is read as if it named no zone, and is
then in the zone given for the file, which is the writer's own as a rule. Names such as Europe/Berlin are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from logagent.core.units import HOUR, MINUTE

_HOURS = """
WET 0 WEST 1 CET 1 CEST 2 MET 1 MEST 2 MEZ 1 MESZ 2 EET 2 EEST 3 MSK 3 MSD 4
EST -5 EDT -4 CDT -5 MST -7 MDT -6 PST -8 PDT -7 AKST -9 AKDT -8 HST -10 NST -3.5 NDT -2.5 BRT -3
PKT 5 NPT 5.75 WIB 7 HKT 8 SGT 8 JST 9 KST 9 SAST 2
AWST 8 ACST 9.5 ACDT 10.5 AEST 10 AEDT 11 NZST 12 NZDT 13
"""
AMBIGUOUS = frozenset(b"ADT AMT AST BDT BST CST ECT GST ICT IST LMT PYT SST WAT WST".split())
"""Abbreviations with several meanings: CST is used in North America, Cuba and China, IST in India, Israel and Ireland,
BST in Britain and Bangladesh."""
ABBREVIATIONS: dict[bytes, int] = {
    name.encode(): round(float(hours) * HOUR) for name, hours in re.findall(r"(\w+) (\S+)", _HOURS)
}
"""Nanoseconds east of UTC of each abbreviation that has one meaning, or one that all others are rare beside."""


def offset_of(zone: bytes) -> int | None:
    """Return the nanoseconds east of UTC that a zone stands for; None if there is no such offset.

    Args:
        zone: one of `ABBREVIATIONS`, or Z, UTC or GMT, or an offset, perhaps behind one of these. Three digits are
            minutes, as DB2 writes them.
    """
    zone = zone.strip()
    if zone in ABBREVIATIONS:
        return ABBREVIATIONS[zone]
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
