"""Keys: the times by which lines are merged, as columns that never decrease, and the order of the lines of several.

Keys of many lines are worked on by numpy, those of few lines by loops, which then take less time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from logagent.core.arrays import as_array, as_values, is_long, numpy
from logagent.core.batch import Batch, Column, as_column
from logagent.core.columns import joined


def keys_of(batch: Batch) -> Column:
    """Return the times by which the lines of a batch are merged, all equal if nothing is known of them."""
    return batch.keys or batch.times or as_column([0] * batch.count)


def reversed_keys(keys: Column) -> Column:
    """Return keys that rise where these fall: the complement, since the least of 64 bits has no negative."""
    return as_values(~as_array(keys)) if is_long(keys) else as_column([~key for key in keys])


def running_maximum(keys: Column, least: int | None) -> Column:
    """Raise keys of consecutive lines as far as needed to keep the lines in their order.

    Args:
        keys: of the lines; they are not changed.
        least: the key of the line before them.

    Returns:
        Keys none of which is less than the one before it, or than `least`.
    """
    if not is_long(keys):
        keys = as_column(list(accumulate(keys, max)))
    elif not _never_fall(keys):
        keys = as_values(numpy().maximum.accumulate(as_array(keys)))
    if least is None or keys[0] >= least:
        return keys
    lower = bisect_left(keys, least)
    return joined([as_column([least] * lower), keys[lower:]])


def _never_fall(keys: Column) -> bool:
    values = as_array(keys)
    return not (values[1:] < values[:-1]).any()


def order_of(runs: Sequence[Column]) -> Column:
    """Return the indices of all lines of several runs, counted through these, sorted by key; equal keys keep theirs."""
    keys = joined(runs)
    if is_long(keys):
        return as_values(as_array(keys).argsort(kind="stable"))
    return as_column(sorted(range(len(keys)), key=keys.__getitem__))
