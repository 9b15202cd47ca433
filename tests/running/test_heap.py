"""Memory: what glibc is told, when it gives memory back, C libraries that cannot be told, and garbage at rest."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from logagent.core.arrays import lent
from logagent.running.heap import ARENAS, KEPT_BLOCKS, REST, Heap


class FakeLibrary:
    """A C library that keeps what it is told."""

    def __init__(self) -> None:
        self.options: dict[int, int] = {}
        self.trims = 0

    def mallopt(self, option: int, value: int) -> int:
        self.options[option] = value
        return 1

    def malloc_trim(self, pad: int) -> int:
        self.trims += 1
        return 1


def heap_of(library: Any) -> Heap:
    return Heap(library)


async def never(seconds: float) -> None:
    await trio.sleep_forever()


async def begun(library: Any) -> None:
    """Let the heap of a library begin."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heap_of(library).run, never)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def test_large_blocks_are_kept_and_threads_share_two_heaps() -> None:
    library = FakeLibrary()
    await begun(library)
    assert library.options == {-1: KEPT_BLOCKS, -3: KEPT_BLOCKS, -8: ARENAS}  # see malloc.h of glibc


async def test_memory_is_given_back_after_each_rest() -> None:
    library, asked = FakeLibrary(), []

    async def at_rest(seconds: float) -> None:
        asked.append((seconds, library.trims))
        if len(asked) > 3:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(heap_of(library).run, at_rest)
        while len(asked) <= 3:
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert asked == [(REST, trims) for trims in range(4)]


async def test_arrays_are_not_kept_at_rest() -> None:
    with lent(bool, 10) as array:
        memory = array.base

    async def at_rest(seconds: float) -> None:
        if library.trims:
            await trio.sleep_forever()

    library = FakeLibrary()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(heap_of(library).run, at_rest)
        while not library.trims:
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    with lent(bool, 10) as array:
        assert array.base is not memory


class Ring(list["Ring"]):
    """Holds itself."""


async def test_garbage_is_collected_at_rest_also_where_the_c_library_gives_nothing_back() -> None:
    rings: list[weakref.ref[Ring]] = []
    collected = trio.Event()

    async def at_rest(seconds: float) -> None:
        if rings:
            collected.set()
            await trio.sleep_forever()
        ring = Ring()
        ring.append(ring)
        rings.append(weakref.ref(ring))

    gc.disable()
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(heap_of(SimpleNamespace()).run, at_rest)
            await collected.wait()
            nursery.cancel_scope.cancel()
        assert rings[0]() is None
    finally:
        gc.enable()
        gc.unfreeze()


async def test_a_c_library_without_these_calls_is_left_as_it_is() -> None:
    await begun(SimpleNamespace())


@pytest.mark.parametrize("lacking", ["mallopt", "malloc_trim"])
async def test_blocks_are_kept_only_where_they_can_be_given_back(lacking: str) -> None:
    library = FakeLibrary()
    setattr(library, lacking, None)
    await begun(library)
    assert library.options == {}
