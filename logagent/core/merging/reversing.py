"""Turning an answer round: what was found from the newest to the oldest, in reading order."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import NamedTuple

from logagent.core.batch import Batch, LineFlag, Origin, Position

_Log = tuple[str, str]
"""Host and log."""
_TURNED = {LineFlag.LEADS: LineFlag.TRAILS, LineFlag.TRAILS: LineFlag.LEADS}


class _Line(NamedTuple):
    """One line with its columns."""

    text: bytes
    time: int
    key: int
    offset: int
    origin: Origin
    flag: int


def turned(batches: Sequence[Batch], logs: Container[_Log] | None = None) -> Batch | None:
    """All batches of an answer newest first, with times and places, as one batch oldest first; None if it is empty.

    Records come in reverse order, the lines of each in their own; what led to a match trails it, and the other way
    round. logs: lines of others are left out.
    """
    records = _records([line for batch in batches for line in _lines(batch) if logs is None or _log(line) in logs])
    if not records:
        return None
    lines = [line for record in _with_gaps_moved(records)[::-1] for line in record]
    origins = tuple(dict.fromkeys(line.origin for line in lines))
    number = {origin: place for place, origin in enumerate(origins)}
    batch = Batch(
        b"".join([line.text + b"\n" for line in lines]),
        len(lines),
        times=[line.time for line in lines],
        offsets=[line.offset for line in lines],
        origins=origins,
        origin=[number[line.origin] for line in lines] if len(origins) > 1 else None,
    )
    if all(known.flags is None for known in batches if known.count):
        return batch
    return replace(batch, flags=bytes(line.flag for line in lines), keys=[line.key for line in lines])


def beginnings(batch: Batch) -> tuple[Position, ...]:
    """For each log in a batch, oldest first, the position before its first line."""
    first = {_log(line): line for line in reversed(_lines(batch))}
    return tuple(Position(*log, line.origin.fingerprint, line.offset) for log, line in first.items())


def endings(batch: Batch) -> tuple[Position, ...]:
    """The same behind its last line; of a file that no position is in there is none."""
    last = {_log(line): (place, line) for place, line in enumerate(_lines(batch)) if line.origin.fingerprint}
    return tuple(
        Position(*log, line.origin.fingerprint, batch.behind(place, line.text)) for log, (place, line) in last.items()
    )


def _log(line: _Line) -> _Log:
    return line.origin.host, line.origin.log or line.origin.file


def _lines(batch: Batch) -> list[_Line]:
    times, offsets = batch.times or [0] * batch.count, batch.offsets or [0] * batch.count
    origins = [batch.origins[index] for index in batch.origin_of_each()]
    flags = batch.flags or bytes(batch.count)
    return list(map(_Line, batch.lines(), times, batch.keys or times, offsets, origins, flags))


def _records(lines: list[_Line]) -> list[list[_Line]]:
    records: list[list[_Line]] = []
    for line in lines:
        if line.flag & LineFlag.CONTINUES and records:
            records[-1].append(line)
        else:
            records.append([line])
    return records


def _with_gaps_moved(records: list[list[_Line]]) -> list[list[_Line]]:
    """A gap is marked on the later of the two lines that it lies between: turned round, on the other one."""
    moved: list[list[_Line]] = []
    before: dict[_Log, int] = {}
    for first, *further in records:
        kind = first.flag & ~LineFlag.GAP
        moved.append([first._replace(flag=_TURNED.get(LineFlag(kind), kind)), *further])
        if first.flag & LineFlag.GAP and (place := before.get(_log(first))) is not None:
            earlier = moved[place][0]
            moved[place][0] = earlier._replace(flag=earlier.flag | LineFlag.GAP)
        before[_log(first)] = len(moved) - 1
    return moved
