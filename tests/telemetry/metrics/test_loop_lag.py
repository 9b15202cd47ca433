"""How late the event loop comes is what a clock says that goes on while the loop stands still."""

from __future__ import annotations

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.telemetry.metrics.loop_lag import EVERY, LAGS, watch_lag
from logagent.telemetry.metrics.tallies import Spread


async def test_a_loop_that_comes_late_is_counted_by_how_much(mock_clock: MockClock) -> None:
    lags = Spread(LAGS)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch_lag, lags)
        for late in (0.0, 0.0, 0.3):
            await wait_all_tasks_blocked()
            mock_clock.jump(EVERY + late)
            await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert sum(lags.counts) == 3
    assert lags.counts[0] == 2
    assert lags.counts[LAGS.index(0.5)] == 1
    assert round(lags.total, 6) == 0.3
