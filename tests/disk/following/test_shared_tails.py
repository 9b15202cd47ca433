"""What all follows share: a task ends with its last user, also while it begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from testbed.tailing import SETTLED, Logs, append, growing_logs


async def borrow_a_tail(logs: Logs) -> None:
    await logs.tail()


async def borrow_a_finder(logs: Logs) -> None:
    async with logs.tails.new_log_finder(["*.log"], logs.catalog, rotated=True, limit=9):
        await trio.sleep_forever()


@pytest.mark.parametrize("borrow", [borrow_a_tail, borrow_a_finder])
async def test_a_user_that_goes_while_the_task_begins_is_no_failure(
    borrow: Callable[[Logs], Awaitable[None]],
    tmp_path: Path,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with growing_logs(tmp_path) as logs:
        with trio.CancelScope() as scope:
            scope.cancel()
            await borrow(logs)
        await trio.sleep(SETTLED)
        assert logs.tails.under_way == 0
        assert caplog.records == []
        reader = await logs.reader()
        append(logs.path, "one")
        await trio.sleep(SETTLED)
        assert reader.lines == ["one"]
