"""The bytes of one write: frames that h2 has made, and DATA frames around pieces of answers, joined once.

h2 copies the bytes of each DATA frame five times and runs two state machines for it; here they are copied once a write.
"""

from __future__ import annotations

import struct

from logagent.web.server.server_connection import ServerConnection
from logagent.web.server.stream_buffer import StreamBuffer

_DATA_HEAD = struct.Struct(">BHBBL")
"""The head of a frame (RFC 9113, 4.1): the length as its highest byte and the other two, type, flags, stream."""
_DATA = 0
"""The type of DATA frames (RFC 9113, 6.1)."""


class Burst:
    """Collects the bytes of one write, in the order in which they go out.

    Args:
        connection: its windows are counted down, and its own frames go out before the DATA that follows them.
    """

    def __init__(self, connection: ServerConnection) -> None:
        self._h2 = connection
        self._parts: list[bytes | memoryview] = []

    def add_frames(self, stream_id: int, buffer: StreamBuffer, length: int, *, ends: bool) -> list[int]:
        """Take bytes of an answer and add them as DATA frames, each as large as the client allows.

        Args:
            length: bytes; at most those in the buffer and those for which the client's windows have room.
            ends: whether the last frame ends the stream; h2 makes that one.

        Returns:
            The length of each frame.

        Raises:
            ProtocolError: when the stream may send nothing more; the buffer is as it was.
        """
        largest = self._h2.max_outbound_frame_size
        last = (length - 1) % largest + 1 if ends else 0
        lengths = [min(largest, length - last - begin) for begin in range(0, length - last, largest)]
        if lengths:
            self._h2.note_data_sent(stream_id, length - last)
            self._parts.append(self._h2.data_to_send())
        for size in lengths:
            self._parts.append(_DATA_HEAD.pack(size >> 16, size & 0xFFFF, _DATA, 0, stream_id))
            self._parts += buffer.take(size)
        if ends:
            self._h2.send_data(stream_id, b"".join(buffer.take(last)), end_stream=True)
            lengths.append(last)
        return lengths

    def joined(self, before: bytes | bytearray) -> bytes:
        """Return all bytes, behind those that go before them, and with the frames that h2 has made since at the end."""
        return b"".join([before, *self._parts, self._h2.data_to_send()])
