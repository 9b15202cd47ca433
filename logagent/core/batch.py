"""The batch: the unit of flow, about 64 to 384 KiB of whole lines as one block of bytes, with columns beside it.

A batch without lines is a sign of life: its source is at work and has found nothing yet.
"""

from __future__ import annotations

import enum
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple, Protocol

from logagent.core.code_units import unit_of, width
from logagent.core.notes import Note, add_up
from logagent.core.outcome import Status

BATCH_BYTES = 256 * 1024
"""Bytes of lines at which a source sends a batch: large enough to outweigh a thread hop and a channel send (about 130
µs together), small enough for caches and for the memory of a merge over many sources."""

LARGEST_BATCH = 4 * BATCH_BYTES
"""Bytes of the largest batch that a merge sends: with hundreds of sources, far more lines may be ready at once."""
WIDE = 16 * 1024 * 1024
"""Bytes of the batches of all sources of a merge, as far as these can be made small: it holds one of each source, and
another waits, and half of one has come; a thousand usual ones would take a gigabyte."""
LEAST_BATCH = 16 * 1024
"""Bytes of a batch below which each costs more than its lines."""


Column = Sequence[int]
"""A whole number for each line: an array of 64-bit integers, or a list where one of them takes more bits."""


def as_column(values: Column) -> Column:
    """Return numbers as a column; an array is taken as it is, and must not be changed afterwards."""
    if isinstance(values, array) and values.typecode == "q":
        return values
    try:
        return array("q", values)
    except OverflowError:  # a time before 1677 or after 2262
        return list(values)


Labels = tuple[tuple[str, str], ...]
"""The names and values of a host's labels, sorted."""


class Origin(NamedTuple):
    """The file that a line comes from.

    Attributes:
        host: the name of the agent that read it.
        file: its name below its root.
        timed: false if no times are recognised in the file: then its lines have the file's modification time, which is
            used for merging but must not be shown.
        log: the name of the log that the file is a generation of.
        fingerprint: tells the file from the log's other files, whatever their names are (see `cursor`).
        labels: of the host, as the agent tells that sent the lines; None: nobody asked for them, or it knows nothing of
            them.
    """

    host: str
    file: str
    timed: bool = True
    log: str = ""
    fingerprint: int = 0
    labels: Labels | None = None

    @property
    def log_id(self) -> tuple[str, str]:
        """The host and the log, named as in positions."""
        return self.host, self.log or self.file


class Position(NamedTuple):
    """How far one log is read.

    Attributes:
        host: the name of the agent that reads it.
        log: the name of the log.
        fingerprint: of the file that is being read.
        offset: bytes from the file's beginning. Newest first, the lines that begin before it, and all older files, are
            still to be read; oldest first, the lines that begin at or after it, and all newer files.
    """

    host: str
    log: str
    fingerprint: int
    offset: int


class Notice(NamedTuple):
    """What people should know about a host while an answer is sent.

    Attributes:
        host: its name.
        status: the state of the host now; OK: it works again.
        message: a sentence about it.
    """

    host: str
    status: Status
    message: str


class LineFlag(enum.IntFlag):
    """How a line belongs to other lines; it has at most one of the first three flags.

    Attributes:
        CONTINUES: a further line of the same event as the line before it.
        LEADS: context of the record after it, in the order of the answer.
        TRAILS: context of the record before it, in the order of the answer.
        GAP: lines of the same file were left out between the line before it and this one.
        PARTIAL: a piece of a line whose end was not written in time; the next piece comes as another line.
    """

    CONTINUES = 1
    LEADS = 2
    TRAILS = 4
    GAP = 8
    PARTIAL = 16


