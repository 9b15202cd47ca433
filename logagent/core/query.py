"""The query: what is asked, checked once at the edge and then passed down unchanged in meaning."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from logagent.core.batch import Out, Position
from logagent.core.outcome import Outcome

PATIENCE = 0.2
"""Seconds that a followed line waits for earlier ones of other logs: more than agents in one place take to deliver, and
hardly noticed by who reads."""
HEARTBEAT = 15.0
"""Seconds after which a follow that has nothing to tell shows that it is alive: proxies cut what is silent for a
minute, often for half of one."""


class Order(enum.StrEnum):
    """The direction of an answer."""

    NEWEST = "newest"
    OLDEST = "oldest"


class Unit(enum.StrEnum):
    """What an answer consists of: lines, or events (a line with a time, and the lines without one that follow it)."""

    LINE = "line"
    EVENT = "event"


class BadParameter(ValueError):
    """A parameter that cannot be used: its name, and what would be right."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of a source.

    files, hosts: names or globs. keywords: literals that must all occur in a line; exclude: literals of which none may.
    regex: expressions that must all match somewhere in a line; exclude_regex: expressions that must not (the syntax is
    said in `expressions`). ignore_case: for all of these four.
    n, max_bytes: at most so many lines (events where that is the unit), and bytes of lines. since, until: nanoseconds
    since the epoch, UTC, the first included and the second not. before, after: how many lines (events) of context.
    rotated: whether the rotated generations of a log belong to it. hits, step: count per bucket of time in place of
    answering, a bucket being so many nanoseconds (None: a sensible length).
    timeout: seconds. prefix: host and file before each line of a text. times, places: whether the reader wants these
    columns of a batch. whole: without a last line of a log that has no line break yet, with a position for every log,
    and going on exactly at positions, be that within a line. follow: go on as lines are written, from older to newer
    ones; n is then the number of earlier ones. patience: seconds that a followed line waits for earlier ones of other
    logs. heartbeat: seconds after which a follow that has nothing to tell shows that it is alive. cursors: whether each
    record tells where another answer goes on behind it. own: only the files of the agent asked. positions: how far an
    earlier answer came, on which this one goes on. trace: the W3C `traceparent` that the request came with
    (https://www.w3.org/TR/trace-context/).
    """

    files: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    keywords: tuple[bytes, ...] = ()
    exclude: tuple[bytes, ...] = ()
    regex: tuple[bytes, ...] = ()
    exclude_regex: tuple[bytes, ...] = ()
    ignore_case: bool = False
    n: int | None = None
    order: Order = Order.NEWEST
    since: int | None = None
    until: int | None = None
    unit: Unit = Unit.LINE
    before: int = 0
    after: int = 0
    rotated: bool = True
    hits: bool = False
    step: int | None = None
    prefix: bool = False
    timeout: float | None = None
    max_bytes: int | None = None
    times: bool = False
    places: bool = False
    whole: bool = False
    follow: bool = False
    patience: float = PATIENCE
    heartbeat: float = HEARTBEAT
    cursors: bool = False
    own: bool = False
    positions: tuple[Position, ...] = ()
    trace: str | None = None

    @property
    def context(self) -> bool:
        """Whether lines round the matching ones are wanted."""
        return self.before > 0 or self.after > 0

    @property
    def trailing(self) -> int:
        """How many lines (events) of context come behind a matching one in the order of the answer."""
        return self.before if self.order is Order.NEWEST else self.after


class Source(Protocol):
    """Everything that yields records."""

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the batches that `query` asks for, in its order, then say how it ended.

        Expected failures come back in the outcome. Cancelling stops the work at once, down to the disk; `out` belongs
        to the caller, who closes it.
        """
        ...
