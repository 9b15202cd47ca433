"""How long the stages of reading took, for the verdict."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Timings:
    """Nanoseconds by stage. Opening and scanning are always among them, the others where they occur."""

    def __init__(self) -> None:
        self._spent = {"open": 0, "scan": 0}
        self._within = 0

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """The time of a stage within another one is not the outer one's."""
        began, within, self._within = time.perf_counter_ns(), self._within, 0
        try:
            yield
        finally:
            spent = time.perf_counter_ns() - began
            self._spent[stage] = self._spent.get(stage, 0) + spent - self._within
            self._within = within + spent

    def told(self, unpacking: int) -> dict[str, int]:
        """All of them. unpacking: what decoders took, which is known apart, but was spent while scanning."""
        decompress = {"decompress": unpacking} if unpacking else {}
        return self._spent | {"scan": self._spent["scan"] - unpacking} | decompress
