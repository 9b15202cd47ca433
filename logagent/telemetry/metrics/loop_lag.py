"""How late the event loop comes to its work: looked at once a second, which an idle agent does not feel."""

from __future__ import annotations

import trio

from logagent.telemetry.metrics.tallies import Spread

EVERY = 1.0
"""Seconds between two looks: 86,400 wakings a day, each of some 30 us."""
LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds in seconds: what nobody notices, and what peers with a patience of five seconds do."""


async def watch_lag(lags: Spread) -> None:
    """Count how late this task is woken, until cancelled."""
    while True:
        due = trio.current_time() + EVERY
        await trio.sleep_until(due)
        lags.add(max(0.0, trio.current_time() - due))
