"""What the server relies on in h2 beyond its documented interface: an upgrade that changes it fails here."""

from __future__ import annotations

from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.exceptions import FlowControlError, ProtocolError
from h2.stream import StreamState

from logagent.web.server.server_connection import ServerConnection

FIRST_WINDOW = 65_535


def asked() -> tuple[ServerConnection, H2Connection]:
    """A server that was asked on stream 1 and has sent the head of its answer; and the client."""
    server, client = ServerConnection(lambda _: None), H2Connection(H2Configuration(header_encoding=None))
    server.greet(100)
    client.initiate_connection()
    pseudo = [(b":method", b"GET"), (b":path", b"/"), (b":scheme", b"http"), (b":authority", b"test")]
    client.send_headers(1, pseudo, end_stream=True)
    server.receive_data(client.data_to_send())
    server.send_headers(1, [(b":status", b"200")])
    server.clear_outbound_data_buffer()
    return server, client


def state_of(server: ServerConnection) -> list[Any]:
    """All that h2 keeps of a connection and its stream, as far as sending DATA changes anything."""
    stream = server.streams[1]
    kept = {name: value for name, value in vars(stream).items() if isinstance(value, int | bool | None)}
    machine = {name: value for name, value in vars(stream.state_machine).items() if name != "stream_id"}
    whole = {name: value for name, value in vars(server).items() if isinstance(value, int | bool | None)}
    return [kept, machine, whole, server.state_machine.state]


def test_noted_data_leaves_h2_as_its_own_frame_does() -> None:
    (ours, _), (theirs, _) = asked(), asked()
    ours.note_data_sent(1, 1000)
    theirs.send_data(1, bytes(1000))
    assert state_of(ours) == state_of(theirs)
    assert ours.local_flow_control_window(1) == FIRST_WINDOW - 1000
    assert ours.data_to_send() == b""


def test_data_that_does_not_end_a_stream_changes_no_state_so_that_many_frames_are_noted_at_once() -> None:
    server, _ = asked()
    for _ in range(2):
        server.note_data_sent(1, 10)
        assert server.state_machine.state is ConnectionState.SERVER_OPEN
        assert server.streams[1].state_machine.state is StreamState.HALF_CLOSED_REMOTE


def test_window_that_the_client_opens_counts_from_what_was_noted() -> None:
    server, client = asked()
    server.note_data_sent(1, FIRST_WINDOW)
    assert server.local_flow_control_window(1) == 0
    with pytest.raises(FlowControlError):
        server.send_data(1, b"x")
    client.increment_flow_control_window(500)
    client.increment_flow_control_window(400, 1)
    server.receive_data(client.data_to_send())
    assert server.local_flow_control_window(1) == 400


@pytest.mark.parametrize("how", ["reset", "ended", "unknown"])
def test_stream_that_is_over_takes_no_data(how: str) -> None:
    server, client = asked()
    if how == "reset":
        client.reset_stream(1)
        server.receive_data(client.data_to_send())
    elif how == "ended":
        server.end_stream(1)
    before = server.outbound_flow_control_window
    with pytest.raises(ProtocolError):
        server.note_data_sent(3 if how == "unknown" else 1, 10)
    assert server.outbound_flow_control_window == before
