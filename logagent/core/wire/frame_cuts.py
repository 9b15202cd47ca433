"""Cutting a batch into as many frames as it needs: what one frame names is counted in 16 bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from logagent.core.batch import SIGN_OF_LIFE, Batch
from logagent.core.columns import cut_before, with_used_origins

MAX_NAMED = 0xFFFF
"""Origins, positions, notices and notes that one frame names at most, and bytes of a name: each is counted, and lines
refer to origins, in 16 bits."""


def fits(batch: Batch) -> bool:
    """Return whether a batch is one frame."""
    return max(map(len, (batch.origins, batch.positions, batch.notices, batch.notes))) <= MAX_NAMED


def frames_of(batch: Batch) -> Iterator[Batch]:
    """Cut a batch into batches each of which is one frame; none that has lines is cut within a record.

    Notices come before the lines, and positions after them, in frames without lines where there are too many. Only
    those origins are sent that lines have. Of the notes, which are told as a whole, the first are sent.
    """
    for first in range(0, len(batch.notices) - MAX_NAMED, MAX_NAMED):
        yield replace(SIGN_OF_LIFE, notices=batch.notices[first : first + MAX_NAMED])
    told = (len(batch.notices) - 1) // MAX_NAMED * MAX_NAMED if batch.notices else 0
    whole = replace(batch, notices=batch.notices[told:], notes=batch.notes[:MAX_NAMED])
    last, later = _without_further_positions(whole)
    yield from _with_few_origins(with_used_origins(last))
    yield from later


def _without_further_positions(batch: Batch) -> tuple[Batch, list[Batch]]:
    """Return the batch with its first positions only, and batches without lines that hold the others."""
    if len(batch.positions) <= MAX_NAMED:
        return batch, []
    cuts = range(MAX_NAMED, len(batch.positions), MAX_NAMED)
    later = [replace(SIGN_OF_LIFE, positions=batch.positions[cut : cut + MAX_NAMED]) for cut in cuts]
    later[-1] = replace(later[-1], live=batch.live)
    return replace(batch, positions=batch.positions[:MAX_NAMED], live=False), later


def _with_few_origins(batch: Batch) -> Iterator[Batch]:
    """Cut a batch so that no part has more origins than one frame can name."""
    if len(batch.origins) <= MAX_NAMED:
        yield batch
        return
    for part in cut_before(batch, [*_borders(batch)]):
        yield with_used_origins(part)


def _borders(batch: Batch) -> Iterator[int]:
    """Yield the indices of the lines before which a batch is cut."""
    first = record = 0
    origins: set[int] = set()
    indices = batch.origin_of_each()
    for place, index in enumerate(indices):
        if not batch.continues_record(place):
            record = place
        origins.add(index)
        if len(origins) > MAX_NAMED:
            # A record is not cut, unless its lines come from too many files, which no source makes.
            is_whole = record > first and len(set(indices[record : place + 1])) <= MAX_NAMED
            first = record if is_whole else place
            yield first
            origins = set(indices[first : place + 1])
