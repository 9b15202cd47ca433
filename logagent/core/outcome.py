"""How a source ended: one status from a closed list, and what it did until then.

The statuses are gRPC's (https://grpc.io/docs/guides/status-codes/), since everyone who speaks of trailers knows them.
An expected failure travels as `Failure`, becomes an `Outcome` where the
source ends, and a verdict where the answer ends.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace


class Status(enum.IntEnum):
    """The closed list of ways to end."""

    OK = 0
    CANCELLED = 1
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15


class Failure(Exception):
    """An expected failure: a status other than OK and a sentence for people that names no path outside the roots."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Part:
    """How one host's share of an answer ended."""

    host: str
    status: Status
    message: str = ""
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a source ended.

    `cursor` says where another answer goes on, empty if there is nothing further or nobody knows.
    `lines` counts the lines sent, `bytes_scanned` the bytes of log read for them; `hosts` has one `Part` for each host
    asked (none yet below the level of a host); `timings` maps the name of a stage to nanoseconds spent in it.
    """

    status: Status = Status.OK
    message: str = ""
    lines: int = 0
    bytes_scanned: int = 0
    hosts: tuple[Part, ...] = ()
    timings: Mapping[str, int] = field(default_factory=dict)
    cursor: str = ""

    @property
    def complete(self) -> bool:
        """Whether the answer holds all that was asked for."""
        return self.status is Status.OK

    def of_host(self, host: str) -> Outcome:
        """The same outcome as the share of one named host."""
        return replace(self, hosts=(Part(host, self.status, self.message, self.lines),))


def failed(failure: Failure, *, lines: int = 0, bytes_scanned: int = 0) -> Outcome:
    """The outcome of a source that ended in `failure`, with what it had done until then."""
    return Outcome(failure.status, failure.message, lines, bytes_scanned)


def combine(outcomes: Iterable[Outcome], *, lines: int, timings: Mapping[str, int]) -> Outcome:
    """One outcome for several sources, given in the order in which they ended.

    The status is the first failure's. A source that does not have what was asked for (NOT_FOUND) is named in `hosts`
    and in the message, but fails the whole only if no source has it: a log that lives on two hosts of forty is
    answered completely by two.
    """
    ended = list(outcomes)
    first = _first_failure(ended)
    return Outcome(
        first.status,
        first.message,
        lines,
        sum(outcome.bytes_scanned for outcome in ended),
        tuple(part for outcome in ended for part in outcome.hosts),
        _add_up([*(outcome.timings for outcome in ended), timings]),
    )


def _first_failure(outcomes: list[Outcome]) -> Outcome:
    missing = [outcome for outcome in outcomes if outcome.status is Status.NOT_FOUND]
    failures = [outcome for outcome in outcomes if outcome.status not in (Status.OK, Status.NOT_FOUND)]
    if failures:
        return failures[0]
    if missing and len(missing) == len(outcomes):
        return missing[0]
    return Outcome(message=next((outcome.message for outcome in outcomes if outcome.message), ""))


def _add_up(timings: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for stages in timings:
        for stage, spent in stages.items():
            total[stage] = total.get(stage, 0) + spent
    return total
