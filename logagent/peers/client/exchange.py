"""What HTTP/1.1 and HTTP/2 have in common: the exchange of a request, and the network's errors as httpx's errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol, TypeAlias

import httpcore
import httpx
import trio

from logagent.peers.ssh.failing import SshBroken

CLOSE_TIMEOUT = 1.0
"""Seconds for TLS's orderly close; the socket is closed in any case."""
READ_SIZE = 256 * 1024
"""Bytes asked of the socket at a time."""

ONLY_ASKING = ("GET", "HEAD", "POST")
"""Methods of requests that may be sent again: between agents all of them only ask."""

Header: TypeAlias = tuple[bytes, bytes]

NETWORK_ERRORS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    OSError,
)


class Exchange(Protocol):
    """One request and its response, in either version of HTTP.

    Attributes:
        version: of HTTP.
        trailers: complete once the body is read to its end.
    """

    version: bytes
    trailers: list[Header]

    async def head(self) -> tuple[int, list[Header]]:
        """Send the request and wait for status and headers.

        Raises:
            Unanswered: if the request may be sent again on another connection.
            TransportError: of httpx, if there is no answer.
        """

    async def chunk(self) -> bytes | None:
        """Return the next bytes of the body; None after the last.

        Raises:
            TransportError: of httpx, if the body breaks off.
        """

    def retire(self) -> None:
        """Let no other request use the connection, which closes when the last response on it is left."""

    async def leave(self) -> None:
        """Abandon the response, complete or not; takes a bounded time, cancelled or not."""


class Away(httpx.ConnectError):
    """An agent that could not be connected to a while ago is not waited for; the message says all."""


class Unanswered(httpx.RemoteProtocolError):
    """A connection that had served requests before ended without a byte of this response: it may be asked again."""


class TlsFailure(httpx.ConnectError):
    """No TLS can be spoken with an agent; the message says why, and what to do."""


class SshFailure(httpx.ConnectError):
    """Ssh makes no connection to an agent, or has lost it; the message says why, and what to do."""


class TlsBroken(httpcore.ReadError):
    """An agent ended TLS after the handshake, since it refuses what it was shown; the message says what to do."""


@contextlib.contextmanager
def raising(kind: type[httpx.TransportError], errors: tuple[type[Exception], ...] = NETWORK_ERRORS) -> Iterator[None]:
    """Turn errors into httpx's.

    Args:
        kind: httpx's error to raise.
        errors: the errors to turn into it.
    """
    try:
        yield
    except errors as error:
        raise kind_of(error, kind)(message_of(error)) from error


def kind_of(error: Exception, kind: type[httpx.TransportError]) -> type[httpx.TransportError]:
    """Return which of httpx's errors a network's error becomes: `kind`, if it does not tell of TLS or of ssh."""
    if isinstance(error, SshBroken):
        return SshFailure
    return TlsFailure if isinstance(error, TlsBroken) else kind


def message_of(error: BaseException) -> str:
    """Return an error's message, or its cause's if it has none: Trio wraps OpenSSL's errors in one without."""
    said: BaseException | None = error
    while said is not None:
        if str(said):
            return str(said)
        said = said.__cause__
    return type(error).__name__


async def close(network: httpcore.AsyncNetworkStream) -> None:
    """Close a connection whatever its state; takes `CLOSE_TIMEOUT` at most, cancelled or not."""
    with trio.move_on_after(CLOSE_TIMEOUT, shield=True), contextlib.suppress(*NETWORK_ERRORS):
        await network.aclose()
