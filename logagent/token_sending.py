"""To whom a token may be sent: over verified TLS, to a Unix socket, or within this machine to an agent.

Any user of a machine can listen at the port of an agent that is down. So in cleartext a token is sent only to root, to
the agent's own user, and to whoever asks himself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

from logagent.config import accounts, values
from logagent.socket_owners import SocketPair, pair_of, server_owner

OTHERWISE = "the agent may be down; ask over its Unix socket, or by https://"
"""What to do where a token was not sent."""

OwnerOf = Callable[[SocketPair], int | None]
"""Returns the user who holds the server's end of a connection; None if that is not known."""


class _Connected(Protocol):
    """A socket, as far as its addresses are needed."""

    def getsockname(self) -> Any: ...
    def getpeername(self) -> Any: ...


def is_in_cleartext(url: str) -> bool:
    """Return whether what is sent to an agent could be read on the way: neither by TLS nor to a Unix socket."""
    return url.startswith("http:")


def leads_out(url: str) -> bool:
    """Return whether a token that is sent to an agent could be read by others on the way."""
    return is_in_cleartext(url) and not values.is_loopback(values.host_of(url))


def objection(connected: _Connected | None, owner_of: OwnerOf = server_owner) -> str:
    """Return why no token is sent over a connection in cleartext; empty if one is.

    Args:
        connected: the connection's socket; None: it has none.
        owner_of: says who holds the other end.
    """
    try:
        pair = pair_of(connected.getsockname(), connected.getpeername()) if connected is not None else None
    except OSError:
        pair = None
    if pair is None or not pair.server[0].is_loopback:
        return "the connection leads out of this machine, or its address is not known"
    owner = owner_of(pair)
    if owner is None or owner == accounts.nameless_user():
        return "it is not known which user listens there"
    name = accounts.user_name(owner)
    if owner in (0, os.geteuid()) or name == accounts.AGENT:
        return ""
    return f"user {name} listens there, neither root, nor {accounts.AGENT}, nor the user who asks"
