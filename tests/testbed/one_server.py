"""A server on a real socket in a thread, which says what a test tells it to; for clients that block."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import StreamClosedError

Talk = Callable[[socket.socket], None]
"""Serves one connection, which is closed afterwards."""


@contextlib.contextmanager
def serving(talk: Talk) -> Iterator[str]:
    """The `host:port` of a server, each of whose connections is served in turn."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connected, _ = listening.accept()
                    with connected, contextlib.suppress(OSError):
                        talk(connected)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def over_tls(context: ssl.SSLContext, talk: Talk) -> Talk:
    """What talks behind a handshake."""

    def secured(connected: socket.socket) -> None:
        with context.wrap_socket(connected, server_side=True) as tls:
            talk(tls)

    return secured


def says(*pieces: bytes) -> Talk:
    """What answers the first bytes of a client with these."""

    def talk(connected: socket.socket) -> None:
        connected.recv(65536)
        for piece in pieces:
            connected.sendall(piece)

    return talk


@dataclass(frozen=True)
class Answer:
    """What an agent answers.

    Attributes:
        trailers: None: the answer ends with its body.
        ends: False: neither trailers nor an end come; the connection is closed.
        reset: the error code of a reset after the body.
        goaway: whether the connection is ended after the body.
        hangs: whether nothing comes after the body until the client leaves.
        heard: the headers of requests.
    """

    status: int = 200
    headers: Mapping[str, str] | None = None
    body: Sequence[bytes] = ()
    trailers: Mapping[str, str] | None = None
    ends: bool = True
    reset: int | None = None
    goaway: bool = False
    hangs: bool = False
    heard: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, connected: socket.socket) -> None:
        """Serve one request over HTTP/2."""
        connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        connected.sendall(connection.data_to_send())
        asked = _request(connection, connected)
        if asked is None:
            return
        stream = int(asked.stream_id or 0)
        self.heard.append({str(name): str(value) for name, value in asked.headers or ()})
        head = [(":status", str(self.status)), *(self.headers or {}).items()]
        connection.send_headers(stream, head, end_stream=self._is_bare)
        for piece in self.body:
            _send(connection, connected, stream, piece)
        if not self.hangs:
            self._end(connection, stream)
            connected.sendall(connection.data_to_send())
            connected.shutdown(socket.SHUT_WR)
        while connected.recv(65536):  # else the kernel would reset what the client did not read yet
            pass

    @property
    def _is_bare(self) -> bool:
        return self.ends and not self.body and self.trailers is None and self.reset is None and not self.goaway

    def _end(self, connection: H2Connection, stream: int) -> None:
        if self.reset is not None:
            connection.reset_stream(stream, self.reset)
        elif self.goaway:
            connection.close_connection()
        elif self.trailers is not None:
            connection.send_headers(stream, [*self.trailers.items()], end_stream=True)
        elif self.ends and not self._is_bare:
            connection.end_stream(stream)


def _request(connection: H2Connection, connected: socket.socket) -> RequestReceived | None:
    while received := connected.recv(65536):
        for event in connection.receive_data(received):
            if isinstance(event, RequestReceived):
                return event
        connected.sendall(connection.data_to_send())
    return None


def _send(connection: H2Connection, connected: socket.socket, stream: int, piece: bytes) -> None:
    """Send all of a piece as the windows allow; stop when the client leaves."""
    while piece:
        room = min(connection.local_flow_control_window(stream), connection.max_outbound_frame_size)
        connection.send_data(stream, piece[:room])
        piece = piece[room:]
        connected.sendall(connection.data_to_send())
        with contextlib.suppress(StreamClosedError):
            if piece and connection.local_flow_control_window(stream) <= 0:
                connection.receive_data(connected.recv(65536))
