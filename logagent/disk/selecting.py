"""Selecting: lines by themselves come straight from the matcher; with context, or as events, from `Records`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from logagent.core.matching.context import Record
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Query, Unit
from logagent.disk.files.blocks import Block
from logagent.disk.records import Records
from logagent.disk.selection import Lines, Selected
from logagent.disk.times.stamping import Times


class Selection(Protocol):
    """Picks lines out of blocks that come in the order of the answer."""

    def enter(self, file: int, stamping: Times | None) -> None:
        """The blocks to come are of another file of the log: its number, and what gives its lines their times."""

    def add(self, block: Block) -> Selected: ...

    def add_long(self, start: int, head: bytes, matches: bool) -> Selected:
        """Of a line that is too long to be held; only its head is at hand."""

    def finish(self) -> Selected:
        """What waited for further blocks, of which there are none."""

    @property
    def waits(self) -> bool:
        """Whether an event that was begun waits for its end."""

    @property
    def kept(self) -> Sequence[Record]:
        """What is kept in mind of what was added and not given, in the order of the answer."""


def selection(query: Query, matcher: Matcher, *, starts: bool) -> Selection:
    """What selects for a query. starts: whether the places of lines are wanted."""
    if query.context or query.unit is Unit.EVENT:
        return Records(query, matcher)
    return Lines(query, matcher, starts=starts)
