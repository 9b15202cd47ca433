"""An answer as it arrives: its values one by one, and its verdict; nothing in here waits, or knows of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from logagent.client.records import BadRecord, Item, LineReading, Moved, cut_off, read_count
from logagent.client.splitting import BodyLines, EventLines
from logagent.client.values import HitCount, LogLine, Verdict
from logagent.core.outcome import Status
from logagent.core.wire.trace import TRACE_HEADER, read_trace_id

NDJSON, EVENTS = "application/x-ndjson", "text/event-stream"
"""The media types that are asked for: records that end with the verdict, and of a follow events with cursors."""

Value = TypeVar("Value")


class AnswerReading(Generic[Value]):
    """Takes the pieces of an answer's body, and gives its values.

    Args:
        media_type: that the answer must have.
        read: returns what a line of the body says; None for nothing.
        lines_of: returns how many lines of log a value holds; None: the verdict's number of lines is not checked.

    Attributes:
        verdict: once it has come, or once it is clear that none will.
        is_whole: whether it has come.
        cursor: behind the last line that was taken, if its record had one.
    """

    def __init__(
        self,
        media_type: str,
        read: Callable[[bytes], Value | Verdict | None],
        lines_of: Callable[[Value], int] | None = None,
    ) -> None:
        self.media_type = media_type
        self.verdict: Verdict | None = None
        self.is_whole = False
        self.cursor = ""
        self._read = read
        self._lines_of = lines_of
        self._lines = 0
        self._trace = ""
        self._body = BodyLines()

    def begin(self, headers: Mapping[str, str]) -> None:
        """Take the head of the response.

        Raises:
            BadRecord: if no answer to the question has such a head.
        """
        self._trace = read_trace_id(headers.get(TRACE_HEADER))
        came = headers.get("content-type", "").partition(";")[0].strip()
        if came != self.media_type:
            raise BadRecord(f"{came or 'no media type'} in place of {self.media_type}; is it an agent?")
        self._body = BodyLines(headers.get("content-encoding", "identity"))

    def receive(self, chunk: bytes) -> None:
        """Take a piece of the body, once `take` has given all of the one before."""
        self._body.receive(chunk)

    def take(self) -> Value | None:
        """Return the next value; None until more is received, or if there is a verdict."""
        if self.verdict is not None:
            return None
        try:
            while (line := self._body.line()) is not None:
                value = self._read(line)
                if isinstance(value, Verdict):
                    self._end(value)
                    return None
                if value is not None:
                    self._note(value)
                    return value
        except BadRecord as bad:
            self.cut(f"it holds {bad}", Status.INTERNAL)
        return None

    def cut(self, why: str, status: Status = Status.UNAVAILABLE) -> None:
        """End the answer without a verdict of the agent's.

        Args:
            why: in words.
            status: of the verdict.
        """
        if self.verdict is None:
            self.verdict = replace(cut_off(why, self._lines, self.cursor, status), trace_id=self._trace)

    def _note(self, value: Value) -> None:
        if self._lines_of is not None:
            self._lines += self._lines_of(value)
        if isinstance(value, LogLine):
            self.cursor = value.cursor

    def _end(self, verdict: Verdict) -> None:
        if self._lines_of is not None and verdict.lines != self._lines:
            told = f"the agent sent {verdict.lines} lines, of which {self._lines} came"
            status = Status.DATA_LOSS if verdict.complete else verdict.status
            verdict = replace(verdict, status=status, message=verdict.message or told, lines=self._lines)
        self.verdict, self.is_whole = verdict, True


def lines_reading() -> AnswerReading[LogLine]:
    """Make the reading of an answer of lines."""
    records = LineReading()

    def read(line: bytes) -> LogLine | Verdict | None:
        item = records.read(line) if line else None
        return item if isinstance(item, LogLine | Verdict) else None

    return AnswerReading(NDJSON, read, _lines_of)


def hits_reading() -> AnswerReading[HitCount]:
    """Make the reading of an answer of counts."""
    return AnswerReading(NDJSON, lambda line: read_count(line) if line else None)


def follow_reading() -> AnswerReading[Item]:
    """Make the reading of a follow, or of what is left of it."""
    records, events = LineReading(), EventLines()

    def read(line: bytes) -> Item | None:
        event = events.receive(line)
        if event is None:
            return None
        return records.read(event.data, event.cursor) if event.data else Moved(event.cursor)

    return AnswerReading(EVENTS, read)


def _lines_of(line: LogLine) -> int:
    return 1 + line.line.count("\n") if line.raw is None else 1 + line.raw.count(b"\n")
