"""Blocks that go into an answer as they are: all lines are wanted, in the order of the file, without columns."""

from __future__ import annotations

from logagent.core.arrays import line_breaks
from logagent.core.limits import Allowance
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query, Unit
from logagent.disk.files.blocks import Block


class WholeBlocks:
    """Tells which blocks an answer takes whole, so that they are neither cut into lines nor copied.

    Args:
        max_line: bytes to which lines are cut.
        allowance: of the answer; it is told of the lines of a block that is taken.
    """

    def __init__(self, query: Query, matcher: Matcher, max_line: int, allowance: Allowance) -> None:
        form = query.form
        in_order = form.order is Order.OLDEST and form.unit is Unit.LINE
        wants_all = matcher.everything and not (query.range.is_bounded or query.match.has_context)
        self._any = in_order and wants_all and not (form.times or form.places)
        self._max_line = max_line
        self._allowance = allowance

    def admit(self, block: Block) -> int:
        """Return the number of lines of a block that is taken whole; 0: its lines are to be looked at."""
        body = block.body
        if not (self._any and len(body) <= self._max_line and body.endswith(b"\n")):
            return 0
        count = line_breaks(body)
        return count if self._allowance.admit_whole(count, len(body)) else 0
