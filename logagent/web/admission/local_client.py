"""Finding out which user of this machine a client is, once for each connection, as soon as it is accepted.

Later its socket may be closed, and nobody would be known as its owner.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import trio

from logagent.socket_owners import (
    CannotAsk,
    SocketPair,
    owner_by_sock_diag,
    owner_by_tables,
    pair_of,
)

STATE = "local_client"
"""The name under which a connection's `scope["state"]` holds its client, None for one of another machine."""

_CREDENTIALS = struct.Struct("=iII")
"""`struct ucred`: process, user, group."""
_TABLE_READERS = trio.CapacityLimiter(2)
"""Threads that read the kernel's tables at a time: only where it cannot be asked, and for clients that are gone."""

Owner = Callable[[SocketPair], int | None]


class LocalClient(NamedTuple):
    """A client of this machine.

    Attributes:
        user: its number; None: nobody is known to hold the client's socket.
        unix: whether it came over a Unix socket, which cannot be reset.
    """

    user: int | None
    unix: bool = False


async def introduce(accepted: trio.SocketStream) -> dict[str, Any]:
    """Return the facts about a client that go into its connection's state."""
    return {STATE: await local_client(accepted)}


async def local_client(
    accepted: trio.SocketStream, *, ask: Owner = owner_by_sock_diag, look: Owner = owner_by_tables
) -> LocalClient | None:
    """Return which user of this machine a client is; None for a client that came over the network.

    A client is of this machine if it came over a Unix socket or over loopback, whatever the listener is bound to.

    Args:
        accepted: the connection.
        ask: asks the kernel; raises `CannotAsk`.
        look: reads the kernel's tables, in a thread.
    """
    if accepted.socket.family == socket.AF_UNIX:
        return LocalClient(peer_of(accepted), unix=True)
    try:
        pair = pair_of(accepted.socket.getpeername(), accepted.socket.getsockname())
    except OSError:
        return LocalClient(None)
    if not pair.is_loopback:
        return None
    try:
        return LocalClient(ask(pair))
    except CannotAsk:
        return LocalClient(await _looked_up(look, pair))


async def _looked_up(look: Owner, pair: SocketPair) -> int | None:
    try:
        return await trio.to_thread.run_sync(look, pair, limiter=_TABLE_READERS)
    except (OSError, ValueError, RuntimeError):  # No such table, one of another form, no more threads: nobody is known.
        return None


def peer_of(accepted: trio.SocketStream) -> int | None:
    """Return the user who connected to a Unix socket; None if that is not known."""
    try:
        told = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None
    _, user, _ = _CREDENTIALS.unpack(told)
    return int(user)
