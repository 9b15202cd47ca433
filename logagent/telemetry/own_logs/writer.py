"""What the thread of the agent's own log does: lines to each target, and what became of those that it did not take."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from logagent.telemetry.own_logs.repeats import Repeats
from logagent.telemetry.own_logs.targets import LogTarget
from logagent.telemetry.own_logs.told import Told

AGAIN = 1.0
"""Seconds after which a target that did not take all lines is tried again, though nothing new is told."""
QUIET = 60.0
"""Seconds in which the failing of one target is told once: one that comes and goes would fill the others."""

_NAME = __name__


def _notice(lines: int, why: str, time_ns: int) -> Told:
    message = f"{lines} line{'s' if lines > 1 else ''} not written{why}"
    return Told(time_ns, logging.WARNING, _NAME, message, {"lines": lines})


class _Outlet:
    """One target, and how many lines it did not take: `lost` until that is told, and `dropped` in all."""

    def __init__(self, target: LogTarget) -> None:
        self.target = target
        self.lost = 0
        self.dropped = 0
        self._reason = ""
        self._told_at: float | None = None
        self._is_failing = False

    def write(self, lines: Sequence[Told], time_ns: int) -> None:
        wanted = [told for told in lines if self.target.takes(told)]
        if self.lost:
            wanted = [_notice(self.lost, f": {self._reason}", time_ns), *wanted]
        if not wanted and not self._is_failing:
            return
        written = self._written(wanted)
        self._is_failing = bool(self.target.fault)
        if self.lost and written:
            self.lost, written, wanted = 0, written - 1, wanted[1:]
        elif self.lost:
            wanted = wanted[1:]
        self.lost += len(wanted) - written
        self.dropped += len(wanted) - written
        self._reason = self.target.fault or self._reason

    def _written(self, lines: Sequence[Told]) -> int:
        try:
            return self.target.write(lines)
        except Exception as error:  # A bug in one target: the thread, and the other targets, are to live on.
            self.target.fault = f"{type(error).__name__}: {error}"
            return 0

    def begins_to_fail(self, now: float) -> bool:
        """Return whether it is to be told that the target fails."""
        if not self._is_failing or (self._told_at is not None and now < self._told_at + QUIET):
            return False
        self._told_at = now
        return True

    @property
    def is_failing(self) -> bool:
        """Whether it did not take all."""
        return self._is_failing or self.lost > 0


class Writer:
    """Writes lines to targets; used by one thread, except for `replace`.

    Args:
        targets: they are closed by `finish`, or once others have taken their place.
        otherwise: is told that a target fails where no other target can be.
        clock: seconds from any beginning.
        now_ns: nanoseconds since the epoch.
    """

    def __init__(
        self,
        targets: Sequence[LogTarget],
        otherwise: LogTarget | None = None,
        clock: Callable[[], float] = time.monotonic,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._outlets = [_Outlet(target) for target in targets]
        self._otherwise = otherwise
        self._clock = clock
        self._now_ns = now_ns
        self._repeats = Repeats()
        self._next: Sequence[LogTarget] | None = None
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Lines so far that came too fast, or that targets did not take, each for itself; any thread may ask."""
        return self._dropped + sum(outlet.dropped for outlet in self._outlets)

    def replace(self, targets: Sequence[LogTarget]) -> None:
        """Have other targets take lines, from the next write on."""
        self._next = targets

    def write(self, lines: Sequence[Told], lost: int) -> float | None:
        """Write lines to each target that takes them; see `queue.Writing.write`."""
        if gone := self._take_over():
            lines = [_notice(gone, " to what they were for then", self._now_ns()), *lines]
        if lost:
            self._dropped += lost
            lines = [_notice(lost, ": they came faster than they could be", self._now_ns()), *lines]
        now = self._clock()
        self._write(lines, self._repeats.passed(lines, now))
        return self._again(now)

    def finish(self) -> None:
        """Write what was counted, close all targets, and tell what none will take any more."""
        self._take_over()
        self._write((), self._repeats.rest())
        for outlet in self._outlets:
            outlet.target.close()
            if outlet.lost and self._otherwise is not None:
                where = f" to {outlet.target.name} until the end: {outlet.target.fault}"
                self._otherwise.write([_notice(outlet.lost, where, self._now_ns())])

    def _take_over(self) -> int:
        """Put other targets in place, if there are any; return how many lines were lost by those before."""
        targets, self._next = self._next, None
        if targets is None:
            return 0
        kept = {id(outlet.target): outlet for outlet in self._outlets}
        gone = [outlet for outlet in self._outlets if outlet.target not in targets]
        for outlet in gone:
            outlet.target.close()
        self._dropped += sum(outlet.dropped for outlet in gone)
        self._outlets = [kept.get(id(target)) or _Outlet(target) for target in targets]
        return sum(outlet.lost for outlet in gone)

    def _write(self, lines: Sequence[Told], counted: Sequence[Told]) -> None:
        for outlet in self._outlets:
            outlet.write(counted if outlet.target.counts_repeats else lines, self._now_ns())
        now = self._clock()
        for outlet in self._outlets:
            if outlet.begins_to_fail(now):
                self._tell_of(outlet)

    def _tell_of(self, failing: _Outlet) -> None:
        """Tell the other targets that one fails."""
        target = failing.target
        told = Told(
            self._now_ns(),
            logging.WARNING,
            _NAME,
            f"the agent's own log: {target.name}: {target.fault}; what it does not take is counted",
            {"target": target.name},
        )
        others = [outlet for outlet in self._outlets if outlet is not failing and not outlet.is_failing]
        for outlet in others:
            outlet.write([told], told.time_ns)
        if not others and self._otherwise is not None:
            self._otherwise.write([told])

    def _again(self, now: float) -> float | None:
        ends = self._repeats.ends
        waits = [AGAIN] if any(outlet.is_failing for outlet in self._outlets) else []
        if ends is not None:
            waits.append(max(0.0, ends - now))
        return min(waits, default=None)
