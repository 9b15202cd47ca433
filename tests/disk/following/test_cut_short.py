"""A follow that ends at any moment, also while it begins, gives everything back and logs nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.shared_tails import SharedTails, open_shared_tails
from logagent.disk.following.source import FollowSource
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from testbed.cluster import start_cluster
from testbed.reading import Collected, joined
from testbed.tailing import append, followed, held

REFUSALS = "logagent.refusals"
LONGEST = 2.0
"""Virtual seconds after which a follow is under way, and is left too."""
UNDER_WAY = 60
"""Steps of all tasks after which a follow of one host has begun."""


class CutShort(trio.abc.Instrument):
    """Cancels a scope before a step of some task, counted from when it is made."""

    def __init__(self, step: int) -> None:
        self.left = step
        self.scope = trio.CancelScope()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.left -= 1
        if self.left == 0:
            self.scope.cancel()


async def cut_short(step: int, act: Callable[[], Awaitable[object]]) -> bool:
    """Do something and cancel it before a step; return whether it did not end by itself before."""
    cut = CutShort(step)
    trio.lowlevel.add_instrument(cut)
    try:
        with trio.move_on_after(LONGEST), cut.scope:
            await act()
    finally:
        trio.lowlevel.remove_instrument(cut)
    return cut.left <= 0


def source_of(root: Path, tails: SharedTails) -> FollowSource:
    catalog = Catalog([root])
    return FollowSource(
        "web",
        catalog=catalog,
        threads=DiskThreads(inline=True),
        tails=tails,
        options=lambda _: ReadOptions(host="web", zone=UTC),
        again=catalog.again,
        max_files=10,
    )


@pytest.mark.parametrize("names", [("app.log",), ("*.log", "sub/*"), ("none.log",), ("gone/*.log",)])
async def test_a_follow_of_this_host_is_cut_short_at_each_step(
    names: tuple[str, ...], tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    append(tmp_path / "app.log", "1")
    append(tmp_path / "web.log", "1")
    async with open_shared_tails(DiskThreads(inline=True), Watching(poll=1.0, notify=False)) as tails:
        source = source_of(tmp_path, tails)
        for step in range(1, UNDER_WAY):
            await cut_short(step, partial(source.pump, followed(files=names), Collected()))
            await trio.sleep(LONGEST)
            assert (step, tails.under_way) == (step, 0)
    assert [record for record in caplog.records if record.name != REFUSALS] == []


async def test_an_agent_ends_at_each_step_of_a_follow_that_begins(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    append(tmp_path / "app.log", "1")

    async def serve() -> None:
        async with open_shared_tails(DiskThreads(inline=True), Watching(poll=1.0, notify=False)) as tails:
            await source_of(tmp_path, tails).pump(followed(), Collected())

    for step in range(1, UNDER_WAY):
        await cut_short(step, serve)
        assert held(tmp_path) == []
    assert [record for record in caplog.records if record.name != REFUSALS] == []


@pytest.mark.parametrize("query", ["filename=app.log&n=2", "filename=*.log&since=1h", "filename=none.log"])
async def test_a_follow_of_many_hosts_is_left_at_each_step(
    query: str, tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    logs = {name: joined([b"2026-11-28T10:00:00Z 1"]) for name in ("app.log", "web.log")}
    async with start_cluster(tmp_path, {"web0": logs, "web1": logs}) as it:
        for step in range(1, 1000, 83):
            await cut_short(step, partial(it.ask, f"follow=true&{query}"))
            await trio.sleep(LONGEST)
            assert held(tmp_path / "web0") == held(tmp_path / "web1") == []
    assert [record for record in caplog.records if record.name != REFUSALS] == []
