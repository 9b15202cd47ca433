"""The columns of a batch that hold a value for each line: the one place that slices, picks, joins and reorders them.

A new column touches `Batch`, this module, and its encoding in `wire.frames`. Code that makes batches from files fills
the columns; code that rearranges batches calls this module.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from logagent.core.arrays import as_array, as_values, is_long, line_breaks
from logagent.core.batch import Batch, Column, LineFlag, Origin, as_column

S = TypeVar("S", bound=Sequence[Any])

_PER_LINE = ("times", "offsets", "origin", "flags", "keys")
"""The fields of a batch that hold a value for each line, or None."""


def pieces(batch: Batch, most: int) -> Iterator[Batch]:
    """Cut a batch between records into batches of bounded size.

    The first piece carries what comes before the lines (`scanned`, `planned`, `notices`, `notes`), the last piece what
    holds after them (`positions`, `live`).

    Args:
        batch: what to cut.
        most: bytes of a piece; only a piece that is a single record may be longer.
    """
    if len(batch.body) <= most:
        yield batch
        return
    yield from _cut(batch, _ends_of_pieces(batch, most))


def _ends_of_pieces(batch: Batch, most: int) -> Iterator[tuple[int, bytes]]:
    begin = first = 0
    while begin < len(batch.body):
        end = batch.body.rfind(b"\n", begin, begin + most) + 1 or batch.body.index(b"\n", begin) + 1
        count = line_breaks(batch.body, begin, end)
        if batch.flags is not None:
            end, count = _between_records(batch, batch.flags, begin, first, end, count)
        first += count
        yield first, batch.body[begin:end]
        begin = end


def cut_before(batch: Batch, borders: Sequence[int]) -> Iterator[Batch]:
    """Cut a batch before the lines at some indices.

    `scanned`, `planned`, `notices`, `notes`, `positions` and `live` are divided as by `pieces`.

    Args:
        batch: what to cut.
        borders: indices of lines, rising, none of them 0.
    """
    lines = batch.lines()
    ends = [
        (behind, b"".join([line + b"\n" for line in lines[first:behind]]))
        for first, behind in zip([0, *borders], [*borders, batch.count], strict=True)
    ]
    yield from _cut(batch, ends)


def _cut(batch: Batch, ends: Iterable[tuple[int, bytes]]) -> Iterator[Batch]:
    """Cut a batch; `ends` holds for each piece the index of the line after it, and its body."""
    first = 0
    for behind, body in ends:
        is_first, is_last = first == 0, behind == batch.count
        yield replace(
            batch,
            body=body,
            count=behind - first,
            scanned=batch.scanned if is_first else 0,
            planned=batch.planned if is_first else 0,
            notices=batch.notices if is_first else (),
            notes=batch.notes if is_first else (),
            positions=batch.positions if is_last else (),
            live=batch.live and is_last,
            **_of_each(batch, itemgetter(slice(first, behind))),
        )
        first = behind


def _between_records(batch: Batch, flags: bytes, begin: int, first: int, end: int, count: int) -> tuple[int, int]:
    """Return the last offset up to `end` that splits no record, else the first after it, and the number of lines."""
    fewer, before = count, end
    while fewer and first + fewer < batch.count and flags[first + fewer] & LineFlag.CONTINUES:
        fewer, before = fewer - 1, batch.body.rfind(b"\n", begin, before - 1) + 1
    if fewer > 0 and before > begin:
        return before, fewer
    while first + count < batch.count and flags[first + count] & LineFlag.CONTINUES:
        count, end = count + 1, batch.body.index(b"\n", end) + 1
    return end, count


def picked(batch: Batch, lines: Sequence[bytes], places: Sequence[int]) -> Batch:
    """Make a batch of some lines of another, in any order, with only the origins that these lines have.

    `scanned`, `planned`, `notices`, `notes`, `positions` and `live` are copied unchanged.

    Args:
        batch: where the lines are.
        lines: all its lines, as `Batch.lines` gives them.
        places: indices of the lines to pick, in the order of the new batch.
    """
    columns = _of_each(batch, lambda column: [column[place] for place in places])
    return with_used_origins(
        replace(batch, body=b"".join([lines[place] + b"\n" for place in places]), count=len(places), **columns)
    )


def with_used_origins(batch: Batch) -> Batch:
    """Leave out the origins that no line of a batch has; `origin` is None where only one is left."""
    if batch.origin is None:
        return replace(batch, origins=batch.origins[: 1 if batch.count else 0])
    numbers = {index: number for number, index in enumerate(dict.fromkeys(batch.origin))}
    origin = [numbers[index] for index in batch.origin] if len(numbers) > 1 else None
    return replace(batch, origins=tuple(batch.origins[index] for index in numbers), origin=origin)


def _of_each(batch: Batch, take: Callable[[Any], Sequence[int]]) -> dict[str, Any]:
    """Return each column that the batch has, with `take` applied."""
    taken: dict[str, Any] = {}
    for name in _PER_LINE:
        column = getattr(batch, name)
        if column is not None:
            taken[name] = bytes(take(column)) if isinstance(column, bytes) else take(column)
    return taken


class Run(NamedTuple):
    """Consecutive lines of a batch.

    Attributes:
        batch: where the lines are.
        lines: all lines of the batch.
        first: the index of the first line of the run.
        behind: the index after its last line.
    """

    batch: Batch
    lines: Sequence[bytes]
    first: int
    behind: int

    @property
    def size(self) -> int:
        """The number of lines."""
        return self.behind - self.first


class Joined:
    """Lines of several batches as one sequence, whose columns are joined when a batch is made of it.

    Args:
        runs: the lines, at least one run.
        order: for each place in the sequence, the index of its line, counted through all runs; None: run by run.

    Attributes:
        lines: in their order.
        body: the lines as bytes, each ended by `\\n`.
        flags: of the lines, as in a batch; None if no batch has any.
    """

    def __init__(self, runs: Sequence[Run], order: Column | None = None) -> None:
        self._runs = runs
        self._order = order
        lines: list[bytes] = []
        for run in runs:
            lines += run.lines[run.first : run.behind]
        self.lines = lines if order is None or len(lines) < 2 else list(itemgetter(*order)(lines))
        self.body = b"\n".join([*self.lines, b""])
        self.flags = self._joined_flags()

    def batch(self, count: int, *, times: bool, places: bool) -> Batch:
        """Make a batch of the first lines, without progress, positions, notices and notes.

        Args:
            count: how many lines, at least one.
            times: whether to fill the column of times.
            places: whether to fill the columns of offsets and origins.
        """
        body = self.body if count == len(self.lines) else b"\n".join([*self.lines[:count], b""])
        batch = Batch(body, count, self._column(count, lambda batch: batch.times) if times else None)
        if self.flags is not None:
            keys = self._column(count, lambda batch: batch.keys or batch.times) if times else None
            batch = replace(batch, flags=self.flags[:count], keys=keys)
        if not places:
            return batch
        origins, origin = self._origins()
        offsets = self._column(count, lambda batch: batch.offsets)
        return replace(batch, offsets=offsets, origins=origins, origin=self._ordered(origin, count))

    def _ordered(self, values: Column, count: int) -> Column:
        """Return the first values in the order of the sequence."""
        return _first(values, count) if self._order is None else taken(values, _first(self._order, count))

    def _column(self, count: int, of: Callable[[Batch], Column | None]) -> Column:
        """Return a column of the first lines, zero where a batch lacks it."""
        parts = [(of(run.batch) or [0] * run.batch.count)[run.first : run.behind] for run in self._runs]
        return self._ordered(joined(parts), count)

    def _joined_flags(self) -> bytes | None:
        if all(run.batch.flags is None for run in self._runs):
            return None
        flags = b"".join([(run.batch.flags or bytes(run.batch.count))[run.first : run.behind] for run in self._runs])
        return flags if self._order is None else bytes(map(flags.__getitem__, self._order))

    def _origins(self) -> tuple[tuple[Origin, ...], Column]:
        """Return the origins of all runs, each once, and each line's index into them, run by run."""
        numbers: dict[Origin, int] = {}
        parts: list[Column] = []
        for run in self._runs:
            numbered = [numbers.setdefault(known, len(numbers)) for known in run.batch.origins]
            if run.batch.origin is None:
                parts.append(array("q", numbered[:1]) * run.size)
            else:
                parts.append(taken(numbered, run.batch.origin[run.first : run.behind]))
        return tuple(numbers), joined(parts)


def bounds(column: Column) -> tuple[int, int]:
    """Return the least and the greatest value of a column, which has some."""
    if is_long(column):
        values = as_array(column)
        return int(values.min()), int(values.max())
    return min(column), max(column)


def joined(columns: Sequence[Column]) -> Column:
    """Return columns one after the other as one."""
    if all(isinstance(column, array) for column in columns):
        return array("q", b"".join(map(memoryview, columns)))  # type: ignore[arg-type]  # each is an array
    return as_column([value for column in columns for value in column])


def taken(column: Column, places: Column) -> Column:
    """Return the values of a column at some indices, in their order."""
    if is_long(places):
        try:
            return as_values(as_array(column)[as_array(places)])
        except OverflowError:
            pass
    return as_column([column[place] for place in places])


def _first(values: S, count: int) -> S:
    """Return the first values, without a copy if these are all: copying costs as much as reordering."""
    return values if count == len(values) else values[:count]  # type: ignore[return-value]  # of the same type
