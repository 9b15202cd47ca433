"""How much an answer may still hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate


class Allowance:
    """How many lines, and bytes of lines, an answer may still hold."""

    def __init__(self, n: int | None, max_bytes: int | None) -> None:
        self._lines = n
        self._bytes = max_bytes
        self.refused = False

    @property
    def used_up(self) -> bool:
        """Whether the answer is to end here: it has its n lines, or a line was refused."""
        return self._lines == 0 or self.refused

    def admit(self, lines: Sequence[bytes]) -> int:
        """How many of these lines, from the first, the answer may hold. A line beyond the bytes is refused."""
        count = len(lines) if self._lines is None else min(self._lines, len(lines))
        if self._bytes is not None:
            ends = list(accumulate(len(line) + 1 for line in lines[:count]))
            fitting = bisect_right(ends, self._bytes)
            self.refused = fitting < count
            count = fitting
            self._bytes -= ends[count - 1] if count else 0
        if self._lines is not None:
            self._lines -= count
        return count
