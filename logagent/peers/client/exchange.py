"""What the two versions of HTTP have in common: one exchange, and the network's errors put into httpx's words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol, TypeAlias

import httpcore
import httpx
import trio

CLOSE_TIMEOUT = 1.0  # s: for TLS to say goodbye; the socket is closed in any case
READ_SIZE = 128 * 1024  # bytes asked of the socket at a time

Header: TypeAlias = tuple[bytes, bytes]

NETWORK_ERRORS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    OSError,
)


class Exchange(Protocol):
    """One request and its response, in either version of HTTP."""

    version: bytes
    trailers: list[Header]

    async def head(self) -> tuple[int, list[Header]]:
        """Send the request, wait for the status and the headers."""

    async def chunk(self) -> bytes | None:
        """The next bytes of the body; None after the last."""

    async def leave(self) -> None:
        """Give up what is still to come; safe when cancelled, and takes a bounded time."""


class Unanswered(httpx.RemoteProtocolError):
    """The connection had served others, and ended before it brought this request anything: it may be asked again."""


@contextlib.contextmanager
def raising(kind: type[httpx.TransportError], errors: tuple[type[Exception], ...] = NETWORK_ERRORS) -> Iterator[None]:
    """Turn `errors` into httpx's `kind` of them."""
    try:
        yield
    except errors as error:
        raise kind(reason_of(error)) from error


def reason_of(error: BaseException) -> str:
    """What went wrong, from the cause if the error is mute: Trio wraps OpenSSL's complaints in one that is."""
    said: BaseException | None = error
    while said is not None:
        if str(said):
            return str(said)
        said = said.__cause__
    return type(error).__name__


async def close(network: httpcore.AsyncNetworkStream) -> None:
    """Close a connection whatever its state; takes at most CLOSE_TIMEOUT, cancelled or not."""
    with trio.move_on_after(CLOSE_TIMEOUT, shield=True), contextlib.suppress(*NETWORK_ERRORS):
        await network.aclose()
