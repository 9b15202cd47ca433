"""The query: what is asked, checked once at the edge and then passed down unchanged in meaning."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Protocol

from logagent.core.batch import Out, Position
from logagent.core.outcome import Outcome
from logagent.core.time_range import ALL_TIME, TimeRange

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
class Match:
    """Which lines (events) a query asks for, and how many round them.

    Attributes:
        keywords: literals that must all occur.
        exclude: literals of which none may occur.
        regex: expressions that must all match somewhere; `matching.expressions` says their syntax.
        exclude_regex: expressions that must not match.
        ignore_case: for all four of these.
        before: lines (events) of context before each match, in the order of the file.
        after: lines (events) of context behind each match, in the order of the file.
    """

    keywords: tuple[bytes, ...] = ()
    exclude: tuple[bytes, ...] = ()
    regex: tuple[bytes, ...] = ()
    exclude_regex: tuple[bytes, ...] = ()
    ignore_case: bool = False
    before: int = 0
    after: int = 0

    @property
    def has_context(self) -> bool:
        """Whether lines round the matches are wanted."""
        return self.before > 0 or self.after > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends an answer before it is complete; None: nothing.

    Attributes:
        n: lines at most, or events where that is the unit; of a follow, the number of earlier lines to begin with.
        max_bytes: bytes of lines at most.
        timeout: seconds.
    """

    n: int | None = None
    max_bytes: int | None = None
    timeout: float | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowOptions:
    """How lines are followed as they are written, from older to newer ones.

    Attributes:
        patience: seconds that a line waits for earlier ones of other logs.
        heartbeat: seconds after which a follow that has nothing to tell shows that it is alive.
    """

    patience: float = PATIENCE
    heartbeat: float = HEARTBEAT


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerForm:
    """What an answer consists of, and what comes beside its lines.

    Attributes:
        order: the direction of the answer.
        unit: lines or events.
        hits: count lines per bucket of time instead of giving them.
        step: nanoseconds of a bucket; None: a sensible length.
        prefix: write host and file before each line of a text.
        times: fill the column of times.
        places: fill the columns of offsets and origins.
        whole: leave out a last line without a line break, give a position for every log, and go on exactly at
            positions, be that within a line.
        cursors: give with each record the cursor behind it.
    """

    order: Order = Order.NEWEST
    unit: Unit = Unit.LINE
    hits: bool = False
    step: int | None = None
    prefix: bool = False
    times: bool = False
    places: bool = False
    whole: bool = False
    cursors: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of a source.

    Attributes:
        files: names or globs of logs.
        hosts: names or globs of hosts; none: every host that the agent knows.
        rotated: whether the rotated generations of a log belong to it.
        own: only the files of the agent that is asked.
        match: which lines.
        range: the range of time that they lie in.
        limits: what ends the answer early.
        follow: how to go on as lines are written; None: the answer ends with what there is.
        form: what the answer consists of.
        positions: how far an earlier answer came, from which this one goes on.
        trace: the W3C `traceparent` that the request came with (https://www.w3.org/TR/trace-context/).
    """

    files: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    rotated: bool = True
    own: bool = False
    match: Match = Match()
    range: TimeRange = ALL_TIME
    limits: Limits = UNLIMITED
    follow: FollowOptions | None = None
    form: AnswerForm = AnswerForm()
    positions: tuple[Position, ...] = ()
    trace: str | None = None

    @classmethod
    def of(cls, **fields: Any) -> Query:
        """Make a query from fields named without their group, `follow` being true or false.

        Args:
            fields: of `Query`, `Match`, `TimeRange`, `Limits`, `FollowOptions` and `AnswerForm`.

        Raises:
            TypeError: for a name that is a field of none.
        """
        groups = {name: kind(**_taken(fields, names)) for name, (kind, names) in _GROUPS.items()}
        follow = FollowOptions(**_taken(fields, _FOLLOW_FIELDS))
        return cls(**groups, follow=follow if fields.pop("follow", False) else None, **fields)

    @property
    def live(self) -> FollowOptions:
        """How to follow; only of a query that follows."""
        assert self.follow is not None, "a query that ends"
        return self.follow

    @property
    def is_newest_first(self) -> bool:
        """Whether the answer goes from newer to older lines."""
        return self.form.order is Order.NEWEST

    @property
    def trailing(self) -> int:
        """How many lines (events) of context come behind a match in the order of the answer."""
        return self.match.before if self.is_newest_first else self.match.after


_GROUPS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "match": (Match, tuple(field.name for field in fields(Match))),
    "range": (TimeRange, TimeRange._fields),
    "limits": (Limits, tuple(field.name for field in fields(Limits))),
    "form": (AnswerForm, tuple(field.name for field in fields(AnswerForm))),
}
_FOLLOW_FIELDS = tuple(field.name for field in fields(FollowOptions))


def _taken(fields: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Take the fields of these names out of `fields`."""
    return {name: fields.pop(name) for name in names if name in fields}


class Source(Protocol):
    """Everything that yields records."""

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the batches that `query` asks for, in its order, then say how it ended.

        Expected failures come back in the outcome. Cancelling stops the work at once, down to the disk; `out` belongs
        to the caller, who closes it.
        """
        ...
