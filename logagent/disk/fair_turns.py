"""Turns at work in disk threads: whoever was served least goes first, and nobody waits for ever.

So a small question does not wait behind hundreds of scans: each of its turns waits for those under way, and for queries
that begin at the same time. A scan has short turns at first, since nobody knows yet that it is one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import trio

SHORTEST, LONGEST = 0.002, 0.02
"""Seconds of a turn while others wait, at least and at most: in between, as many as the query was served before. The
first is more than a small question takes for one file; with the last, handing on (0.2 ms) is no loss."""
EACH_OLDEST = 4
"""Of so many turns one is given to whoever has waited longest, however much he was served: so a scan goes on beside any
number of small questions."""


@dataclass(eq=False, slots=True)
class Share:
    """What one query has had of the disk threads.

    Attributes:
        seconds: of all its turns that ended.
        waiting: its turns that are waited for, by their numbers.
    """

    seconds: float = 0.0
    waiting: dict[int, Turn] = field(default_factory=dict)


class Turn:
    """A turn that is waited for, and then held until it ends.

    Args:
        turns: those among which it is.
        share: of the query that it is for.
        number: counts all turns in the order in which they were asked for.
    """

    def __init__(self, turns: FairTurns, share: Share, number: int) -> None:
        self._turns = turns
        self._given = trio.Event()
        self._length = SHORTEST
        self._began = self._began_in_thread = 0.0
        self.share = share
        self.number = number

    @property
    def is_held(self) -> bool:
        """Whether it was given."""
        return self._given.is_set()

    async def begin(self, within: float) -> bool:
        """Wait for it, for some seconds at most; return whether it is held now."""
        with trio.move_on_after(within):
            await self._given.wait()
        return self.is_held

    def give(self) -> None:
        """Let it be held from now on."""
        self._length = min(LONGEST, max(SHORTEST, self.share.seconds))
        self._began, self._began_in_thread = trio.current_time(), time.perf_counter()
        self._given.set()

    @property
    def lasted(self) -> float:
        """Seconds for which it was held."""
        return trio.current_time() - self._began if self.is_held else 0.0

    def is_over(self) -> bool:
        """Return whether it should end soon, since it was long enough and others wait; any thread may call this."""
        return self._turns.are_waited_for and time.perf_counter() - self._began_in_thread >= self._length


class FairTurns:
    """Gives turns, so many at a time.

    Args:
        most: turns that may be held at a time.

    Attributes:
        wanted: turns that are held or waited for; any thread may read it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = self._turns_given = self.wanted = 0
        self._shares: dict[Share, None] = {}  # those with turns that are waited for
        self._numbers = count()

    @property
    def are_waited_for(self) -> bool:
        """Whether more turns are wanted than may be held."""
        return self.wanted > self._most

    def ask(self, share: Share) -> Turn:
        """Return a turn to wait for; the caller must `end` it in any case."""
        turn = Turn(self, share, next(self._numbers))
        self.wanted += 1
        self._queue(turn)
        return turn

    def end(self, turn: Turn) -> None:
        """End a turn, or no longer wait for it."""
        self.wanted -= 1
        if turn.is_held:
            self._held -= 1
            turn.share.seconds += turn.lasted
        else:
            self._leave_queue(turn)
        self._give()

    @contextmanager
    def kept_waiting(self, turn: Turn) -> Iterator[None]:
        """Have a turn keep its place until the block ends, and not be given before: its caller does something else."""
        self._leave_queue(turn)
        try:
            yield
        finally:
            self._queue(turn)

    def _queue(self, turn: Turn) -> None:
        turn.share.waiting[turn.number] = turn
        self._shares.setdefault(turn.share)
        self._give()

    def _leave_queue(self, turn: Turn) -> None:
        del turn.share.waiting[turn.number]
        if not turn.share.waiting:
            del self._shares[turn.share]

    def _give(self) -> None:
        while self._held < self._most and self._shares:
            self._held += 1
            turn = self._next()
            self._leave_queue(turn)
            turn.give()

    def _next(self) -> Turn:
        self._turns_given += 1
        is_oldest = self._turns_given % EACH_OLDEST == 0
        share = min(self._shares, key=_oldest if is_oldest else _least_served)
        return share.waiting[_oldest(share)]


def _least_served(share: Share) -> float:
    return share.seconds


def _oldest(share: Share) -> int:
    return min(share.waiting)
