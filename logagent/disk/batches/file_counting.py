"""Counting the matching lines or events of one log, in place of collecting them."""

from __future__ import annotations

from logagent.core.batch import BESIDE, Batch, Origin
from logagent.core.hits.by_file import count_of
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Query, Unit
from logagent.disk.batches.lines import SelectedLines
from logagent.disk.batches.records import selector_for
from logagent.disk.files.blocks import Block
from logagent.disk.times.stamping import Times


class FileCounter:
    """Counts the lines or events of one log, up to `n_per_file`; it needs times only for a range, or for events.

    Args:
        log: what the counts are of.
        is_counted: whether the log has a count although none of its files is entered.

    Attributes:
        refused: false, since no line is sent.
        size: 0: a count is sent when a sign of life is due.
        cut: 0: no line is sent.
        sent: counts taken so far.
    """

    refused = False
    size = cut = 0

    def __init__(self, query: Query, matcher: Matcher, log: Origin, *, is_counted: bool = False) -> None:
        selects = query.form.unit is Unit.EVENT or query.range.is_bounded
        self._selector = selector_for(query, matcher, starts=False) if selects else None
        self._matcher = matcher
        self._log = log
        self._most = query.limits.of_one_log
        self._counted = self._untold = self._files = self.sent = 0
        self._is_counted = is_counted
        self._is_finished = False

    @property
    def done(self) -> bool:
        """Whether as many lines are counted as are wanted."""
        return self._most is not None and self._counted >= self._most

    @property
    def count(self) -> int:
        """The number of counts that `take` returns: one if there is anything to tell."""
        is_last = self._is_finished and self._is_counted and not self.sent
        return 1 if self._untold or is_last else 0

    def enter(self, stamping: Times | None) -> None:
        """Begin with another file, whose lines get their times from `stamping`; None: none are wanted."""
        if self._selector is not None:
            self._selector.enter(self._files, stamping)
        self._files += 1
        self._is_counted = True

    def add(self, block: Block) -> None:
        """Count the matching lines, or events, of a block."""
        if self._selector is not None:
            self._add(_records_in(self._selector.add(block)))
            return
        spans = self._matcher.some_spans(block.body)
        every = block.body.count(b"\n") + (not block.body.endswith(b"\n"))
        self._add(every if spans is None else len(spans))

    def add_long(self, start: int, head: bytes, *, matches: bool = True) -> None:
        """Count a line that is too long to be held, if it matches."""
        if self._selector is not None:
            self._add(_records_in(self._selector.add_long(start, head, matches)))
        else:
            self._add(int(matches))

    def finish(self) -> None:
        """Count the event that waits for further lines, since there are none."""
        self._is_finished = True
        if self._selector is not None:
            self._add(_records_in(self._selector.finish()))

    def take(self) -> Batch:
        """Return how many lines were counted since the last call."""
        untold, self._untold = self._untold, 0
        self.sent += 1
        return count_of(self._log, untold)

    def _add(self, records: int) -> None:
        counted = self._counted + records
        counted = counted if self._most is None else min(counted, self._most)
        self._untold += counted - self._counted
        self._counted = counted


def _records_in(selected: SelectedLines) -> int:
    """Return how many lines or events were selected, a further line of an event not counted."""
    return len(selected.lines) if selected.flags is None else len(selected.flags.translate(None, BESIDE))
