"""Clients that flood an agent with next to nothing, over raw sockets, for tests and benchmarks.

`python tests/testbed/floods.py KIND HOST PORT CONNECTIONS SECONDS` floods from a process of its own, so that it takes
no time of whoever measures; it prints how often each connection was cut off. `KINDS` names the kinds.
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PIECE = 64 * 1024
"""Bytes sent at once: what the server reads at once."""
GET = bytes([0x82, 0x86, 0x84, 0x41, 0x04]) + b"test"
"""A header block without Huffman coding: GET http / of host `test`."""
BAD = bytes([0x02, 3]) + b"G_T" + GET[1:]
"""The same with a method that there cannot be."""


def frame(kind: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Make a frame of HTTP/2."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream_id.to_bytes(4) + payload


def _repeated(one: bytes) -> Iterator[bytes]:
    return itertools.repeat(one * (PIECE // len(one)))


def _open_stream(repeated: bytes) -> Iterator[bytes]:
    yield frame(0x1, 0x4, 1, GET)
    yield from _repeated(repeated)


def _closed_stream(repeated: bytes) -> Iterator[bytes]:
    yield frame(0x1, 0x5, 1, GET) + frame(0x3, 0, 1, bytes(4))
    yield from _repeated(repeated)


def _rapid_reset(apart: bool) -> Iterator[bytes]:
    for first in itertools.count(1, 100):
        ids = range(first, first + 100, 2)
        opened, ended = [frame(0x1, 0x5, n, GET) for n in ids], [frame(0x3, 0, n, bytes(4)) for n in ids]
        yield b"".join(opened + ended) if apart else b"".join(itertools.chain(*zip(opened, ended, strict=True)))


def _malformed() -> Iterator[bytes]:
    for first in itertools.count(1, 1000):
        yield b"".join(frame(0x1, 0x5, n, BAD) for n in range(first, first + 1000, 2))


def _http1(first: bytes, repeated: bytes) -> Iterator[bytes]:
    yield first
    yield from itertools.repeat(repeated)


HTTP2: dict[str, Callable[[], Iterator[bytes]]] = {
    "empty-data": lambda: _open_stream(frame(0x0, 0, 1)),
    "small-data": lambda: _open_stream(frame(0x0, 0, 1, b"x")),
    "padded-data": lambda: _open_stream(frame(0x0, 0x8, 1, b"\x05" + bytes(5))),
    "data-of-closed": lambda: _closed_stream(frame(0x0, 0x1, 1)),
    "settings": lambda: _repeated(frame(0x4, 0, 0)),
    "settings-values": lambda: _repeated(frame(0x4, 0, 0, bytes.fromhex("000400010000"))),
    "settings-ack": lambda: _repeated(frame(0x4, 0x1, 0)),
    "ping": lambda: _repeated(frame(0x6, 0, 0, bytes(8))),
    "ping-ack": lambda: _repeated(frame(0x6, 0x1, 0, bytes(8))),
    "priority": lambda: _repeated(frame(0x2, 0, 3, bytes(4) + b"\x10")),
    "priority-update": lambda: _repeated(frame(0x10, 0, 0, bytes(3) + b"\x01u=1")),
    "window-update": lambda: _repeated(frame(0x8, 0, 0, (1).to_bytes(4))),
    "window-update-of-stream": lambda: _open_stream(frame(0x8, 0, 1, (1).to_bytes(4))),
    "rst-of-closed": lambda: _closed_stream(frame(0x3, 0, 1, bytes(4))),
    "headers-of-closed": lambda: _closed_stream(frame(0x1, 0x5, 1, GET)),
    "continuation": lambda: iter(itertools.chain([frame(0x1, 0, 1, GET)], _repeated(frame(0x9, 0, 1)))),
    "unknown": lambda: _repeated(frame(0xAA, 0, 0)),
    "rapid-reset": lambda: _rapid_reset(apart=False),
    "rapid-reset-apart": lambda: _rapid_reset(apart=True),
    "malformed": _malformed,
}
"""What each kind sends over HTTP/2 behind the preface, piece by piece."""

HTTP1: dict[str, Callable[[], Iterator[bytes]]] = {
    "blank-lines": lambda: _repeated(b"\r\n"),
    "byte-by-byte": lambda: _http1(b"GET / HTTP/1.1\r\nhost: test\r\nx: ", b"x"),
    "pipelined": lambda: _repeated(b"GET /nowhere HTTP/1.1\r\nhost: test\r\n\r\n"),
    "tiny-chunks": lambda: _http1(
        b"POST /nowhere HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000
    ),
}
"""What each kind sends over HTTP/1.1."""

KINDS = [*HTTP2, *HTTP1]
"""The names of all kinds."""


def pieces(kind: str) -> Iterator[bytes]:
    """Yield what a kind of flood sends, endlessly."""
    if kind in HTTP2:
        yield PREFACE + frame(0x4, 0, 0)
        yield from HTTP2[kind]()
    else:
        yield from HTTP1[kind]()


class Flood:
    """Some connections that send one kind of flood, each opened again when it is cut off, from threads.

    Args:
        kind: one of `KINDS`.
        address: of the agent, in cleartext.
        connections: at the same time.

    Attributes:
        cuts: how often a connection was cut off so far.
        sent: bytes sent so far.
    """

    def __init__(self, kind: str, address: tuple[str, int], connections: int) -> None:
        self.cuts = 0
        self.sent = 0
        self._kind = kind
        self._address = address
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._flood, daemon=True) for _ in range(connections)]

    def __enter__(self) -> Flood:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _flood(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError), socket.create_connection(self._address, timeout=1.0) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._send_all(connection)
            self.cuts += not self._over.is_set()

    def _send_all(self, connection: socket.socket) -> None:
        for piece in pieces(self._kind):
            if self._over.is_set():
                return
            with contextlib.suppress(TimeoutError):  # It is held up, which is another way to be rid of it.
                connection.sendall(piece)
                self.sent += len(piece)
            self._drop_answers(connection)

    @staticmethod
    def _drop_answers(connection: socket.socket) -> None:
        while select.select([connection], [], [], 0)[0]:
            if not connection.recv(PIECE):
                raise ConnectionResetError("it has ended the connection")


def main() -> None:
    """Flood as the arguments say, and print what became of it."""
    kind, host, port, connections, seconds = sys.argv[1:]
    with Flood(kind, (host, int(port)), int(connections)) as flood:
        time.sleep(float(seconds))
    print(f"{kind}: {flood.sent} bytes sent, cut off {flood.cuts} times")


if __name__ == "__main__":
    main()
