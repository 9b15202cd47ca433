"""The lines of an archive for one query, behind the same interface as those of a plain file.

An archive is decompressed from its beginning, whatever the order of the answer, so it cannot be bisected by time.
Instead, blocks whose first and last lines have times outside the range are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure
from logagent.core.query import Query, Unit
from logagent.disk.archives.archive import Archive
from logagent.disk.archives.compressed_bytes import CUT_OFF
from logagent.disk.archives.picked_lines import PickedLines, Picker
from logagent.disk.files.blocks import UNKNOWN, Block, LongLine, Stretch
from logagent.disk.times.bisection import TOLERANCE

MAX_EVENT_LINES = 1000
"""Lines on either side of a match in which the rest of its event is looked for: far more than a stack trace has."""

_SAMPLED = 16
"""Lines at either end of a block in which a time is looked for: usually each line has one."""


class LineReader(Protocol):
    """The lines of one file, in either order, as `Scan` reads them (see `Reader`)."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def bytes_read(self) -> int: ...

    @property
    def loss(self) -> Failure | None: ...

    def backward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch | PickedLines]: ...

    def forward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch]: ...

    def windows(self, line: LongLine, overlap: int) -> Iterator[bytes]: ...

    def head(self, line: LongLine) -> bytes: ...

    def found(self, line: LongLine) -> bool | None:
        """Return whether a long line matches, None if that shows only when its windows are searched."""


class ArchiveLines:
    """An archive as a `LineReader` for one query.

    Args:
        stamps: gives the times that lines state themselves; None: the query has no range of time.
        grows: whether it is followed and still written, so that its end is yet to come.
        picker: picks the lines that the query selects; None: lines depend on their neighbours, and blocks are given.

    Attributes:
        first_time: the earliest time found so far, in nanoseconds since the epoch; None: no time was found.
        last_time: the latest time found so far, in nanoseconds since the epoch; None: no time was found.
    """

    def __init__(
        self,
        archive: Archive,
        query: Query,
        matcher: Matcher,
        stamps: Callable[[Sequence[bytes]], Sequence[int | None]] | None,
        *,
        grows: bool = False,
        picker: Picker | None = None,
    ) -> None:
        self._archive = archive
        self._query = query
        self._matcher = matcher
        self._stamps = stamps
        self._by_lines = query.form.unit is Unit.LINE and not query.match.has_context
        self._grows = grows
        self._picker = picker
        self._backward = False
        self.first_time: int | None = None
        self.last_time: int | None = None

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self._archive.name

    @property
    def is_whole(self) -> bool:
        """Whether all of it was decompressed."""
        return self._archive.size is not None

    @property
    def size(self) -> int:
        """Bytes of its text, `UNKNOWN` until all of it was decompressed."""
        return UNKNOWN if self._archive.size is None else self._archive.size

    @property
    def bytes_read(self) -> int:
        """Bytes of text decompressed so far."""
        return self._archive.bytes_read

    @property
    def decompressing_ns(self) -> int:
        """Nanoseconds spent in decoders so far."""
        return self._archive.decompressing_ns

    @property
    def loss(self) -> Failure | None:
        """Why some lines are missing, None as long as none are."""
        loss = self._archive.loss
        return None if self._grows and loss is not None and loss.message.endswith(CUT_OFF) else loss

    def place_of(self, offset: int) -> int:
        """Return the offset in the file for that of a line in the text."""
        return self._archive.places.place_of(offset)

    def backward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch | PickedLines]:
        """Give the lines from the last to the first; what has no wanted lines is left out.

        Lines to be counted, each by itself, come from the first on: counts have no order, and one pass is enough.
        """
        if self._query.form.hits and self._by_lines and (end is None or end >= UNKNOWN):
            return self._counted()
        self._backward = True
        most, end = self._query.limits.of_one_log, None if end is None or end >= UNKNOWN else end
        inspect, overlap = None if self._matcher.everything else self._matcher.inspect, self._matcher.overlap
        picker = None if self._picker is None else _PickerInRange(self._picker, self._is_skipped)
        # The newest of all lines are given as they are: to pick every line that goes by would be for nothing.
        if picker is not None and (most is None or not self._matcher.everything):
            return self._archive.picked(picker, most=most, end=end, inspect=inspect, overlap=overlap)
        return self._archive.backward(
            self._wanted,
            most=most if self._by_lines and self._stamps is None else None,
            around=self._around(),
            end=end,
            inspect=inspect,
            overlap=overlap,
            picker=picker,
        )

    def _counted(self) -> Iterator[Stretch]:
        for stretch in self._archive.forward():
            skipped = isinstance(stretch, Block) and stretch.body and self._is_skipped(stretch.body)
            yield Block(stretch.offset, b"") if skipped else stretch

    def _around(self) -> int:
        """Return how many lines are needed on either side of a match."""
        context = max(self._query.match.before, self._query.match.after)
        return context if self._query.form.unit is Unit.LINE else MAX_EVENT_LINES * (1 + context)

    def forward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch]:
        """Give the lines from the first, or the one that begins at `begin`, to the last."""
        return self._archive.forward(begin)

    def windows(self, line: LongLine, overlap: int) -> Iterator[bytes]:
        """Give a long line in windows, each of which shares `overlap` bytes with the window before it."""
        return self._archive.windows(line, overlap)

    def head(self, line: LongLine) -> bytes:
        """Return the first bytes of a long line."""
        return self._archive.head(line)

    def found(self, line: LongLine) -> bool | None:
        """Return whether a long line matches; None if not known: only reading backward searches long lines at once."""
        return self._archive.found(line) if self._backward else None

    def _wanted(self, block: bytes) -> int:
        """Return how many lines of a block may be needed, or 0 and 1 for whether any are, if lines do not count."""
        if self._is_skipped(block):
            return 0
        if not self._by_lines:
            return 0 if self._matcher.everything is False and self._matcher.rules_out(block) else 1
        if self._matcher.everything:
            return block.count(b"\n") + (not block.endswith(b"\n"))
        return len(self._matcher.spans(block))

    def _is_skipped(self, block: bytes) -> bool:
        return self._stamps is not None and self._is_outside(block, self._stamps)

    def _is_outside(self, block: bytes, stamps: Callable[[Sequence[bytes]], Sequence[int | None]]) -> bool:
        lines = [*block.split(b"\n", _SAMPLED)[:_SAMPLED], *block.rsplit(b"\n", _SAMPLED)[-_SAMPLED:]]
        stated = stamps(lines)
        times = [time for time in stated if time is not None]
        if not times:
            return False
        self.first_time = min(times) if self.first_time is None else min(self.first_time, *times)
        self.last_time = max(times) if self.last_time is None else max(self.last_time, *times)
        since, until = self._query.range.since, self._query.range.until
        too_old = since is not None and max(times) + TOLERANCE < since
        # If the first line states no time, it has the time of a line before the block.
        return too_old or (until is not None and stated[0] is not None and min(times) - TOLERANCE >= until)


class _PickerInRange:
    """Picks nothing from blocks that are to be skipped, and all else as another picker does."""

    def __init__(self, picker: Picker, is_skipped: Callable[[bytes], bool]) -> None:
        self._picker = picker
        self._is_skipped = is_skipped
        self.pick_long = picker.pick_long

    def pick(self, block: Block) -> PickedLines:
        if self._is_skipped(block.body):
            return PickedLines(block.offset, len(block.body), [], [], None)
        return self._picker.pick(block)
