"""The query: what is asked of a source, checked once at the edge.

Code that forwards a query may ask for more columns or for fewer hosts, but never changes which lines match.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, Protocol

from logagent.core.batch import Out, Position
from logagent.core.globs import is_glob
from logagent.core.outcome import HostOutcome, Outcome
from logagent.core.time_range import ALL_TIME, TimeRange

PATIENCE = 0.2
"""Seconds that a followed line waits for earlier ones of other logs: longer than agents in one data centre take to
deliver lines, and hardly noticed by a reader."""
MAX_EARLIER = 100_000
"""Records that a follow may begin with: they are found newest first, and held in memory until they are reversed."""
HEARTBEAT = 15.0
"""Seconds after which a silent follow sends a sign of life: proxies close connections that are silent for a minute,
some after half a minute."""


class Order(enum.StrEnum):
    """The direction of an answer."""

    NEWEST = "newest"
    OLDEST = "oldest"


class Unit(enum.StrEnum):
    """What an answer consists of: lines, or events (a line with a time, and the lines without one that follow it)."""

    LINE = "line"
    EVENT = "event"


class BadParameter(ValueError):
    """A parameter cannot be used.

    Args:
        name: of the parameter.
        reason: what is wrong and what would be right; it is put after the name.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which records match a query, and how many of their neighbours are wanted as context.

    Attributes:
        keywords: literals that must all occur.
        any: whether it is enough that one of `keywords` occurs or one of `regex` matches.
        exclude: literals none of which may occur.
        regex: expressions that must all match somewhere; `matching.expressions` says their syntax.
        exclude_regex: expressions none of which may match.
        ignore_case: whether these four ignore case.
        before: records of context before each match, in the order of the file.
        after: records of context after each match, in the order of the file.
    """

    keywords: tuple[bytes, ...] = ()
    any: bool = False
    exclude: tuple[bytes, ...] = ()
    regex: tuple[bytes, ...] = ()
    exclude_regex: tuple[bytes, ...] = ()
    ignore_case: bool = False
    before: int = 0
    after: int = 0

    @property
    def has_context(self) -> bool:
        """Whether neighbours of the matches are wanted."""
        return self.before > 0 or self.after > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits that end an answer before it has all matches; None: no limit.

    Attributes:
        n: records at most; of a follow, the number of earlier records to begin with.
        n_per_file: records of each log at most; of a follow, the number of earlier ones of each to begin with.
        max_bytes: bytes of lines at most.
        timeout: seconds that the answer may take.
    """

    n: int | None = None
    n_per_file: int | None = None
    max_bytes: int | None = None
    timeout: float | None = None

    @property
    def of_one_log(self) -> int | None:
        """Records of one log at most."""
        given = [limit for limit in (self.n, self.n_per_file) if limit is not None]
        return min(given, default=None)

    @property
    def counts_records(self) -> bool:
        """Whether there is a limit of records."""
        return self.n is not None or self.n_per_file is not None

    def uncounted(self) -> Limits:
        """Return the limits without those of records."""
        return replace(self, n=None, n_per_file=None)


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowOptions:
    """How a query is followed: its answer continues with lines as they are written, from older to newer ones.

    Attributes:
        patience: seconds that a line waits for earlier ones of other logs.
        heartbeat: seconds of silence after which a sign of life is sent.
    """

    patience: float = PATIENCE
    heartbeat: float = HEARTBEAT


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerForm:
    """The form of an answer.

    Attributes:
        order: the direction of the answer.
        unit: whether its records are lines or events.
        hits: whether records are counted by time, not sent.
        by_file: whether they are counted for each log in place of by time.
        by_label: the name of the label of hosts by whose values such counts are added up; None: they are not.
        step: nanoseconds of a bucket of hits; None: a sensible length.
        prefix: whether a text has host and file before each line.
        times: whether batches have the column of times.
        places: whether batches have the columns of offsets and origins.
        whole: whether a follow is to continue the answer exactly: it omits a last line without a line break, has a
            position for every log, and begins exactly at the query's positions, even within a line.
        cursors: whether each record comes with the cursor after it.
        labels: whether each record comes with the labels of its host.
        batch_bytes: bytes of a batch at most, but for one that is a single record; 0: as it comes. For a merge of many.
    """

    order: Order = Order.NEWEST
    unit: Unit = Unit.LINE
    hits: bool = False
    by_file: bool = False
    by_label: str | None = None
    step: int | None = None
    prefix: bool = False
    times: bool = False
    places: bool = False
    whole: bool = False
    cursors: bool = False
    labels: bool = False
    batch_bytes: int = 0


