"""The lines of a body as it arrives, whatever the pieces: those of NDJSON, and the events of a stream of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from logagent.client.records import BadRecord
from logagent.core.wire.coding import IDENTITY, DecodeError, decoder

MAX_RECORD = 64 * 1024 * 1024
"""Bytes of one record at most: the longest line of an agent has a mebibyte unless it is set otherwise, an event some of
these, and JSON may take six bytes for each."""


class BodyLines:
    """Takes the pieces of a body, and gives its lines one by one, in memory for one piece.

    Args:
        coding: the body's content coding.

    Raises:
        BadRecord: if the coding is not known.
    """

    def __init__(self, coding: str = IDENTITY) -> None:
        try:
            self._decode = decoder(coding)
        except DecodeError as error:
            raise BadRecord(str(error)) from None
        self._pieces: Iterator[bytes] = iter(())
        self._whole: deque[bytes] = deque()
        self._begun: list[bytes] = []
        self._size = 0

    def receive(self, chunk: bytes) -> None:
        """Take a piece of the body; the lines of the one before must have been taken."""
        self._pieces = self._decode(chunk)

    def line(self) -> bytes | None:
        """Return the next line, without its line break; None until more is received.

        Raises:
            BadRecord: if the body is not in its coding, or a line is too long.
        """
        while not self._whole:
            try:
                piece = next(self._pieces, None)
            except DecodeError as error:
                raise BadRecord(str(error)) from None
            if piece is None:
                return None
            self._split(piece)
        return self._whole.popleft()

    def _split(self, piece: bytes) -> None:
        first, *others = piece.split(b"\n")
        self._begun.append(first)
        self._size += len(first)
        if self._size > MAX_RECORD:
            raise BadRecord(f"a record of more than {MAX_RECORD} bytes")
        if others:
            self._whole.append(b"".join(self._begun))
            *whole, begun = others
            self._whole.extend(whole)
            self._begun, self._size = [begun], len(begun)


class Event(NamedTuple):
    """A server-sent event.

    Attributes:
        data: its text; empty if it has none.
        cursor: its id; empty if it has none of its own.
    """

    data: bytes
    cursor: str


class EventLines:
    """Puts the lines of an event stream together to events; agents send one line of data in each."""

    def __init__(self) -> None:
        self._data = b""
        self._cursor = ""

    def receive(self, line: bytes) -> Event | None:
        """Take a line, and return the event that it ends; None if it ends none.

        A comment is no event. An event without data only moves the place from which the stream continues.

        Raises:
            BadRecord: if the event is too long.
        """
        line = line.removesuffix(b"\r")
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data += value.removeprefix(b" ")
                if len(self._data) > MAX_RECORD:
                    raise BadRecord(f"an event of more than {MAX_RECORD} bytes")
            elif name == b"id":
                self._cursor = value.strip().decode("ascii", "replace")
            return None
        event = Event(self._data, self._cursor)
        self._data, self._cursor = b"", ""
        return event if event.data or event.cursor else None
