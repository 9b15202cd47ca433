"""The logs that a query leaves out since there are too many, and which of their lines could belong to its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from logagent.core.outcome import Failure, Status
from logagent.core.units import DAY
from logagent.disk.catalog.ends import Ends
from logagent.disk.catalog.found_files import STEP
from logagent.disk.catalog.logs import Generation, Group, Log
from logagent.disk.catalog.standing_files import MadeLogs
from logagent.disk.times.bisection import TOLERANCE

MAX_KEPT = 500
"""Logs left out that are kept, the newest ones, so that they can be looked into: that takes some tenths of a second."""
MAX_TRIED = 3
"""Files of a log that are looked into until one has lines: after a rotation the newest is empty."""

Holders = Callable[[str], Collection[int]]
"""Returns the numbers of the roots that have a file of a name."""
EndsOf = Callable[[Log, Generation], Ends]
"""Returns the times at the ends of one file of a log; raises `Failure`."""


class Wanted(NamedTuple):
    """How many logs are wanted.

    Attributes:
        limit: at most so many.
        first: names of those that are taken before newer ones.
    """

    limit: int
    first: Collection[str] = ()


@dataclass(slots=True)
class LeftOut:
    """The logs that match a query and are not read.

    Attributes:
        count: how many logs match in all.
        limit: how many of them are read, or listed: the newest by their times of modification.
        newest: the newest of the others, at most `MAX_KEPT`.
        beyond: when the newest of the rest was modified, in nanoseconds since the epoch; None: there is no rest.
    """

    count: int = 0
    limit: int = 0
    newest: list[Log] = field(default_factory=list)
    beyond: int | None = None

    def __bool__(self) -> bool:
        return self.count > self.limit

    def failure(self, done: str = "read") -> Failure:
        """Return the failure to report.

        Args:
            done: what is done with the others, in one word.
        """
        message = f"{self.count:,} files match; the newest {self.limit:,} were {done}; narrow the glob"
        return Failure(Status.RESOURCE_EXHAUSTED, message)

    @property
    def latest(self) -> int:
        """The latest time that a line of the logs left out may have, in nanoseconds since the epoch.

        A line is written when it happens, so that its file is modified then or later; a day outweighs any error in the
        time zone of its times.
        """
        return DAY + max(self.beyond or 0, *map(modified, self.newest))

    @property
    def least(self) -> int:
        """The least that `latest` may be after the newest of them were looked into."""
        return 0 if self.beyond is None else self.beyond + DAY

    def looked_into(self, ends_of: EndsOf) -> Generator[None, None, int]:
        """Return `latest` after the newest of the logs left out were looked into; reads the disk and yields.

        Args:
            ends_of: returns the times at the ends of one file of a log.
        """
        latest = self.least
        for log in self.newest:
            yield
            latest = max(latest, latest_by_ends(log, ends_of))
        return latest


def modified(log: Log) -> int:
    """Return when a log was modified last, in any of its files: nanoseconds since the epoch."""
    return max(file.modified for file in log.generations)


def latest_by_ends(log: Log, ends_of: EndsOf) -> int:
    """Return the latest time that a line of a log may have, of whose newest lines the time is looked at.

    Where that is later than the file's modification time, the lines are dated ahead, and later ones may be further on.
    """
    for file in log.generations[:MAX_TRIED]:
        try:
            ends = ends_of(log, file)
        except Failure:
            break
        if ends.judgement.lines:
            if not ends.judgement.trusted:
                return modified(log)  # merged as one block, by this time
            if ends.newest is not None and ends.newest <= modified(log) + TOLERANCE:
                return max(modified(log), ends.newest)
            return max(modified(log), ends.newest or 0) + DAY
    return modified(log) + DAY


def newest(
    groups: list[Group], wanted: Wanted, left_out: LeftOut, holders: Holders, made: MadeLogs
) -> Generator[None, None, list[Log]]:
    """Return the logs of the groups that are named, then those that are wanted first, then the newest.

    Yields every now and then.

    Args:
        left_out: gets the others.
        made: makes them, or has done so before.
    """
    first = groups
    if len(groups) > wanted.limit:
        left_out.count, left_out.limit = len(groups), wanted.limit
        by_wish = partial(_by_wish, wanted.first)
        first = yield from _least(groups, wanted.limit, by_wish)
        chosen = {id(group) for group in first}
        rest = [group for group in groups if id(group) not in chosen]
        others = yield from _least(rest, MAX_KEPT + 1, _by_age)
        left_out.newest += [next(group.logs(several=False)) for group in others[:MAX_KEPT]]
        left_out.beyond = others[MAX_KEPT].modified if len(others) > MAX_KEPT else None
    logs: list[Log] = []
    names = Counter(group.name for group in first)
    for number, group in enumerate(first):
        if number % STEP == STEP - 1:
            yield
        logs += made.of(group, several=names[group.name] > 1 or len({group.root, *holders(group.name)}) > 1)
    return logs


def _by_wish(first: Collection[str], group: Group) -> tuple[bool, bool, int, str]:
    return not group.named, group.name not in first, -group.modified, group.name


def _by_age(group: Group) -> int:
    return -group.modified


def _least(groups: Sequence[Group], count: int, key: Callable[[Group], Any]) -> Generator[None, None, list[Group]]:
    """Return the groups with the least keys, sorted; yields every now and then."""
    least: list[Group] = []
    for begin in range(0, len(groups), count):
        least = sorted([*least, *groups[begin : begin + count]], key=key)[:count]
        yield
    return least
