"""What happens to the agents meanwhile: logs are rotated, peers restarted or killed, and settings reloaded."""

from __future__ import annotations

import random
import signal
from collections.abc import Sequence

import trio

from soaking.account import Account
from soaking.hosts import Host
from soaking.writing import GrowingLog

ROTATE_EVERY = 25.0
"""Seconds, in the mean, between two rotations of a log: a page of a cursor meets one often."""
RESTART_EVERY = 40.0
"""Seconds, in the mean, between two ends of peers."""
RELOAD_EVERY = 20.0
AWAY = 4.0
"""Seconds at most that a peer is away, besides the time that it takes to start."""


async def rotating(log: GrowingLog, chance: random.Random, account: Account) -> None:
    """Rotate a log again and again, until cancelled; a rotation that has begun is finished."""
    while True:
        await trio.sleep(chance.uniform(0.2, 1.8) * ROTATE_EVERY)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + ROTATE_EVERY):
            await log.rotate()
        account.disturbances["rotations"] += 1


async def restarting(peers: Sequence[Host], chance: random.Random, account: Account) -> None:
    """End one peer after the other, as told or at once, and start it again, until cancelled."""
    while True:
        await trio.sleep(chance.uniform(0.2, 1.8) * RESTART_EVERY)
        peer = chance.choice(peers)
        signum = chance.choice((signal.SIGTERM, signal.SIGKILL))
        with trio.CancelScope(shield=True):  # bounded by the host's own limits
            await peer.end(signum)
            await trio.sleep(chance.uniform(0, AWAY))
            await peer.start()
        account.disturbances[f"peers ended by {signum.name}"] += 1


async def reloading(
    host: Host, settings: Sequence[tuple[str, Sequence[str]]], chance: random.Random, account: Account
) -> None:
    """Reload with other settings, with wrong ones, and with the same, until cancelled; the first are in force then.

    Args:
        settings: the text of a file of settings each, and further addresses to listen on.
    """
    try:
        while True:
            await trio.sleep(chance.uniform(0.2, 1.8) * RELOAD_EVERY)
            text, listen = chance.choice(settings)
            if chance.random() < 0.2:
                text = f"nonsense = 1\n{text}"
            host.configure(text, *listen)
            host.reload()
            account.disturbances["reloads"] += 1
    finally:
        text, listen = settings[0]
        host.configure(text, *listen)
        host.reload()
