"""Batches of counts, as sources send them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import strategies as st

from logagent.core.batch import Batch, Origin
from logagent.core.units import HOUR, MINUTE

times = st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**13), 10**13) | st.integers(0, 50).map(lambda n: n * HOUR)
"""Nanoseconds since the epoch, far apart, near each other or alike."""


def counts(*rows: tuple[int, int], step: int = MINUTE, host: str = "web-1", timed: bool = True) -> Batch:
    """A batch of counts: buckets and their lines."""
    body = b"".join(b"%d %d\n" % (lines, step) for _, lines in rows)
    starts = [start for start, _ in rows]
    return Batch(body, len(rows), starts, [0] * len(rows), (Origin(host, "app.log", timed),))


def by_step(times: Iterable[int], step: int) -> dict[int, int]:
    """Where buckets begin, and how many of the times each of them holds."""
    return dict(Counter(time // step * step for time in times))
