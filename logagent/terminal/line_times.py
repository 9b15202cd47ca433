"""Times in one zone, as they are printed before lines and in tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from logagent.core.batch import Batch
from logagent.core.units import MILLISECOND, SECOND

UNTIMED = "-"
"""Stands before lines of files in which no times are recognised."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def spelled(moment: int, zone: tzinfo, precision: str) -> str:
    """Spell a time as RFC 3339 does, in a zone.

    Args:
        moment: nanoseconds since the epoch.
        precision: as `datetime.isoformat` has it; finer parts are cut off.
    """
    try:
        local = (_EPOCH + timedelta(microseconds=moment // 1000)).astimezone(zone)
    except OverflowError:  # years beyond four digits
        return f"@{moment // SECOND}"
    text = local.isoformat("T", precision)
    return f"{text[:-6]}Z" if zone is UTC else text


class LineTimes:
    """Spells the times of lines, to the millisecond."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def of(self, batch: Batch) -> Sequence[str]:
        """Return the time of each line of a batch, which must have times and places."""
        assert batch.times is not None, "a batch with times"
        timed = [origin.timed for origin in batch.origins]
        known: dict[int, str] = {}
        texts = list[str]()
        for time, index in zip(batch.times, batch.origin_of_each(), strict=True):
            moment = time // MILLISECOND
            if moment not in known:
                known[moment] = spelled(time, self._zone, "milliseconds")
            texts.append(known[moment] if timed[index] else UNTIMED)
        return texts
