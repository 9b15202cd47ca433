"""What an agent refuses, as lines on standard error: one for each refusal, bounded, and never in the way of the agent.

Any code logs a refusal with `logging.getLogger("logagent.refusals")`: the message is the reason, and `extra` may hold
`status`, `peer` (the client's address), `caller` (who asks) and `trace_id`.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import trio

AT_ONCE = 50
"""Lines that are written at once: what a person tries, or a page that is misconfigured, is told whole."""
PER_SECOND = 10.0
"""Lines per second after that: a flood fills no disk, and is still seen to go on."""
LONGEST_REASON = 600
"""Characters of a reason: what a certificate and its fault take, and few enough to fit into one write (PIPE_BUF)."""
LONGEST_CALLER = 200
"""Characters of who asks: an identity provider's name for him may take hundreds."""
TELLING = 1.0
"""Seconds after which it is told how many refusals were not shown, if no other line tells it before."""

_log = logging.getLogger("logagent.refusals")


class RefusalLog(logging.Handler):
    """Writes one line for each refusal, as long as there are not too many.

    A line that cannot be written at once, since nobody reads or the disk is full, is counted as not shown.

    Args:
        descriptor: where lines are written; standard error.
        clock: seconds from any beginning.
    """

    def __init__(self, descriptor: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._clock = clock
        self._allowed = float(AT_ONCE)
        self._counted_at = clock()
        self._hidden = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a refusal, or count it."""
        now = self._clock()
        self._allowed = min(self._allowed + (now - self._counted_at) * PER_SECOND, AT_ONCE)
        self._counted_at = now
        if self._allowed < 1:
            self._hidden += 1
            return
        self._allowed -= 1
        self.tell_hidden()
        if not self._write(line_of(record)):
            self._hidden += 1

    def tell_hidden(self) -> None:
        """Write how many refusals were not shown, if there are any."""
        if self._hidden and self._write(f"{self._hidden} more refusals not shown"):
            self._hidden = 0

    async def run(self) -> None:
        """Tell now and then how many refusals were not shown, until cancelled."""
        while True:
            await trio.sleep(TELLING)
            self.tell_hidden()

    def _write(self, line: str) -> bool:
        """Write a line, and return whether that was possible without waiting."""
        with suppress(OSError):
            ready = select.poll()
            ready.register(self._descriptor, select.POLLOUT)
            if any(events & select.POLLOUT for _, events in ready.poll(0)):
                return os.write(self._descriptor, f"logagent: {line}\n".encode("utf-8", "backslashreplace")) > 0
        return False


def line_of(record: logging.LogRecord) -> str:
    """Return the line that tells of a refusal; control characters in it are escaped, since clients choose its words."""
    status, peer, caller, trace_id = (
        _printable(str(getattr(record, name, ""))) for name in ("status", "peer", "caller", "trace_id")
    )
    reason = _printable(record.getMessage())
    reason, caller = _cut(reason, LONGEST_REASON), _cut(caller, LONGEST_CALLER)
    told = ["refused", peer, f"({status})" if status else "", f"as {caller}" if caller else ""]
    return f"{' '.join(filter(None, told))}: {reason}" + (f" (trace {trace_id})" if trace_id else "")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


@contextmanager
def told_on(descriptor: int, is_wanted: Callable[[], bool] = lambda: True) -> Iterator[RefusalLog]:
    """Have refusals written to a descriptor while the block runs.

    Args:
        descriptor: where lines are written.
        is_wanted: whether they are to be, asked for each.
    """
    handler = RefusalLog(descriptor)
    handler.addFilter(lambda record: is_wanted())
    _log.addHandler(handler)
    try:
        yield handler
    finally:
        handler.tell_hidden()
        _log.removeHandler(handler)
