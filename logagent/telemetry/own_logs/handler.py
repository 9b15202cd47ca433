"""The handler by which records of the standard `logging` come into the agent's own log."""

from __future__ import annotations

import logging

from logagent.telemetry.own_logs.queue import LogQueue


class QueueHandler(logging.Handler):
    """Puts each record into a queue, whatever thread it comes from.

    Args:
        queue: takes them.
    """

    def __init__(self, queue: LogQueue) -> None:
        super().__init__()
        self._queue = queue

    def emit(self, record: logging.LogRecord) -> None:
        """Put a record into the queue; one that cannot be read is told on standard error, as by any handler."""
        try:
            self._queue.put(record)
        except Exception:
            self.handleError(record)
