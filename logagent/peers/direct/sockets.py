"""Sockets connected to an agent: of several addresses, the first that takes the connection."""

from __future__ import annotations

import math
import os
import select
import socket
import struct
import threading
from typing import Any, TypeAlias

from logagent.peers.direct.waiting import Late, left

NEXT_AFTER = 0.25
"""Seconds that one address is tried alone before the next is tried beside it (RFC 8305, section 5)."""

Address: TypeAlias = tuple[int, int, int, str, Any]
"""As `socket.getaddrinfo` returns it."""


def connect_to_socket(path: str, until: float) -> socket.socket:
    """Connect to a Unix socket, and return a socket that the caller closes.

    Raises:
        OSError: if nobody listens there.
        Late: if it takes no connection in time.
    """
    one = socket.socket(socket.AF_UNIX)
    try:
        # Not without blocking: while its queue is full, the kernel would neither connect nor tell when there is room.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(left(until) or 0.0))
        one.connect(path)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(0.0))
    except BlockingIOError:
        one.close()
        raise Late from None
    except BaseException:
        one.close()
        raise
    return one


def _timeval(seconds: float) -> bytes:
    """Return a time as setsockopt(2) takes it; 0: for ever."""
    return struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))


def connect_to_host(host: str, port: int, until: float) -> socket.socket:
    """Connect to a port of a host, and return a socket that the caller closes.

    Args:
        host: a name or an IP address.
        until: when to give up, as `time.monotonic` tells it.

    Raises:
        OSError: if no address of the host takes the connection, or if it has none.
        Late: if none does in time.
    """
    connected = _first(_alternating(_addresses(host, port, until)), until)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    return connected


def _addresses(host: str, port: int, until: float) -> list[Address]:
    try:
        return _look_up(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    found: list[list[Address] | OSError] = []
    looked = threading.Event()

    def look_up() -> None:
        try:
            found.append(_look_up(host, port, 0))
        except OSError as error:
            found.append(error)
        looked.set()

    # In a thread, which nobody waits for at the end, since the C library looks up as long as it likes.
    threading.Thread(target=look_up, daemon=True).start()
    if not looked.wait(left(until)):
        raise Late
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]


def _look_up(host: str, port: int, flags: int) -> list[Address]:
    # As bytes where that is possible: for a text, Python loads its tables of domain names in other letters.
    name = host.encode() if host.isascii() else host
    return [*socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)]


def _alternating(addresses: list[Address]) -> list[Address]:
    """Put an address of the other family second, as RFC 6555 advises (section 5.4): one of them may lead nowhere."""
    for place, address in enumerate(addresses):
        if address[0] != addresses[0][0]:
            return [addresses[0], address, *addresses[1:place], *addresses[place + 1 :]]
    return addresses


def _first(addresses: list[Address], until: float) -> socket.socket:
    """Connect to the first address that takes it."""
    waiting, trying = addresses[::-1], list[socket.socket]()
    refused: OSError | None = None
    try:
        while waiting or trying:
            try:
                if waiting:
                    trying.append(_begin(waiting.pop()))
                for one in _ended(trying, until, NEXT_AFTER if waiting else math.inf):
                    trying.remove(one)
                    return _connected(one)
            except OSError as error:
                refused = refused or error
    finally:
        for one in trying:
            one.close()
    raise refused or OSError("no address to connect to")


def _begin(address: Address) -> socket.socket:
    family, kind, protocol, _, where = address
    one = socket.socket(family, kind, protocol)
    one.setblocking(False)
    try:
        one.connect(where)
    except BlockingIOError:
        pass
    except BaseException:
        one.close()
        raise
    return one


def _ended(trying: list[socket.socket], until: float, most: float) -> list[socket.socket]:
    """Wait for attempts that have ended, be it in a connection, but for so many seconds at most."""
    seconds = min(most, left(until) or math.inf)
    ready = select.poll()
    for one in trying:
        ready.register(one, select.POLLOUT)
    events = ready.poll(None if seconds == math.inf else math.ceil(seconds * 1000))
    ended = {descriptor for descriptor, _ in events}
    return [one for one in trying if one.fileno() in ended]


def _connected(one: socket.socket) -> socket.socket:
    """Return a socket whose attempt has ended, if it is connected; else close it and raise the error."""
    failed = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failed:
        one.close()
        raise OSError(failed, os.strerror(failed))
    one.setblocking(True)
    return one
