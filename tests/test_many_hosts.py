"""A fleet of which some hosts are dead, some stall, some are slow: the others' lines come in time, and all is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.core.outcome import Outcome, Status
from testbed.cluster import PATIENCE
from testbed.fleet import Fleet, numbered, running

WITHIN = PATIENCE + 1.0
"""Virtual seconds for the first page."""


def names_all(outcome: Outcome, fleet: Fleet) -> bool:
    """Whether a verdict names each host that is ill, and no other."""
    return {part.host for part in outcome.hosts if part.fails} == {*fleet.dead, *fleet.stalled, *fleet.slow}


@pytest.mark.parametrize("sites", [0, 6])
async def test_the_newest_lines_of_a_fleet_come_in_time_and_name_all_that_is_missing(
    autojump_clock: MockClock, tmp_path: Path, sites: int
) -> None:
    fleet = Fleet(numbered(60), share=20, sites=sites)
    assert [len(fleet.dead), len(fleet.stalled), len(fleet.slow)] == [3, 3, 3]
    async with running(tmp_path, fleet, lines=300) as it:
        started = trio.current_time()
        reply = await it.ask("filename=app.log&n=100")
        took = trio.current_time() - started
    verdict = reply.verdict
    assert took <= WITHIN
    assert len(reply.lines) == 100
    assert (verdict.status, verdict.complete) == (Status.UNAVAILABLE, False)
    assert names_all(verdict, fleet)
    assert verdict.message.startswith(f"9 of {60 + bool(sites) * sites + 1:,} hosts failed: ")
    told = {part.host: part.message for part in verdict.hosts if part.fails}
    assert {told[host] for host in fleet.dead} == {"cannot connect: connection refused"}
    assert {told[host] for host in fleet.stalled} == {f"sent nothing for {PATIENCE:g} s and was left behind"}
    assert all("time" in told[host] or "left behind" in told[host] for host in fleet.slow)
