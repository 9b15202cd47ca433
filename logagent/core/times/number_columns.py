"""Columns of numbers: where all lines of a file have seconds since the epoch, though not at their beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from logagent.core.times.decided_formats import EPOCH_COLUMN
from logagent.core.times.places import TimePlace
from logagent.core.units import DAY, MINUTE

SHARE = 0.8
"""Share of the lines that must have a number in the column, and of the steps between them that must not go back."""
FEW = 3
"""Numbers that are needed at least."""
TOLERANCE = MINUTE
"""Nanoseconds by which a time may lie before that of the line before."""
YEAR = 366 * DAY
"""Nanoseconds before and after the last write to a file within which numbers may be times."""


def number_column(times: Mapping[TimePlace, Sequence[int]], lines: int, modified: int) -> TimePlace | None:
    """Return the column of numbers that are the times of a file's lines, None if there is none.

    Args:
        times: at each place, in the order of the file.
        lines: of the file, or of the samples from it.
        modified: when the file was last written to, in nanoseconds since the epoch.
    """
    columns = sorted(place for place in times if place.name == EPOCH_COLUMN.name)
    return next((place for place in columns if _are_times(times[place], lines, modified)), None)


def _are_times(times: Sequence[int], lines: int, modified: int) -> bool:
    if len(times) < max(FEW, SHARE * lines) or len(set(times)) == 1:
        return False
    rising = sum(later >= earlier - TOLERANCE for earlier, later in pairwise(times))
    near = all(abs(modified - time) < YEAR for time in (times[0], times[-1]))
    return near and rising >= SHARE * (len(times) - 1)
