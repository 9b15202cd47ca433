"""The table of the names that rotation gives to the older files of a log, its *generations*.

Each row has one example in the tests. A name is read from its end, one suffix after the other: first the suffix of a
compression, then the suffixes that the rows take off. `app-20261123.log.1.gz` loses `.gz`, `.1` and `-20261123`, and is
a generation of `app.log`; the suffix nearest to the log's own name decides its rank. A suffix may stand before the
extension, as the date does here.

If a suffix could also belong to the name of a separate log (`web-1.log`, `10.0.0.1.log`, `server.8080`), a row counts
only if the log without the suffix is in the same directory, or does not count at all. A date always counts, whether
there is a live file or not: some programs write to dated files from the beginning.

Not read: directories named by date, dates such as 11-23-2026, whose month is a guess, and names of weekdays.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Container
from typing import NamedTuple

COMPRESSION_SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".Z", ".zip")
"""The suffixes of compressed files, whether their text can be read or not."""

Rank = tuple[int, int, int]
"""The age of a generation by its name alone: the smaller, the newer."""
Order = tuple[Rank, int, tuple[int, ...]]
"""A rank, and the keys that sort generations of equal rank; see `Rotation.order`."""

_CURRENT = "current"
"""The live file of s6-log, svlogd and multilog."""
LIVE: Rank = (0, 0, 0)
"""The rank of the file that a log is named after."""
_NEWEST: Rank = (0, 0, 1)
"""The rank of a file that is written to, and has a number."""
_DATED, _NUMBERED, _COPIED = 1, 2, 3
_TAI64_EPOCH = 2**62 + 10
"""The second of 1970-01-01T00:00:00 UTC in TAI64; leap seconds since do not change an order."""
_SECONDS_OF_A_DAY = 86_400
_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()


class Rotation(NamedTuple):
    """The place of a file in a log, by its name.

    Attributes:
        log: the name of the log.
        rank: the smaller, the newer.
        counts: numbers behind a date, which count upwards as time goes on.
        live: whether the log itself lies beside the file.
    """

    log: str
    rank: Rank
    counts: tuple[int, ...] = ()
    live: bool = False

    @property
    def numbered(self) -> bool:
        """Whether its place follows from a number, which says less about time than a date does."""
        return self.rank[0] == _NUMBERED

    def order(self, modified: int) -> Order:
        """Return a key that sorts the generations of one log newest first.

        By rank, then by time of modification, since within one date some programs count upwards and some downwards,
        then by count. A file without a count is the first of its date.

        Args:
            modified: in any unit.
        """
        return self.rank, -modified, tuple(-count for count in self.counts) or (1,)

    @property
    def doubtful(self) -> bool:
        """Whether only what the files hold tells that it is a generation: it has a number, and no live file."""
        return self.numbered and not self.live

    def at(self, place: int) -> Rotation:
        """Return it with the number `place` in place of the one in its name."""
        return self._replace(rank=(_NUMBERED, place, 0))

    def behind(self, place: int) -> Rotation:
        """Return it with the place right behind the file with the number `place`."""
        return self._replace(rank=(_NUMBERED, place, 1))


class Doubt(enum.Enum):
    """The condition on which a row counts."""

    NONE = enum.auto()
    UNLESS_BESIDE = enum.auto()  # counts only if the log is in the same directory
    UNLESS_COMPRESSED_BESIDE = enum.auto()  # counts only if the log is there and the file is compressed


class Naming(NamedTuple):
    """A row of the table: one way to name a generation.

    Attributes:
        shape: a regular expression for the whole name, with words in capitals that stand for parts of it.
        doubt: when the row counts.
    """

    shape: str
    doubt: Doubt = Doubt.NONE


_WORDS = {
    "LOG": r"(?P<log>.*[^-_.])",
    "EXT": r"(?P<extension>\.[A-Za-z][A-Za-z0-9_]{0,9})",
    "SEP": r"(?:__|[-_.])",
    "SHORT": r"(?P<short>[1-4][0-9])(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
    "LETTER": r"(?<=[A-Za-z])",
    "KIND": r"(?<=\.log|\.txt|\.out|\.err)",
    "IIS": r"(?P<log>u_(?:ex|nc|in)|ex|nc)",
    "TAI": r"@(?P<tai>4[0-9a-f]{15})(?P<nanos>[0-9a-f]{8})(?:\.[su])?",
    "ASIDE": r"(?:old|bak|prev|previous|backup)",
    "DATE": r"(?P<year>(?:19|20)[0-9]{2})(?P<between>[-_.]?)(?P<month>[0-9]{2})(?P=between)(?P<day>[0-9]{2})",
    "MONTH": r"(?P<year>(?:19|20)[0-9]{2})-(?P<month>[0-9]{2})",
    "TIME": r"(?P<hour>[0-9]{2})[-_.:]?(?P<minute>[0-9]{2})[-_.:]?(?P<second>[0-9]{2})",
    "MINUTE": r"(?P<hour>[0-9]{2})[-_.:]?(?P<minute>[0-9]{2})",
    "HOUR": r"(?P<hour>[0-9]{2})",
    "EPOCH": r"(?P<epoch>[0-9]{10})",
    "COUNTS": r"(?P<counts>(?:[-_.][0-9]{1,9}){1,2})",
    "NUMBER": r"(?P<number>[0-9]{1,9})",
    "SMALL": r"(?P<number>[0-9]{1,3})",
    "NEWEST": r"(?P<newest>[0-9]{1,3})\.current",
}

_TIMED_WORDS = "DATE|MONTH|SHORT|EPOCH|TAI"
"""The words of `_WORDS` that stand for a time."""

NAMINGS = (
    Naming(r"LOGSEPDATE"),  # logrotate's dateext: app.log-20261123; Python, log4j: app.log.2026-11-23
    Naming(r"LOGSEPDATEEXT"),  # logrotate's extension: app-20261123.log; log4j, Tomcat: app.2026-11-23.log
    Naming(r"LOGSEPDATE[-_.T]?TIME"),  # Python: app.log.2026-11-23_10-00-00
    Naming(r"LOGSEPDATE[-_.T]?TIMEEXT"),  # PostgreSQL: postgresql-2026-11-23_100000.log
    Naming(r"LOGSEPDATE[-_.T]TIMECOUNTS"),  # glog: app.INFO.20261123-100000.4711
    Naming(r"LOGSEPDATE[-_.T]TIMECOUNTSEXT"),
    Naming(r"LOGSEPDATE[_T]?MINUTE"),  # Python: app.log.2026-11-23_10-00
    Naming(r"LOGSEPDATE[_T]?MINUTEEXT"),
    Naming(r"LOGSEPDATE[-_T]?HOUR"),  # log4j: app.log.2026-11-23-10; logrotate's hourly: app.log-2026112310
    Naming(r"LOGSEPDATE[_T]?HOUREXT"),
    Naming(r"LOGSEPDATE[-_.]EPOCH"),  # logrotate with dateformat -%Y%m%d-%s: app.log-20261123-1732320000
    Naming(r"LOGSEPDATE[-_.]EPOCHEXT"),
    Naming(r"LOGSEPDATECOUNTS"),  # logback: app.log.2026-11-23.1
    Naming(r"LOGSEPDATECOUNTSEXT"),  # log4j: app-2026-11-23-1.log; logback: app.2026-11-23.0.log
    Naming(r"LOGSEPMONTH"),  # log4j, monthly: app.log.2026-11
    Naming(r"LOGSEPMONTHEXT"),
    Naming(r"LOGLETTERDATE"),  # log4net: app.log20261123
    Naming(r"LOGLETTERDATEEXT"),  # Serilog: log20261123.txt
    Naming(r"LOGLETTERDATECOUNTSEXT"),  # Serilog, also by size: log20261123_001.txt
    Naming(r"LOGLETTERDATEHOUREXT"),  # Serilog, hourly: log2026112310.txt
    Naming(r"LOGLETTERDATEMINUTEEXT"),
    Naming(r"IISSHORT(?:HOUR)?(?:_x)?EXT"),  # IIS: u_ex261123.log
    Naming(r"TAI"),  # s6-log, svlogd, multilog: @400000006925f5a40c5c1e5c.s beside current
    Naming(r"LOG[-.]EPOCH", Doubt.UNLESS_BESIDE),  # logrotate with dateformat -%s: app.log-1732320000; rotatelogs
    Naming(r"LOG[-.]EPOCHEXT", Doubt.UNLESS_BESIDE),
    Naming(r"LOGSEPSHORT", Doubt.UNLESS_BESIDE),  # logrotate with dateformat .%y%m%d: app.log.261123
    Naming(r"LOGSEPSHORTEXT", Doubt.UNLESS_BESIDE),
    Naming(r"LOG(?<![0-9])\.SMALL"),  # logrotate, Python: app.log.1
    Naming(r"LOG(?<![0-9])\.NEWEST"),  # JDK 8's logs of its garbage collector: gc.log.3.current is the one written to
    Naming(r"LOG\.NUMBER", Doubt.UNLESS_BESIDE),  # the same, but could be a port, an address or a version
    Naming(r"LOG[-.]NUMBEREXT", Doubt.UNLESS_COMPRESSED_BESIDE),  # logrotate: app.1.log.gz; log4j: app-1.log.gz
    Naming(r"LOGKINDSMALL", Doubt.UNLESS_BESIDE),  # winston: app.log1
    Naming(r"LOG[-.]ASIDE", Doubt.UNLESS_BESIDE),  # X.Org, and people: Xorg.0.log.old, app.log.bak
    Naming(r"LOG\.ASIDEEXT", Doubt.UNLESS_BESIDE),  # app.old.log
)
"""The table; the first row that counts decides."""


def compiled(shape: str) -> re.Pattern[str]:
    """Return the expression that a shape spells."""
    expression = re.sub("|".join(sorted(_WORDS, key=len, reverse=True)), lambda word: _WORDS[word[0]], shape)
    return re.compile(expression, re.DOTALL)


_PATTERNS = [(compiled(naming.shape), naming.doubt) for naming in NAMINGS]
_UNDATED = [
    pattern for pattern, naming in zip(_PATTERNS, NAMINGS, strict=True) if not re.search(_TIMED_WORDS, naming.shape)
]
_MAY_HOLD_A_TIME = re.compile(r"(?:19|20)[0-9]{2}|[0-9]{6}|\A@4").search
"""All rows with a date or a time need this: most names are spared the greater part of the table."""
_ENDS_LIKE_A_SUFFIX = re.compile(
    rf"(?:[0-9](?:_x)?(?:{_WORDS['EXT']})?|[-.]{_WORDS['ASIDE']}(?:\.[A-Za-z][A-Za-z0-9_]{{0,9}})?)\Z|\A@4"
).search
"""Every suffix ends in a digit, or in a word such as `old`, or is all of the name: this alone rules out most names."""


def has_compressed_name(name: str) -> bool:
    """Return whether a name has the suffix of a compression."""
    return name.endswith(COMPRESSION_SUFFIXES)


def uncompressed_name(name: str) -> str:
    """Return a name without the suffix of a compression."""
    return name.rpartition(".")[0] if has_compressed_name(name) else name


def beginnings(log: str) -> tuple[str, ...]:
    """Return what the names of all generations of `log` begin with: a cheap test that rules out most names."""
    start = log.rpartition(".")[0] or log
    return (start, "@") if start == _CURRENT else (start,)


def possible_logs(name: str) -> list[str]:
    """Return a name, and those of all logs that its file may be a generation of, whatever else is in the directory."""
    directory, slash, own = name.rpartition("/")
    found = [own]
    for each in found:  # it grows
        ends = [one for one in dict.fromkeys((each, uncompressed_name(each))) if _ENDS_LIKE_A_SUFFIX(one)]
        matches = (pattern.fullmatch(one) for one in ends for pattern, _ in _PATTERNS)
        further = [uncompressed_name(each), *(of.log for match in matches if match and (of := _rotation_of(match)))]
        found += [one for one in dict.fromkeys(further) if one and one not in found]
    return [f"{directory}{slash}{one}" for one in found]


def rotation(name: str, beside: Container[str]) -> Rotation | None:
    """Return the place of a file in the log that it is a generation of; None if it is a log of its own.

    Args:
        name: relative to a root, with `/`; the log is in the same directory.
        beside: the names in that directory, without the directory.
    """
    directory, slash, own = name.rpartition("/")
    found = _rotation(own, beside)
    return found and found._replace(log=f"{directory}{slash}{found.log}", live=found.log in beside)


def _rotation(name: str, beside: Container[str]) -> Rotation | None:
    plain = uncompressed_name(name)
    found = _by_suffix(plain, beside, compressed=plain != name)
    if found is None and plain not in ("", name) and plain in beside:
        found = Rotation(plain, (_COPIED, 0, 0))
    while found is not None and (further := _by_suffix(found.log, beside, compressed=False)):
        found = further
    return found


def _by_suffix(plain: str, beside: Container[str], *, compressed: bool) -> Rotation | None:
    """Return the place of a file by the last suffix of its uncompressed name; None if it has no suffix."""
    if not _ENDS_LIKE_A_SUFFIX(plain):
        return None
    # A compressed file beside the file that it was made from is a generation of the same log.
    compressed = compressed and plain not in beside
    for pattern, doubt in _PATTERNS if _MAY_HOLD_A_TIME(plain) else _UNDATED:
        match = pattern.fullmatch(plain) if compressed or doubt is not Doubt.UNLESS_COMPRESSED_BESIDE else None
        found = _rotation_of(match) if match else None
        if found is not None and _counts(doubt, compressed=compressed, beside=found.log in beside):
            return found
    return None


def _counts(doubt: Doubt, *, compressed: bool, beside: bool) -> bool:
    return doubt is Doubt.NONE or (beside and (compressed or doubt is Doubt.UNLESS_BESIDE))


def _rotation_of(match: re.Match[str]) -> Rotation | None:
    parts = match.groupdict()
    if "tai" in parts:
        return _stamped(parts)
    if "newest" in parts:
        return Rotation(parts["log"], _NEWEST)
    if "month" not in parts and "epoch" not in parts and "number" not in parts:
        return Rotation(parts["log"] + (parts.get("extension") or ""), (_COPIED, 0, 0))
    rank = _numbered(parts) if parts.get("number") else _dated(parts)
    counts = tuple(int(count) for count in re.findall("[0-9]+", parts.get("counts") or ""))
    return rank and Rotation(parts["log"] + (parts.get("extension") or ""), rank, counts)


def _numbered(parts: dict[str, str]) -> Rank:
    return _NUMBERED, int(parts["number"]), 0


def _stamped(parts: dict[str, str]) -> Rotation:
    """Return the place of a file that is named by a TAI64N time."""
    seconds = int(parts["tai"], 16) - _TAI64_EPOCH
    return Rotation(_CURRENT, _at_second(seconds), (int(parts["nanos"], 16),))


def _at_second(epoch: int) -> Rank:
    return _DATED, -(_EPOCH_DAY + epoch // _SECONDS_OF_A_DAY), -(epoch % _SECONDS_OF_A_DAY)


def _dated(parts: dict[str, str]) -> Rank | None:
    """Return the rank of a date and a time of day; None if there is no such time."""
    epoch = int(parts.get("epoch") or 0)
    if "month" not in parts:
        return _at_second(epoch)
    hour, minute, second = (int(parts.get(unit) or 0) for unit in ("hour", "minute", "second"))
    try:
        day = datetime.date(
            int(parts.get("year") or f"20{parts['short']}"), int(parts["month"]), int(parts.get("day") or 1)
        ).toordinal()
        datetime.time(hour, minute, min(second, 59))
    except ValueError:
        return None
    return _DATED, -day, -(epoch or (hour * 60 + minute) * 60 + second)
