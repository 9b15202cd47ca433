"""The user who owns the other end of a TCP connection within this machine, as the kernel tells servers and clients.

The kernel is asked for the one socket whose two addresses are those of the connection, by sock_diag(7). Where it cannot
be asked so (a sandbox without netlink, a kernel without the module), its tables in /proc are read.

A socket that no process holds any more shows user 0 and inode 0, so a user counts only together with an inode.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, NamedTuple

TABLES = Path("/proc/self/net")
"""The kernel's tables of sockets, those of this process's network namespace."""

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST = 1
_LISTEN = 10
_LISTEN_IN_TABLES = "0A"
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
    held = _told_of(pair)
    # Where no connection has these addresses, the kernel tells of a listener at the client's address instead.
    return held.user if held.is_of(pair) and held.inode else None


class _Held(NamedTuple):
    """A socket, as the kernel tells of it."""

    user: int
    inode: int
    listens: bool
    ports: list[bytes]

    def is_of(self, pair: SocketPair) -> bool:
        return not self.listens and self.ports == [port.to_bytes(2, "big") for _, port in pair]


def _told_of(pair: SocketPair) -> _Held:
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, _NETLINK_SOCK_DIAG) as kernel:
            kernel.sendto(_question(pair), (0, 0))
            answer = kernel.recv(_ANSWER_SIZE)
    except OSError as error:
        raise CannotAsk from error
    _, kind, *_ = _HEADER.unpack_from(answer)
    if kind != _SOCK_DIAG_BY_FAMILY:
        # ENOENT says both: there is no such socket, and the kernel lacks the module that would look for it.
        raise CannotAsk
    state, *ports, _, user, inode = _TOLD.unpack_from(answer, _HEADER.size)
    return _Held(user, inode, state == _LISTEN, ports)


def _question(pair: SocketPair) -> bytes:
    (client, client_port), (server, server_port) = pair
    family = socket.AF_INET if client.version == 4 else socket.AF_INET6
    asked = (
        _ASKED.pack(family, socket.IPPROTO_TCP, 0, _ANY)
        + _PAIR.pack(client_port, server_port, client.packed, server.packed)
        + _PLACE.pack(0, _ANY, _ANY)
    )
    return _HEADER.pack(_HEADER.size + len(asked), _SOCK_DIAG_BY_FAMILY, _REQUEST, 1, 0) + asked


def owner_by_tables(pair: SocketPair, tables: Path = TABLES) -> int | None:
    """Find in the kernel's tables who owns the client's end of a connection; reads all sockets and may take long.

    Args:
        tables: the directory of the tables.

    Returns:
        The user's number; None if no process holds such a socket.
    """
    held = _in_tables(_spellings(pair), tables)
    return held.user if held is not None and held.inode else None


def _in_tables(spellings: Iterable[tuple[str, str]], tables: Path) -> _Held | None:
    for table, spelled in spellings:
        with suppress(OSError), (tables / table).open(encoding="ascii") as lines:
            for line in lines:
                if spelled in line:
                    fields = line.split()
                    return _Held(int(fields[7]), int(fields[9]), fields[3] == _LISTEN_IN_TABLES, [])
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


def server_owner(pair: SocketPair, tables: Path = TABLES) -> int | None:
    """Return who owns the server's end of a connection within this machine, as its client asks.

    Until the server has accepted the connection nobody holds that end; then it is for whoever listens at its address.

    Args:
        pair: of the connection.
        tables: the directory of the tables.

    Returns:
        The user's number; None if it cannot be found out.
    """
    try:
        return _owner_of_end(pair, _told_of, _listener_by_sock_diag)
    except CannotAsk:
        pass
    try:
        return _owner_of_end(pair, partial(_told_in_tables, tables=tables), partial(_listener_in_tables, tables=tables))
    except (CannotAsk, OSError, ValueError):
        return None


def _owner_of_end(
    pair: SocketPair, told_of: Callable[[SocketPair], _Held], listener: Callable[[SocketPair], int | None]
) -> int | None:
    """Find an owner; that of a listener only if the connection waits for it before and after, so it is its listener."""
    end = SocketPair(pair.server, pair.client)
    before = told_of(end)
    if before.inode or not before.is_of(end):
        return before.user if before.is_of(end) else None
    listening = listener(end)
    after = told_of(end)
    if not after.is_of(end):
        return None
    return after.user if after.inode else listening


def _listener_by_sock_diag(end: SocketPair) -> int | None:
    nobody = IPv4Address(0) if end.client[0].version == 4 else IPv6Address(0)
    held = _told_of(SocketPair(end.client, (nobody, 0)))
    return held.user if held.listens and held.inode else None


def _told_in_tables(pair: SocketPair, tables: Path) -> _Held:
    held = _in_tables(_spellings(pair), tables)
    if held is None:
        raise CannotAsk
    return held._replace(ports=[port.to_bytes(2, "big") for _, port in pair])


def _listener_in_tables(end: SocketPair, tables: Path) -> int | None:
    address, port = end.client
    held = _in_tables(_listeners(address, port), tables)
    return held.user if held is not None and held.inode else None


def _listeners(address: Ip, port: int) -> Iterator[tuple[str, str]]:
    """Yield the tables in which a listener may stand that takes connections to an address, the closest first."""
    zero4, zero6 = IPv4Address(0), IPv6Address(0)
    if address.version == 4:
        for own in (address, zero4):
            yield "tcp", f" {_spelled(SocketPair((own, port), (zero4, 0)))} {_LISTEN_IN_TABLES} "
    for own6 in (_as_ipv6(address), zero6):
        yield "tcp6", f" {_spelled(SocketPair((own6, port), (zero6, 0)))} {_LISTEN_IN_TABLES} "
