"""An agent over memory pipes whose settings a test changes, and has reloaded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio

from logagent.config.settings import Settings
from logagent.disk.following.shared_tails import open_shared_tails
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.peers.client.http_client import connect
from logagent.running.in_force import Lasting, bounds, in_force, prepared
from logagent.running.kept_peers import keeping_peers
from logagent.running.observing import Observing
from logagent.running.opening import Openings
from logagent.running.reloading import Reloader
from logagent.web.answers import Answers
from logagent.web.server.connections import serve_connection
from testbed.cluster import POLL
from testbed.network import MemoryNetwork


class Reloadable:
    """An agent over memory pipes, and what its settings would be if they were read now."""

    reloader: Reloader
    answers: Answers
    lasting: Lasting

    def __init__(self, settings: Settings, network: MemoryNetwork) -> None:
        self.settings = settings
        self.wrong: Exception | None = None
        self.network = network
        self.stopping = trio.Event()

    def read(self, fixed: Mapping[str, Sequence[str]]) -> Settings:
        if self.wrong is not None:
            raise self.wrong
        return replace(
            self.settings, **{name: type(getattr(self.settings, name))(text) for name, (text,) in fixed.items()}
        )

    def set(self, **settings: Any) -> None:
        self.settings = replace(self.settings, **settings)

    def client(self) -> httpx.AsyncClient:
        return connect("http://web-1", network=self.network)

    async def text(self, route: str) -> tuple[int, str]:
        async with self.client() as client:
            response = await client.get(route)
            return response.status_code, response.text


@asynccontextmanager
async def reloadable(root: Path, **settings: Any) -> AsyncIterator[Reloadable]:
    """Start an agent named `web-1` that serves a directory, and stop it at the end."""
    given = Settings(
        **{"name": "web-1", "listen": (), "root": (root,), "timezone": UTC, "trust_loopback": True} | settings
    )
    threads = DiskThreads(inline=True)
    async with (
        trio.open_nursery() as nursery,
        keeping_peers() as kept,
        open_shared_tails(threads, Watching(poll=POLL, notify=False)) as tails,
    ):
        it = Reloadable(given, MemoryNetwork(nursery))
        it.answers = Answers(given.name, **bounds(given))
        it.lasting = Lasting(it.answers, threads, tails, "a1", Observing(it.settings))
        made = prepared(given)
        openings = Openings(given, made.tls.server)
        first = in_force(made, it.lasting, openings.addresses)
        await kept.keep(first.peers)
        it.reloader = Reloader(
            first,
            it.lasting,
            openings,
            again=it.read,
            kept=kept,
            nursery=nursery,
            stopping=it.stopping,
            in_thread=_inline,
        )
        nursery.start_soon(it.reloader.rights.run)
        it.network.host("web-1", partial(serve_connection, it.reloader.app))
        yield it
        nursery.cancel_scope.cancel()


async def _inline(function: Any) -> Any:
    return function()
