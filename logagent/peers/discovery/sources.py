"""What a source of targets is, what it has found, and how it fares."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from logagent.core.wire.told_sources import UNLOOKED, ToldSource
from logagent.peers.target import Target

MOST_TARGETS = 10_000
"""Targets of one source at most: ten times as many as a fleet is built for; each keeps a client."""
MOST_WRONG = 5
"""Sentences about what is wrong with a source that `/hosts` tells: the log has all."""
REPEATED = 3600.0
"""Seconds after which a source that still fails is told of again."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class SourceState:
    """What a source has found last, and how it fares.

    Attributes:
        name: of the source, as targets say by what they were found.
        targets: that it has found when it last succeeded.
        tried: whether a first look at it has ended, however it ended.
        succeeded: when it last succeeded, in seconds since the epoch; None: never.
        read: when it was last read; not where it is only known that there is nothing to be read.
        fault_since: when it began that it cannot be used.
        fault: why it cannot be used now, in a sentence; empty: it can.
        wrong: what is wrong with some of what it gives, a sentence each.
        clock: seconds from any beginning.
        wall_clock: seconds since the epoch.
        changed: is called when it has found other targets than before.
    """

    name: str
    targets: tuple[Target, ...] = ()
    tried: bool = False
    succeeded: float | None = None
    read: float | None = None
    fault: str = ""
    fault_since: float | None = None
    wrong: tuple[str, ...] = ()
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    changed: Callable[[], None] = lambda: None
    _tell_again: float = field(default=0.0, repr=False)

    def succeed(self, targets: tuple[Target, ...], wrong: tuple[str, ...] = (), *, absent: bool = False) -> None:
        """Note what was found; the log is told what is wrong with some of it, once.

        Args:
            targets: these.
            wrong: what is wrong with some, a sentence each.
            absent: whether there is nothing that could be read.
        """
        if self.fault:
            _log.warning("%s can be used again", self.name)
        for each in wrong:
            if each not in self.wrong:
                _log.error("%s: %s", self.name, each)
        if len(targets) > MOST_TARGETS:
            self.fail(f"gives {len(targets)} targets, more than {MOST_TARGETS}")
            return
        is_new = targets != self.targets or not self.tried
        self.targets, self.wrong = targets, wrong
        self.tried, self.succeeded, self.fault, self.fault_since = True, self.wall_clock(), "", None
        self.read = self.read if absent else self.succeeded
        if is_new:
            self.changed()

    def fail(self, fault: str, lasted: float = 0.0) -> None:
        """Note that it cannot be used; what it has found last stays, and the log is told once, and each hour again.

        Args:
            fault: why.
            lasted: seconds for which that has been so.
        """
        self.fault_since = self.fault_since if self.fault else self.wall_clock() - lasted
        if fault != self.fault or self.clock() >= self._tell_again:
            self._tell_again = self.clock() + REPEATED
            kept = f"the last {len(self.targets)} targets are kept" if self.succeeded else "nothing is found by it yet"
            _log.error("%s: %s; %s", self.name, fault, kept)
        is_first, self.tried, self.fault = not self.tried, True, fault
        if is_first:
            self.changed()

    def told(self, setting: str, kind: str, *, kept: bool) -> ToldSource:
        """Return how it fares, as it is told.

        Args:
            setting: the source, as it stands in the settings.
            kind: of the source.
            kept: whether what others have found before counts until it was looked at.
        """
        return ToldSource(
            setting,
            kind,
            self.name,
            len(self.targets),
            self.read,
            self.fault,
            self.fault_since,
            self.wrong[:MOST_WRONG] if self.tried else (UNLOOKED,),
            is_absent=self.tried and not self.fault and self.read is None,
            is_kept=kept and not self.tried,
        )


MakeState = Callable[[str], SourceState]
"""Makes the state of a source of this name."""


class TargetSource(Protocol):
    """Looks for targets until it is cancelled.

    Attributes:
        kind: `file` or `dns`.
        setting: the source, as it stands in the settings.
    """

    kind: str
    setting: str

    @property
    def states(self) -> tuple[SourceState, ...]:
        """What it has found, for each of its parts."""
        ...

    async def run(self) -> None:
        """Look for targets, and note in the states what is found."""
        ...
