"""The user who owns the other end of a TCP connection within this machine, as the kernel tells.

The kernel is asked for the one socket whose two addresses are those of the connection, by sock_diag(7). Where it cannot
be asked so (a sandbox without netlink, a kernel without the module), its tables in /proc are read.

A socket that no process holds any more shows user 0 and inode 0, so a user counts only together with an inode.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, NamedTuple

TABLES = Path("/proc/self/net")
"""The kernel's tables of sockets, those of this process's network namespace."""

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST = 1
_LISTEN = 10
_ANY = 0xFFFFFFFF
"""All states; and each half of the cookie that matches any socket."""
_HEADER = struct.Struct("=IHHII")
"""`struct nlmsghdr`: length, type, flags, sequence, port."""
_ASKED = struct.Struct("=BBBxI")
"""The beginning of `struct inet_diag_req_v2`: family, protocol, extensions, states."""
_PAIR = struct.Struct("!HH16s16s")
"""The beginning of `struct inet_diag_sockid`: ports and addresses of a socket, its own first."""
_PLACE = struct.Struct("=III")
"""The end of `struct inet_diag_sockid`: interface and cookie."""
_TOLD = struct.Struct("=xBxx2s2s44s12xII")
"""Of `struct inet_diag_msg`: state, both ports, the rest of the socket, user, inode."""
_ANSWER_SIZE = 4096
"""Bytes read of an answer, which has about 120."""

Ip = IPv4Address | IPv6Address
Spelled = tuple[Any, ...]
"""An address as Python's sockets give it: the host and the port first."""


class SocketPair(NamedTuple):
    """The two addresses of a connection, as its client's socket has them.

    Attributes:
        client: the client's own address.
        server: the address that it reached.
    """

    client: tuple[Ip, int]
    server: tuple[Ip, int]

    @property
    def is_loopback(self) -> bool:
        """Whether the connection never left this machine, by either of its addresses."""
        return self.client[0].is_loopback or self.server[0].is_loopback


def pair_of(client: Spelled, server: Spelled) -> SocketPair:
    """Return the addresses of a TCP connection, of which IPv4 within IPv6 becomes IPv4.

    Args:
        client: as `getpeername` of the accepted socket gives it.
        server: as its `getsockname` gives it.
    """
    return SocketPair(_address(client), _address(server))


def _address(spelled: Spelled) -> tuple[Ip, int]:
    address = ip_address(spelled[0].partition("%")[0])
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address, spelled[1]


class CannotAsk(Exception):
    """The kernel knows of no such socket, or does not answer such questions here."""


def owner_by_sock_diag(pair: SocketPair) -> int | None:
    """Ask the kernel who owns the client's end of a connection; takes some microseconds.

    Returns:
        The user's number; None if no process holds the socket any more.

    Raises:
        CannotAsk: if the kernel tells of no socket.
    """
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, _NETLINK_SOCK_DIAG) as kernel:
            kernel.sendto(_question(pair), (0, 0))
            answer = kernel.recv(_ANSWER_SIZE)
    except OSError as error:
        raise CannotAsk from error
    return _owner_in(answer, pair)


def _question(pair: SocketPair) -> bytes:
    (client, client_port), (server, server_port) = pair
    family = socket.AF_INET if client.version == 4 else socket.AF_INET6
    asked = (
        _ASKED.pack(family, socket.IPPROTO_TCP, 0, _ANY)
        + _PAIR.pack(client_port, server_port, client.packed, server.packed)
        + _PLACE.pack(0, _ANY, _ANY)
    )
    return _HEADER.pack(_HEADER.size + len(asked), _SOCK_DIAG_BY_FAMILY, _REQUEST, 1, 0) + asked


def _owner_in(answer: bytes, pair: SocketPair) -> int | None:
    _, kind, *_ = _HEADER.unpack_from(answer)
    if kind != _SOCK_DIAG_BY_FAMILY:
        # ENOENT says both: there is no such socket, and the kernel lacks the module that would look for it.
        raise CannotAsk
    state, *ports, _, user, inode = _TOLD.unpack_from(answer, _HEADER.size)
    # Where no connection has these addresses, the kernel tells of a listener at the client's address instead.
    asked = [port.to_bytes(2, "big") for _, port in pair]
    return user if state != _LISTEN and ports == asked and inode else None


def owner_by_tables(pair: SocketPair, tables: Path = TABLES) -> int | None:
    """Find in the kernel's tables who owns the client's end of a connection; reads all sockets and may take long.

    Args:
        tables: the directory of the tables.

    Returns:
        The user's number; None if no process holds such a socket.
    """
    for table, spelled in _spellings(pair):
        with suppress(OSError), (tables / table).open(encoding="ascii") as lines:
            for line in lines:
                if spelled in line:
                    fields = line.split()
                    return int(fields[7]) if int(fields[9]) else None
    return None


def _spellings(pair: SocketPair) -> Iterator[tuple[str, str]]:
    """Yield the tables in which a socket may stand, and how it is spelled there."""
    if pair.client[0].version == 4:
        yield "tcp", _spelled(pair)
    # A client may have an IPv6 socket for its IPv4 connection.
    yield "tcp6", _spelled(SocketPair(*((_as_ipv6(address), port) for address, port in pair)))


def _as_ipv6(address: Ip) -> Ip:
    return IPv6Address(f"::ffff:{address}") if address.version == 4 else address


def _spelled(pair: SocketPair) -> str:
    return " ".join(f"{_hexadecimal(address.packed)}:{port:04X}" for address, port in pair)


def _hexadecimal(packed: bytes) -> str:
    """Spell an address as the kernel does: words of 32 bits, each as a number of this machine."""
    words = [packed[start : start + 4] for start in range(0, len(packed), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
