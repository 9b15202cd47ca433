"""How a connection ends: in order, so that its client gets all bytes and knows that they are all, or by a reset.

Only the end of the connection tells an HTTP/1.0 client where an answer ends. So an answer that is not whole must end in
a reset, which no client takes for an end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio

from logagent.web.server.tcp import reset_on_close, second_handle, transport_of, undelivered

LINGER = 2.0
"""Seconds after the end of sending in which a client may take the rest. Closing at once, with unread bytes of an upload
in the socket, would make the kernel drop bytes that are still on their way."""

_READ_SIZE = 64 * 1024
"""Bytes per read of what is thrown away."""

_FIRST_LOOK, _LAST_LOOK = 0.001, 0.1
"""Seconds between looks whether the client's kernel has everything, from a round trip on loopback up; each look takes
twice as long to come as the one before. The kernel tells nobody when that happens."""

_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


async def end_in_order(stream: trio.abc.Stream, *, uploading: bool = False, silenced: bool = False) -> None:
    """End a connection all of whose bytes are handed to the kernel, and close its stream.

    The client is told the end at once. The socket stays until the client has ended its own side, or its kernel has
    acknowledged everything, for `LINGER` at most; after that the kernel delivers the rest alone.

    Args:
        stream: closed here in every case.
        uploading: whether the client is still sending a request. Its bytes would make the kernel reset the connection
            once the socket is closed, so its own end is waited for.
        silenced: whether nothing more is read from the client, because it has sent too much.
    """
    rest = stream
    try:
        with trio.move_on_after(LINGER), suppress(*_GONE):
            if isinstance(stream, trio.SSLStream):
                rest = second_handle(stream)
                await stream.aclose()  # Sends close_notify, which is the end for a client; `rest` stays connected.
            if isinstance(rest, trio.abc.HalfCloseableStream):
                await rest.send_eof()
                await _until_taken(rest, uploading=uploading, silenced=silenced)
    finally:
        await _close(stream)  # noqa: ASYNC102 (shields itself, and waits for nothing)
        await _close(rest)  # noqa: ASYNC102 (shields itself, and waits for nothing)


async def end_by_reset(stream: trio.abc.Stream, *, patience: float) -> None:
    """Reset a connection as soon as the client's kernel has all bytes that were sent, and close its stream.

    A reset drops what is on its way, but not what has arrived.

    Args:
        stream: closed here in every case, over TLS without a close_notify, which would be an orderly end.
        patience: seconds to wait for the client's kernel; 0: not at all.
    """
    reset_on_close(stream)
    try:
        with trio.move_on_after(patience):
            await _until_delivered(stream)
    finally:
        await _close(transport_of(stream))  # noqa: ASYNC102 (shields itself, and waits for nothing)


async def _until_taken(stream: trio.abc.Stream, *, uploading: bool, silenced: bool) -> None:
    """Return when the client has ended its own side, or has everything."""
    async with trio.open_nursery() as either:

        async def first(wait: Callable[[trio.abc.Stream], Awaitable[None]]) -> None:
            await wait(stream)
            either.cancel_scope.cancel()

        if not silenced:
            either.start_soon(first, _until_its_end)
        if not uploading:
            either.start_soon(first, _until_delivered)


async def _until_its_end(stream: trio.abc.Stream) -> None:
    """Drop all that comes from the client until it ends its side."""
    with suppress(*_GONE):
        while await stream.receive_some(_READ_SIZE):
            pass


async def _until_delivered(stream: trio.abc.Stream) -> None:
    look = _FIRST_LOOK
    while undelivered(stream):
        await trio.sleep(look)
        look = min(2 * look, _LAST_LOOK)


async def _close(stream: trio.abc.Stream) -> None:
    with trio.CancelScope(shield=True) as at_once:  # Several are closed in a row, whoever has cancelled this.
        at_once.cancel()
        await stream.aclose()
