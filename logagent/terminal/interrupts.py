"""Turning signals into cancellation, so that running work ends cleanly, and no traceback is printed."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

import trio

from logagent.terminal.verdicts import DIED_OF_SIGNAL


async def until_signalled(act: Callable[[], Awaitable[int]], *signals: signal.Signals) -> int:
    """Run `act`, and cancel it when one of `signals` arrives; a second one kills the process.

    Python allows this in the main thread only.

    Returns:
        The exit code that `act` returns, or that of the signal.
    """
    code = DIED_OF_SIGNAL
    with trio.open_signal_receiver(*signals) as received:
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                nonlocal code
                code = DIED_OF_SIGNAL + await anext(received)
                for each in signals:  # the next one does not wait until everybody was told
                    signal.signal(each, signal.SIG_DFL)
                nursery.cancel_scope.cancel()

            nursery.start_soon(watch)
            code = await act()
            nursery.cancel_scope.cancel()
    return code