BESIDE = bytes(flag for flag in range(32) if flag & (LineFlag.CONTINUES | LineFlag.LEADS | LineFlag.TRAILS))
"""The flags, one byte each, of lines that begin no record: further lines of events, and context."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines in the order asked for, with columns that hold a value for each line.

    `core.columns` slices, picks and joins the columns.

    Attributes:
        body: the lines' own bytes, each ended by one `\\n`.
        count: the number of lines.
        times: nanoseconds since the epoch, UTC, for each line; None if the query wants no times. A line without a time
            has the time of the line before it in its file, else of the line after it, else the file's modification
            time.
        offsets: where each line begins in its file, in bytes; None if the query wants no places.
        origins: the files that the lines come from.
        origin: for each line, the index into `origins`; None if all lines come from `origins[0]`.
        scanned: bytes of log scanned since the batch before it, so that they are known even if the source is cancelled
            later.
        planned: bytes of log to be scanned at most, as far as no earlier batch announced them.
        flags: what each line is (see `LineFlag`), one byte a line; None if each is a record of its own.
        keys: nanoseconds by which lines are merged; None if these are their own times. Lines that belong together have
            the same key, so that they stay together. The key of an event's lines is the time of its first line, the
            key of context is the time of its match.
        positions: how far logs are read once this batch is emitted; the last position of a log counts.
        notices: what people should know, to be shown before these lines.
        live: whether the source has sent all earlier lines, so that all later batches hold lines written since.
        notes: all notes of the source so far, if there are others than with its last batch that had any. They are told
            ahead of its outcome, since it may be cancelled before that.

    `times`, `offsets`, `origin` and `keys` may be given as lists, and are kept as columns.
    """

    body: bytes
    count: int
    times: Column | None = None
    offsets: Column | None = None
    origins: tuple[Origin, ...] = ()
    origin: Column | None = None
    scanned: int = 0
    planned: int = 0
    flags: bytes | None = None
    keys: Column | None = None
    positions: tuple[Position, ...] = ()
    notices: tuple[Notice, ...] = ()
    live: bool = False
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        for name in ("times", "offsets", "origin", "keys"):
            given: Column | None = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, as_column(given))

    @property
    def records(self) -> int:
        """The number of records: lines or events that were asked for, without context and further lines of events."""
        return self.count if self.flags is None else len(self.flags.translate(None, BESIDE))

    def lines(self) -> list[bytes]:
        """Return the lines, each without its `\\n`."""
        lines = self.body.split(b"\n")
        lines.pop()
        return lines

    def origin_of_each(self) -> Column:
        """Return the index into `origins` of each line."""
        return self.origin if self.origin is not None else [0] * self.count

    def continues_record(self, place: int) -> bool:
        """Whether the line at an index belongs to the record of the line before it."""
        return self.flags is not None and bool(self.flags[place] & LineFlag.CONTINUES)

    def offset_behind(self, place: int, text: bytes) -> int:
        """Return the offset after a line in its file; the batch must have offsets.

        Args:
            place: the index of the line.
            text: its bytes.
        """
        assert self.offsets is not None, "a batch without places"
        unit = (
            unit_of(self.origins[0 if self.origin is None else self.origin[place]].fingerprint) if self.origins else 1
        )
        return self.offsets[place] + width(text, unit) + unit * self.line_break(place)

    def line_break(self, place: int) -> int:
        """Return the characters of a line's line break in its file: 1, or 0 for a piece of a line."""
        return 0 if self.flags is not None and self.flags[place] & LineFlag.PARTIAL else 1


SIGN_OF_LIFE = Batch(b"", 0)


def lines_of(text: bytes) -> list[bytes]:
    """Return the lines of a text, each without its `\\n`, which the last one may lack."""
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()  # the empty text after the last line break is not a line
    return lines


def starts_of(offset: int, lines: list[bytes]) -> list[int]:
    """Return where each of some consecutive lines begins in its file, in bytes.

    Args:
        offset: where the first one begins.
        lines: each without its `\\n`.
    """
    starts = list(accumulate([len(line) + 1 for line in lines], initial=offset))
    starts.pop()
    return starts


def shown(name: str) -> str:
    """Return the name of a host or file, which may hold bytes that are not UTF-8, as text that can be encoded."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Out(Protocol):
    """Where a source sends its batches."""

    async def send(self, batch: Batch, /) -> None:
        """Send a batch; waits while the reader is slow (back-pressure)."""
        ...


class Noted:
    """Forwards batches, and adds what was noted before them to their notes.

    Args:
        found: these notes; those of the batches are about something else.
    """

    def __init__(self, out: Out, found: tuple[Note, ...]) -> None:
        self._out = out
        self._found = found
        self._told = not found

    async def send(self, batch: Batch) -> None:
        """Forward a batch; the first one, and each that has notes, with all notes so far."""
        if batch.notes or not self._told:
            self._told = True
            batch = replace(batch, notes=add_up((*self._found, *batch.notes)))
        await self._out.send(batch)


def batch_bytes_of(sources: int) -> int:
    """Return how large a batch of each of so many merged sources may be, in bytes; 0: as large as they are made."""
    share = WIDE // max(sources, 1)
    return 0 if share >= BATCH_BYTES else max(share, LEAST_BATCH)
