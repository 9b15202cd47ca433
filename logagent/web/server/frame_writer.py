"""Sends the answers of one HTTP/2 connection: streams take turns, a burst of frames at a time, from one task.

The tasks that answer requests only fill buffers here, so that cancelling one never cuts a frame in half.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import trio
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError, StreamClosedError

from logagent.web.server.burst import Burst
from logagent.web.server.frame_budget import FrameBudget
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.receipts import ReadReceipts
from logagent.web.server.server_connection import ServerConnection
from logagent.web.server.stream_buffer import StreamBuffer

_log = logging.getLogger("logagent.web")

Fields = list[tuple[bytes, bytes]]

CONTROL_LIMIT = 64 * 1024
"""Bytes of control frames (acknowledgements, resets) that wait to be written. Beyond it nothing more is read, so that a
client that sends without reading cannot make them pile up."""


PASSES_TO_END = 6
"""Passes of the event loop in which a small answer may end, so that its head, its bytes and its trailers are one write:
as many as it takes from the last lines to the verdict. They take 0.1 ms if nothing else is to be done."""


class FrameWriter:
    """Writes the frames of one connection; streams take turns frame by frame, a burst of frames per write.

    Args:
        connection: h2's; frames go out in the order in which it made them.
        send: writes bytes to the client; returns once they are taken.
        receipts: told of every answer that ends.
        budget: told of what is sent, which earns the client frames.
        limits: of a burst and of a stream's buffer.

    Attributes:
        buffers: the unsent bytes of each open answer, by stream.
        closing: whether the connection ends once all waiting bytes are written.
    """

    def __init__(
        self,
        connection: ServerConnection,
        send: Callable[[bytes], Awaitable[None]],
        receipts: ReadReceipts,
        budget: FrameBudget,
        limits: ConnectionLimits,
    ) -> None:
        self.buffers: dict[int, StreamBuffer] = {}
        self.closing = False
        self._turns: OrderedDict[int, StreamBuffer] = OrderedDict()
        self._control = bytearray()
        self._h2 = connection
        self._send = send
        self._receipts = receipts
        self._budget = budget
        self._limits = limits
        self._held = False
        self._work = trio.Event()
        self._taken = trio.Event()

    # The task that writes

    async def run(self) -> None:
        """Write frames as they are made; return after `close`, once all are written."""
        while True:
            await _let_small_answers_end(self._turns)
            if burst := self._next_burst():
                await self._send(burst)
            elif self.closing:
                return
            else:
                self._work = trio.Event()
                await self._work.wait()

    def hold(self) -> None:
        """Hold back the bodies of answers until `release`."""
        self._held = True

    def release(self) -> None:
        """Send the bodies of answers."""
        self._held = False
        self.wake()

    def wake(self) -> None:
        """Make `run` write the frames that h2 has made."""
        self._work.set()

    def close(self) -> None:
        """Make `run` return once all waiting bytes are written."""
        self.closing = True
        self.wake()

    def say_goodbye(self, error: ErrorCodes = ErrorCodes.NO_ERROR, reason: str = "") -> None:
        """Send a GOAWAY, with a reason for people, unless one was sent, and close."""
        if not self.closing:
            with suppress(ProtocolError):
                self._h2.close_connection(error, reason.encode())
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
            pass  # The client has reset the stream; its frame is not handled yet.
        except ProtocolError:
            self.reset(stream_id, ErrorCodes.INTERNAL_ERROR)
            raise
        self.wake()

    async def write(self, stream_id: int, chunk: bytes) -> None:
        """Take a piece of an answer's body; return once there is room for more."""
        buffer = self.buffers[stream_id]
        buffer.add(chunk)
        self.take_turns(stream_id)
        await buffer.room()

    async def end(self, stream_id: int) -> None:
        """End an answer, with the trailers in its buffer; return once h2 has made its last frame."""
        buffer = self.buffers[stream_id]
        buffer.ended = True
        if not buffer.size:
            self._end_stream(stream_id, buffer)
        await buffer.finished.wait()

    async def abort(self, stream_id: int) -> None:
        """Send the buffered bytes of an answer, if the client takes them in time, and reset its stream."""
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
        """Drop the unsent bytes of a stream, and wake all tasks that wait for it."""
        self._turns.pop(stream_id, None)
        buffer = self.buffers.pop(stream_id, None)
        if buffer is not None:
            buffer.close()

    # Bursts

    def take_turns(self, *stream_ids: int) -> None:
        """Queue streams whose windows may have opened, if they have bytes to send."""
        for stream_id in stream_ids:
            buffer = self.buffers.get(stream_id)
            if buffer is not None and buffer.size:
                self._turns.setdefault(stream_id, buffer)
        self.wake()

    def _next_burst(self) -> bytes:
        burst, room = Burst(self._h2), self._limits.burst
        # While the connection's window is shut, no stream loses its turn.
        while not self._held and room > 0 and self._turns and self._h2.outbound_flow_control_window > 0:
            most = room if len(self._turns) == 1 else 1
            room -= self._send_frames(burst, *self._turns.popitem(last=False), most)
        self._receipts.send_ping(self._h2)
        frames = burst.joined(self._control)
        if self._control:
            self._control.clear()
            self._taken.set()
        return frames

    def _send_frames(self, burst: Burst, stream_id: int, buffer: StreamBuffer, most: int) -> int:
        """Add DATA frames of a stream to a burst, as many as begin within `most` bytes.

        Returns:
            Their bytes; 0 if the stream's window is shut or the stream has ended.
        """
        try:
            frame = self._h2.max_outbound_frame_size
            length = min(self._h2.local_flow_control_window(stream_id), buffer.size, -(-most // frame) * frame)
            if length <= 0:
                return 0
            complete = buffer.ended and length == buffer.size
            lengths = burst.add_frames(stream_id, buffer, length, ends=complete and not buffer.trailers)
        except ProtocolError:
            self.forget(stream_id)  # The client has ended the stream; its frame is not handled yet.
            return 0
        self._budget.data_sent(lengths, waiting=buffer.size)
        if complete:
            self._end_stream(stream_id, buffer, end_sent=not buffer.trailers)
        else:
            self.take_turns(stream_id)
        return length

    def _end_stream(self, stream_id: int, buffer: StreamBuffer, *, end_sent: bool = False) -> None:
        """End an answer and drop its buffer at once, so that buffers do not pile up."""
        try:
            if buffer.trailers:
                self._h2.send_headers(stream_id, buffer.trailers, end_stream=True)
            elif not end_sent:
                self._h2.end_stream(stream_id)
            self._receipts.answer_ended(stream_id)
            self._budget.answer_sent()
        except ProtocolError:
            _log.warning("answer %d cannot be ended", stream_id, exc_info=not self.closing)
            self.reset(stream_id, ErrorCodes.INTERNAL_ERROR)
        self.forget(stream_id)
        self.wake()


async def _let_small_answers_end(turns: Mapping[int, StreamBuffer]) -> None:
    """Wait a little if all that there is to send are the first bytes of small answers."""
    for _ in range(PASSES_TO_END):
        if not turns or not all(buffer.may_end_soon for buffer in turns.values()):
            break
        await trio.lowlevel.checkpoint()
