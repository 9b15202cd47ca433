"""Turns at work in disk threads: whoever was served least goes first, and nobody waits for ever.

So a small question does not wait behind hundreds of scans. Nobody knows beforehand which query is small: each has a
short turn first. A query that has begun and is still small goes on at once, so that small ones are done in one go; of
those that have not begun the newest is first, since where hundreds begin together the others are likely to be scans.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import trio

SHORTEST, LONGEST = 0.002, 0.02
"""Seconds of a turn while others wait: the first for a query that had no more of a processor so far, else the second. A
small question takes 1 ms; with the other, handing on (0.2 ms) is no loss."""
SPARE = 64
"""Entries of a heap for each turn that waits, beyond which those are cleared away that mean nothing any more."""
EACH_OLDEST = 3
"""Of so many turns one is given to whoever has waited longest, however much he was served: so a scan goes on beside any
number of small questions, and the first of hundreds that begin together is not the last."""

_Rank = tuple[int, float]


@dataclass(eq=False, slots=True)
class Share:
    """What one query has had of the disk threads.

    Attributes:
        seconds: of a processor that its work took so far. Time is left out in which it waited for the disk, or for the
            interpreter lock, which a small question does longest beside many scans.
    """

    seconds: float = 0.0


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
        self._began = 0.0
        self.share = share
        self.number = number

    @property
    def is_held(self) -> bool:
        """Whether it was given."""
        return self._given.is_set()

    async def begin(self, within: float) -> bool:
        """Wait for it, for some seconds at most, and return whether it is held; no checkpoint if it is already."""
        if self.is_held:
            return True
        with trio.move_on_after(within):
            await self._given.wait()
        return self.is_held

    def give(self) -> None:
        """Let it be held from now on."""
        self._length = SHORTEST if self.share.seconds < SHORTEST else LONGEST
        self._began = time.perf_counter()
        self._given.set()

    def is_over(self) -> bool:
        """Return whether it should end soon, since it was long enough and others wait; any thread may call this."""
        return self._turns.are_waited_for and time.perf_counter() - self._began >= self._length


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
        self._numbers = count()
        self._waiting: dict[int, Turn] = {}
        # Of every turn that waits there is an entry in both heaps; entries of others are passed over.
        self._by_age: list[int] = []
        self._by_share: list[tuple[_Rank, int]] = []

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
        else:
            del self._waiting[turn.number]
        self._give()

    @contextmanager
    def kept_waiting(self, turn: Turn) -> Iterator[None]:
        """Have a turn keep its place until the block ends, and not be given before: its caller does something else."""
        del self._waiting[turn.number]
        try:
            yield
        finally:
            self._queue(turn)

    def _queue(self, turn: Turn) -> None:
        self._waiting[turn.number] = turn
        if len(self._by_share) > SPARE * len(self._waiting) + SPARE:
            self._by_age, self._by_share = [], []
            for waiting in self._waiting.values():
                self._enter(waiting)
        else:
            self._enter(turn)
        self._give()

    def _enter(self, turn: Turn) -> None:
        heappush(self._by_age, turn.number)
        heappush(self._by_share, (_rank(turn), turn.number))

    def _give(self) -> None:
        while self._held < self._most and self._waiting:
            self._held += 1
            self._turns_given += 1
            is_oldest = self._turns_given % EACH_OLDEST == 0
            self._waiting.pop(self._oldest() if is_oldest else self._least_served()).give()

    def _oldest(self) -> int:
        while (number := heappop(self._by_age)) not in self._waiting:
            pass
        return number

    def _least_served(self) -> int:
        while True:
            rank, number = heappop(self._by_share)
            turn = self._waiting.get(number)
            if turn is not None and (now := _rank(turn)) > rank:  # its query was served meanwhile
                heappush(self._by_share, (now, number))
            elif turn is not None:
                return number


def _rank(turn: Turn) -> _Rank:
    """Order turns: queries that have begun and are small so far, the newest that have not, others by what they had."""
    if turn.share.seconds >= SHORTEST:
        return 2, turn.share.seconds
    return (0, 0.0) if turn.share.seconds else (1, -turn.number)
