"""Connecting to a thousand agents at a time: how many are tried at once, and how many speak TLS at once."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Generic, TypeVar

import trio

from logagent.peers.client.h2_machine import STREAM_WINDOW
from logagent.peers.client.tls import system_tls

MOST_ATTEMPTS = 512
"""Connections that are being made at a time: each holds a descriptor, of which a process often has 1,024. More wait for
their turn, which does not count as the time of an agent that was not tried yet."""
MOST_HANDSHAKES = 16
"""Handshakes of TLS at a time: each takes some 3 ms of the event loop, in which all others wait."""
HANDSHAKE_TURN = 0.25
"""Seconds after which a handshake gives its turn to another, though it goes on: that of an agent that takes connections
and says nothing takes no processor, and holds nobody up."""
MOST_LOOKUPS = 16
"""Names that are looked up at a time, each in a thread of the forty that all else shares."""

Made = TypeVar("Made")


class Turns:
    """What the connections to all agents that one knows share.

    Attributes:
        attempts: lets so many be made at a time.
        lookups: lets so many names be looked up at a time.
        window: bytes of each answer that may wait to be read, on connections that are made from now on.
    """

    def __init__(self, attempts: int = MOST_ATTEMPTS, handshakes: int = MOST_HANDSHAKES) -> None:
        self.window = STREAM_WINDOW
        self.attempts = trio.Semaphore(attempts)
        self.lookups = trio.Semaphore(MOST_LOOKUPS)
        self._handshakes = trio.Semaphore(handshakes)

    @cached_property
    def system_tls(self) -> ssl.SSLContext:
        """What trusts the system's authorities; made once, since it takes 30 ms, which each of a thousand would pay."""
        return system_tls()

    async def handshake(self, shake: Callable[[], Awaitable[Made]]) -> Made:
        """Return what a handshake makes, once it is its turn."""
        await self._handshakes.acquire()
        shaking = _Shaking(shake, self._handshakes)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shaking.give_turn_back)
            await shaking.run()
            nursery.cancel_scope.cancel()
        if shaking.error is not None:
            raise shaking.error
        return shaking.made[0]


class _Shaking(Generic[Made]):
    """One handshake, and its turn, which it gives back once."""

    def __init__(self, shake: Callable[[], Awaitable[Made]], turns: trio.Semaphore) -> None:
        self.made: list[Made] = []
        self.error: Exception | None = None
        self._shake = shake
        self._turns = turns

    async def run(self) -> None:
        try:
            self.made.append(await self._shake())
        except Exception as error:  # raised outside the nursery, which would put it into a group
            self.error = error

    async def give_turn_back(self) -> None:
        try:
            await trio.sleep(HANDSHAKE_TURN)
        finally:
            self._turns.release()
