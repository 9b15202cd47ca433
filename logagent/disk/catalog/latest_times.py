"""The latest time that a line of a log may have, by what is known of its files without reading all of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial

from logagent.core.outcome import Failure
from logagent.core.units import DAY
from logagent.disk.catalog.ends import Ends
from logagent.disk.catalog.found_files import STEP
from logagent.disk.catalog.left_out import latest_by_ends, modified
from logagent.disk.catalog.logs import Generation, Log

EndsIfKnown = Callable[[Log, Generation], Ends | None]
"""Returns the times at the ends of one file of a log; None if they are not known; raises `Failure`."""


def latest_times(logs: Sequence[Log], ends_of: EndsIfKnown, *, looks: bool) -> Generator[None, None, list[int]]:
    """Return the latest time that a line of each log may have, in nanoseconds since the epoch.

    Yields every now and then.

    Args:
        ends_of: returns the times at the ends of one file of a log.
        looks: whether it always knows them, since it reads files.
    """
    found = []
    for number, log in enumerate(logs):
        if number % STEP == STEP - 1:
            yield
        found.append(_latest(log, ends_of, looks=looks))
    return found


def _latest(log: Log, ends_of: EndsIfKnown, *, looks: bool) -> int:
    try:
        ends = [ends_of(log, file) for file in log.generations]
    except Failure:
        return modified(log) + DAY
    if all(one is not None and one.is_whole for one in ends):
        return max((one.newest for one in ends if one is not None and one.newest is not None), default=0)
    return latest_by_ends(log, partial(_known, ends_of)) if looks else modified(log) + DAY


def _known(ends_of: EndsIfKnown, log: Log, file: Generation) -> Ends:
    return ends_of(log, file) or Ends()
