"""The batch: the unit of flow. About 64 to 384 KiB of whole lines as one block of bytes, with columns beside it.

A batch with no lines is a sign of life: its source is at work and has found nothing yet.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import NamedTuple, Protocol

from logagent.core.outcome import Status

BATCH_BYTES = 256 * 1024
"""Bytes of lines at which a source sends a batch on: large enough to pay for a thread hop and a channel send
(about 130 µs together), small enough for caches and for the memory of a merge over many sources."""

LARGEST_BATCH = 4 * BATCH_BYTES
"""Bytes that a merge gives on at once: with hundreds of sources all that is in order by then may be far more."""


class Origin(NamedTuple):
    """Where a line comes from. `timed` is false for a file in which no time is recognised: the times of its lines
    are then the file's modification time, good for merging but not to be shown. `log` is what the file is one of, and
    `fingerprint` tells it from the others whatever they are called (see `cursor`)."""

    host: str
    file: str
    timed: bool = True
    log: str = ""
    fingerprint: int = 0


class Position(NamedTuple):
    """How far one log is done.

    Attributes:
        fingerprint: of the file that is being read.
        offset: newest first, the lines that begin before it are still to come, else those that begin at it or behind
            it; and so are all files further on in that direction.
    """

    host: str
    log: str
    fingerprint: int
    offset: int


class Notice(NamedTuple):
    """What people should know while an answer goes on: of which host, how it stands with it (OK: well again), and a
    sentence about it."""

    host: str
    status: Status
    message: str


class LineFlag(enum.IntFlag):
    """What a line is, where it is not simply a record of its own. Of the first three at most one holds.

    CONTINUES: a further line of the event that the line before it belongs to.
    LEADS, TRAILS: context, which belongs to the record behind it, or before it, in the order of the answer.
    GAP: between the line before it and this one, lines of the same file were left out.
    PARTIAL: the beginning of a line, or more of it, whose end did not come in time; what follows comes as a line.
    """

    CONTINUES = 1
    LEADS = 2
    TRAILS = 4
    GAP = 8
    PARTIAL = 16


BESIDE = bytes(flag for flag in range(32) if flag & (LineFlag.CONTINUES | LineFlag.LEADS | LineFlag.TRAILS))
"""The flags of lines that are no records, nor the first lines of such."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole lines in the order asked for, and what is known of each.

    body: the lines' own bytes, each ended by one `\\n`.
    count: the number of lines.
    times: nanoseconds since the epoch, UTC, one for each line (a line without a time has that of the line before it
        in its file, else of the one behind it, else the file's modification time); None where the query does not want
        times.
    offsets: where each line begins in its file, in bytes; None where the query does not want places.
    origins: the origins that occur; `origin` is the index into them for each line, None where all are `origins[0]`.
    scanned: bytes of log gone through since the batch before it: known even of a source that is then cancelled.
    planned: bytes of log that are now known to be gone through at most, beyond those told of before.
    flags: what each line is (see `LineFlag`), one byte a line; None where each is a record of its own.
    positions: how far logs are done once this batch is given out, the last one for a log being the one that counts.
    keys: the times by which lines are merged where they are not their own, so that lines which belong together stay
        together: those of an event have the time of its first line, lines of context that of their match.
    notices: what people should know, said before these lines.
    live: whether the source has come to the end of what there was: what comes next was written since.
    """

    body: bytes
    count: int
    times: list[int] | None = None
    offsets: list[int] | None = None
    origins: tuple[Origin, ...] = ()
    origin: list[int] | None = None
    scanned: int = 0
    planned: int = 0
    flags: bytes | None = None
    keys: list[int] | None = None
    positions: tuple[Position, ...] = ()
    notices: tuple[Notice, ...] = ()
    live: bool = False

    @property
    def records(self) -> int:
        """The number of records: of lines or events that were asked for, without those beside them."""
        return self.count if self.flags is None else len(self.flags.translate(None, BESIDE))

    def lines(self) -> list[bytes]:
        """The lines, each without its `\\n`."""
        lines = self.body.split(b"\n")
        lines.pop()
        return lines

    def origin_of_each(self) -> list[int]:
        """The index into `origins` of each line."""
        return self.origin if self.origin is not None else [0] * self.count

    def goes_on(self, place: int) -> bool:
        """Whether a line goes on with the record of the line before it."""
        return self.flags is not None and bool(self.flags[place] & LineFlag.CONTINUES)

    def behind(self, place: int, text: bytes) -> int:
        """The offset in its file behind a line, whose text this is; only of a batch with offsets."""
        assert self.offsets is not None, "a batch without places"
        return self.offsets[place] + len(text) + self.line_break(place)

    def line_break(self, place: int) -> int:
        """Bytes of the line break behind a line in its file: part of a line has none yet."""
        return 0 if self.flags is not None and self.flags[place] & LineFlag.PARTIAL else 1


SIGN_OF_LIFE = Batch(b"", 0)


def pieces(batch: Batch, most: int) -> Iterator[Batch]:
    """The batch cut between records, so that no piece is longer than `most` bytes but one that is a single record."""
    if len(batch.body) <= most:
        yield batch
        return
    scanned, planned, notices, begin, first = batch.scanned, batch.planned, batch.notices, 0, 0
    while begin < len(batch.body):
        end = batch.body.rfind(b"\n", begin, begin + most) + 1 or batch.body.index(b"\n", begin) + 1
        count = batch.body.count(b"\n", begin, end)
        if batch.flags is not None:
            end, count = _between_records(batch, batch.flags, begin, first, end, count)
        piece = replace(_lines(batch, first, first + count), body=batch.body[begin:end], count=count)
        ends = end == len(batch.body)
        positions, live = batch.positions if ends else (), batch.live and ends
        yield replace(piece, scanned=scanned, planned=planned, positions=positions, notices=notices, live=live)
        scanned, planned, notices, begin, first = 0, 0, (), end, first + count


def _between_records(batch: Batch, flags: bytes, begin: int, first: int, end: int, count: int) -> tuple[int, int]:
    """The last place before `end` where no event is cut, or else the first behind it: a place and a count of lines."""
    fewer, before = count, end
    while fewer and first + fewer < batch.count and flags[first + fewer] & LineFlag.CONTINUES:
        fewer, before = fewer - 1, batch.body.rfind(b"\n", begin, before - 1) + 1
    if fewer > 0 and before > begin:
        return before, fewer
    while first + count < batch.count and flags[first + count] & LineFlag.CONTINUES:
        count, end = count + 1, batch.body.index(b"\n", end) + 1
    return end, count


def _lines(batch: Batch, first: int, behind: int) -> Batch:
    return replace(
        batch,
        times=batch.times and batch.times[first:behind],
        offsets=batch.offsets and batch.offsets[first:behind],
        origin=batch.origin and batch.origin[first:behind],
        flags=batch.flags and batch.flags[first:behind],
        keys=batch.keys and batch.keys[first:behind],
    )


def lines_of(text: bytes) -> list[bytes]:
    """The lines of a text, each without its `\\n`, which the last one may lack."""
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()  # what follows the last line break is no line
    return lines


def shown(name: str) -> str:
    """A name of a host or file, which may hold bytes that are not UTF-8, as text that can be encoded."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Out(Protocol):
    """Where a source sends its batches. `send` waits while the reader is slow: that is the back-pressure."""

    async def send(self, batch: Batch, /) -> None: ...


def starts_of(offset: int, lines: list[bytes]) -> list[int]:
    starts = list(accumulate([len(line) + 1 for line in lines], initial=offset))
    starts.pop()
    return starts
