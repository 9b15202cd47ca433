"""The TCP connection below a stream: its addresses, the kernel's information about the client, and resetting it."""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
from contextlib import suppress
from typing import Any, NamedTuple, cast

import trio
from hypercorn.utils import parse_socket_addr

_TCP_INFO = struct.Struct("=3xB20xI28xI")
"""tcpi_probes; tcpi_unacked (segments on their way); tcpi_last_ack_recv (ms)."""
_HAS_TCP_INFO = sys.platform == "linux"
_TCP_CLOSE = 7
"""The state of a connection that has ended, for instance by a reset: `TCP_CLOSE` in Linux's net/tcp_states.h."""

Address = tuple[str, int]


class TcpDelivery(NamedTuple):
    """What the kernel knows about the bytes sent to a client.

    Attributes:
        unacknowledged: whether an acknowledgement is due, of data or of more than one probe for room in the client's
            buffer.
        silence: seconds since the last acknowledgement.
    """

    unacknowledged: bool
    silence: float


def delivery_over(stream: trio.abc.Stream) -> TcpDelivery | None:
    """Ask the kernel how far the client has acknowledged what was sent to it.

    Source: tcp(7), and `struct tcp_info` in Linux's include/uapi/linux/tcp.h, whose beginning is fixed.

    Args:
        stream: a TCP connection, with TLS or without.

    Returns:
        None for any other stream, for a closed one, and if the system does not provide it.
    """
    transport = transport_of(stream)
    if not (_HAS_TCP_INFO and isinstance(transport, trio.SocketStream)):
        return None
    with suppress(OSError):
        told = transport.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        if isinstance(told, bytes) and len(told) == _TCP_INFO.size:
            probes, unacknowledged, last = _TCP_INFO.unpack(told)
            return TcpDelivery(unacknowledged > 0 or probes > 1, last / 1000)
    return None


def addresses_of(stream: trio.abc.Stream) -> tuple[Address | None, Address | None]:
    """Return the client's and our own address; None each for a stream in memory or a client that has already gone."""
    with suppress(OSError, AttributeError):
        ours = transport_of(stream).socket
        return (
            parse_socket_addr(ours.family, ours.getpeername()),
            parse_socket_addr(ours.family, ours.getsockname()),
        )
    return None, None


def undelivered(stream: trio.abc.Stream) -> int:
    """Return how many bytes sent over TCP the client's kernel has not acknowledged, an end of sending included.

    Source: SIOCOUTQ in tcp(7), which has the number of TIOCOUTQ.

    Args:
        stream: a TCP connection, with TLS or without.

    Returns:
        0 also for any other stream, and for a connection that has ended, since nothing more is delivered there.
    """
    transport = transport_of(stream)
    if not (_HAS_TCP_INFO and isinstance(transport, trio.SocketStream)):
        return 0
    with suppress(OSError):
        [state, *_] = transport.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        waiting = fcntl.ioctl(transport.socket.fileno(), termios.TIOCOUTQ, bytes(4))
        return 0 if state == _TCP_CLOSE else int.from_bytes(waiting, sys.byteorder)
    return 0


def reset_on_close(stream: trio.abc.Stream) -> None:
    """Make the client's reads fail (ECONNRESET) once the stream is closed; without effect on a stream in memory."""
    with suppress(OSError, AttributeError):
        transport_of(stream).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def second_handle(stream: trio.abc.Stream) -> trio.abc.Stream:
    """Return another stream over the same socket, which keeps it connected when the first is closed.

    Args:
        stream: over TCP, with TLS or without.

    Returns:
        A stream without TLS, to be closed as well; for a stream in memory, its transport itself.
    """
    transport = transport_of(stream)
    if isinstance(transport, trio.SocketStream):
        with suppress(OSError):
            return trio.SocketStream(transport.socket.dup())
    return cast(trio.abc.Stream, transport)


def transport_of(stream: trio.abc.Stream) -> Any:
    """Return the stream below TLS, or a stream without TLS itself."""
    return stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
