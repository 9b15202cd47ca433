"""What a server sends over one HTTP/2 connection: answers in turns, a burst at a time, by one task.

The tasks that answer requests only fill buffers here, so that cancelling one never cuts a frame in half.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError

from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.receipts import Receipts

logger = logging.getLogger("logagent.web")

# Bytes of control frames (acknowledgements, resets) that wait to be written; then nothing more is read, so that a
# client which asks and does not listen cannot make them pile up.
CONTROL_LIMIT = 64 * 1024


class StreamBuffer:
    """The part of one answer that its client has not made room for yet.

    Chunks are kept as they came and cut by views: nothing is moved when the front is taken off.

    Args:
        limit: bytes from which on `room` waits. A chunk is never split, so `size` may pass it by one chunk.
    """

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.ended = False
        self.trailers: list[tuple[bytes, bytes]] = []
        self.finished = trio.Event()
        self._limit = limit
        self._chunks: deque[memoryview] = deque()
        self._has_room = trio.Event()
        self._is_empty = trio.Event()

    def add(self, chunk: bytes) -> None:
        """Puts a chunk at the end; follow it by `room`."""
        self._chunks.append(memoryview(chunk))
        self.size += len(chunk)

    async def room(self) -> None:
        """Returns once less than the limit is waiting, or the stream is over; not a checkpoint if so already."""
        while self.size >= self._limit:
            if self._has_room.is_set():
                self._has_room = trio.Event()
            await self._has_room.wait()

    async def drained(self) -> None:
        """Returns once nothing is waiting any more, or the stream is over."""
        while self.size:
            self._is_empty = trio.Event()
            await self._is_empty.wait()

    def take(self, length: int) -> bytes | memoryview:
        """Takes at most `length` bytes off the front; wakes the writer once half of the limit is free."""
        pieces = []
        wanted = min(length, self.size)
        self.size -= wanted
        while wanted:
            chunk = self._chunks.popleft()
            if len(chunk) > wanted:
                self._chunks.appendleft(chunk[wanted:])
                chunk = chunk[:wanted]
            pieces.append(chunk)
            wanted -= len(chunk)
        if self.size < self._limit // 2:
            self._has_room.set()
        if not self.size:
            self._is_empty.set()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Drops what is left and lets everybody go who waits here."""
        self._chunks.clear()
        self.size = 0
        self._has_room.set()
        self._is_empty.set()
        self.finished.set()


