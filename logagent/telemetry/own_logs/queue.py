"""The queue between whoever tells something and the thread that writes it: bounded, and never waited for."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from logagent.telemetry.own_logs.later import Later
from logagent.telemetry.own_logs.told import Told, told_of

MOST_LINES = 10_000
"""Lines that wait to be written: some seconds of a busy agent's. They are many only where a target hangs."""
MOST_TEXT = 8 * 1024 * 1024
"""Characters of them, for the same reason; an idle agent takes 75 MB in all."""
CALM = 500
"""Lines up to which their characters are not counted: that takes time, and so few wait while nothing hangs."""
GATHERING = 0.05
"""Seconds in which lines gather before they are written together: a thread that woke up for each line would take more
time than all else. What is killed loses as much."""
DRAINING = 1.0
"""Seconds that the end of the agent waits for what is still to be written, to a target that may hang."""

_log = logging.getLogger(__name__)


class Writing(Protocol):
    """What is done with lines, in the queue's thread."""

    def write(self, lines: Sequence[Told], lost: int) -> float | None:
        """Write lines, oldest first.

        Args:
            lines: that have come since the last call; maybe none.
            lost: how many besides did not fit into the queue.

        Returns:
            After how many seconds it wants to be called again though nothing comes; None: then it does not.
        """

    def finish(self) -> None:
        """End what is written to; nothing comes any more."""


class LogQueue:
    """Takes what is told, from any thread, and has it written by a thread of its own, which starts with the first.

    Args:
        writing: does that; it is called in that thread alone.
    """

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._waiting: deque[Told | Later] = deque()
        self._counting = threading.Lock()
        self._text = 0
        self._lost = 0
        self._awake = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._levels: dict[str, int] = {}
        self._has_failed = False

    def is_wanted(self, logger: str, level: int) -> bool:
        """Return whether what a logger of this name tells at this level is written at all."""
        least = self._levels.get(logger)
        if least is None:
            least = self._levels[logger] = logging.getLogger(logger).getEffectiveLevel()
        return level >= least

    def forget_levels(self) -> None:
        """Look at the levels of loggers anew, after some have changed."""
        self._levels = {}

    def put(self, told: Told | Later | logging.LogRecord) -> None:
        """Have something written; what does not fit is counted, and told as a line."""
        if isinstance(told, logging.LogRecord):
            told = told_of(told)
        if len(self._waiting) >= CALM and not self._fits(told):
            return
        self._waiting.append(told)
        if not self._awake.is_set():
            self.rouse()

    def rouse(self) -> None:
        """Have the thread look at once, also if there is nothing new."""
        self._awake.set()
        if self._thread is None:
            with self._counting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="own log", daemon=True)
                    self._thread.start()

    def close(self, seconds: float = DRAINING) -> bool:
        """Have all written that waits, and end the thread; one that hangs is left behind.

        Args:
            seconds: at most that long.

        Returns:
            Whether all was written.
        """
        self._ending.set()
        if self._thread is None:
            self._writing.finish()
            return True
        self._awake.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _fits(self, told: Told | Later) -> bool:
        with self._counting:
            if len(self._waiting) >= MOST_LINES or self._text + told.size > MOST_TEXT:
                self._lost += 1
                return False
            self._text += told.size
            return True

    def _run(self) -> None:
        again: float | None = None
        while True:
            if self._awake.wait(again):
                self._ending.wait(GATHERING)
            last = self._ending.is_set()
            self._awake.clear()
            again = self._write()
            if last and not self._waiting:
                self._writing.finish()
                return

    def _write(self) -> float | None:
        """Write what has come; a bug in that loses these lines only, and is told once."""
        lines, lost = self._taken()
        try:
            return self._writing.write(lines, lost)
        except Exception:
            with self._counting:
                self._lost += len(lines) + lost
            if not self._has_failed:
                self._has_failed = True
                _log.exception("the agent's own log could not be written")
            return None

    def _taken(self) -> tuple[list[Told], int]:
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
        lines = [each.told() if isinstance(each, Later) else each for each in taken]
        with self._counting:
            lost, self._lost, self._text = self._lost, 0, 0
        return lines, lost
