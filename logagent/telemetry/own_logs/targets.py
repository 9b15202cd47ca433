"""Where lines of the agent's own log go: what is common to all targets, and lines as bytes on a descriptor."""

from __future__ import annotations

import logging
import os
import select
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence

from logagent.telemetry.own_logs.lines import Form
from logagent.telemetry.own_logs.told import Told

PATIENCE = 0.1
"""Seconds that a target which takes nothing at the moment is waited for at each write: longer than a reader needs to
come to its turn, and short enough for the other targets."""
PIPE_BUF = select.PIPE_BUF
"""Bytes that a pipe takes without waiting, once it says that it can be written to (pipe(7))."""
NOBODY_READS = "nobody reads what is written to it"


class LogTarget(ABC):
    """Takes lines; used by one thread.

    Attributes:
        name: for people.
        least: the lowest level of lines that it takes.
        counts_repeats: whether warnings that repeat are counted for it.
        skips: names of loggers whose lines it does not take.
        fault: why it did not take all lines, for people.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.least = logging.DEBUG
        self.counts_repeats = True
        self.skips: Collection[str] = ()
        self.fault = ""

    @abstractmethod
    def write(self, lines: Sequence[Told]) -> int:
        """Write lines in their order, and return how many were; `fault` says why not all.

        Without lines, it only finishes what it could not finish before.
        """

    def close(self) -> None:
        """Close what it holds."""
        return

    def takes(self, told: Told) -> bool:
        """Return whether a line is for this target."""
        return told.level >= self.least and told.logger not in self.skips


class ByteLines:
    """Lines on their way to a descriptor that may take only a part of one: the next write goes on where it ended.

    Args:
        put: writes bytes; returns how many, all unless something fails, and raises OSError if not even one.
    """

    def __init__(self, put: Callable[[bytes], int]) -> None:
        self._put = put
        self._line = b""
        self._from = 0

    @property
    def is_cut(self) -> bool:
        """Whether a line was written in part."""
        return bool(self._line)

    def begin_again(self) -> None:
        """Write the line that was written in part anew from its beginning: what it was written to is gone."""
        self._from = 0

    def finish(self) -> None:
        """Write the rest of a line that was written in part.

        Raises:
            OSError: when that still fails.
        """
        while self._line:
            self._from += self._put(self._line[self._from :])
            if self._from == len(self._line):
                self._line, self._from = b"", 0

    def write(self, lines: Sequence[bytes]) -> int:
        """Write lines, and return how many were written: one of which only a part was counts, as it will be finished.

        Raises:
            OSError: when none was.
        """
        written = self._put(b"".join(lines))
        for number, line in enumerate(lines):
            if written < len(line):
                if written:
                    self._line, self._from = line, written
                return number + bool(written)
            written -= len(line)
        return len(lines)


class Descriptor(LogTarget):
    """Writes lines to a descriptor that others hold, too, such as standard error, and never waits long for it.

    Args:
        descriptor: it is not closed.
        form: makes the lines.
        name: for people.
        clock: seconds from any beginning.
    """

    def __init__(
        self, descriptor: int, form: Form, name: str = "standard error", clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(name)
        self._descriptor = descriptor
        self._form = form
        self._clock = clock
        self._until = 0.0
        self._bytes = ByteLines(self._put)

    def write(self, lines: Sequence[Told]) -> int:
        """Write lines; see `LogTarget.write`."""
        self._until = self._clock() + PATIENCE
        try:
            self._bytes.finish()
            whole = [f"{self._form(told)}\n".encode("utf-8", "backslashreplace") for told in lines]
            written = self._bytes.write(whole) if whole else 0
        except OSError as error:
            self.fault = error.strerror or str(error)
            return 0
        self.fault = "" if written == len(lines) else NOBODY_READS
        return written

    def _put(self, data: bytes) -> int:
        written = 0
        while written < len(data):
            if not self._is_ready():
                if written:
                    break
                raise OSError(0, NOBODY_READS)
            try:
                written += os.write(self._descriptor, data[written : written + PIPE_BUF])
            except OSError:
                if written:
                    break
                raise
        return written

    def _is_ready(self) -> bool:
        """Return whether a write would not wait, once that is so or the time is over."""
        ready = select.poll()
        ready.register(self._descriptor, select.POLLOUT)
        left = max(0.0, self._until - self._clock())
        return any(events & select.POLLOUT for _, events in ready.poll(left * 1000))
