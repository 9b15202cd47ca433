"""A client of HTTP/2 that asks, takes what comes first, and then reads no more."""

from __future__ import annotations

import socket
from types import TracebackType
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events
import h2.settings

NARROW = 65_535
"""Bytes that a server may send unasked: HTTP/2's own default."""
WIDE = 1_000_000_000
FIRST = 60_000
"""Bytes of the body that are taken before the pause: less than any window."""
READ_SIZE = 16 * 1024


class PausedReader:
    """A context in which an answer is under way to a reader that does not read.

    window: bytes that the server may send without being told to go on. Nothing is read after the first bytes, so that
    what fits into the kernel's socket buffers still leaves the server if the window allows.
    """

    def __init__(self, url: str, window: int) -> None:
        self._url = urlsplit(url)
        self._window = window

    def __enter__(self) -> PausedReader:
        self._socket = socket.create_connection((self._url.hostname, self._url.port))
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        connection.local_settings[h2.settings.SettingCodes.INITIAL_WINDOW_SIZE] = self._window
        connection.initiate_connection()
        if self._window > NARROW:
            connection.increment_flow_control_window(self._window - NARROW)
        connection.send_headers(1, self._request(), end_stream=True)
        self._socket.sendall(connection.data_to_send())
        self._take_first(connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def _request(self) -> list[tuple[str, str]]:
        path = f"{self._url.path}?{self._url.query}"
        return [(":method", "GET"), (":scheme", "http"), (":authority", self._url.netloc), (":path", path)]

    def _take_first(self, connection: h2.connection.H2Connection) -> None:
        taken = 0
        while taken < FIRST:
            received = self._socket.recv(READ_SIZE)
            if not received:
                raise RuntimeError("the agent closed the connection")
            events = connection.receive_data(received)
            taken += sum(len(event.data) for event in events if isinstance(event, h2.events.DataReceived))
            self._socket.sendall(connection.data_to_send())
