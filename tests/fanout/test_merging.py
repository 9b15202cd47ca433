"""Merging in a thread: the same lines, and positions that come meanwhile."""

from __future__ import annotations

import threading

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from logagent.core import arrays
from logagent.core.batch import Batch, Origin, Position
from logagent.core.limits import Allowance
from logagent.core.merging.merge import Merge, Merged
from logagent.core.merging.relay import Relay
from logagent.fanout import merging
from logagent.fanout.merging import Merging

UNLIMITED = Allowance(None, None, 0)


class SlowMerge(Relay):
    """A merge of many lines, which ends when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.noted: list[int] = []

    @property
    def held_lines(self) -> int:
        return merging.IN_A_THREAD

    def note(self, stream: int, positions: object) -> None:
        self.noted.append(stream)

    def take(self, allowance: Allowance) -> Merged | None:
        assert self.go_on.wait(30)
        return None


def log(name: str, times: range) -> Batch:
    lines = b"".join(b"%s %d\n" % (name.encode(), time) for time in times)
    return Batch(lines, len(times), list(times), [0] * len(times), (Origin("web-1", name),))


async def test_many_lines_are_merged_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    for fewest in (1, merging.IN_A_THREAD):
        monkeypatch.setattr(merging, "IN_A_THREAD", fewest)
        merge = Merge(2, newest=False, times=True, places=True)
        for stream, batch in enumerate([log("a", range(0, 300, 2)), log("b", range(1, 300, 3))]):
            merge.add(stream, batch)
            merge.end(stream)
        taken.append(await Merging(merge).take(UNLIMITED))
    assert taken[0] is not None
    assert taken[0] == taken[1]


async def test_positions_that_come_while_a_thread_merges_are_noted_afterwards() -> None:
    merge = SlowMerge()
    shared = Merging(merge)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(shared.take, UNLIMITED)
        await wait_all_tasks_blocked()
        shared.note(1, (Position("web-1", "a", 0, 0),))
        assert merge.noted == []
        merge.go_on.set()
    assert merge.noted == [1]


async def test_the_first_large_merge_loads_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_is_loaded", False)
    monkeypatch.setattr(merging, "WITH_ARRAYS", 200)
    merge = Merge(2, newest=False, times=True, places=True)
    merge.add(0, log("a", range(100)))
    await Merging(merge).take(UNLIMITED)
    assert not arrays.is_loaded()
    merge.add(1, log("b", range(100)))
    await Merging(merge).take(UNLIMITED)
    assert arrays.is_loaded()
