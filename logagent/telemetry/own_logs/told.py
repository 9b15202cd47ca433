"""One thing that was told: what becomes a line of the agent's own log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

MEMBERS = ("status", "peer", "caller", "trace_id")
"""Attributes of records that are members of lines, besides those in `fields`."""
LONGEST_TEXT = 64 * 1024
"""Characters of a message or a traceback that are kept: more than a line holds, and few enough to wait in memory."""

_NONE: Mapping[str, Any] = {}
_TRACEBACKS = logging.Formatter()


class Told(NamedTuple):
    """One thing that was told.

    Attributes:
        time_ns: when, in nanoseconds since the epoch.
        level: as `logging` counts levels.
        logger: the name of the logger, `logagent` or below it.
        message: for people, in one sentence.
        fields: further members by name, of values that JSON knows; nobody changes it any more.
        template: the message without what differs each time; empty: the message.
    """

    time_ns: int
    level: int
    logger: str
    message: str
    fields: Mapping[str, Any] = _NONE
    template: str = ""

    @property
    def size(self) -> int:
        """Characters of its texts, about what it takes in memory."""
        texts = (len(value) for value in self.fields.values() if isinstance(value, str))
        return len(self.message) + sum(texts)


def told_of(record: logging.LogRecord) -> Told:
    """Return what a record tells, as texts: arguments and tracebacks would keep whatever they hold alive."""
    try:
        message = record.getMessage()
    except Exception:  # As `logging` does: whoever tells something wrongly is not to fail by it.
        message = f"{record.msg} (its arguments do not fit: {record.args!r:.200})"
    fields = dict(getattr(record, "fields", _NONE))
    fields |= {name: getattr(record, name) for name in MEMBERS if getattr(record, name, "") != ""}
    if record.exc_info and record.exc_info[0] is not None:
        fields["error"] = _cut(_TRACEBACKS.formatException(record.exc_info))
    time_ns = int(record.created * 1_000_000) * 1000
    return Told(time_ns, record.levelno, record.name, _cut(message), fields, str(record.msg))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}... ({len(text) - LONGEST_TEXT} more)"
