"""A peer that speaks HTTP/2 and lies: each answer is batches without end that contradict themselves.

    python benchmarks/liar.py

Prints a line that ends in its URL.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import replace

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from logagent.core.batch import Batch, LineFlag, Origin, Position
from logagent.core.wire.frames import BATCHES, VERSION_HEADER, encode

LINES = 1000
HEAD = [(":status", "200"), ("content-type", BATCHES), (VERSION_HEADER, "0.1.0")]
ORIGIN = Origin("another", "app.log", True, "app.log", 1 << 32)
TRUE = Batch(b"a line\n" * LINES, LINES, [*range(LINES)], [*range(0, 7 * LINES, 7)], (ORIGIN,))
LIES = [
    replace(TRUE, flags=bytes([LineFlag.CONTINUES]) * LINES),
    replace(TRUE, times=[*range(LINES, 0, -1)]),
    replace(TRUE, positions=(Position("another", "app.log", 1 << 32, 2**40),)),
    replace(TRUE, positions=(Position("another", "app.log", 1 << 32, 1),)),
]
"""A first line that continues none, times out of order, positions that run back."""
BODY = b"".join(map(encode, LIES))


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"lying on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


def serve(client: socket.socket) -> None:
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    streams: dict[int, int] = {}  # of each answer, where in the body it is
    with client, suppress(OSError, h2.exceptions.ProtocolError):
        client.sendall(connection.data_to_send())
        while received := client.recv(64 * 1024):
            for event in connection.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    connection.send_headers(event.stream_id, HEAD)
                    streams[event.stream_id] = 0
                elif isinstance(event, h2.events.StreamReset):
                    streams.pop(event.stream_id, None)
            for stream in streams:
                streams[stream] = _lie(connection, stream, streams[stream])
            client.sendall(connection.data_to_send())


def _lie(connection: h2.connection.H2Connection, stream: int, begin: int) -> int:
    """Send as much of the body as the client's windows take, again and again; return where it is then."""
    while (room := min(connection.local_flow_control_window(stream), connection.max_outbound_frame_size)) > 0:
        piece = BODY[begin : begin + room]
        connection.send_data(stream, piece)
        begin = (begin + len(piece)) % len(BODY)
    return begin


if __name__ == "__main__":
    main()
