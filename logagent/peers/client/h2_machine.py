"""h2's state machine for one connection to an agent: its settings, and the only contact with h2's private parts.

Private parts touched, all in `Http2Machine`: h2's `_receive_frame` and `incoming_buffer._data`, hyperframe's
`_body_repr`.
"""

from __future__ import annotations

import logging

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
import hyperframe.frame

MAX_STREAMS = 100
"""Requests at a time on a connection, or fewer if the agent announces fewer: one more opens another connection."""
FRAME_SIZE = 256 * 1024
"""Bytes of a frame at most: a batch fits into one, and each frame costs as much time as hundreds of lines."""
STREAM_WINDOW = 1024 * 1024
"""The flow-control window of a stream in bytes: what a slow merge holds of one peer at most, and enough for 100 MB/s at
10 ms of round trip."""
LEAST_WINDOW = 32 * 1024
"""The window of a stream where there are many agents, in bytes: enough for 0.6 MB/s of each at 50 ms of round trip."""
ALL_WINDOWS = 32 * 1024 * 1024
"""Bytes that one answer of each agent may fill together, as far as `LEAST_WINDOW` lets it."""
CONNECTION_WINDOW = MAX_STREAMS * STREAM_WINDOW
"""The flow-control window of a connection in bytes: large enough that unread streams never block other streams."""
WRITE_TIMEOUT = 1.0
"""Seconds for a write: writes are small (headers, credit, resets), and a socket that takes none of them is dead."""
_TLS = (b"\x15\x03", b"\x16\x03")
"""How the records of TLS begin in which a server says that it does not understand (an alert), or greets."""
_HTTP_1 = b"HTTP/1."


logging.getLogger("hpack").setLevel(logging.INFO)  # whose debug messages hold all headers, and the tokens in them


def window_of(agents: int) -> int:
    """Return the flow-control window of the streams from each of so many agents, in bytes."""
    return min(max(ALL_WINDOWS // max(agents, 1), LEAST_WINDOW), STREAM_WINDOW)


class Http2Machine(h2.connection.H2Connection):
    """h2's connection without the cost of its trace, and with each frame's length checked before its body arrives.

    Args:
        stream_window: the flow-control window of each stream, in bytes.
    """

    def __init__(self, stream_window: int = STREAM_WINDOW) -> None:
        super().__init__(h2.config.H2Configuration(client_side=True))
        self._greeted = False
        code = h2.settings.SettingCodes
        announced = {
            code.ENABLE_PUSH: 0,
            code.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
            code.MAX_HEADER_LIST_SIZE: self.DEFAULT_MAX_HEADER_LIST_SIZE,
            code.INITIAL_WINDOW_SIZE: stream_window,
            code.MAX_FRAME_SIZE: FRAME_SIZE,
        }
        self.local_settings = h2.settings.Settings(client=True, initial_values=announced)
        self.max_inbound_frame_size = FRAME_SIZE
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW - self.inbound_flow_control_window)

    @property
    def stream_limit(self) -> int:
        """The number of streams that may be open at a time, by both sides' settings."""
        return min(MAX_STREAMS, self.remote_settings.max_concurrent_streams)

    def room_for(self, stream_id: int) -> int:
        """Return how many bytes of a request's body may be sent now, in one frame."""
        return max(0, min(self.local_flow_control_window(stream_id), self.max_outbound_frame_size))

    def events_of(self, received: bytes) -> list[h2.events.Event]:
        """Return the events of received bytes.

        h2 itself checks a frame's length only when it has the whole frame: if the bytes are not HTTP/2, it would wait
        for megabytes.

        Raises:
            H2Error: if the bytes are not valid HTTP/2.
        """
        events = self.receive_data(received)
        length = int.from_bytes(self.incoming_buffer._data[:3])
        if length > FRAME_SIZE:
            raise h2.exceptions.FrameTooLargeError(f"a frame of {length} bytes, at most {FRAME_SIZE} were agreed")
        return events

    def wrong(self, error: h2.exceptions.H2Error) -> str:
        """Say what is wrong with bytes that are not HTTP/2; if the first ones are not, the error means nothing."""
        return f"not valid HTTP/2: {error}" if self._greeted else "it does not speak HTTP/2; is it an agent?"

    def _receive_frame(self, frame: hyperframe.frame.Frame) -> list[h2.events.Event]:
        """Receive a frame, but without its text in hexadecimal, which h2 makes for its trace even without a trace."""
        frame._body_repr = str  # type: ignore[method-assign]  # on this one frame; `str()` is empty
        self._greeted = self._greeted or isinstance(frame, hyperframe.frame.SettingsFrame)
        return super()._receive_frame(frame)


def name_of(code: h2.errors.ErrorCodes | int | None) -> str:
    """Return the name of an HTTP/2 error code, or the code itself if it has none."""
    return code.name if isinstance(code, h2.errors.ErrorCodes) else f"code {code}"


def stranger(first: bytes, *, in_cleartext: bool) -> str:
    """Say what the other side is if it does not begin as HTTP/2 does; empty if it may.

    Args:
        first: the first bytes that came from it; none: it closed the connection.
        in_cleartext: whether they came without TLS.
    """
    if first.startswith(_TLS) or (first.startswith(_HTTP_1) and b"https" in first.lower()):
        return "http was asked of a port that speaks https: ask it by https://"
    if first.startswith(_HTTP_1):
        return "it speaks HTTP/1 only; is it an agent?"
    return "" if first or not in_cleartext else "it closed the connection at once; does that port speak https?"
