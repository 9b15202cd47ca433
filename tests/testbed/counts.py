"""Batches of counts, as sources send them."""

from __future__ import annotations

from logagent.core.batch import Batch, Origin
from logagent.core.units import MINUTE


def counts(*rows: tuple[int, int], step: int = MINUTE, host: str = "web-1", timed: bool = True) -> Batch:
    """A batch of counts: buckets and their lines."""
    body = b"".join(b"%d %d\n" % (lines, step) for _, lines in rows)
    starts = [start for start, _ in rows]
    return Batch(body, len(rows), starts, [0] * len(rows), (Origin(host, "app.log", timed),))
