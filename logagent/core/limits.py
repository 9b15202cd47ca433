"""How much an answer may still hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from logagent.core.batch import BESIDE, LineFlag

_FURTHER = LineFlag.CONTINUES | LineFlag.TRAILS


class Allowance:
    """How many records, and bytes of lines, an answer may still hold.

    n: records; lines of context do not count, and up to `trailing` of them may follow the last record.
    """

    def __init__(self, n: int | None, max_bytes: int | None, trailing: int = 0) -> None:
        self._records = n
        self._bytes = max_bytes
        self._trailing = trailing
        self.refused = False

    @property
    def used_up(self) -> bool:
        """Whether the answer is to end here: it has its n records and what trails the last, or a line was refused."""
        return self.refused or (self._records == 0 and self._trailing == 0)

    def admit(self, lines: Sequence[bytes], flags: bytes | None = None) -> int:
        """How many of these lines, from the first, the answer may hold. A line beyond the bytes is refused.

        flags: what the lines are, as in a batch; None where each is a record. No event is cut.
        """
        count = self._records_admitted(len(lines)) if flags is None else self._flagged_admitted(flags)
        return count if self._bytes is None else self._bytes_admitted(lines[:count], flags)

    def _records_admitted(self, count: int) -> int:
        if self._records is None:
            return count
        count = min(self._records, count)
        self._take_records(count)
        return count

    def _take_records(self, count: int) -> None:
        if self._records is not None:
            self._records -= count

    def _flagged_admitted(self, flags: bytes) -> int:
        if self._records is None:
            return len(flags)
        records = len(flags.translate(None, BESIDE))
        if records < self._records:
            self._records -= records
            return len(flags)
        at = 0
        while self._records:
            self._records -= not flags[at] & (_FURTHER | LineFlag.LEADS)
            at += 1
        return self._behind_last(flags, at)

    def _behind_last(self, flags: bytes, at: int) -> int:
        """Where the lines end that belong to the last record, of which those before `at` are admitted."""
        while at < len(flags):
            flag = flags[at]
            if not flag & _FURTHER or (flag & LineFlag.TRAILS and not self._trailing):
                self._trailing = 0
                break
            self._trailing -= bool(flag & LineFlag.TRAILS)
            at += 1
        return at

    def _bytes_admitted(self, lines: Sequence[bytes], flags: bytes | None) -> int:
        assert self._bytes is not None
        ends = list(accumulate(len(line) + 1 for line in lines))
        fitting = bisect_right(ends, self._bytes)
        self.refused = self.refused or fitting < len(lines)
        while self.refused and flags is not None and fitting and flags[fitting] & LineFlag.CONTINUES:
            fitting -= 1
        self._bytes -= ends[fitting - 1] if fitting else 0
        return fitting