class FrameWriter:
    """Writes the frames of one connection; streams take turns frame by frame, a burst of frames per write.

    Args:
        connection: h2's; frames go out in the order in which it made them.
        send: writes bytes to the client; returns once they are taken.
        receipts: told of every answer that ends.
        limits: of a burst and of a stream's buffer.
    """

    def __init__(
        self,
        connection: H2Connection,
        send: Callable[[bytes], Awaitable[None]],
        receipts: Receipts,
        limits: ConnectionLimits,
    ) -> None:
        self.buffers: dict[int, StreamBuffer] = {}
        self._turns: OrderedDict[int, StreamBuffer] = OrderedDict()
        self._control = bytearray()
        self._h2 = connection
        self._send = send
        self._receipts = receipts
        self._limits = limits
        self._closing = False
        self._held = False
        self._work = trio.Event()
        self._taken = trio.Event()

    async def run(self) -> None:
        """Writes whatever there is to write; returns after `close`, when all of it is written."""
        while True:
            burst = self._next_burst()
            if burst:
                await self._send(burst)
            elif self._closing:
                return
            else:
                self._work = trio.Event()
                await self._work.wait()

    def hold(self) -> None:
        """Keeps the bodies of answers back until `release`."""
        self._held = True

    def release(self) -> None:
        self._held = False
        self.wake()

    def wake(self) -> None:
        """Has what h2 has made in the meantime written."""
        self._work.set()

    def close(self) -> None:
        """Lets `run` return after what there is to write."""
        self._closing = True
        self.wake()

    async def control_written(self) -> None:
        """Returns once few enough control frames are waiting to be written."""
        self._control += self._h2.data_to_send()
        self.wake()
        while len(self._control) > CONTROL_LIMIT:
            self._taken = trio.Event()
            await self._taken.wait()

    def open(self, stream_id: int) -> None:
        """Opens a buffer for the answer on a stream."""
        self.buffers[stream_id] = StreamBuffer(self._limits.stream_buffer)

    async def write(self, stream_id: int, chunk: bytes) -> None:
        """Takes a piece of an answer's body; returns once there is room for more."""
        buffer = self.buffers[stream_id]
        buffer.add(chunk)
        self.take_turns(stream_id)
        await buffer.room()

    async def end(self, stream_id: int) -> None:
        """Ends an answer, with trailers if its buffer was given some; returns once that is on its way."""
        buffer = self.buffers[stream_id]
        buffer.ended = True
        if not buffer.size:
            self._end_stream(stream_id, buffer)
        await buffer.finished.wait()

    async def abort(self, stream_id: int) -> None:
        """Delivers what an answer has so far, if the client takes it in time, and resets the stream."""
        with trio.move_on_after(self._limits.write_timeout):
            await self.buffers[stream_id].drained()
        self.reset(stream_id, ErrorCodes.INTERNAL_ERROR)

    def reset(self, stream_id: int, error: ErrorCodes) -> None:
        """Resets a stream now."""
        self.forget(stream_id)
        with suppress(ProtocolError):
            self._h2.reset_stream(stream_id, error)
            self._receipts.ended(stream_id)
        self.wake()

    def forget(self, stream_id: int) -> None:
        """Drops what a stream still had to send, and lets everybody go who waits for it."""
        self._turns.pop(stream_id, None)
        buffer = self.buffers.pop(stream_id, None)
        if buffer is not None:
            buffer.close()

    def take_turns(self, *stream_ids: int) -> None:
        """Lets streams take part again whose windows have opened; who has nothing to send, does not."""
        for stream_id in stream_ids:
            buffer = self.buffers.get(stream_id)
            if buffer is not None and buffer.size:
                self._turns.setdefault(stream_id, buffer)
        self.wake()

    def _next_burst(self) -> bytes:
        room = self._limits.burst
        # While the connection's own window is shut, everybody keeps their turn.
        while not self._held and room > 0 and self._turns and self._h2.outbound_flow_control_window > 0:
            room -= self._send_frame(*self._turns.popitem(last=False))
        self._receipts.ping(self._h2)
        frames = self._h2.data_to_send()
        if self._control:
            frames = bytes(self._control) + frames
            self._control.clear()
            self._taken.set()
        return frames

    def _send_frame(self, stream_id: int, buffer: StreamBuffer) -> int:
        try:
            room = min(self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size)
            if room <= 0:
                return 0  # Out of the turns until its window opens.
            chunk = buffer.take(room)
            complete = buffer.ended and not buffer.size
            self._h2.send_data(stream_id, chunk, end_stream=complete and not buffer.trailers)
        except ProtocolError:
            self.forget(stream_id)  # What ended it is among the frames still to be handled.
            return 0
        if complete:
            self._end_stream(stream_id, buffer, end_sent=not buffer.trailers)
        else:
            self.take_turns(stream_id)
        return len(chunk)

    def _end_stream(self, stream_id: int, buffer: StreamBuffer, *, end_sent: bool = False) -> None:
        """Ends an answer and forgets its buffer at once, lest buffers pile up behind newer streams."""
        try:
            if buffer.trailers:
                self._h2.send_headers(stream_id, buffer.trailers, end_stream=True)
            elif not end_sent:
                self._h2.end_stream(stream_id)
            self._receipts.ended(stream_id)
        except ProtocolError:
            logger.warning("answer %d cannot be ended", stream_id, exc_info=not self._closing)
            self.reset(stream_id, ErrorCodes.INTERNAL_ERROR)
        self.forget(stream_id)
        self.wake()
