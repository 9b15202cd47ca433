"""What a client shows to prove who asks, and to whom it may be shown."""

from __future__ import annotations

from typing import Any, Protocol

HEADER = "authorization"
"""The header in which it is shown; HPACK never puts it into a table (RFC 7541, 7.1.3)."""


class ConnectedSocket(Protocol):
    """A socket, as far as its addresses are needed."""

    def getsockname(self) -> Any: ...
    def getpeername(self) -> Any: ...


class Credential(Protocol):
    """A secret that proves to one agent who asks; nothing that shows the object shows the secret."""

    @property
    def is_stale(self) -> bool:
        """Whether the secret was had so long ago that it may have ended since."""
        ...

    def refresh(self) -> None:
        """Get the secret anew; may take as long as a person needs to unlock something.

        Raises:
            Failure: if it cannot be had any more.
        """
        ...

    def authorization(self, connected: ConnectedSocket | None) -> str:
        """Return the value of the header for a connection, once it is clear that the secret may be sent over it.

        Args:
            connected: the connection's socket, below TLS, whose handshake is done; None: it has none.

        Raises:
            Failure: if it must not be sent there.
        """
        ...
