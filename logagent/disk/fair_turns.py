"""Turns at work in disk threads: whoever was served least goes first, and nobody waits for ever.

So a small question does not wait behind hundreds of scans. Nobody knows beforehand which query is small: each has a
short turn first. A query that has begun and is still small goes on at once, so that small ones are done in one go; of
those that have not begun the newest is first, since where hundreds begin together the others are likely to be scans.

What a query had counts only roughly, by how often it doubled since the query was small: else one that is hardly larger
would wait until each of hundreds of scans has had as much. A query that came while its client waited for others stands
as far behind as if it had had what they had: whoever asks one thing does not wait for all of those who ask hundreds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
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

_Rank = tuple[int, ...]
_Order = Callable[["Turn"], _Rank]


@dataclass(eq=False, slots=True)
class Share:
    """What one query has had of the disk threads.

    Attributes:
        seconds: of a processor that its work took so far. Time is left out in which it waited for the disk, or for the
            interpreter lock, which a small question does longest beside many scans.
        beside: the other questions that its client was waiting for when it came.
    """

    seconds: float = 0.0
    beside: int = 0


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
        most: turns that may be held at a time.
        held: turns that are; any thread may read it.
        wanted: turns that are held or waited for; any thread may read it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = self._turns_given = self.wanted = 0
        self._numbers = count()
        self._waiting: dict[int, Turn] = {}
        self._by_share = _Queue(_least_served, self._waiting)
        self._by_age = _Queue(_oldest, self._waiting)

    @property
    def are_waited_for(self) -> bool:
        """Whether more turns are wanted than may be held."""
        return self.wanted > self.most

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
            self.held -= 1
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
        self._by_share.enter(turn)
        self._by_age.enter(turn)
        self._give()

    def _give(self) -> None:
        while self.held < self.most and self._waiting:
            self.held += 1
            self._turns_given += 1
            queue = self._by_share if self._turns_given % EACH_OLDEST else self._by_age
            self._waiting.pop(queue.first()).give()


class _Queue:
    """The turns that wait, in an order.

    Args:
        order: ranks a turn; while it waits a rank that rises gives it a later place, one that falls no earlier one.
        waiting: the turns by their numbers; those that are taken from it are passed over here.
    """

    def __init__(self, order: _Order, waiting: Mapping[int, Turn]) -> None:
        self._order = order
        self._waiting = waiting
        self._entries: list[tuple[_Rank, int]] = []

    def enter(self, turn: Turn) -> None:
        """Add a turn that waits."""
        if len(self._entries) > SPARE * len(self._waiting) + SPARE:
            self._entries = [(self._order(waiting), number) for number, waiting in self._waiting.items()]
            heapify(self._entries)
        else:
            heappush(self._entries, (self._order(turn), turn.number))

    def first(self) -> int:
        """Take out the first of the turns that wait, and return its number."""
        while True:
            rank, number = heappop(self._entries)
            turn = self._waiting.get(number)
            if turn is not None and (now := self._order(turn)) > rank:  # its query was served meanwhile
                heappush(self._entries, (now, number))
            elif turn is not None:
                return number


def _least_served(turn: Turn) -> _Rank:
    """Order turns by how often what their queries had doubled; of equals those that have begun, then the newest."""
    share = turn.share
    doublings = int(share.seconds / SHORTEST).bit_length() + share.beside.bit_length()
    return (doublings, 0, turn.number) if share.seconds else (doublings, 1, -turn.number)


def _oldest(turn: Turn) -> _Rank:
    return (turn.number,)
