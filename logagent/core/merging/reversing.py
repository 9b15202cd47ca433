"""Reversing an answer: puts lines that were found from the newest to the oldest into reading order."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from logagent.core.batch import Batch, LineFlag, Position
from logagent.core.columns import Joined, Run, picked

_Log = tuple[str, str]
"""Host and log."""
_SWAPPED = {LineFlag.LEADS: LineFlag.TRAILS, LineFlag.TRAILS: LineFlag.LEADS}


def oldest_first(batches: Sequence[Batch], logs: Container[_Log] | None = None) -> Batch | None:
    """Put an answer that goes from newer to older lines into reading order.

    Records are reversed, but the lines within a record keep their order. Context before a match becomes context after
    it, and the other way round.

    Args:
        batches: the whole answer, with times and places.
        logs: hosts and logs whose lines are kept; None: all.

    Returns:
        All lines as one batch; None if there are none.
    """
    runs = [Run(batch, batch.lines(), 0, batch.count) for batch in batches if batch.count]
    if not runs:
        return None
    joined = Joined(runs)
    newest_first = joined.batch(len(joined.lines), times=True, places=True)
    log_of_each = _log_of_each(newest_first)
    kept = [place for place, log in enumerate(log_of_each) if logs is None or log in logs]
    if not kept:
        return None
    records = _records(newest_first, kept)
    batch = picked(newest_first, joined.lines, [place for record in reversed(records) for place in record])
    if newest_first.flags is None:
        return batch
    flags = _reversed_flags(newest_first.flags, records, log_of_each)
    return replace(batch, flags=bytes([flags[place] for record in reversed(records) for place in record]))


def positions_before(batch: Batch) -> tuple[Position, ...]:
    """Return, for each log with lines in a batch that is in reading order, the position before its first line."""
    first: dict[_Log, int] = {}
    for place, log in enumerate(_log_of_each(batch)):
        first.setdefault(log, place)
    offsets = batch.offsets or [0] * batch.count
    return tuple(Position(*log, _fingerprint(batch, place), offsets[place]) for log, place in first.items())


def positions_behind(batch: Batch) -> tuple[Position, ...]:
    """Return, for each log with lines in a batch that is in reading order, the position after its last line.

    Lines of files without a fingerprint are ignored, since no position can lie in such a file.
    """
    lines = batch.lines()
    last = {log: place for place, log in enumerate(_log_of_each(batch)) if _fingerprint(batch, place)}
    return tuple(
        Position(*log, _fingerprint(batch, place), batch.offset_behind(place, lines[place]))
        for log, place in last.items()
    )


def _log_of_each(batch: Batch) -> list[_Log]:
    logs = [origin.log_id for origin in batch.origins]
    return [logs[index] for index in batch.origin_of_each()]


def _fingerprint(batch: Batch, place: int) -> int:
    return batch.origins[0 if batch.origin is None else batch.origin[place]].fingerprint


def _records(batch: Batch, places: Sequence[int]) -> list[list[int]]:
    """Group lines into records, by their indices."""
    records: list[list[int]] = []
    for place in places:
        if batch.continues_record(place) and records:
            records[-1].append(place)
        else:
            records.append([place])
    return records


def _reversed_flags(flags: bytes, records: Sequence[Sequence[int]], log_of_each: Sequence[_Log]) -> bytearray:
    """Return the flag of each line in the reversed answer.

    A gap between two lines is flagged on the one that comes later in the answer; after reversing, that is the other
    one.
    """
    changed = bytearray(flags)
    begun: dict[_Log, int] = {}
    for first, *_ in records:
        kind = flags[first] & ~LineFlag.GAP
        changed[first] = _SWAPPED.get(LineFlag(kind), kind)
        log = log_of_each[first]
        if flags[first] & LineFlag.GAP and log in begun:
            changed[begun[log]] |= LineFlag.GAP
        begun[log] = first
    return changed
