"""The handler by which records of the standard `logging` come into the agent's own log."""

from __future__ import annotations

import logging

from logagent.telemetry.hook import current
from logagent.telemetry.own_logs.in_story import in_story
from logagent.telemetry.own_logs.queue import LogQueue
from logagent.telemetry.own_logs.told import told_of


class QueueHandler(logging.Handler):
    """Puts each record into a queue, whatever thread it comes from.

    Args:
        queue: takes them.
    """

    def __init__(self, queue: LogQueue) -> None:
        super().__init__()
        self._queue = queue

    def emit(self, record: logging.LogRecord) -> None:
        """Put a record into the queue, as a part of the story of the request that is worked for.

        One that cannot be read is told on standard error, as by any handler.
        """
        try:
            self._queue.put(in_story(told_of(record), current()))
        except Exception:
            self.handleError(record)
