"""Steps: the lengths that buckets have, which are sensible, and how counts change from one to a coarser."""

from __future__ import annotations

from logagent.core.outcome import Failure, Status
from logagent.core.units import DAY, HOUR, MINUTE, SECOND, UNITS

LADDER = (
    *(seconds * SECOND for seconds in (1, 5, 10, 30)),
    *(minutes * MINUTE for minutes in (1, 5, 10, 30)),
    *(hours * HOUR for hours in (1, 3, 6, 12)),
    *(days * DAY for days in (1, 7, 28, 364)),
)
"""The sensible steps in nanoseconds, the last one for centuries."""
MOST_ROWS = 120
"""Buckets up to which a step is sensible: as many as a screen has columns, or as one cares to scroll through."""
SENT_BUCKETS = 3 * MOST_ROWS
"""Buckets that a file's counts hold at most where the step is ours to choose: some more than a sensible step makes, so
that the counts of many files can still be brought to one, and a kilobyte or two on the way."""
MAX_BUCKETS = 10_000
"""Buckets at most where the step was asked for: a week by the minute, in about a megabyte for each host."""


def sensible_step(span: int, most: int = MOST_ROWS) -> int:
    """The finest step of the ladder that cuts so many nanoseconds into `most` buckets at most; else the coarsest."""
    return next((step for step in LADDER if span <= most * step), LADDER[-1])


def spelled_step(step: int) -> str:
    """A step as a client spells it: `90s`, `5m`, `1d`."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if step % UNITS[unit] == 0 or unit == "ms")
    return f"{step // UNITS[unit]}{unit}"


def too_many_buckets(step: int, span: int) -> Failure:
    """Why an answer by `step` is not whole. span: nanoseconds that a step which would do has to bear."""
    would_do = spelled_step(max(sensible_step(span), step + 1))
    return Failure(
        Status.RESOURCE_EXHAUSTED,
        f"step={spelled_step(step)} makes more than {MAX_BUCKETS} buckets; step={would_do} would do",
    )


def coarser(step: int) -> int:
    """The next step of the ladder."""
    return next(longer for longer in LADDER if longer > step)


def regrouped(lines: dict[int, int], step: int) -> dict[int, int]:
    """Counts by a fine step, keyed by where their buckets begin, as counts by a coarser one."""
    counts: dict[int, int] = {}
    for start, count in lines.items():
        start -= start % step
        counts[start] = counts.get(start, 0) + count
    return counts
