"""How a source ended: one status of a closed list, a message, and counts.

The statuses are gRPC's (https://grpc.io/docs/guides/status-codes/), which are well known from trailers. An expected
failure is raised as `Failure`, becomes an `Outcome` where the source ends, and a verdict where the answer ends.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

from logagent.core.escapes import in_line
from logagent.core.notes import Note, of_host

MOST_CAUSES = 5
"""Causes that a message names; the others are counted."""
MOST_OF_CAUSES = 500
"""Bytes of such a message in a trailer, where all but printable ASCII is percent-encoded: a longer one would lose its
count there."""


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
    """An expected failure.

    Args:
        status: any but OK.
        message: a sentence for people that names no path outside the roots; escaped, since it may hold any name.
        trace: the id of the trace in which another agent failed; empty if it is not known.
    """

    def __init__(self, status: Status, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = in_line(message)
        self.trace = trace


class HostOutcome(NamedTuple):
    """How one host's share of an answer ended.

    Attributes:
        host: its name.
        status: how its share ended.
        message: a sentence for people; empty if there is nothing to say.
        lines: how many lines of the answer come from the host.
    """

    host: str
    status: Status
    message: str = ""
    lines: int = 0

    @property
    def fails(self) -> bool:
        """Whether the host's share is not complete; that it does not have the log (NOT_FOUND) is no failure."""
        return self.status not in (Status.OK, Status.NOT_FOUND)


class Untold(NamedTuple):
    """What is known of an answer, but not named, since a verdict is bounded in size.

    Attributes:
        hosts: how many hosts were asked that `Outcome.hosts` does not hold.
        failing: how many of these failed.
        notes: how many notes `Outcome.notes` does not hold.
    """

    hosts: int = 0
    failing: int = 0
    notes: int = 0


_NOTHING = Untold()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a source ended.

    Attributes:
        status: how it ended.
        message: a sentence for people; empty if there is nothing to say.
        lines: how many lines were sent.
        bytes_scanned: bytes of log that were scanned for them.
        hosts: one for each host that was asked; empty in the outcome of a single log.
        timings: nanoseconds spent in each stage, by its name.
        cursor: where another answer continues; empty if there is nothing further, or if it is not known.
        notes: what was judged and did not fail; one for each host and kind.
        trace: the id of the trace that the question belongs to; empty if it is not known, as below the edges.
        omitted: what was left out on the way from other agents, whose verdicts were too large.
        unmatched: patterns of hosts that match none behind the agent that was asked.
    """

    status: Status = Status.OK
    message: str = ""
    lines: int = 0
    bytes_scanned: int = 0
    hosts: tuple[HostOutcome, ...] = ()
    timings: Mapping[str, int] = field(default_factory=dict)
    cursor: str = ""
    notes: tuple[Note, ...] = ()
    trace: str = ""
    omitted: Untold = _NOTHING
    unmatched: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the answer holds all that was asked for."""
        return self.status is Status.OK

    def of_host(self, host: str) -> Outcome:
        """Return the outcome with one part: that of a host, with the outcome's status, message and lines.

        The notes are then the host's.
        """
        part = HostOutcome(host, self.status, self.message, self.lines)
        return replace(self, hosts=(part,), notes=of_host(self.notes, host))


def failed(failure: Failure, *, lines: int = 0, bytes_scanned: int = 0) -> Outcome:
    """Return the outcome of a source that ended in a failure.

    Args:
        failure: how it ended.
        lines: how many lines it had sent.
        bytes_scanned: bytes of log that it had scanned.
    """
    return Outcome(failure.status, failure.message, lines, bytes_scanned, trace=failure.trace)


def joined_causes(messages: Iterable[str]) -> str:
    """Return one message for several: some different causes, and how many more there are.

    It names at most `MOST_CAUSES`, and only as many as fit into `MOST_OF_CAUSES`.

    Args:
        messages: one cause each, or several joined here before.
    """
    causes, more = _counted(messages)
    named: list[str] = []
    for cause in causes[:MOST_CAUSES]:
        if named and size_in_trailer(_joined([*named, cause], more + len(causes) - len(named) - 1)) > MOST_OF_CAUSES:
            break
        named.append(cause)
    more += len(causes) - len(named)
    room = MOST_OF_CAUSES - size_in_trailer(_joined(["..."], more))
    if more and size_in_trailer(_joined(named, more)) > MOST_OF_CAUSES:
        named = [f"{beginning(named[0], room)}..."]
    return _joined(named, more)


def _joined(causes: list[str], more: int) -> str:
    return "; ".join([*causes, *([f"and {more} more"] if more else [])])


def _counted(messages: Iterable[str]) -> tuple[list[str], int]:
    """Return the different causes in messages, and how many more they only count."""
    causes: dict[str, None] = {}
    more = 0
    for cause in (cause for message in messages for cause in message.split("; ") if cause):
        if count := re.fullmatch(_MORE, cause):
            more += int(count[1])
        else:
            causes[cause] = None
    return list(causes), more


def size_in_trailer(message: str) -> int:
    """Return the bytes that a message takes in a trailer, where all but printable ASCII is percent-encoded."""
    return sum(
        1 if " " <= letter <= "~" and letter != "%" else 3 * len(letter.encode("utf-8", "replace"))
        for letter in message
    )


def beginning(message: str, room: int) -> str:
    """Return the beginning of a message that takes at most `room` bytes in a trailer."""
    sizes = accumulate(size_in_trailer(letter) for letter in message)
    return message[: sum(size <= room for size in sizes)]


_MORE = r"and ([0-9]{1,9}) more"
