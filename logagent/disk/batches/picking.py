"""Picking the matching lines of an archive while its text goes by, with their times, for which it must be at hand."""

from __future__ import annotations

from logagent.core.matching.matcher import Matcher
from logagent.core.query import Query
from logagent.disk.archives.picked_lines import PickedLines
from logagent.disk.batches.lines import LineSelector, SelectedLines
from logagent.disk.files.blocks import Block
from logagent.disk.times.stamping import Times


class LinePicker:
    """Picks the lines of one archive that a query selects, each by itself (see `archives.picked_lines.Picker`).

    Args:
        query: asks for lines, newest first.
        stamping: gives the lines their times; None: none are wanted.
    """

    def __init__(self, query: Query, matcher: Matcher, stamping: Times | None) -> None:
        # Without offsets, lines can be placed only where each line of the text is picked.
        starts = query.form.times or query.form.places or not matcher.everything
        self._selector = LineSelector(query, matcher, starts=starts)
        self._selector.enter(0, stamping)
        self._stamping = stamping if query.form.times else None

    def pick(self, block: Block) -> PickedLines:
        """Return the selected lines of a block, the last first."""
        return self._picked(block.offset, len(block.body), self._selector.add(block))

    def pick_long(self, start: int, head: bytes, *, matches: bool) -> PickedLines:
        """Return a line that is too long to be held, if it is selected; its size is that of its head."""
        return self._picked(start, len(head), self._selector.add_long(start, head, matches))

    def _picked(self, offset: int, size: int, selected: SelectedLines) -> PickedLines:
        times = None
        if self._stamping is not None:
            times = selected.times_of_first(len(selected.lines), self._stamping, newest=True)
        return PickedLines(offset, size, selected.lines, selected.starts, times)


def selected_again(picked: PickedLines) -> SelectedLines:
    """Return picked lines as they were selected, with their times if they have some."""
    return SelectedLines(picked.starts, picked.lines, None, picked.times, begin=picked.offset)
