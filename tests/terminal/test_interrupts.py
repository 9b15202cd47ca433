"""Signals as cancellation."""

from __future__ import annotations

import os
import signal

import trio

from logagent.terminal.interrupts import until_signalled


async def test_signal_cancels_and_becomes_the_exit_code() -> None:
    async def act() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        await trio.sleep_forever()
        return 0

    assert await until_signalled(act, signal.SIGINT) == 130


async def test_without_a_signal_the_exit_code_is_that_of_the_act() -> None:
    async def act() -> int:
        return 3

    assert await until_signalled(act, signal.SIGINT) == 3


async def test_a_second_signal_finds_nothing_in_its_way() -> None:
    before, meanwhile = signal.getsignal(signal.SIGINT), []

    async def act() -> int:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await trio.sleep_forever()
        finally:
            meanwhile.append(signal.getsignal(signal.SIGINT))
        return 0

    assert await until_signalled(act, signal.SIGINT) == 130
    assert meanwhile == [signal.SIG_DFL]
    assert signal.getsignal(signal.SIGINT) is before
