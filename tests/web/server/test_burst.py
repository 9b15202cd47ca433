"""The bytes of one write, beside those that h2 makes when it is given each frame."""

from __future__ import annotations

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hypothesis import given
from hypothesis import strategies as st

from logagent.web.server.burst import Burst
from logagent.web.server.server_connection import ServerConnection
from logagent.web.server.stream_buffer import StreamBuffer

FRAME = 16_384
WINDOW = 8 * FRAME
STREAMS = (1, 3)


class Conversation:
    """A server with two requests to answer, whose client has opened its windows so far."""

    def __init__(self, frame: int = FRAME) -> None:
        self.server = ServerConnection(lambda _: None)
        self.client = H2Connection(H2Configuration(header_encoding=None))
        self.server.greet(100)
        self.client.initiate_connection()
        self.client.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: WINDOW, SettingCodes.MAX_FRAME_SIZE: frame})
        self.client.increment_flow_control_window(WINDOW)
        for stream_id in STREAMS:
            pseudo = [(b":method", b"GET"), (b":path", b"/"), (b":scheme", b"http"), (b":authority", b"test")]
            self.client.send_headers(stream_id, pseudo, end_stream=True)
        self.server.receive_data(self.client.data_to_send())
        for stream_id in STREAMS:
            self.server.send_headers(stream_id, [(b":status", b"200")])

    def reset(self, stream_id: int) -> None:
        self.client.reset_stream(stream_id)
        self.server.receive_data(self.client.data_to_send())

    @property
    def windows(self) -> list[int]:
        """What the server may still send: on each stream that is open, and on the connection."""
        streams = [self.server.streams[stream_id].outbound_flow_control_window for stream_id in STREAMS]
        return [*streams, self.server.outbound_flow_control_window]


def filled(chunks: list[bytes]) -> StreamBuffer:
    buffer = StreamBuffer(WINDOW)
    for chunk in chunks:
        buffer.add(chunk)
    return buffer


def by_h2(it: Conversation, stream_id: int, body: bytes, *, ends: bool) -> list[int]:
    """Gives h2 a body frame by frame; returns the lengths."""
    size = it.server.max_outbound_frame_size
    pieces = [body[begin : begin + size] for begin in range(0, len(body), size)]
    for number, piece in enumerate(pieces):
        it.server.send_data(stream_id, piece, end_stream=ends and number == len(pieces) - 1)
    return [len(piece) for piece in pieces]


CHUNKS = st.lists(st.integers(1, 30_000).map(bytes), min_size=1, max_size=4)


@given(
    frame=st.sampled_from([FRAME, FRAME + 1, 70_000]),
    turns=st.lists(
        st.tuples(st.sampled_from(STREAMS), CHUNKS, st.booleans()), max_size=2, unique_by=lambda turn: turn[0]
    ),
    trailers=st.booleans(),
)
def test_frames_and_windows_are_those_that_h2_makes(
    frame: int, turns: list[tuple[int, list[bytes], bool]], trailers: bool
) -> None:
    ours, theirs = Conversation(frame), Conversation(frame)
    burst = Burst(ours.server)
    for stream_id, chunks, ends in turns:
        buffer = filled(chunks)
        assert burst.add_frames(stream_id, buffer, buffer.size, ends=ends) == by_h2(
            theirs, stream_id, b"".join(chunks), ends=ends
        )
        assert not buffer.size
        if trailers and not ends:
            for it in (ours, theirs):
                it.server.send_headers(stream_id, [(b"log-status", b"0")], end_stream=True)
    assert burst.joined(b"before") == b"before" + theirs.server.data_to_send()
    assert ours.windows == theirs.windows
    assert [ours.server.streams[one].closed for one in STREAMS] == [
        theirs.server.streams[one].closed for one in STREAMS
    ]


def test_client_reads_what_was_sent_in_parts() -> None:
    it = Conversation()
    buffer = filled([b"x" * 20_000, b"y" * 20_000])
    sent = b""
    for length, ends in ((17_000, False), (23_000, True)):
        burst = Burst(it.server)
        burst.add_frames(1, buffer, length, ends=ends)
        sent += burst.joined(b"")
    events = it.client.receive_data(sent)
    assert b"".join(getattr(event, "data", b"") for event in events) == b"x" * 20_000 + b"y" * 20_000
    assert type(events[-1]).__name__ == "StreamEnded"


def test_stream_that_the_client_has_reset_is_sent_nothing() -> None:
    it = Conversation()
    it.reset(1)
    burst, buffer = Burst(it.server), filled([b"late"])
    with pytest.raises(ProtocolError):
        burst.add_frames(1, buffer, 4, ends=False)
    assert buffer.size == 4
    assert it.server.outbound_flow_control_window == WINDOW + 65_535
