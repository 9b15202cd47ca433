"""The limits of an answer: how many records and bytes it may still hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from logagent.core.batch import BESIDE, LineFlag

_BELONGS_TO_BEFORE = LineFlag.CONTINUES | LineFlag.TRAILS


class Allowance:
    """How many records, and how many bytes of lines, an answer may still hold.

    Args:
        n: records; None: any number. Lines of context do not count.
        max_bytes: bytes of lines, each with its line break; None: any number.
        trailing: how many lines of context may follow the last record.

    Attributes:
        refused: whether a line was refused because of its bytes.
    """

    def __init__(self, n: int | None, max_bytes: int | None, trailing: int = 0) -> None:
        self._records = n
        self._bytes = max_bytes
        self._trailing = trailing
        self.refused = False

    @property
    def used_up(self) -> bool:
        """Whether the answer ends here: it has its n records and the context of the last, or a line was refused."""
        return self.refused or (self._records == 0 and self._trailing == 0)

    def admit(self, lines: Sequence[bytes], flags: bytes | None = None, size: int | None = None) -> int:
        """Admit as many lines as the answer may still hold, from the first on, and count them.

        No event is cut. The first line that would exceed `max_bytes` is refused, and nothing may be admitted after it.

        Args:
            lines: the next lines of the answer, each without its line break.
            flags: what the lines are, as in a batch; None: each is a record.
            size: bytes of all lines, each with its line break; None: they are added up.

        Returns:
            How many of the lines are admitted.
        """
        count = self._admit_records(len(lines)) if flags is None else self._admit_flagged(flags)
        if self._bytes is None:
            return count
        if size is not None and count == len(lines) and size <= self._bytes:
            self._bytes -= size
            return count
        return self._admit_bytes(lines[:count], flags)

    def admit_whole(self, records: int, size: int) -> bool:
        """Admit lines if the answer may hold them all and more records after them, and count them.

        Args:
            records: how many lines there are, each of which is a record.
            size: their bytes, each with its line break.

        Returns:
            Whether they are admitted; if not, nothing is counted.
        """
        fits = (self._records is None or records < self._records) and (self._bytes is None or size <= self._bytes)
        if self.refused or not fits:
            return False
        self._records = None if self._records is None else self._records - records
        self._bytes = None if self._bytes is None else self._bytes - size
        return True

    def _admit_records(self, count: int) -> int:
        if self._records is None:
            return count
        count = min(self._records, count)
        self._records -= count
        return count

    def _admit_flagged(self, flags: bytes) -> int:
        if self._records is None:
            return len(flags)
        records = len(flags.translate(None, BESIDE))
        if records < self._records:
            self._records -= records
            return len(flags)
        place = 0
        while self._records:
            self._records -= not flags[place] & (_BELONGS_TO_BEFORE | LineFlag.LEADS)
            place += 1
        return self._behind_last(flags, place)

    def _behind_last(self, flags: bytes, place: int) -> int:
        """Return the index after the lines that belong to the last record, from `place` on."""
        while place < len(flags):
            flag = flags[place]
            if not flag & _BELONGS_TO_BEFORE or (flag & LineFlag.TRAILS and not self._trailing):
                self._trailing = 0
                break
            self._trailing -= bool(flag & LineFlag.TRAILS)
            place += 1
        return place

    def _admit_bytes(self, lines: Sequence[bytes], flags: bytes | None) -> int:
        assert self._bytes is not None
        ends = list(accumulate(len(line) + 1 for line in lines))
        fitting = bisect_right(ends, self._bytes)
        self.refused = self.refused or fitting < len(lines)
        while self.refused and flags is not None and fitting and flags[fitting] & LineFlag.CONTINUES:
            fitting -= 1
        self._bytes -= ends[fitting - 1] if fitting else 0
        return fitting
