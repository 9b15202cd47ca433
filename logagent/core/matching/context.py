"""Context: the lines before and after a match, as grep prints them, whether lines are read forward or backward."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from logagent.core.batch import LineFlag


class Record(NamedTuple):
    """A line, or an event of several lines.

    Attributes:
        start: where it begins in its file, in bytes.
        text: its bytes without the last line break.
        time: nanoseconds since the epoch, UTC; 0 where times are not asked for.
        file: the number of its file among those of its log.
    """

    start: int
    text: bytes
    time: int = 0
    file: int = 0


class Picked(NamedTuple):
    """Records of an answer, in its order, and the flag of each.

    Attributes:
        records: the records.
        flags: for each record one byte, a `LineFlag`.
    """

    records: list[Record]
    flags: bytearray


class Contexts:
    """Picks matching records and their context.

    No record is given twice. A record after a gap is flagged, except the first of all.

    Args:
        leading: how many records to give before each match, in the order in which records are added.
        trailing: how many to give after each match, in the same order.
    """

    def __init__(self, leading: int, trailing: int) -> None:
        self._trailing = trailing
        self._recent: deque[Record] = deque(maxlen=leading)
        self._owed = 0
        self._begun = self._gap = False

    @property
    def idle(self) -> bool:
        """Whether the last match has all its trailing context, so that records without a match are not given now."""
        return self._owed == 0

    @property
    def recent(self) -> list[Record]:
        """The last records without a match, which become the context of a match that follows."""
        return list(self._recent)

    def pick(self, records: Sequence[Record], matches: Sequence[int]) -> Picked:
        """Return the matches among the next records, with their context.

        Args:
            records: the next records.
            matches: the indices of those that match, ascending.
        """
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
        """Note a gap: the next record is not the neighbour of the last one."""
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
