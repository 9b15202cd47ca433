"""Holding lines back: they are told when their time is over, and nothing runs while none is held."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from logagent.telemetry.own_logs.holding import HELD, Holding


class Held:
    """Notes when it was released."""

    def __init__(self) -> None:
        self.released: list[float] = []

    def release(self) -> None:
        self.released.append(trio.current_time())


async def test_each_is_released_once_its_time_is_over(autojump_clock: MockClock) -> None:
    holding, held = Holding(), [Held() for _ in range(50)]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(holding.run)
        for number, one in enumerate(held):
            await trio.sleep(HELD / 7 if number % 9 else 5 * HELD)
            one.released.append(trio.current_time())
            holding.hold(one)
        await trio.sleep(3 * HELD)
        nursery.cancel_scope.cancel()
    spent = [released - began for began, released in (one.released for one in held)]
    assert all(HELD - 1e-6 <= each <= 2 * HELD + 1e-6 for each in spent)


async def test_the_end_releases_all(autojump_clock: MockClock) -> None:
    holding, held = Holding(), [Held(), Held()]
    for one in held:
        holding.hold(one)
    holding.release_all()
    holding.release_all()
    assert [len(one.released) for one in held] == [1, 1]
