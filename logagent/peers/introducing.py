"""Learning the name of an agent that was found by its address: it says its own, proved by its certificate."""

from __future__ import annotations

import random

import httpx
import trio

from logagent.core.wire.identity import AGENT_HEADER, BadIdentity, from_header
from logagent.peers.known_agent import KnownAgent

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds between two attempts to learn the name of an agent that does not say it: they double from one to the next."""
ANSWERING = 10.0
"""Seconds that an agent has to say its name."""


async def introduce(agent: KnownAgent) -> str:
    """Return the name that an agent says of itself, asking until it does; cancelling ends that.

    Args:
        agent: found by its address.
    """
    wait = FIRST_WAIT
    while True:
        name = await _said_by(agent)
        if name:
            return name
        await trio.sleep(wait * random.uniform(0.5, 1))
        wait = min(2 * wait, LONGEST_WAIT)


async def _said_by(agent: KnownAgent) -> str:
    """Return the name that an agent says; empty if it does not say any."""
    with trio.move_on_after(ANSWERING), agent.used():
        try:
            async with agent.client.stream("GET", "/healthz") as response:
                return from_header(response.headers.get(AGENT_HEADER, "")).name
        except (httpx.HTTPError, BadIdentity):
            return ""
    return ""
