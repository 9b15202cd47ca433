"""Reading one file in blocks of whole lines, backward or forward, up to the size that it had when opened.

Blocks begin and end at the borders of lines. A piece of a line at the edge of a read is read again with the next block:
some tens of bytes, which costs less than joining pieces.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence

from logagent.core.outcome import Failure, Status
from logagent.core.times.locating import SEEN
from logagent.disk.files.blocks import BLOCK_SIZES, MAX_LINE, Block, LongLine, Passed, Read, Stretch
from logagent.disk.files.parallel_sweep import ParallelSweep
from logagent.disk.files.read_ahead import Announce, announce

AHEAD = 4
"""How many blocks of full size ahead of the current one the kernel is told to read ahead. By itself it reads ahead only
forward, and little: with this, an uncached file is read twice as fast backward, and three times as fast forward."""


class Reader:
    """Reads the lines of one file.

    Every method that reads raises `Failure` with DATA_LOSS if a read fails.

    Args:
        descriptor: of a regular file, open for reading; stays the caller's.
        sizes: bytes of the first blocks, the last for all further ones.
        read: `os.pread`, or its stand-in.
        before_read: called before each read; an exception that it raises ends the reading.
        sweep: passes over text that cannot match, or counts in it; None: all text is given.
        announce: tells the kernel what is read next.

    Attributes:
        name: of the file, for messages.
        max_line: bytes up to which a line is given whole.
        size: bytes of the file when the reader was made; text appended later is not read.
        bytes_read: bytes read so far, in all.
        loss: why the lines are incomplete; None as long as they are complete.
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        *,
        sizes: Sequence[int] = BLOCK_SIZES,
        max_line: int = MAX_LINE,
        read: Read = os.pread,
        before_read: Callable[[], object] = lambda: None,
        sweep: ParallelSweep | None = None,
        announce: Announce = announce,
    ) -> None:
        self._descriptor = descriptor
        self.name = name
        self._sizes = sizes
        self.max_line = max_line
        self._largest = max(max_line + 2, sizes[-1])  # room for a line of `max_line` bytes and two line breaks
        self._read = read
        self._before_read = before_read
        self._sweep = sweep
        self._tell = announce
        self.size = os.fstat(descriptor).st_size
        self._end = self.size
        self.bytes_read = 0
        self.loss: Failure | None = None

    def backward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch]:
        """Give the file from its last line to its first; the lines within a block are in the order of the file.

        Args:
            begin: where the first line to give begins.
            end: where the first line begins that is not to be given, or the file's size; None: the end of the file.
        """
        stop, sizes, sweep = self._limit(end), _growing(self._sizes), self._take_sweep()
        size = next(sizes)
        while stop > begin:
            if (passed := self._passed_before(sweep, stop, size, begin)).size:
                yield passed
                stop = passed.offset
                continue
            start = max(begin, stop - size)
            self._announce(start - AHEAD * size, size, begin, stop)
            body = self.read(start, stop)
            if len(body) < stop - start:
                stop = min(start + len(body), self._end)
                continue
            first = 0 if start == begin else body.find(b"\n", 0, len(body) - 1) + 1
            if start == begin or first > 0:
                yield Block(start + first, body[first:])
                stop, size = start + first, next(sizes)
            elif size < self._largest:
                size = min(size * 4, self._largest)
            else:
                line_end = stop - body.endswith(b"\n")
                stop = yield from self._line_start(start, begin)
                yield LongLine(stop, line_end)
                size = next(sizes)

    def forward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch]:
        """Give the file from its first line to its last.

        Args:
            begin: where the first line to give begins.
            end: where the first line begins that is not to be given, or the file's size; None: the end of the file.
        """
        sizes, sweep = _growing(self._sizes), self._take_sweep()
        size = next(sizes)
        while begin < (limit := self._limit(end)):
            if (passed := self._passed_behind(sweep, begin, size, limit)).size:
                yield passed
                begin += passed.size
                continue
            stop = min(begin + size, limit)
            self._announce(begin + AHEAD * size, size, begin, limit)
            body = self.read(begin, stop)
            last = len(body) if begin + len(body) == self._limit(end) else body.rfind(b"\n") + 1
            if last:
                yield Block(begin, body[:last])
                begin, size = begin + last, next(sizes)
            elif size < self._largest:
                size = min(size * 4, self._largest)
            else:
                line_end = yield from self._line_end(stop, end)
                yield LongLine(begin, line_end)
                begin, size = line_end + 1, next(sizes)

    def windows(self, line: LongLine, overlap: int) -> Iterator[bytes]:
        """Give a long line in windows, each of which shares `overlap` bytes with the window before it."""
        for begin in range(line.offset, line.end, self._sizes[-1]):
            yield self.read(max(line.offset, begin - overlap), min(begin + self._sizes[-1], line.end))

    def head(self, line: LongLine) -> bytes:
        """Return the first bytes of a long line: one more than `max_line`, and enough to tell its time."""
        head = self.read(line.offset, min(line.offset + max(self.max_line + 1, SEEN), line.end))
        return head.partition(b"\n")[0]  # it holds a line break only if the file was overwritten meanwhile

    def found(self, line: LongLine) -> bool | None:
        """Return None: whether a long line matches is not known before its windows are searched."""
        return None

    def read(self, begin: int, end: int) -> bytes:
        """Return the bytes from `begin` to `end`; fewer if the file has shrunk, which is noted as a loss."""
        body = self._read_once(begin, end)
        while body and len(body) < end - begin:
            more = self._read_once(begin + len(body), end)
            if not more:
                break
            body += more
        if len(body) < end - begin:
            self._note_shrinking(begin + len(body))
        return body

    def _read_once(self, begin: int, end: int) -> bytes:
        self._before_read()
        try:
            body = self._read(self._descriptor, end - begin, begin)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "cannot be read"
            raise Failure(Status.DATA_LOSS, f"{self.name}: {reason}") from error
        self.bytes_read += len(body)
        return body

    def _take_sweep(self) -> ParallelSweep | None:
        """Return the sweep, which ends with the pass that takes it.

        It may ask for the times of lines, which this reader reads: both would stay until garbage is collected.
        """
        sweep, self._sweep = self._sweep, None
        return sweep

    def _passed_before(self, sweep: ParallelSweep | None, end: int, size: int, begin: int) -> Passed:
        if sweep is None or size != self._sizes[-1]:
            return Passed(end, 0)
        edge, bytes_read, runs = sweep.before(end, begin)
        self.bytes_read += bytes_read
        return Passed(edge, end - edge, runs)

    def _passed_behind(self, sweep: ParallelSweep | None, begin: int, size: int, end: int) -> Passed:
        if sweep is None or size != self._sizes[-1]:
            return Passed(begin, 0)
        edge, bytes_read, runs = sweep.behind(begin, end)
        self.bytes_read += bytes_read
        return Passed(begin, edge - begin, runs)

    def _limit(self, end: int | None) -> int:
        return self._end if end is None else min(end, self._end)

    def _announce(self, start: int, size: int, begin: int, end: int) -> None:
        """Tell the kernel to read a block ahead, if it lies in the region and blocks have reached their full size."""
        if size == self._sizes[-1] and begin - size < start < end:
            self._tell(self._descriptor, max(begin, start), size)

    def _note_shrinking(self, end: int) -> None:
        self._end = min(self._end, end, os.fstat(self._descriptor).st_size)
        message = f"{self.name}: shrank from {self.size} to {self._end} bytes while it was read"
        self.loss = Failure(Status.DATA_LOSS, message)

    def _line_start(self, before: int, floor: int) -> Generator[Block, None, int]:
        """Return the beginning of the line that contains the byte before `before`, or `floor` if it begins earlier."""
        while before > floor:
            begin = max(floor, before - self._sizes[-1])
            line_break = self.read(begin, before).rfind(b"\n")
            if line_break >= 0:
                return begin + line_break + 1
            yield Block(begin, b"")
            before = begin
        return floor

    def _line_end(self, after: int, limit: int | None) -> Generator[Block, None, int]:
        """Return the end of the line that continues at `after`, or `limit` if it ends later."""
        while after < self._limit(limit):
            end = min(after + self._sizes[-1], self._limit(limit))
            line_break = self.read(after, end).find(b"\n")
            if line_break >= 0:
                return after + line_break
            yield Block(end, b"")
            after = end
        return self._limit(limit)


def _growing(sizes: Sequence[int]) -> Iterator[int]:
    yield from sizes
    while True:
        yield sizes[-1]
