"""Counts by a label of hosts: how many lines match on all hosts that have the same value of it.

They are sent like counts by file, with the value in place of the log, which is empty for hosts without the label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from logagent.core.batch import Batch, Out
from logagent.core.hits.counts import counts_of


class LabelCount(NamedTuple):
    """How many lines match on all hosts with one value of a label.

    Attributes:
        value: of the label; empty: they do not have it.
        hosts: how many hosts these are, of those on which something was searched.
        lines: how many lines.
    """

    value: str
    hosts: int
    lines: int


class CountsByLabel:
    """Adds up the counts of many hosts."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._hosts: dict[str, set[str]] = {}

    def add(self, batch: Batch) -> None:
        """Add a batch of counts by label."""
        for count in counts_of(batch):
            host, value = count.origin.log_id
            self._lines[value] = self._lines.get(value, 0) + count.lines
            self._hosts.setdefault(value, set()).add(host)

    def rows(self) -> list[LabelCount]:
        """Return the count of each value, by value, that of hosts without the label first."""
        return [LabelCount(value, len(self._hosts[value]), lines) for value, lines in sorted(self._lines.items())]


class ToCountsByLabel:
    """Forwards counts by file of one host as counts by label.

    Args:
        out: takes them.
        value: returns the value of the label; None: it is not known whether the host has it.

    Attributes:
        is_unknown: whether counts were forwarded whose value was not known.
    """

    def __init__(self, out: Out, value: Callable[[], str | None]) -> None:
        self._out = out
        self._value = value
        self.is_unknown = False

    async def send(self, batch: Batch) -> None:
        """Forward a batch."""
        if batch.count:
            value = self._value()
            self.is_unknown |= value is None
            origins = tuple(origin._replace(file=value or "", log=value or "") for origin in batch.origins)
            batch = replace(batch, origins=origins)
        await self._out.send(batch)
