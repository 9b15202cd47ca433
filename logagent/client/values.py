"""What an answer gives: records, counts and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from logagent.core.merging.shared_reasons import ALONE
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.units import SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(nanoseconds: int) -> datetime:
    """Return a time as a `datetime` in UTC, which holds microseconds.

    Args:
        nanoseconds: since the epoch.
    """
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record of an answer: a line or, with `unit="event"`, an event of one line or more.

    Attributes:
        time_ns: its time, in nanoseconds since the epoch; None: no times are recognised in its file.
        host: the name of the agent that read it.
        file: its file's name, below a root of that host.
        line: its text without the line break at its end; bytes that are not UTF-8 are shown as `\\xff`.
        offset: where it begins in the file, in bytes; of a compressed file, in its text.
        context: whether it is context, and no match.
        partial: whether it is a part of a line, whose rest comes as another record; only in a follow.
        cursor: from which another answer continues behind it; empty if there is none, or if none was asked for.
        raw: its bytes, if they are not UTF-8.
        labels: those of its host, if `labels=True` asked for them; None: it did not, or nothing is known of them.
    """

    time_ns: int | None
    host: str
    file: str
    line: str
    offset: int
    context: bool = False
    partial: bool = False
    cursor: str = ""
    raw: bytes | None = None
    labels: Mapping[str, str] | None = None

    @property
    def time(self) -> datetime | None:
        """Its time in UTC, to the microsecond; `time_ns` has all of it."""
        return None if self.time_ns is None else moment(self.time_ns)

    @property
    def data(self) -> bytes:
        """Its bytes, as they stand in the file, without the line break at its end."""
        return self.line.encode("utf-8", "surrogatepass") if self.raw is None else self.raw

    @property
    def lines(self) -> list[str]:
        """The lines of an event; of a line, itself."""
        return self.line.split("\n")


@dataclass(frozen=True, slots=True)
class HitCount:
    """How many lines or events matched.

    Attributes:
        time_ns: when its bucket begins, in nanoseconds since the epoch; None: the lines have no times, or it counts a
            file's.
        host: the name of the agent that counted them; empty with `by="label:NAME"`.
        file: the log, with `by="file"`; None: it counts those of something else.
        count: how many.
        value: of the label, with `by="label:NAME"`; empty: hosts without it; None: it counts those of something else.
        hosts: how many hosts have that value, of those on which a log was searched; 0 if it is no count by a label.
    """

    time_ns: int | None
    host: str
    file: str | None
    count: int
    value: str | None = None
    hosts: int = 0

    @property
    def time(self) -> datetime | None:
        """When its bucket begins, in UTC."""
        return None if self.time_ns is None else moment(self.time_ns)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an answer ended.

    Attributes:
        status: OK, or the first failure.
        message: why it is not complete, for people; empty if there is nothing to say.
        lines: how many lines came; of hits, how many were counted.
        bytes_scanned: bytes of log that were read for them.
        cursor: from which another answer continues; empty if there is nothing further, or none is known.
        hosts: how each host's share ended, failing ones first.
        notes: what was judged, and did not fail.
        timings: nanoseconds spent in each stage, summed over files and hosts.
        trace_id: by which all that the question caused is found on all hosts; empty if it is not known.
        step: the length of the buckets of hits; None: there are none.
    """

    status: Status
    message: str = ""
    lines: int = 0
    bytes_scanned: int = 0
    cursor: str = ""
    hosts: tuple[HostOutcome, ...] = ()
    notes: tuple[Note, ...] = ()
    timings: Mapping[str, int] = field(default_factory=dict)
    trace_id: str = ""
    step: timedelta | None = None

    @property
    def complete(self) -> bool:
        """Whether the answer holds all that was asked for."""
        return self.status is Status.OK

    @property
    def failing(self) -> tuple[HostOutcome, ...]:
        """The hosts whose share is not complete; one that does not have the file is no such host."""
        return tuple(part for part in self.hosts if part.fails)

    @property
    def told(self) -> str:
        """The verdict in one sentence, with the hosts that failed."""
        few = self.failing if len(self.failing) <= ALONE else ()
        hosts = "; ".join(f"{part.host}: {part.message or part.status.name}" for part in few)
        trace = f" (trace {self.trace_id})" if self.trace_id else ""
        return f"{self.status.name}: {hosts or self.message or 'complete'}{trace}"


def verdict_of(outcome: Outcome, step: timedelta | None = None) -> Verdict:
    """Return an outcome as a verdict.

    Args:
        outcome: of an answer.
        step: of hits.
    """
    return Verdict(
        outcome.status,
        outcome.message,
        outcome.lines,
        outcome.bytes_scanned,
        outcome.cursor,
        outcome.hosts,
        outcome.notes,
        outcome.timings,
        outcome.trace,
        step,
    )


def step_of(end: object) -> timedelta | None:
    """Return the step of hits that the member `end` of the last record tells; None if it tells none."""
    seconds = end.get("step_seconds") if isinstance(end, Mapping) else None
    return timedelta(microseconds=round(seconds * SECOND / 1000)) if isinstance(seconds, int | float) else None
