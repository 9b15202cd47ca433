"""A socket that takes datagrams, as a daemon's does that keeps a log."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager


class Daemon:
    """Holds what was sent to a socket."""

    def __init__(self, bound: socket.socket) -> None:
        self.bound = bound

    def received(self) -> list[bytes]:
        """All datagrams that have come; of one without bytes, what is in the file that came with it."""
        datagrams = []
        while True:
            try:
                data, files, _, _ = socket.recv_fds(self.bound, 1 << 18, 4)
            except BlockingIOError:
                return datagrams
            for file in files:
                data += os.pread(file, 1 << 24, 0)
                os.close(file)
            datagrams.append(data)


@contextmanager
def daemon(path: str | None = None, *, buffer: int = 0) -> Iterator[Daemon]:
    """Listen on a Unix socket, or on a port of UDP on loopback."""
    with socket.socket(socket.AF_INET if path is None else socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        if buffer:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        bound.bind(("127.0.0.1", 0) if path is None else path)
        bound.setblocking(False)
        yield Daemon(bound)
    if path is not None:
        os.unlink(path)  # noqa: PTH108


def journal_fields(data: bytes) -> dict[str, str]:
    """Read fields as the journal does (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""
    fields: dict[str, str] = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (size,) = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + size], data[8 + size :]
            assert data[:1] == b"\n"
            data = data[1:]
        fields[name.decode()] = value.decode()
    return fields
