"""Fleets of agents on memory pipes of which some are dead, some stall, and some are slow."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import trio

from logagent.core.arrays import numpy
from logagent.fanout import merging
from testbed.broken import Broken
from testbed.cluster import PATIENCE, Cluster, Host, Knows, Serve, start_cluster

LINES = 10_000
"""Of each host that is well."""
FIRST = "top"


@dataclass
class Fleet:
    """A fleet, flat or a tree.

    Attributes:
        leaves: the hosts that have logs.
        dead: those of them that refuse connections.
        stalled: those that send one line and then nothing.
        slow: those that greet after three times the patience.
        sites: how many agents stand between the one that is asked and the others; 0: it knows them all itself.
    """

    leaves: list[str]
    share: int = 100
    sites: int = 0
    dead: list[str] = field(default_factory=list)
    stalled: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = max(len(self.leaves) // self.share, 1)
        step = len(self.leaves) // (3 * count)
        ill = self.leaves[:: max(step, 1)][: 3 * count]
        self.dead, self.stalled, self.slow = ill[0::3], ill[1::3], ill[2::3]

    def hosts(self) -> dict[str, Host]:
        """How each host is; those with files have none yet."""
        known: dict[str, Host] = {FIRST: {}}
        known |= {f"site-{number:02}": {} for number in range(self.sites)}
        known |= {name: {} for name in self.leaves}
        known |= {name: Broken("refused") for name in self.dead}
        return known | {name: Broken("silence", [(2**62, b"the newest")], at=1) for name in self.stalled}

    def knows(self) -> dict[str, Knows]:
        """Whom each agent knows."""
        if not self.sites:
            return {FIRST: Knows(peers=self.leaves)}
        sites = [f"site-{number:02}" for number in range(self.sites)]
        told = {site: Knows(peers=self.leaves[number :: self.sites]) for number, site in enumerate(sites)}
        return told | {FIRST: Knows(primaries=sites)}


def numbered(count: int) -> list[str]:
    """The names of so many hosts."""
    return [f"web-{number:04}" for number in range(count)]


@asynccontextmanager
async def running(directory: Path, fleet: Fleet, lines: int = LINES) -> AsyncIterator[Cluster]:
    """Start a fleet, all hosts of which have the same log, written once.

    Nothing is merged or loaded in a thread, since a clock that jumps does so while it is waited for.
    """
    numpy()
    log = directory / "all.log"
    log.write_bytes(b"".join(b"2026-11-23T10:%02d:%02d.%03dZ line %d\n" % _clock(number) for number in range(lines)))
    async with start_cluster(directory, fleet.hosts(), knows=fleet.knows(), most=10_000) as it:
        for name in it.agents:
            it.file(name).parent.mkdir()
        for name in {*fleet.leaves} & it.agents.keys():
            os.link(log, it.file(name))
        for name in fleet.slow:
            it.network.host(name, partial(_slowly, it.servers[name]))
        usual, merging.IN_A_THREAD = merging.IN_A_THREAD, sys.maxsize
        try:
            yield it
        finally:
            merging.IN_A_THREAD = usual


def _clock(number: int) -> tuple[int, int, int, int]:
    return number // 60_000 % 60, number // 1000 % 60, number % 1000, number


async def _slowly(serve: Serve, stream: Any) -> None:
    await trio.sleep(3 * PATIENCE)
    await serve(stream)
