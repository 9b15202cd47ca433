"""Where lines are merged: a few in the event loop, many in a thread, so that nobody else waits for them."""

from __future__ import annotations

import trio

from logagent.core.arrays import is_loaded, numpy
from logagent.core.batch import Position
from logagent.core.limits import Allowance
from logagent.core.merging.merge import Merge, Merged
from logagent.core.merging.relay import Relay

IN_A_THREAD = 8192
"""Lines from which on a thread merges them: each takes some 0.3 us, and fewer would take longer in a thread."""
WITH_ARRAYS = 2048
"""Lines from which on the first merge loads numpy, in a thread, too: without it each line takes as long as three."""


class Merging:
    """Merges in a thread where that takes long; meanwhile nothing of the merge changes.

    Args:
        merge: as it is while no call of `take` is running.
    """

    def __init__(self, merge: Merge | Relay) -> None:
        self._merge = merge
        self._in_thread = False
        self._unnoted: list[tuple[int, tuple[Position, ...]]] = []

    def note(self, stream: int, positions: tuple[Position, ...]) -> None:
        """Note the positions that a stream has reached, at the latest when the lines that are being merged are."""
        self._unnoted.append((stream, positions))
        self._note_all()

    async def take(self, allowance: Allowance) -> Merged | None:
        """Take all lines whose order is certain, up to the allowance; None if there are none."""
        lines = self._merge.held_lines
        if lines >= WITH_ARRAYS and not is_loaded():
            await trio.to_thread.run_sync(numpy)
        if lines < IN_A_THREAD:
            return self._merge.take(allowance)
        self._in_thread = True
        try:
            return await trio.to_thread.run_sync(self._merge.take, allowance)
        finally:
            self._in_thread = False
            self._note_all()

    def _note_all(self) -> None:
        while self._unnoted and not self._in_thread:
            self._merge.note(*self._unnoted.pop(0))
