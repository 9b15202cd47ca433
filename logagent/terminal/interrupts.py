"""Signals as cancellation: what is under way ends in good order, and nothing is printed about it."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

import trio

DIED_OF_SIGNAL = 128
"""What a shell adds to a signal's number for the exit code of a program that the signal ended."""


async def until_signalled(act: Callable[[], Awaitable[int]], *signals: signal.Signals) -> int:
    """Run `act` and return the exit code that it returns; upon one of `signals` cancel it and return the signal's.

    Must run in the main thread, which is the one that signals reach.
    """
    code = DIED_OF_SIGNAL
    with trio.open_signal_receiver(*signals) as received:
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                nonlocal code
                code = DIED_OF_SIGNAL + await anext(received)
                nursery.cancel_scope.cancel()

            nursery.start_soon(watch)
            code = await act()
            nursery.cancel_scope.cancel()
    return code
