"""The answers under way: how many there are, what each may cost, and their end when the agent stops."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import trio

from logagent.core.query import Query
from logagent.web.body import BodyThreads
from logagent.web.rights import Right, UnderWay
from logagent.web.uploads import UploadRoom

MAX_FOLLOWS = 1000
"""Follows at once: each costs a few batches of memory, and little else while nothing is written."""


class AnswerBounds(NamedTuple):
    """How many answers there may be at once.

    Attributes:
        answers: without follows.
        follows: for themselves.
    """

    answers: int
    follows: int


class Answers:
    """The answers under way: bounded in number, and cut all at once when the agent stops.

    Follows are counted apart: they continue for days, and would otherwise leave no room for answers that end.

    Args:
        name: the agent's, for verdicts.
        most: answers at once; each costs a few batches of memory and a place in the queue for the disk.
        most_follows: follows at once.
        max_time: seconds that an answer may take; a follow may take any time.
        max_bytes: bytes of lines that an answer may hold; None: any number. A follow may hold any number.
        threads: where large pieces of their bodies are made; None: on the event loop.

    Attributes:
        uploads: holds the forms that are being read, of all questions together.
    """

    def __init__(
        self,
        name: str,
        most: int,
        *,
        most_follows: int = MAX_FOLLOWS,
        max_time: float = math.inf,
        max_bytes: int | None = None,
        threads: BodyThreads | None = None,
    ) -> None:
        self.name = name
        self.threads = threads or BodyThreads(inline=True)
        self.uploads = UploadRoom()
        self.bound(most, most_follows=most_follows, max_time=max_time, max_bytes=max_bytes)
        self._ending: set[UnderWay] = set()
        self._follows: set[UnderWay] = set()
        self._ended = trio.Event()

    def bound(
        self,
        most: int,
        *,
        most_follows: int = MAX_FOLLOWS,
        max_time: float = math.inf,
        max_bytes: int | None = None,
    ) -> None:
        """Set new bounds, for the answers that begin from now on; the arguments are those of the class."""
        self._most = most
        self._most_follows = most_follows
        self._max_time = max_time
        self._max_bytes = max_bytes

    @property
    def bounds(self) -> AnswerBounds:
        """How many there may be at once."""
        return AnswerBounds(self._most, self._most_follows)

    @property
    def under_way(self) -> int:
        """The number of answers under way, without follows."""
        return len(self._ending)

    @property
    def follows(self) -> int:
        """The number of follows under way."""
        return len(self._follows)

    def full(self, query: Query) -> bool:
        """Return whether as many answers of this query's kind are under way as are allowed."""
        return self.follows >= self._most_follows if query.follow else self.under_way >= self._most

    def bounded(self, query: Query) -> Query:
        """Return the query with its limits lowered to those of this agent.

        An answer that reaches one ends with a verdict and a cursor, as at a limit that the client set.
        """
        if query.follow:
            return query
        limits = query.limits
        timeout = min(math.inf if limits.timeout is None else limits.timeout, self._max_time)
        sizes = [size for size in (limits.max_bytes, None if query.form.hits else self._max_bytes) if size is not None]
        max_bytes = min(sizes, default=None)
        limits = replace(limits, timeout=None if timeout == math.inf else timeout, max_bytes=max_bytes)
        return replace(query, limits=limits)

    @property
    def all(self) -> list[UnderWay]:
        """The answers and follows under way."""
        return [*self._ending, *self._follows]

    @contextmanager
    def one_more(self, query: Query, right: Right | None = None) -> Iterator[UnderWay]:
        """Count one more answer while the block runs, which is to run in its cancel scope.

        Args:
            query: that is answered.
            right: to the answer; None: anybody's.
        """
        one = UnderWay(right)
        others = self._follows if query.follow else self._ending
        others.add(one)
        try:
            yield one
        finally:
            others.discard(one)
            self._ended.set()

    async def rest(self, seconds: float) -> None:
        """Return once one more answer has ended, and for so many seconds then no other ended or was under way."""
        await self._ended.wait()
        while self._ended.is_set() or self._ending:
            self._ended = trio.Event()
            with trio.move_on_after(seconds):
                await self._ended.wait()

    def cut_follows(self) -> None:
        """End every follow now, with a verdict that says why; none would end by itself."""
        for one in self._follows:
            one.cutting.cancel()

    def cut(self) -> None:
        """End every answer and follow now, with a verdict that says why."""
        self.cut_follows()
        for one in self._ending:
            one.cutting.cancel()
