"""What the parts of an agent that count for themselves say of their state, looked up when figures are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Usage(NamedTuple):
    """How much of something is in use.

    Attributes:
        now: as much as that.
        most: as much as there may be.
    """

    now: float
    most: float


class SourceFigures(NamedTuple):
    """How one source of targets fares.

    Attributes:
        targets: that it has found.
        stale: targets found by it that have vanished and are kept for a while.
        works: whether it can be used now.
        succeeded: when it last could, in seconds since the epoch; None: never.
    """

    targets: int
    stale: int
    works: bool
    succeeded: float | None


NOTHING = Usage(0, 0)
"""Of an agent that has not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The state of an agent at one moment.

    Attributes:
        answers: under way, without follows.
        follows: under way.
        turns: at work with the disk that are held.
        turns_waiting: that are waited for.
        threads: hired for the disk, hanging ones too.
        archives: bytes of memory for archives, by what they are for.
        certificates: when the agent's own certificates end, by name, in seconds since the epoch.
        dropped_lines: of its own log, that could not be written.
        lost_spans: of traces, that were not sent to the collector.
        target_sources: of further agents, by name.
    """

    answers: Usage = NOTHING
    follows: Usage = NOTHING
    turns: Usage = NOTHING
    turns_waiting: int = 0
    threads: Usage = NOTHING
    archives: Mapping[str, Usage] = field(default_factory=dict)
    certificates: Mapping[str, float] = field(default_factory=dict)
    dropped_lines: int = 0
    lost_spans: int = 0
    target_sources: Mapping[str, SourceFigures] = field(default_factory=dict)
