"""Asking several hosts at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import trio


async def together(hosts: Iterable[str], ask: Callable[[str], Awaitable[None]]) -> None:
    """Ask each of some hosts in a task of its own, and return when all are done."""
    async with trio.open_nursery() as nursery:
        for host in hosts:
            nursery.start_soon(ask, host)
