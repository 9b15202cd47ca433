"""What a small answer costs the event loop: its passes, hops into threads, and writes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.disk.threads import DiskThreads
from logagent.web.server.burst_writer import BurstWriter
from testbed.cluster import Cluster

LINES = [b"2026-11-23T10:00:%02dZ line" % number for number in range(60)]
PASSES = 22
"""Passes for one question and its answer, those of the client included: 19 or 20, as the tasks of a pass happen to be
ordered."""


class Passes(trio.abc.Instrument):
    """Counts the passes of the event loop."""

    def __init__(self) -> None:
        self.count = 0

    def before_io_wait(self, timeout: float) -> None:
        self.count += 1


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often disk work was done in a thread, and bytes were written to a client."""
    counted = {"work": 0, "write": 0}
    for kind in (DiskThreads, BurstWriter):
        for name in counted.keys() & vars(kind).keys():
            monkeypatch.setattr(kind, name, _counting(name, getattr(kind, name), counted))
    return counted


def _counting(name: str, method: Callable[..., Any], counted: dict[str, int]) -> Callable[..., Any]:
    def count_and_call(*args: Any) -> Any:
        counted[name] += 1
        return method(*args)

    return count_and_call


async def test_last_lines_take_two_hops_and_one_write_and_few_passes(
    autojump_clock: MockClock,
    cluster: Callable[..., AbstractAsyncContextManager[Cluster]],
    calls: dict[str, int],
) -> None:
    passes = Passes()
    async with cluster(web0=LINES) as it, it.client("web0") as client:
        await client.get("/logs?filename=app.log&n=20")
        await trio.sleep(1)  # what follows the first answer on its connection
        calls.update(work=0, write=0)
        trio.lowlevel.add_instrument(passes)
        answer = await client.get("/logs?filename=app.log&n=20", headers={"accept-encoding": "identity"})
        trio.lowlevel.remove_instrument(passes)
    assert answer.content.splitlines() == LINES[:-21:-1]
    assert calls == {"work": 2, "write": 1}
    assert passes.count <= PASSES
