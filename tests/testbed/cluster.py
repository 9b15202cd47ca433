"""`async with cluster(web0=LINES, web1=Broken("reset", at=50)) as it:` and then `await it.ask("filename=app.log")`."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import trio

from logagent.agent import Agent
from logagent.core.outcome import Outcome
from logagent.core.wire.verdict import from_trailers
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.shared_tails import SharedTails, open_shared_tails
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.local import Reading
from logagent.peers.client.transport import chunks, connect, trailers
from logagent.peers.known_agents import Peers
from logagent.web.app import create_app
from logagent.web.server.connections import serve_connection
from logagent.web.streaming import Answers
from testbed.broken import Broken
from testbed.network import MemoryNetwork

PATIENCE = 5.0
POLL = 0.05
"""Virtual seconds between two looks at files: the kernel's notices come in real time, which this clock jumps over."""
Files = Mapping[str, bytes]
Host = bytes | Sequence[bytes] | Files | Broken


@dataclass(frozen=True)
class Reply:
    """What a client got. `error` is set where the stream did not end well."""

    status: int
    headers: httpx.Headers
    body: bytes
    trailers: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None

    @property
    def lines(self) -> list[bytes]:
        return self.body.splitlines()

    @property
    def verdict(self) -> Outcome:
        return from_trailers(self.trailers)


class Cluster:
    """Agents on a network of memory pipes; the first one is the primary, which knows the others."""

    def __init__(self, directory: Path, network: MemoryNetwork, primary: str) -> None:
        self.directory = directory
        self.network = network
        self.primary = primary
        self.answers: dict[str, Answers] = {}
        self.agents: dict[str, Agent] = {}

    async def ask(self, query: str, *, host: str | None = None, route: str = "/logs", **headers: str) -> Reply:
        """GET route?query of one agent, by default the primary, over HTTP/2. Headers: `accept="text/plain"`."""
        async with self.client(host) as client:
            sent = {"accept-encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
            async with client.stream("GET", f"{route}?{query}" if query else route, headers=sent) as response:
                body = bytearray()
                error: Exception | None = None
                try:
                    async for chunk in chunks(response):
                        body += chunk
                except httpx.HTTPError as failure:
                    error = failure
                ended = {} if error else trailers(response)
                return Reply(response.status_code, response.headers, bytes(body), ended, error)

    def client(self, host: str | None = None) -> httpx.AsyncClient:
        """A client of one agent, by default the primary."""
        return connect(f"http://{host or self.primary}", network=self.network)

    def file(self, host: str, name: str = "app.log") -> Path:
        return self.directory / host / name

    def kill(self, host: str) -> None:
        """Break every connection to a host and refuse new ones."""
        self.network.cut(host)


@asynccontextmanager
async def start_cluster(
    directory: Path,
    hosts: Mapping[str, Host],
    *,
    patience: float = PATIENCE,
    tls: Mapping[str, tuple[ssl.SSLContext, ssl.SSLContext]] | None = None,
    most: int = 256,
    ceilings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Cluster]:
    """Agents by name, on files made in `directory`. tls: for hosts reached by https, the server's and clients' side.
    ceilings: of each answer, see `Answers`."""
    tls = tls or {}
    primary, *others = hosts
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        it = Cluster(directory, network, primary)
        urls = {name: f"{'https' if name in tls else 'http'}://{name}" for name in others}
        trust = next((client for _, client in tls.values()), None)
        async with Peers(urls, tls=trust, network=network) as peers, AsyncExitStack() as stack:
            for name, host in hosts.items():
                nobody: Peers = Peers({})
                known = peers if name == primary else nobody
                watching = Watching(poll=POLL, notify=False)
                tails = await stack.enter_async_context(open_shared_tails(DiskThreads(inline=True), watching))
                app = _app(it, name, host, known, patience, most, ceilings or {}, tails)
                if app is not None:
                    server = tls[name][0] if name in tls else None
                    network.host(name, partial(_serve, app, server))
            yield it
        nursery.cancel_scope.cancel()


async def _serve(app: Any, tls: ssl.SSLContext | None, stream: Any) -> None:
    if tls is not None:
        stream = trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
    await serve_connection(app, stream)


def _app(
    it: Cluster,
    name: str,
    host: Host,
    peers: Peers,
    patience: float,
    most: int,
    ceilings: Mapping[str, Any],
    tails: SharedTails,
) -> Any:
    if isinstance(host, Broken):
        return None if host.how == "refused" else host.app(name, partial(it.kill, name))
    root = it.directory / name
    for file, content in _files(host).items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(content)
    reading = Reading(
        catalog=Catalog([root]),
        threads=DiskThreads(inline=True),
        zone=UTC,
        max_files=500,
        max_line=1024 * 1024,
        tails=tails,
    )
    it.agents[name] = Agent(name, reading=reading, peers=peers, patience=patience)
    it.answers[name] = Answers(name, most, **ceilings)
    return create_app(it.agents[name], it.answers[name], version="0", certificate_required=False)


def _files(host: Host) -> Files:
    if isinstance(host, Mapping):
        return host
    if isinstance(host, bytes):
        return {"app.log": host}
    assert not isinstance(host, Broken)
    return {"app.log": b"".join(line + b"\n" for line in host)}
