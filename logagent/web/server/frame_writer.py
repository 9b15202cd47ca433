"""Sends the answers of one HTTP/2 connection: streams take turns, a burst of frames at a time, from one task.

The tasks that answer requests only fill buffers here, so that cancelling one never cuts a frame in half.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError, StreamClosedError

from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.receipts import ReadReceipts
from logagent.web.server.stream_buffer import StreamBuffer

_log = logging.getLogger("logagent.web")

Fields = list[tuple[bytes, bytes]]

CONTROL_LIMIT = 64 * 1024
"""Bytes of control frames (acknowledgements, resets) that wait to be written. Beyond it nothing more is read, so that
a client which asks and does not listen cannot make them pile up."""


class FrameWriter:
    """Writes the frames of one connection; streams take turns frame by frame, a burst of frames per write.

    Args:
        connection: h2's; frames go out in the order in which it made them.
        send: writes bytes to the client; returns once they are taken.
        receipts: told of every answer that ends.
        limits: of a burst and of a stream's buffer.

    Attributes:
        buffers: what each open answer still has to send, by stream.
        closing: whether the connection ends after what there is to write.
    """

    def __init__(
        self,
        connection: H2Connection,
        send: Callable[[bytes], Awaitable[None]],
        receipts: ReadReceipts,
        limits: ConnectionLimits,
    ) -> None:
        self.buffers: dict[int, StreamBuffer] = {}
        self.closing = False
        self._turns: OrderedDict[int, StreamBuffer] = OrderedDict()
        self._control = bytearray()
        self._h2 = connection
        self._send = send
        self._receipts = receipts
        self._limits = limits
        self._held = False
        self._work = trio.Event()
        self._taken = trio.Event()

    # The task that writes

    async def run(self) -> None:
        """Write whatever there is to write; return after `close`, when all of it is written."""
        while True:
            burst = self._next_burst()
            if burst:
                await self._send(burst)
            elif self.closing:
                return
            else:
                self._work = trio.Event()
                await self._work.wait()

    def hold(self) -> None:
        """Keep the bodies of answers back until `release`."""
        self._held = True

    def release(self) -> None:
        """Let the bodies of answers go out."""
        self._held = False
        self.wake()

    def wake(self) -> None:
        """Have the frames written that h2 has made in the meantime."""
        self._work.set()

    def close(self) -> None:
        """Let `run` return after what there is to write."""
        self.closing = True
        self.wake()

    def say_goodbye(self, error: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """Close behind a GOAWAY; only the first one is sent."""
        if not self.closing:
            with suppress(ProtocolError):
                self._h2.close_connection(error)
        self.close()

    async def control_written(self) -> None:
        """Return once at most `CONTROL_LIMIT` bytes of control frames wait to be written."""
        self._control += self._h2.data_to_send()
        self.wake()
        while len(self._control) > CONTROL_LIMIT:
            self._taken = trio.Event()
            await self._taken.wait()

    # One answer

    def open(self, stream_id: int) -> None:
        """Open a buffer for the answer on a stream."""
        self.buffers[stream_id] = StreamBuffer(self._limits.stream_buffer)

    def send_headers(self, stream_id: int, fields: Fields) -> None:
        """Send the head of an answer; dropped if the client has reset its stream already.

        Raises:
            ProtocolError: when a field may not be sent; the stream is reset.
        """
        try:
            self._h2.send_headers(stream_id, fields)
        except StreamClosedError:
            pass  # Reset by a frame that is still to be handled.
        except ProtocolError:
            self.reset(stream_id, ErrorCodes.INTERNAL_ERROR)
            raise
        self.wake()

    def send_empty(self, stream_id: int, fields: Fields) -> None:
        """Send an answer that is a head alone, on a stream without a buffer; dropped if the stream is over."""
        with suppress(ProtocolError):
            self._h2.send_headers(stream_id, fields, end_stream=True)
            self._receipts.answer_ended(stream_id)

    async def write(self, stream_id: int, chunk: bytes) -> None:
        """Take a piece of an answer's body; return once there is room for more."""
        buffer = self.buffers[stream_id]
        buffer.add(chunk)
        self.take_turns(stream_id)
        await buffer.room()

    async def end(self, stream_id: int) -> None:
        """End an answer, with the trailers in its buffer; return once its end is on its way."""
        buffer = self.buffers[stream_id]
        buffer.ended = True
        if not buffer.size:
            self._end_stream(stream_id, buffer)
        await buffer.finished.wait()

    async def abort(self, stream_id: int) -> None:
        """Deliver what an answer has so far, if the client takes it in time, and reset its stream."""
        with trio.move_on_after(self._limits.write_timeout):
            await self.buffers[stream_id].drained()
        self.reset(stream_id, ErrorCodes.INTERNAL_ERROR)

    def reset(self, stream_id: int, error: ErrorCodes) -> None:
        """Reset a stream now."""
        self.forget(stream_id)
        with suppress(ProtocolError):
            self._h2.reset_stream(stream_id, error)
            self._receipts.answer_ended(stream_id)
        self.wake()

    def forget(self, stream_id: int) -> None:
        """Drop what a stream still had to send, and wake everybody who waits for it."""
        self._turns.pop(stream_id, None)
        buffer = self.buffers.pop(stream_id, None)
        if buffer is not None:
            buffer.close()

    # Bursts

    def take_turns(self, *stream_ids: int) -> None:
        """Let streams send whose windows may have opened; those with nothing to send are passed over."""
        for stream_id in stream_ids:
            buffer = self.buffers.get(stream_id)
            if buffer is not None and buffer.size:
                self._turns.setdefault(stream_id, buffer)
        self.wake()

    def _next_burst(self) -> bytes:
        room = self._limits.burst
        # While the connection's own window is shut, every stream keeps its turn.
        while not self._held and room > 0 and self._turns and self._h2.outbound_flow_control_window > 0:
            room -= self._send_frame(*self._turns.popitem(last=False))
        self._receipts.send_ping(self._h2)
        frames = self._h2.data_to_send()
        if self._control:
            frames = bytes(self._control) + frames
            self._control.clear()
            self._taken.set()
        return frames

    def _send_frame(self, stream_id: int, buffer: StreamBuffer) -> int:
        """Have h2 make one DATA frame, and return its bytes; 0 if the stream's window is shut or the stream over."""
        try:
            room = min(self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size)
            if room <= 0:
                return 0
            chunk = buffer.take(room)
            complete = buffer.ended and not buffer.size
            self._h2.send_data(stream_id, chunk, end_stream=complete and not buffer.trailers)
        except ProtocolError:
            self.forget(stream_id)  # The frame that ended it is still to be handled.
            return 0
        if complete:
            self._end_stream(stream_id, buffer, end_sent=not buffer.trailers)
        else:
            self.take_turns(stream_id)
        return len(chunk)

    def _end_stream(self, stream_id: int, buffer: StreamBuffer, *, end_sent: bool = False) -> None:
        """End an answer and forget its buffer at once, so that buffers do not pile up behind newer streams."""
        try:
            if buffer.trailers:
                self._h2.send_headers(stream_id, buffer.trailers, end_stream=True)
            elif not end_sent:
                self._h2.end_stream(stream_id)
            self._receipts.answer_ended(stream_id)
        except ProtocolError:
            _log.warning("answer %d cannot be ended", stream_id, exc_info=not self.closing)
            self.reset(stream_id, ErrorCodes.INTERNAL_ERROR)
        self.forget(stream_id)
        self.wake()
