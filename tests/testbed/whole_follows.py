"""Follows of a cluster of agents, through the whole stack."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from logagent.peers.client.http_client import chunks, trailers
from testbed.cluster import Cluster

SETTLED = 3.0
"""Virtual seconds after which all that was written has come, half lines too."""


class Following:
    """One follow under way as NDJSON: the records so far, and at its end the trailers."""

    def __init__(self, it: Cluster, query: str) -> None:
        self._it = it
        self._query = query
        self.records: list[dict[str, Any]] = []
        self.at: list[float] = []
        self.status = 0
        self.trailers: dict[str, str] = {}
        self.ended = trio.Event()

    async def run(self) -> None:
        headers = {"accept": "application/x-ndjson", "accept-encoding": "identity"}
        async with self._it.client() as client:
            async with client.stream("GET", f"/logs?follow=true&{self._query}", headers=headers) as response:
                self.status = response.status_code
                pending = b""
                async for chunk in chunks(response):
                    *whole, pending = (pending + chunk).split(b"\n")
                    self.records += map(json.loads, whole)
                    self.at += [trio.current_time()] * len(whole)
                if self.status == 200:
                    self.trailers = trailers(response)
        self.ended.set()

    @property
    def lines(self) -> list[str]:
        return [record["line"] for record in self.records if "line" in record]

    @property
    def notices(self) -> list[dict[str, Any]]:
        return [record["notice"] for record in self.records if "notice" in record]


@asynccontextmanager
async def following(it: Cluster, query: str = "filename=app.log") -> AsyncIterator[Following]:
    """A follow that has begun; it is left at the end."""
    async with trio.open_nursery() as nursery:
        follow = Following(it, query)
        nursery.start_soon(follow.run)
        await trio.sleep(SETTLED)
        yield follow
        nursery.cancel_scope.cancel()


def append(path: Path, *lines: bytes, end: bytes = b"\n") -> None:
    with path.open("ab") as file:
        file.write(b"\n".join(lines) + end)
