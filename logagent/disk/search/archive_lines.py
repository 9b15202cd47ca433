"""Opening a file of a log for a query: read by position if it is plain, unpacked if it is an archive.

An archive is gone through forward whatever the order. So it cannot be bisected by time; what can hold nothing that is
asked for is passed over block by block, by the times of the block's first and last lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from logagent.core.matching.matcher import Matcher
from logagent.core.outcome import Failure
from logagent.core.query import Query, Unit
from logagent.disk.archives.archive import Archive
from logagent.disk.files.blocks import UNKNOWN, LongLine, Stretch
from logagent.disk.times.bisection import TOLERANCE

EVENT = 1000
"""Lines on either side of a match in which the rest of its event is looked for: far more than a stack trace takes."""

_SAMPLED = 16
"""Lines at either end of a block that are looked at for a time."""


class Text(Protocol):
    """A file's lines, in either order: what `Scan` reads. See `Reader`."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def bytes_read(self) -> int: ...

    @property
    def loss(self) -> Failure | None: ...

    def backward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch]: ...

    def forward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch]: ...

    def windows(self, line: LongLine, overlap: int) -> Iterator[bytes]: ...

    def head(self, line: LongLine) -> bytes: ...

    def found(self, line: LongLine) -> bool | None:
        """Whether a long line matches, if that is known without going through its windows."""


class Unpacked:
    """An archive as a `Text` for one query.

    stamps: the times that lines state themselves, None where the query has no range of time. first_time, last_time: the
    earliest and the latest time that was met in the blocks gone through, None as long as there is none.
    """

    def __init__(
        self,
        archive: Archive,
        query: Query,
        matcher: Matcher,
        stamps: Callable[[Sequence[bytes]], Sequence[int | None]] | None,
    ) -> None:
        self._archive = archive
        self._query = query
        self._matcher = matcher
        self._stamps = stamps
        self._by_lines = query.form.unit is Unit.LINE and not query.match.has_context
        self._backward = False
        self.first_time: int | None = None
        self.last_time: int | None = None

    @property
    def name(self) -> str:
        return self._archive.name

    @property
    def is_whole(self) -> bool:
        """Whether all of it was gone through."""
        return self._archive.size is not None

    @property
    def size(self) -> int:
        return UNKNOWN if self._archive.size is None else self._archive.size

    @property
    def bytes_read(self) -> int:
        return self._archive.bytes_read

    @property
    def unpacking_ns(self) -> int:
        """Nanoseconds that the decoders took so far."""
        return self._archive.decompressing_ns

    @property
    def loss(self) -> Failure | None:
        return self._archive.loss

    def backward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch]:
        query = self._query
        self._backward = True
        return self._archive.backward(
            self._wanted,
            most=query.limits.n if self._by_lines and self._stamps is None else None,
            around=self._around(),
            end=None if end == UNKNOWN else end,
            inspect=None if self._matcher.everything else self._matcher.inspect,
            overlap=self._matcher.overlap,
        )

    def _around(self) -> int:
        """Lines that are needed on either side of a match."""
        context = max(self._query.match.before, self._query.match.after)
        return context if self._query.form.unit is Unit.LINE else EVENT * (1 + context)

    def forward(self, begin: int = 0, end: int | None = None) -> Iterator[Stretch]:
        return self._archive.forward(begin)

    def windows(self, line: LongLine, overlap: int) -> Iterator[bytes]:
        return self._archive.windows(line, overlap)

    def head(self, line: LongLine) -> bytes:
        return self._archive.head(line)

    def found(self, line: LongLine) -> bool | None:
        """Backward, an archive has tested its long lines in passing."""
        return self._archive.found(line) if self._backward else None

    def _wanted(self, block: bytes) -> int:
        """How many lines of a block may be asked for."""
        if self._stamps is not None and self._is_outside(block, self._stamps):
            return 0
        if not self._by_lines:
            return 0 if self._matcher.everything is False and self._matcher.rules_out(block) else 1
        return block.count(b"\n") if self._matcher.everything else len(self._matcher.spans(block))

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
        # Lines at its beginning without a time have that of a line before the block.
        return too_old or (until is not None and stated[0] is not None and min(times) - TOLERANCE >= until)
