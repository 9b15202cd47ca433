"""Counts by file: how many lines match in each log, also in those where none does.

They are sent like counts by time, with `STEP` for the length of the only bucket: the line `17 31449600000000000`, which
begins at the epoch, stands for 17 lines. A log may be sent in several counts, which are to be added; each log that was
searched is in one at least.
"""

from __future__ import annotations

from typing import NamedTuple

from logagent.core.batch import Batch, Origin
from logagent.core.hits.counts import counts_of
from logagent.core.hits.steps import LADDER

STEP = LADDER[-1]
"""Nanoseconds that stand for the bucket of a count by file, whose lines may have any time."""


def count_of(log: Origin, lines: int) -> Batch:
    """Return the batch that says how many lines match in a log, further to those of earlier batches."""
    return Batch(b"%d %d\n" % (lines, STEP), 1, [0], [0], (log,))


class LogCount(NamedTuple):
    """How many lines match in one log.

    Attributes:
        host: the name of its host.
        log: its name there.
        lines: how many lines.
    """

    host: str
    log: str
    lines: int


class CountsByFile:
    """Adds up the counts of many logs."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], int] = {}

    def add(self, batch: Batch) -> None:
        """Add a batch of counts by file."""
        for count in counts_of(batch):
            log = count.origin.log_id
            self._lines[log] = self._lines.get(log, 0) + count.lines

    def rows(self) -> list[LogCount]:
        """Return the count of each log, by host and then by name."""
        return [LogCount(host, log, lines) for (host, log), lines in sorted(self._lines.items())]
