"""Small ASGI applications for tests of the server, and how they answer."""

from __future__ import annotations

from typing import Any

import trio

WIDE = 64 * 1024 * 1024
"""More bytes than any server may take from an application that nobody reads."""


async def start(send: Any, *, status: int = 200, **others: Any) -> None:
    """Begin an answer."""
    await send({"type": "http.response.start", "status": status, "headers": [], **others})


async def body(send: Any, chunk: bytes, *, more: bool = True) -> None:
    """Send a piece of an answer's body."""
    await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Answer in one piece."""
    await start(send)
    await body(send, b"hello", more=False)


async def hello_with_trailers(scope: Any, receive: Any, send: Any) -> None:
    """Answer in one piece, with trailers behind it."""
    await start(send, trailers=True)
    await body(send, b"hello\n", more=False)
    await send({"type": "http.response.trailers", "headers": [(b"log-status", b"0")]})


async def follow(scope: Any, receive: Any, send: Any) -> None:
    """Answer `/follow` without an end, and everything else as `hello_with_trailers` does."""
    if scope["path"] != "/follow":
        await hello_with_trailers(scope, receive, send)
        return
    await start(send)
    await body(send, b"first\n")
    await trio.sleep_forever()


async def silent(scope: Any, receive: Any, send: Any) -> None:
    """Never answer."""
    await trio.sleep_forever()


class Follow:
    """Starts an answer, and goes on until it is cancelled or told to finish."""

    def __init__(self, first: bytes = b"first") -> None:
        self.finish = trio.Event()
        self.cancelled = False
        self._first = first

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await start(send)
            await body(send, self._first)
            await self.finish.wait()
            await body(send, b"last", more=False)
        except trio.Cancelled:
            self.cancelled = True
            raise


class Endless:
    """Sends for ever, and counts the bytes that were taken from it."""

    def __init__(self, chunk: int = 16 * 1024, *, unhurried: bool = False) -> None:
        self._unhurried = unhurried
        self.taken = 0
        self.cancelled = False
        self._chunk = bytes(chunk)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await start(send, unhurried=self._unhurried)
        try:
            while True:
                await body(send, self._chunk)
                self.taken += len(self._chunk)
                assert self.taken < WIDE, "nothing holds this app up"
        except trio.Cancelled:
            self.cancelled = True
            raise
