"""Cutting what an HTTP/2 client sends into slices of few frames, before anything is parsed.

A read of 64 KiB holds up to 7,000 empty frames, and h2 takes some 60 µs for each: half a second in which nobody else is
served. Here only the head of each frame is looked at, which costs a hundredth of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

FRAMES = 16
"""Frames of a slice at most: about a millisecond for h2, and more than an honest client sends at once."""
MOST_FRAMES = 4 * FRAMES
"""Frames of a slice that goes on with resets: a request that is reset at once is best seen together with that."""
REQUEST_WEIGHS = 8
"""Frames for which a new request counts in a slice: its head must be decoded, and an application started."""
SMALL_DATA = 1024
"""Bytes of a DATA frame that carries something. A client that uploads sends far larger frames."""

_HEAD = 9
_PREFACE = 24
_DATA, _HEADERS, _RESET, _CONTINUATION = 0x0, 0x1, 0x3, 0x9


class Slice(NamedTuple):
    """Some whole frames, or a part of a large one.

    Attributes:
        data: their bytes.
        idle: how many of them carry no progress: neither a new request nor a part of its body worth the name.
        head: bytes of the request's head that goes on in the last of them, encoded; 0 if none does.
    """

    data: bytes
    idle: int
    head: int


class FrameSlicer:
    """Cuts the bytes of one client, in the order in which they come."""

    def __init__(self) -> None:
        self._awaited = _PREFACE
        """Bytes of the payload (or the preface) at hand that have not come yet."""
        self._head = b""
        """The beginning of a frame's head, which has not come whole."""
        self._block = 0
        """Bytes of the head at hand."""
        self._newest = 0
        """The newest stream that the client has opened."""

    def slices(self, received: bytes) -> Iterator[Slice]:
        """Yield what was received in slices; the beginning of a frame's head is kept for the next call.

        A caller that stops early has lost the rest, and must end the connection.
        """
        data = self._head + received
        begin = at = weight = idle = 0
        while True:
            step = min(self._awaited, len(data) - at)
            at += step
            self._awaited -= step
            if self._awaited or len(data) - at < _HEAD:
                break
            if weight >= (FRAMES if data[at + 3] != _RESET else MOST_FRAMES):
                yield Slice(data[begin:at], idle, self._block)
                begin, weight, idle = at, 0, 0
            asks = self._opens_stream(data, at)
            idle += not asks and not self._is_body(data, at)
            weight += REQUEST_WEIGHS if asks else 1
            self._awaited = int.from_bytes(data[at : at + 3])
            self._block = self._awaited + (self._block if data[at + 3] == _CONTINUATION else 0)
            self._block *= data[at + 3] in (_HEADERS, _CONTINUATION)
            at += _HEAD
        self._head = data[at:]
        if at > begin:
            yield Slice(data[begin:at], idle, self._block)

    def _opens_stream(self, data: bytes, at: int) -> bool:
        stream_id = int.from_bytes(data[at + 5 : at + _HEAD])
        if data[at + 3] != _HEADERS or stream_id <= self._newest:
            return False
        self._newest = stream_id
        return True

    @staticmethod
    def _is_body(data: bytes, at: int) -> bool:
        return data[at + 3] == _DATA and int.from_bytes(data[at : at + 3]) >= SMALL_DATA
