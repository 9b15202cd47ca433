"""Responses as this project's own transport gives them, without any connection."""

from __future__ import annotations

from collections.abc import AsyncIterator


class Body:
    """The pieces of a body, in an iterator that may be dropped half-way."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = iter(pieces)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration
