"""Warnings that repeat: written once, and then counted."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from logagent.telemetry.own_logs.told import Told

WINDOW = 60.0
"""Seconds in which a warning is written once: what fails at each question would fill the files with itself."""
VARIANTS = 10
"""Warnings of one wording that are written in a window where they differ, as by the file that they name."""
REFUSALS = "logagent.refusals"
"""The logger of refusals, each of which is another: only their number is bounded."""
STORIES = "logagent.requests"
"""The logger of what is told of each request, under an id of its own: nothing of that repeats."""
MOST_REFUSALS = 600
"""Refusals that are written in a window: as many as standard error takes, see `refusal_log`."""
MOST_WINDOWS = 1000
"""Wordings that are counted at a time; of more, all of one logger count as one."""


@dataclass(slots=True)
class _Window:
    """What came of one wording since its first."""

    first: Told
    until: float
    further: dict[str, int] = field(default_factory=dict)
    others: int = 0


class Repeats:
    """Passes on what is new, and counts the warnings that repeat."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], _Window] = {}

    @property
    def ends(self) -> float | None:
        """When the next window ends in which something was counted; None: there is none."""
        ends = (window.until for window in self._windows.values() if _counted(window))
        return min(ends, default=None)

    def passed(self, lines: Iterable[Told], now: float) -> list[Told]:
        """Return the lines that are to be written, among them how often others came, once their window has ended.

        Args:
            now: seconds from any beginning.
        """
        ended = [key for key, window in self._windows.items() if window.until <= now]
        summed = [told for key in ended for told in _summed(self._windows.pop(key))]
        return [*summed, *(told for told in lines if not _may_repeat(told) or self._is_new(told, now))]

    def rest(self) -> list[Told]:
        """Return how often others came in the windows that have not ended, and forget them."""
        windows, self._windows = self._windows, {}
        return [told for window in windows.values() for told in _summed(window)]

    def _is_new(self, told: Told, now: float) -> bool:
        key = (told.logger, told.template or told.message)
        if key not in self._windows and len(self._windows) >= MOST_WINDOWS:
            key = (told.logger, "")
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(told, now + WINDOW)
        is_refusal = told.logger == REFUSALS
        what = str(len(window.further)) if is_refusal else told.message
        if what in window.further:
            window.further[what] += 1
        elif len(window.further) < (MOST_REFUSALS if is_refusal else VARIANTS):
            window.further[what] = 0
            return True
        else:
            window.others += 1
        return False


def _may_repeat(told: Told) -> bool:
    return told.level >= logging.WARNING and told.logger != STORIES


def _counted(window: _Window) -> bool:
    return window.others > 0 or any(window.further.values())


def _summed(window: _Window) -> Iterator[Told]:
    """Give a line for each warning that was counted."""
    first = window.first
    for message, times in window.further.items():
        if times:
            yield first._replace(message=f"{times} more in {WINDOW:g} s: {message}", fields={"repeated": times})
    if window.others:
        like = first.template or first.message
        yield first._replace(
            message=f"{window.others} more in {WINDOW:g} s like: {like}", fields={"repeated": window.others}
        )
