"""One JSON record of an answer as a value: lines, counts, notices, and the verdict at the end."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from logagent.client.values import HitCount, LogLine, Verdict, step_of, verdict_of
from logagent.core.batch import Notice
from logagent.core.outcome import Status
from logagent.core.times import moments
from logagent.core.units import SECOND
from logagent.core.wire.documents import BadListing, Document
from logagent.core.wire.end_records import from_end_record, status_in
from logagent.core.wire.verdict import BadVerdict

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - of times whose zone is known


class BadRecord(ValueError):
    """What arrived is no record of an answer."""


class Live(NamedTuple):
    """All records that come next were written since the follow began."""


class Moved(NamedTuple):
    """The place where a follow continues, without a record.

    Attributes:
        cursor: from which another follow continues.
    """

    cursor: str


Item = LogLine | Notice | Live | Moved | Verdict
"""What a follow, and an answer of lines, is made of."""


class LineReading:
    """Reads records of `/logs`; remembers the last second, which neighbouring lines often share."""

    def __init__(self) -> None:
        self._second = ""
        self._begins = 0

    def read(self, text: bytes, cursor: str = "") -> Item | None:
        """Return what a record says; None for a sign of life, and for a kind that is not known.

        Args:
            text: of the record.
            cursor: from which another answer continues behind it, if that stands beside the record.

        Raises:
            BadRecord: if it is none.
        """
        record = parsed(text)
        if "host" in record and ("line" in record or "line_base64" in record):
            return self._line(record, cursor)
        if "end" in record:
            return verdict_in(record)
        if "notice" in record:
            return _notice(record["notice"])
        return Live() if record.get("live") is True else None

    def _line(self, record: Mapping[str, Any], cursor: str) -> LogLine:
        host, file, offset, line = record["host"], record.get("file"), record.get("offset"), record.get("line")
        cursor = cursor or record.get("cursor", "")
        if not (type(host) is type(file) is type(cursor) is str and type(offset) is int):
            raise BadRecord("a line whose members are of another kind")
        raw = None
        if type(line) is not str:
            raw = _bytes(record.get("line_base64"))
            line = raw.decode("utf-8", "backslashreplace")
        context, partial = record.get("context") is True, record.get("partial") is True
        time, labels = self._time(record.get("time")), _labels(record.get("labels"))
        return LogLine(time, host, file, line, offset, context, partial, cursor, raw, labels)

    def _time(self, text: object) -> int | None:
        """Return a time, which agents spell as `2026-11-23T10:00:00.123456789Z`."""
        if text is None:
            return None
        if not isinstance(text, str):
            raise BadRecord("a time that is no text")
        second, fraction = text[:19], text[20:29]
        if len(text) != 30 or (text[19], text[29]) != (".", "Z") or not (fraction.isascii() and fraction.isdigit()):
            return time_in(text)
        if second != self._second:
            self._begins, self._second = _second_in(second), second
        return self._begins + int(fraction)


def read_count(text: bytes) -> HitCount | Verdict | None:
    """Return what a record of `/hits` says; None for a kind that is not known.

    Raises:
        BadRecord: if it is none.
    """
    record = parsed(text)
    if "end" in record:
        return verdict_in(record)
    if "count" not in record:
        return None
    try:
        told = Document(record)
        if "value" in told:
            return HitCount(None, "", None, told.take("count", int), told.take("value", str), told.take("hosts", int))
        file = told.take("file", str) if "file" in told else None
        return HitCount(told.moment_if_any("time"), told.take("host", str), file, told.take("count", int))
    except BadListing as error:
        raise BadRecord(str(error)) from None


def _labels(told: object) -> Mapping[str, str] | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise BadRecord("labels that are none")
    return told


def verdict_in(record: Mapping[str, Any]) -> Verdict:
    """Return the verdict in the last record of an answer.

    Raises:
        BadRecord: if there is none.
    """
    try:
        return verdict_of(from_end_record(record["end"]), step_of(record["end"]))
    except (BadVerdict, OverflowError, ValueError) as error:
        raise BadRecord(f"a verdict that is none: {error}") from None


def _notice(told: object) -> Notice:
    try:
        notice = Document(told)
        return Notice(notice.take("host", str), status_in(notice), notice.take("message", str))
    except BadListing as error:
        raise BadRecord(f"a notice that is none: {error}") from None


def time_in(text: str) -> int:
    """Return a time as agents spell it, in nanoseconds since the epoch.

    Raises:
        BadRecord: if it is none.
    """
    read = moments.read(text, 0)
    if read is None:
        raise BadRecord(f"a time that is none: {text[:40]}")
    return read


def _second_in(text: str) -> int:
    """Return a whole second in UTC, spelled without a zone, in nanoseconds since the epoch."""
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, TypeError):
        raise BadRecord(f"a time that is none: {text}") from None
    return (since.days * 86400 + since.seconds) * SECOND


def parsed(text: bytes) -> Mapping[str, Any]:
    """Return a JSON object.

    Raises:
        BadRecord: if it is none.
    """
    try:
        record = json.loads(text.decode())  # told what they are, bytes are not looked at twice
    except (ValueError, RecursionError):
        raise BadRecord("no JSON") from None
    if not isinstance(record, dict):
        raise BadRecord("no JSON object")
    return record


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "?", validate=True)
    except (binascii.Error, ValueError):
        raise BadRecord("a line that is no base64") from None


LEFT = "it was left before its end"
"""Why an answer has no verdict of the agent's that nobody wanted to the end."""


def cut_off(why: str, lines: int, cursor: str, status: Status = Status.UNAVAILABLE) -> Verdict:
    """Return the verdict of an answer that ended without one.

    Args:
        why: in words.
        lines: how many came.
        cursor: behind the last of them; empty if it is not known.
        status: UNAVAILABLE, or INTERNAL if what came is no answer; CANCELLED if it was left.
    """
    message = why if status is Status.CANCELLED else f"the answer was cut off: {why}"
    return Verdict(status, message, lines, cursor=cursor)
