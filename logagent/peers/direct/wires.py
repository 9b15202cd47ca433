"""The bytes of a connection to an agent, with TLS or without, sent and received by blocking calls with a deadline."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from logagent.peers.client.addresses import BEHIND_A_SOCKET, UNIX
from logagent.peers.client.h2_machine import WRITE_TIMEOUT
from logagent.peers.direct.sockets import connect_to_host, connect_to_socket
from logagent.peers.direct.waiting import Late, Lost, SpeaksHttp1, left
from logagent.ssh_address import is_ssh


class Wire(Protocol):
    """A connection.

    Attributes:
        in_cleartext: whether it has no TLS.
    """

    in_cleartext: bool

    @property
    def connected(self) -> socket.socket:
        """The socket that carries it."""
        ...

    def receive(self, most: int, until: float) -> bytes:
        """Return some bytes, at most so many; none at the end.

        Raises:
            Lost: if the connection breaks.
            Late: if none come until then.
        """

    def send(self, data: bytes) -> None:
        """Send all of some bytes.

        Raises:
            Lost: if the connection breaks, or takes nothing for `WRITE_TIMEOUT`.
        """

    def close(self) -> None:
        """Close the connection."""


Secure = Callable[[socket.socket, str, float], Wire]
"""Speaks TLS over a socket with the host of this name, until then; closes the socket if that fails."""


def base_url(agent: str) -> str:
    """Return the URL that requests to an agent bear."""
    return BEHIND_A_SOCKET if agent.startswith(UNIX) else agent


def host_of(agent: str) -> str:
    """Return the host to which requests to an agent are addressed."""
    return urlsplit(base_url(agent)).hostname or ""


def open_wire(agent: str, secure: Secure | None, until: float) -> Wire:
    """Connect to an agent; the caller closes the connection.

    Args:
        agent: its URL.
        secure: for `https://`.

    Raises:
        Lost: if there is no connection.
        Late: if there is none until then.
        SpeaksHttp1: if the agent is started by ssh, whose streams are not waited for one by one.
    """
    if is_ssh(agent):
        raise SpeaksHttp1
    parts = urlsplit(agent)
    try:
        if agent.startswith(UNIX):
            return PlainWire(connect_to_socket(agent.removeprefix(UNIX), until))
        host = parts.hostname or ""
        connected = connect_to_host(host, parts.port or (443 if secure else 80), until)
    except OSError as error:
        raise Lost(f"cannot connect: {in_words(error)}") from None
    return PlainWire(connected) if secure is None else secure(connected, host, until)


def in_words(error: OSError) -> str:
    """Return the operating system's words for an error; those of name resolution have numbers of their own."""
    if isinstance(error, socket.gaierror):
        return (error.strerror or str(error)).lower()
    return os.strerror(error.errno).lower() if error.errno else str(error)


def connection_lost(words: str) -> Lost:
    """Return the error of a connection that was there."""
    return Lost(f"connection lost: {words}".rstrip(": "))


class PlainWire:
    """A connection without TLS; see `Wire`.

    Args:
        connected: closed with the connection.
    """

    in_cleartext = True

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    @property
    def connected(self) -> socket.socket:
        """The socket that carries it."""
        return self._socket

    def receive(self, most: int, until: float) -> bytes:
        """Return some bytes; see `Wire`."""
        self._socket.settimeout(left(until))
        try:
            return self._socket.recv(most)
        except OSError as error:
            raise _failure(error) from None

    def send(self, data: bytes) -> None:
        """Send all of some bytes; see `Wire`."""
        self._socket.settimeout(WRITE_TIMEOUT)
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            words = in_words(error) if error.errno else f"the agent took nothing for {WRITE_TIMEOUT} s"
            raise connection_lost(words) from None
        except OSError as error:
            raise _failure(error) from None

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def _failure(error: OSError) -> Late | Lost:
    """Return what an error means: Python's own timeouts have no number, those of the kernel have."""
    return Late() if isinstance(error, TimeoutError) and not error.errno else connection_lost(in_words(error))


def no_later(until: float, seconds: float) -> float:
    """Return the earlier of two times: `until`, and so many seconds from now on."""
    return min(until, time.monotonic() + seconds)
