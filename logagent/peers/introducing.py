"""Learning the name of an agent that was found by its address: it says its own, and its certificate proves that.

It is asked twice: first whoever answers there, if only the authority of the fleet has signed its certificate, and then
the one that bears the name which was said. What is told by the first is believed only when the second has shown a
certificate with that name. In cleartext, which settings have to allow, nothing is proved.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Protocol

import httpx
import trio

from logagent.core.wire.identity import AGENT_HEADER, BadIdentity, Identity, from_header
from logagent.peers.client.reasons import reason
from logagent.peers.health import MAX_HEALTH, REFUSALS, said_in
from logagent.peers.source import read_at_most
from logagent.peers.target import SETTINGS, Target, address_of

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds between two attempts to learn the name of an agent that does not say it: they double from one to the next."""
ANSWERING = 10.0
"""Seconds that an agent has to say its name."""

NO_AGENT = "does not say its name: it is no agent, or one that is too old"
"""What is told of whoever answers without a name."""


class ConnectOnce(Protocol):
    """Makes clients of agents."""

    def __call__(self, target: Target, *, proves: bool = False) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """Return a client for the agent at a target's first URL; see `expected` for `proves`."""
        ...


NOBODY = Identity("", "")
"""Of whom nobody wants to know any more."""


class Unproven(Exception):
    """An agent does not say its name, or does not prove it; the message says why."""


def expected(target: Target, *, proves: bool, has_authority: bool) -> str | None:
    """Return the name that an agent's certificate must hold; empty: any; None: the host of its URL.

    Args:
        target: the agent.
        proves: whether it has said its name itself, which it proves then.
        has_authority: whether only certificates of an authority that is given are trusted; else one proves an address.
    """
    if proves:
        return target.name
    is_found_by_address = target.found_by != SETTINGS and _is_address(address_of(target.urls[0])[0])
    return target.name if is_found_by_address and has_authority else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def introduce(
    target: Target, connect: ConnectOnce, tell: Callable[[str, float], None], wanted: Callable[[], bool] = lambda: True
) -> Identity:
    """Return who an agent is, asking until it says and proves that; cancelling ends that.

    Args:
        target: found by its address.
        connect: makes clients of it.
        tell: called each time with why it is not known who it is, and the seconds until it is asked again.
        wanted: returns whether anybody wants to know it still.
    """
    wait = FIRST_WAIT
    while wanted():
        try:
            return await identity_of(target, connect)
        except Unproven as why:
            pause, wait = wait * random.uniform(0.5, 1), min(2 * wait, LONGEST_WAIT)
            tell(str(why), pause)
        await trio.sleep(pause)
    return NOBODY


async def id_of(target: Target, connect: ConnectOnce) -> str:
    """Return the random bits of the process of an agent whose name is known; empty if it does not answer."""
    try:
        return (await identity_of(target, connect)).id
    except Unproven:
        return ""


async def identity_of(target: Target, connect: ConnectOnce) -> Identity:
    """Return who an agent says that it is, and proves by its certificate.

    Raises:
        Unproven: if it does not.
    """
    with trio.move_on_after(ANSWERING):
        if target.name:
            return await _said_by(target, connect)
        said = await _said_by(target, connect)
        try:
            again = await _said_by(replace(target, name=said.name), connect, proves=True)
        except Unproven as why:
            raise Unproven(f"says that it is {said.name}, and does not prove it: {why}") from None
        if again.name != said.name:
            raise Unproven(f"says that it is {said.name}, and then that it is {again.name}")
        return again
    raise Unproven(f"has not said its name within {ANSWERING:g} s")


async def _said_by(target: Target, connect: ConnectOnce, *, proves: bool = False) -> Identity:
    try:
        async with connect(target, proves=proves) as client, client.stream("GET", "/healthz") as response:
            if response.status_code in REFUSALS:
                raise Unproven(said_in(await read_at_most(response, MAX_HEALTH), "detail") or NO_AGENT)
            return from_header(response.headers.get(AGENT_HEADER, ""))
    except httpx.HTTPError as error:
        raise Unproven(reason(error)) from None
    except BadIdentity:
        raise Unproven(NO_AGENT) from None
