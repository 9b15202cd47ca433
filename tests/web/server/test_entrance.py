"""Requests enter one after the other, those of the least demanding client first, and none waits for ever."""

from __future__ import annotations

import gc
import logging
import weakref
from typing import Any, cast

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio.task_group import TaskGroup
from trio.testing import wait_all_tasks_blocked

from logagent.web.server.entrance import EACH_OLDEST, EnteredApp, Entrance


class Queue:
    """Requests that pass an entrance, and in which order they did."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.entrance = Entrance()
        self.order: list[str] = []
        self._nursery = nursery

    def come(self, name: str, beside: int = 0) -> trio.CancelScope:
        scope = trio.CancelScope()
        self._nursery.start_soon(self._pass, name, beside, scope)
        return scope

    async def _pass(self, name: str, beside: int, scope: trio.CancelScope) -> None:
        with scope:
            await self.entrance.passed(beside)
            self.order.append(name)


async def test_whoever_asks_one_thing_enters_before_who_asks_hundreds() -> None:
    async with trio.open_nursery() as nursery:
        queue = Queue(nursery)
        for number in range(300):
            queue.come("of many", number)
        queue.come("alone")
    assert len(queue.order) == 301
    assert queue.order.index("alone") <= 4


async def test_the_oldest_does_not_wait_for_ever_behind_others_that_are_less_demanding() -> None:
    order: list[str] = []
    async with trio.open_nursery() as nursery:
        entrance = Entrance()

        async def enter(name: str, beside: int) -> None:
            await entrance.passed(beside)
            order.append(name)

        async def alone() -> None:
            while "of many" not in order:
                await enter("alone", 0)

        for _ in range(5):
            nursery.start_soon(alone)
        nursery.start_soon(enter, "of many", 500)
    assert order.index("of many") <= 5 * EACH_OLDEST


async def test_one_request_enters_in_each_pass_of_the_loop() -> None:
    passes: list[int] = []

    class Passes(trio.abc.Instrument):
        count = 0

        def after_io_wait(self, timeout: float) -> None:
            self.count += 1

    counted = Passes()
    trio.lowlevel.add_instrument(counted)
    entrance = Entrance()

    async def enter() -> None:
        await entrance.passed(0)
        passes.append(counted.count)

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(enter)
    trio.lowlevel.remove_instrument(counted)
    assert len(set(passes)) == 20


async def test_a_request_that_leaves_lets_the_next_one_enter() -> None:
    async with trio.open_nursery() as nursery:
        queue = Queue(nursery)
        scopes = [queue.come(str(number)) for number in range(6)]
        for number in (0, 1, 4):
            scopes[number].cancel()
        await wait_all_tasks_blocked()
        queue.come("last")
    assert sorted(queue.order) == ["2", "3", "5", "last"]


async def test_a_request_that_leaves_when_it_was_called_lets_the_next_one_enter() -> None:
    async with trio.open_nursery() as nursery:
        queue = Queue(nursery)
        scopes: list[trio.CancelScope] = []

        async def first() -> None:
            await queue.entrance.passed(0)
            scopes[0].cancel()  # in the same pass as it is called

        nursery.start_soon(first)
        await trio.lowlevel.checkpoint()
        scopes.append(queue.come("called"))
        queue.come("next")
    assert "next" in queue.order


async def test_an_application_is_called_with_the_request_that_entered() -> None:
    called: list[tuple[object, ...]] = []

    async def app(*args: object) -> None:
        called.append(args)

    await EnteredApp(app)({"type": "http", "beside": 2}, "receive", "send", "spawn", "soon")
    assert called == [({"type": "http", "beside": 2}, "receive", "send", "spawn", "soon")]


async def test_a_request_of_a_trace_that_leaves_before_it_enters_leaves_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(*_: object) -> None:
        await trio.sleep_forever()

    caplog.set_level(logging.INFO, "logagent")
    traced = [(b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    scope = {"type": "http", "beside": 0, "method": "GET", "path": "/logs", "headers": traced, "client": ("::1", 7)}
    entered = EnteredApp(app)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(entered, scope, None, None, None, None)
        nursery.start_soon(entered, scope, None, None, None, None)
        nursery.cancel_scope.cancel()
    told = [vars(record)["fields"] for record in caplog.records if record.name == "logagent.requests"]
    assert [(each["trace_id"], each["client"]) for each in told] == [
        ("0af7651916cd43dd8448eb211c80319c", "[::1]:7")
    ] * 2


async def test_a_cancelled_request_leaves_nothing_for_the_garbage_collector() -> None:
    class Buffer:
        """What a request has read."""

    buffers: list[weakref.ref[Buffer]] = []

    async def read(scope: object, *_: object) -> None:
        buffer = Buffer()
        buffers.append(weakref.ref(buffer))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep_forever()

    gc.disable()
    try:
        with trio.CancelScope() as scope:
            async with TaskGroup() as group:
                await group.spawn_app(EnteredApp(read), Config(), cast("Any", {"type": "http", "beside": 0}), _take)
                await wait_all_tasks_blocked()
                scope.cancel()
        assert [buffer() for buffer in buffers] == [None]
    finally:
        gc.enable()


async def _take(message: object) -> None:
    """Take what Hypercorn sends once the application has ended."""
