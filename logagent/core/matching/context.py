"""Context: the lines round those that match, as grep prints them, picked in whatever order the lines come."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from logagent.core.batch import LineFlag


class Record(NamedTuple):
    """A line, or an event of several: where it begins in its file, its bytes without the last line break, its time in
    nanoseconds since the epoch where that is wanted, and the number of its file among those of its log."""

    start: int
    text: bytes
    time: int = 0
    file: int = 0


class Picked(NamedTuple):
    """The records of an answer, in its order, and the flag of each."""

    records: list[Record]
    flags: bytearray


class Contexts:
    """Picks matching records and those beside them.

    leading, trailing: how many records to give that come before a match, and behind it, in the order in which records
    are added. Nothing is given twice. A record behind a gap is marked, but for the first of all.
    """

    def __init__(self, leading: int, trailing: int) -> None:
        self._trailing = trailing
        self._recent: deque[Record] = deque(maxlen=leading)
        self._owed = 0
        self._begun = self._gap = False

    @property
    def idle(self) -> bool:
        """Whether nothing is owed: records without a match would only be kept in mind."""
        return self._owed == 0

    @property
    def recent(self) -> list[Record]:
        """The records that are kept in mind, for they may yet lead to a match."""
        return list(self._recent)

    def pick(self, records: Sequence[Record], matches: Sequence[int]) -> Picked:
        """The next records, of which those with the indices `matches`, ascending, match."""
        picked = Picked([], bytearray())
        at = 0
        for match in matches:
            at = self._trail(picked, records, at, match)
            self._pass(records, at, match)
            for record in self._recent:
                self._give(picked, record, LineFlag.LEADS)
            self._recent.clear()
            self._give(picked, records[match], LineFlag(0))
            self._owed, at = self._trailing, match + 1
        at = self._trail(picked, records, at, len(records))
        self._pass(records, at, len(records))
        return picked

    def skip(self) -> None:
        """Records that are not added lie between those before and those to come."""
        self._recent.clear()
        self._owed, self._gap = 0, True

    def _trail(self, picked: Picked, records: Sequence[Record], at: int, end: int) -> int:
        stop = min(at + self._owed, end)
        for record in records[at:stop]:
            self._give(picked, record, LineFlag.TRAILS)
        self._owed -= stop - at
        return stop

    def _pass(self, records: Sequence[Record], at: int, end: int) -> None:
        if at == end:
            return
        room = self._recent.maxlen or 0
        self._gap = self._gap or len(self._recent) + end - at > room
        self._recent.extend(records[max(at, end - room) : end])

    def _give(self, picked: Picked, record: Record, flag: LineFlag) -> None:
        picked.records.append(record)
        picked.flags.append(flag | LineFlag.GAP if self._gap and self._begun else flag)
        self._begun, self._gap = True, False
