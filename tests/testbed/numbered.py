"""Lines that state their time as a number at their beginning, and what gives such lines their times."""

from __future__ import annotations

from collections.abc import Sequence


class NumberedTimes:
    """Times of the lines of one file: the number that a line begins with, or that the nearest line before it does.

    Args:
        before: time of lines at the beginning that state none.
    """

    timed = True

    def __init__(self, before: int = 0) -> None:
        self._before = before

    def times(self, starts: Sequence[int], lines: Sequence[bytes]) -> list[int]:
        times: list[int] = []
        for stamp in self.stamps(0, lines):
            times.append(stamp if stamp is not None else times[-1] if times else self._before)
        return times

    def alone(self, line: bytes, start: int) -> int:
        stamp = _stated(line)
        return self._before if stamp is None else stamp

    def stamps(self, start: int, lines: Sequence[bytes]) -> Sequence[int | None]:
        return [_stated(line) for line in lines]


def _stated(line: bytes) -> int | None:
    number = line.partition(b" ")[0]
    return int(number) if number.isdigit() else None
