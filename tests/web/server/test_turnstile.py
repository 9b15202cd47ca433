"""Turns: one connection of many passes at a time."""

from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from logagent.web.server.turnstile import Turnstile


async def test_others_run_between_any_two_that_pass() -> None:
    turnstile, happened = Turnstile(), list[str]()

    async def busy(name: str) -> None:
        for _ in range(5):
            await turnstile.passed()
            happened.append(name)

    async def bystander() -> None:
        for _ in range(10):
            await trio.lowlevel.checkpoint()
            happened.append("bystander")

    async with trio.open_nursery() as nursery:
        for name in "abcdefgh":
            nursery.start_soon(busy, name)
        await wait_all_tasks_blocked()
        happened.clear()
        for name in "abcdefgh":
            nursery.start_soon(busy, name)
        nursery.start_soon(bystander)
    between = "".join("." if name == "bystander" else name for name in happened).split(".")
    assert all(len(passed) <= 1 for passed in between[:-1])


async def test_all_pass_in_the_order_in_which_they_came() -> None:
    turnstile, passed = Turnstile(), list[int]()

    async def one(number: int) -> None:
        await turnstile.passed()
        passed.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(one, number)
            await trio.lowlevel.checkpoint()
    assert passed == [0, 1, 2, 3, 4]
