"""The table of namings: how rotation names the older files of a log, its *generations*. One row each, and in the tests
one example each.

A name is read from its end, one mark after the other: a compression's suffix, then what a row of the table takes off.
`app-20261123.log.1.gz` loses `.gz`, `.1` and `-20261123`, and is a generation of `app.log`; the mark nearest to the
log's own name decides its rank. Where a mark could as well belong to the name of a log of its own (`web-1.log`,
`10.0.0.1.log`, `server.8080`), the row counts only if the log without the mark lies beside it, or not at all. A date
counts always, whether there is a live file or not: some programs write into dated files from the beginning.

Not read: directories named by date, dates such as 11-23-2026, whose month is a guess, and dates without a separator
before them.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Container
from typing import NamedTuple

COMPRESSION_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
"""The suffixes of compressed files."""

Rank = tuple[int, int, int]
"""Where a generation stands in its log by its name alone: the smaller, the newer."""
Order = tuple[Rank, int, tuple[int, ...]]
"""The same with what decides between equals."""

LIVE: Rank = (0, 0, 0)
"""The rank of the file that a log is named after."""
_DATED, _NUMBERED, _COPIED = 1, 2, 3
_DAY = 86_400  # seconds
_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()


class Rotation(NamedTuple):
    """What a file's name says of its place in a log.

    log: the name of the log. counts: the numbers behind a date, which count upwards as time goes on.
    """

    log: str
    rank: Rank
    counts: tuple[int, ...] = ()

    def order(self, modified: int) -> Order:
        """Sorts the generations of one log newest first: by rank, then by time of modification (of any unit), since
        within one date some count upwards and some downwards, then by count."""
        return self.rank, -modified, tuple(-count for count in self.counts)


class Doubt(enum.Enum):
    """When a row counts."""

    NONE = enum.auto()
    UNLESS_BESIDE = enum.auto()  # only if the log itself lies beside the file
    UNLESS_COMPRESSED_BESIDE = enum.auto()  # only if that, and the file is compressed


class Naming(NamedTuple):
    """One way of naming a generation: an expression for the whole name, with the words below in capitals."""

    shape: str
    doubt: Doubt = Doubt.NONE


_WORDS = {
    "LOG": r"(?P<log>.*[^-_.])",
    "EXT": r"(?P<extension>\.[A-Za-z][A-Za-z0-9_]{0,9})",
    "SEP": r"[-_.]",
    "DATE": r"(?P<year>(?:19|20)[0-9]{2})(?P<between>[-_.]?)(?P<month>[0-9]{2})(?P=between)(?P<day>[0-9]{2})",
    "MONTH": r"(?P<year>(?:19|20)[0-9]{2})-(?P<month>[0-9]{2})",
    "TIME": r"(?P<hour>[0-9]{2})[-_.:]?(?P<minute>[0-9]{2})[-_.:]?(?P<second>[0-9]{2})",
    "MINUTE": r"(?P<hour>[0-9]{2})[-_.:]?(?P<minute>[0-9]{2})",
    "HOUR": r"(?P<hour>[0-9]{2})",
    "EPOCH": r"(?P<epoch>[0-9]{10})",
    "COUNTS": r"(?P<counts>(?:[-_.][0-9]{1,9}){1,2})",
    "NUMBER": r"(?P<number>[0-9]{1,9})",
    "SMALL": r"(?P<number>[0-9]{1,3})",
}

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
    Naming(r"LOG-EPOCH", Doubt.UNLESS_BESIDE),  # logrotate with dateformat -%s: app.log-1732320000
    Naming(r"LOG-EPOCHEXT", Doubt.UNLESS_BESIDE),
    Naming(r"LOG(?<![0-9])\.SMALL"),  # logrotate, Python: app.log.1
    Naming(r"LOG\.NUMBER", Doubt.UNLESS_BESIDE),  # the same where it could be a port, an address or a version
    Naming(r"LOG[-.]NUMBEREXT", Doubt.UNLESS_COMPRESSED_BESIDE),  # logrotate: app.1.log.gz; log4j: app-1.log.gz
)
"""The first row that counts decides."""


def compiled(shape: str) -> re.Pattern[str]:
    """The expression that a shape spells."""
    expression = re.sub("|".join(sorted(_WORDS, key=len, reverse=True)), lambda word: _WORDS[word[0]], shape)
    return re.compile(expression, re.DOTALL)


_PATTERNS = [(compiled(naming.shape), naming.doubt) for naming in NAMINGS]
_ENDS_LIKE_A_MARK = re.compile(rf"[0-9](?:{_WORDS['EXT']})?\Z").search
"""Every mark ends in a digit: most names of logs are told apart by this alone."""


def has_compressed_name(name: str) -> bool:
    """Whether a file is compressed, by its name."""
    return name.endswith(COMPRESSION_SUFFIXES)


def uncompressed_name(name: str) -> str:
    """The name without the suffix of a compression."""
    return name.rpartition(".")[0] if has_compressed_name(name) else name


def beginning(log: str) -> str:
    """What the names of all generations of `log` begin with: a cheap way to pass over the names of others."""
    return log.rpartition(".")[0] or log


def rotation(name: str, beside: Container[str]) -> Rotation | None:
    """The place of the file `name` in the log that it is a generation of, or None if it is a log of its own.

    name: as below a root, with `/`; the log is in the same directory. beside: the names in that directory, without it.
    """
    directory, slash, own = name.rpartition("/")
    found = _rotation(own, beside)
    return found and found._replace(log=f"{directory}{slash}{found.log}")


def _rotation(name: str, beside: Container[str]) -> Rotation | None:
    plain = uncompressed_name(name)
    found = _marked(plain, beside, packed=plain != name)
    if found is None and plain not in ("", name) and plain in beside:
        found = Rotation(plain, (_COPIED, 0, 0))
    while found is not None and (further := _marked(found.log, beside, packed=False)):
        found = further
    return found


def _marked(plain: str, beside: Container[str], *, packed: bool) -> Rotation | None:
    """What the mark at the end of a name without packing says, if it has one."""
    if not _ENDS_LIKE_A_MARK(plain):
        return None
    # A compressed file beside the file that it was made of goes where that one goes.
    packed = packed and plain not in beside
    for pattern, doubt in _PATTERNS:
        match = pattern.fullmatch(plain)
        found = _read(match) if match else None
        if found is not None and _counts(doubt, packed=packed, beside=found.log in beside):
            return found
    return None


def _counts(doubt: Doubt, *, packed: bool, beside: bool) -> bool:
    return doubt is Doubt.NONE or (beside and (packed or doubt is Doubt.UNLESS_BESIDE))


def _read(match: re.Match[str]) -> Rotation | None:
    marks = match.groupdict()
    rank = _numbered(marks) if marks.get("number") else _dated(marks)
    counts = tuple(int(count) for count in re.findall("[0-9]+", marks.get("counts") or ""))
    return rank and Rotation(marks["log"] + (marks.get("extension") or ""), rank, counts)


def _numbered(marks: dict[str, str]) -> Rank:
    return _NUMBERED, int(marks["number"]), 0


def _dated(marks: dict[str, str]) -> Rank | None:
    """The rank of a date and a time of day; None if there is no such time."""
    epoch = int(marks.get("epoch") or 0)
    if "year" not in marks:
        return _DATED, -(_EPOCH_DAY + epoch // _DAY), -(epoch % _DAY)
    hour, minute, second = (int(marks.get(part) or 0) for part in ("hour", "minute", "second"))
    try:
        day = datetime.date(int(marks["year"]), int(marks["month"]), int(marks.get("day") or 1)).toordinal()
        datetime.time(hour, minute, min(second, 59))
    except ValueError:
        return None
    return _DATED, -day, -(epoch or (hour * 60 + minute) * 60 + second)
