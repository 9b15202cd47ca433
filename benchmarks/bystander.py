"""A bystander, in a process of its own: asks an agent small questions for some seconds, and prints how long each took.

    python benchmarks/bystander.py URL SECONDS [CA CERTIFICATE KEY]

Prints one line when it begins, and the seconds of all questions as JSON when it ends.
"""

from __future__ import annotations

import json
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from logagent.peers.client.http_client import connect
from logagent.peers.client.tls import client_tls

SMALL = "/logs?hostname=alone&filename=small.log&n=20"
EVERY = 0.02
"""Seconds from one question to the next, if it is answered by then."""
GIVEN_UP = 10.0
"""Seconds after which a question counts as answered then, so that a measurement ends."""

Ask = Callable[[], Awaitable[None]]


async def main(url: str, seconds: float, tls: ssl.SSLContext | None) -> None:
    took: dict[str, list[float]] = {"small": [], "health": []}
    async with connect(url, tls=tls) as client:

        async def small() -> None:
            (await client.get(SMALL)).raise_for_status()

        async def health() -> None:
            """As a probe asks: each time by a connection of its own."""
            async with connect(url, tls=tls) as own:
                (await own.get("/healthz")).raise_for_status()

        for ask in (small, health):
            await ask()  # what a first question costs once
        print("asking", flush=True)
        until = trio.current_time() + seconds
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_keep_asking, small, took["small"], until)
            nursery.start_soon(_keep_asking, health, took["health"], until)
    print(json.dumps(took))


async def _keep_asking(ask: Ask, took: list[float], until: float) -> None:
    while trio.current_time() < until:
        began = time.perf_counter()
        with trio.move_on_after(GIVEN_UP):
            await ask()
        took.append(time.perf_counter() - began)
        await trio.sleep(max(0.0, EVERY - took[-1]))


if __name__ == "__main__":
    url, seconds, *certificates = sys.argv[1:]
    trio.run(main, url, float(seconds), client_tls(*map(Path, certificates)) if certificates else None)
