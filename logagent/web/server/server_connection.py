"""The h2 state machine of one HTTP/2 connection, adapted for the server."""

from __future__ import annotations

from collections.abc import Callable

from h2.config import H2Configuration
from h2.connection import ConnectionInputs, H2Connection
from h2.events import Event, RequestReceived
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from h2.stream import StreamInputs
from hyperframe.frame import Frame, HeadersFrame, RstStreamFrame

FLOOD_FACTOR = 2
"""Streams that h2 lets a client open, as a multiple of the announced limit. h2 ends the connection if its limit is
exceeded, while `http2` refuses only the excess stream at the announced limit. So h2 only stops a flood within one read,
which would make its counting of open streams expensive."""

DECODED_FACTOR = 4
"""Bytes of a request's fields that h2 decodes, as a multiple of the announced limit. Beyond that h2 ends the
connection; what is between is refused alone, with a status that says why."""


class ServerConnection(H2Connection):
    """h2's connection, which reports every stream that the client resets, and fails for fewer faults.

    h2 does not report resets of streams that have ended already; but these show that the client will not read the bytes
    in flight. A request with bad fields is reported as one without any, to be refused alone. Private parts touched:
    `_receive_rst_stream_frame`, `_receive_headers_frame`, `_get_stream_by_id`, and in `note_data_sent` the state
    machines and the windows of the connection and of its streams.

    Args:
        on_reset: called with the stream's id, also for a stream that has ended.
    """

    def __init__(self, on_reset: Callable[[int], None]) -> None:
        self._on_reset = on_reset
        super().__init__(H2Configuration(client_side=False, header_encoding=None))

    def greet(self, max_streams: int, upgrade_settings: bytes | None = None) -> None:
        """Make the first frames.

        Args:
            max_streams: streams that the client is told it may open.
            upgrade_settings: HTTP2-Settings of the HTTP/1.1 request that asked for the upgrade; None: no upgrade.
        """
        self._limit_streams(max_streams)
        if upgrade_settings is None:
            self.initiate_connection()
        else:
            self.initiate_upgrade_connection(upgrade_settings)
        self._limit_streams(max_streams * FLOOD_FACTOR)
        self.decoder.max_header_list_size = DECODED_FACTOR * H2Connection.DEFAULT_MAX_HEADER_LIST_SIZE

    def note_data_sent(self, stream_id: int, length: int) -> None:
        """Do all that `send_data` does for DATA frames that do not end their stream, but make the frames.

        The caller makes them, and sends them behind all frames that h2 has made so far.

        Args:
            length: bytes in all frames together; at most those for which the windows have room.

        Raises:
            ProtocolError: when the stream may send nothing more.
        """
        stream = self._get_stream_by_id(stream_id)
        self.state_machine.process_input(ConnectionInputs.SEND_DATA)
        stream.state_machine.process_input(StreamInputs.SEND_DATA)
        self.outbound_flow_control_window -= length
        stream.outbound_flow_control_window -= length

    def _limit_streams(self, max_streams: int) -> None:
        values = {
            SettingCodes.MAX_CONCURRENT_STREAMS: max_streams,
            SettingCodes.MAX_HEADER_LIST_SIZE: H2Connection.DEFAULT_MAX_HEADER_LIST_SIZE,
        }
        self.local_settings = Settings(client=False, initial_values=values)

    def _receive_rst_stream_frame(self, frame: RstStreamFrame) -> tuple[list[Frame], list[Event]]:
        self._on_reset(frame.stream_id)
        return super()._receive_rst_stream_frame(frame)

    def _receive_headers_frame(self, frame: HeadersFrame) -> tuple[list[Frame], list[Event]]:
        known = frame.stream_id in self.streams
        try:
            return super()._receive_headers_frame(frame)
        except ProtocolError as error:
            # Only the fields are bad: their block is decoded, and the stream open. h2 would end the whole connection.
            if known or frame.stream_id not in self.streams or type(error) is not ProtocolError:
                raise
            return [], [RequestReceived(stream_id=frame.stream_id, headers=[])]