class ChosenHosts(NamedTuple):
    """The hosts that a question with conditions on labels means, as it was found out when the question came.

    Attributes:
        hosts: their names.
        untold: of each further host that may be meant, since its labels are not known, why they are not.
    """

    hosts: tuple[str, ...]
    untold: tuple[HostOutcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of a source.

    Attributes:
        files: names or globs of logs.
        hosts: names or globs of hosts, and conditions on their labels (see `wire.host_choice`); none: every host that
            the agent knows.
        rotated: whether the rotated generations of a log are read too.
        own: whether only the files of the agent that is asked are meant, not those of its peers.
        match: which records match.
        range: the range of time that they lie in.
        limits: what ends the answer early.
        follow: how the answer continues as lines are written; None: it ends with the lines already written.
        form: the form of the answer.
        positions: how far an earlier answer came, so that this one continues there.
        chosen: the hosts that conditions on labels have chosen; None: there are none, or it is not known yet.
        trace: the request's trace, as `wire.trace` spells it; None: it belongs to none.
        beside: the other questions that its client was waiting for when it came.
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
    chosen: ChosenHosts | None = None
    trace: str | None = None
    beside: int = field(default=0, compare=False)

    @classmethod
    def of(cls, **fields: Any) -> Query:
        """Make a query from fields of all groups by their own names, as in `Query.of(files=("a.log",), n=5)`.

        Args:
            fields: those of `Query`, `Match`, `TimeRange`, `Limits`, `FollowOptions` and `AnswerForm`, except for the
                groups themselves; but `follow` is whether to follow.

        Raises:
            TypeError: when a name is a field of none of these.
        """
        groups = {name: kind(**_taken(fields, names)) for name, (kind, names) in _GROUPS.items()}
        follow = FollowOptions(**_taken(fields, _FOLLOW_FIELDS))
        return cls(**groups, follow=follow if fields.pop("follow", False) else None, **fields)

    @property
    def follow_options(self) -> FollowOptions:
        """How to follow; only of a query that follows."""
        assert self.follow is not None, "a query whose answer ends"
        return self.follow

    @property
    def is_newest_first(self) -> bool:
        """Whether the answer goes from newer to older lines."""
        return self.form.order is Order.NEWEST

    @property
    def names_one_log(self) -> bool:
        """Whether it asks for a single log by its name."""
        return len(self.files) == 1 and not is_glob(self.files[0])

    @property
    def has_conditions(self) -> bool:
        """Whether it says of which labels the hosts are that it means: names have no such sign."""
        return any("=" in pattern for pattern in self.hosts)

    @property
    def depends_on_times(self) -> bool:
        """Whether the lines' times decide what the answer of a single host holds, or in which order."""
        return not self.names_one_log or self.range.is_bounded or self.form.hits

    @property
    def reads_times(self) -> bool:
        """Whether the times of lines have to be read to answer it."""
        sent = (self.form.times or self.form.hits) and not self.form.by_file
        return sent or self.range.is_bounded or self.form.unit is Unit.EVENT

    @property
    def trailing(self) -> int:
        """How many records of context come after a match, in the order of the answer."""
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
    """Answers queries: the log files of a host, a peer, or several sources merged."""

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Send the batches that a query asks for, in its order.

        Cancelling stops all work at once, including reads from the disk.

        Args:
            query: what is asked.
            out: where batches are sent; the caller closes it.

        Returns:
            How it ended; an expected failure is an outcome, not an exception.
        """
        ...
