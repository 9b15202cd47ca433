"""Targets that take one datagram a line: the journal and syslog."""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from logagent.telemetry.own_logs.targets import PATIENCE, LogTarget

TOO_LARGE = frozenset({errno.EMSGSIZE, errno.ENOBUFS})
"""What the kernel says of a datagram that is too large."""
GONE = frozenset({errno.ECONNREFUSED, errno.ENOTCONN, errno.EPIPE, errno.ECONNRESET})
"""What it says where the socket is no longer the one that it was connected to: that was started anew."""

Address = tuple[socket.AddressFamily, Any]


class Datagrams(LogTarget):
    """Sends datagrams to a socket, which may be made anew at any time, and never waits long for it.

    Args:
        name: for people.
        where: returns the family and the address of the other end; called each time a socket is made.
        clock: seconds from any beginning.
    """

    def __init__(self, name: str, where: Callable[[], Address], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(name)
        self._where = where
        self._clock = clock
        self._socket: socket.socket | None = None

    def send_all(self, datagrams: Iterable[bytes]) -> int:
        """Send datagrams in their order, and return how many were sent; `fault` says why not all."""
        self.fault = ""
        sent, until = 0, self._clock() + PATIENCE
        try:
            for datagram in datagrams:
                self._send_anew(datagram, until)
                sent += 1
        except OSError as error:
            self.fault = error.strerror or str(error)
        return sent

    def send_large(self, connected: socket.socket, data: bytes) -> None:
        """Send what is too large for a datagram."""
        raise OSError(errno.EMSGSIZE, "a line is too large for a datagram")

    def close(self) -> None:
        """Close the socket."""
        open_one, self._socket = self._socket, None
        if open_one is not None:
            open_one.close()

    def _send_anew(self, datagram: bytes, until: float) -> None:
        """Send a datagram, over a new socket if the other end of the old one has gone."""
        try:
            self._send(datagram, until)
        except OSError as error:
            if error.errno not in GONE:
                raise
            self.close()
            self._send(datagram, until)

    def _send(self, datagram: bytes, until: float) -> None:
        connected = self._connected()
        while True:
            try:
                connected.send(datagram)
            except BlockingIOError:
                if not _takes_one(connected, until - self._clock()):
                    raise OSError(errno.EAGAIN, "it takes no more at the moment") from None
            except OSError as error:
                if error.errno not in TOO_LARGE:
                    raise
                self.send_large(connected, datagram)
                return
            else:
                return

    def _connected(self) -> socket.socket:
        if self._socket is None:
            family, address = self._where()
            made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            try:
                made.connect(address)
            except OSError:
                made.close()
                raise
            self._socket = made
        return self._socket


def unix_socket(path: str) -> Callable[[], Address]:
    """Return where a Unix socket is."""
    return lambda: (socket.AF_UNIX, path)


def udp(host: str, port: int) -> Callable[[], Address]:
    """Return where a port of UDP is; its host is looked up each time."""

    def where() -> Address:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        return family, address

    return where


def _takes_one(connected: socket.socket, seconds: float) -> bool:
    ready = select.poll()
    ready.register(connected, select.POLLOUT)
    return seconds > 0 and bool(ready.poll(seconds * 1000))
