"""Steps: the sensible lengths of buckets, and regrouping counts by a coarser step."""

from __future__ import annotations

from logagent.core.outcome import Failure, Status
from logagent.core.units import DAY, HOUR, MINUTE, SECOND, UNITS

LADDER = (
    *(seconds * SECOND for seconds in (1, 5, 10, 30)),
    *(minutes * MINUTE for minutes in (1, 5, 10, 30)),
    *(hours * HOUR for hours in (1, 3, 6, 12)),
    *(days * DAY for days in (1, 7, 28, 364)),
)
"""The sensible steps in nanoseconds, the last for centuries. Each is a multiple of the step before it."""
MOST_ROWS = 120
"""Buckets of a sensible step at most: as many as a screen has columns, or as a person scrolls through."""
SENT_BUCKETS = 3 * MOST_ROWS
"""Buckets of one file at most where no step is asked for: a kilobyte or two in a response. They are more than a
sensible step makes, so that the counts of many files can still be regrouped by one step."""
MAX_BUCKETS = 10_000
"""Buckets at most where the step is asked for: a week by the minute, about a megabyte for each host."""


def sensible_step(span: int, most: int = MOST_ROWS) -> int:
    """Return the finest step of the ladder that makes few enough buckets, or else the coarsest.

    Args:
        span: nanoseconds from the first time to the last.
        most: buckets at most.
    """
    return next((step for step in LADDER if span <= most * step), LADDER[-1])


def spelled_step(step: int) -> str:
    """Spell a step, given in nanoseconds, as a client does: `90s`, `5m`, `1d`."""
    unit = next(unit for unit in ("d", "h", "m", "s", "ms") if step % UNITS[unit] == 0 or unit == "ms")
    return f"{step // UNITS[unit]}{unit}"


def too_many_buckets(step: int, span: int) -> Failure:
    """Return the failure of an answer with more than `MAX_BUCKETS` buckets.

    Args:
        step: the step asked for, in nanoseconds.
        span: nanoseconds from the first time to the last, for which the message recommends a step.
    """
    would_do = spelled_step(max(sensible_step(span), step + 1))
    return Failure(
        Status.RESOURCE_EXHAUSTED,
        f"step={spelled_step(step)} makes more than {MAX_BUCKETS} buckets; step={would_do} would do",
    )


def coarser(step: int) -> int:
    """Return the next coarser step of the ladder."""
    return next(longer for longer in LADDER if longer > step)


def regrouped(lines: dict[int, int], step: int) -> dict[int, int]:
    """Turn counts by a fine step, keyed by where their buckets begin, into counts by a coarser step."""
    counts: dict[int, int] = {}
    for start, count in lines.items():
        start -= start % step
        counts[start] = counts.get(start, 0) + count
    return counts
