"""How long each stage of reading took, for the verdict of an answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from logagent.telemetry.hook import StageTimes


class Timings:
    """Nanoseconds spent in each stage: always contains `open` and `scan`, other stages only if they occurred."""

    def __init__(self) -> None:
        self._spent = {"open": 0, "scan": 0}
        self._between: dict[str, tuple[int, int]] = {}
        self._within = 0

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time spent inside the block to a stage; a nested stage is subtracted from the outer one."""
        began, within, self._within = time.perf_counter_ns(), self._within, 0
        try:
            yield
        finally:
            ended = time.perf_counter_ns()
            spent = ended - began
            self._spent[stage] = self._spent.get(stage, 0) + spent - self._within
            self._between[stage] = self._between.get(stage, (began,))[0], ended
            self._within = within + spent

    def stages(self) -> dict[str, StageTimes]:
        """Return when each stage that occurred first began and last ended, and how long it took."""
        return {name: StageTimes(*between, self._spent[name]) for name, between in dict(self._between).items()}

    def with_decompressing(self, spent: int) -> dict[str, int]:
        """Return the nanoseconds of all stages, with decompressing as a stage of its own.

        Args:
            spent: nanoseconds spent in decoders; they are subtracted from scanning.
        """
        decompress = {"decompress": spent} if spent else {}
        return self._spent | {"scan": self._spent["scan"] - spent} | decompress
