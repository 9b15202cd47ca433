"""Agents on files of their own, connected by memory pipes, all layers being the real ones.

`async with cluster(web0=LINES, web1=Broken("reset", at=50)) as it:` and then `await it.ask("filename=app.log")`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import trio

from logagent.agent import Agent
from logagent.core.access.rules import Rules
from logagent.core.outcome import Outcome
from logagent.core.wire.labels import LABELS_HEADER
from logagent.core.wire.verdict import from_trailers
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.shared_tails import SharedTails, open_shared_tails
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.known_sources import KnownSources
from logagent.local import LocalLogs
from logagent.peers.client.http_client import chunks, connect, trailers
from logagent.peers.known_agents import Peers
from logagent.peers.target import Target, from_urls
from logagent.telemetry.hook import Telemetry
from logagent.web.access import Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.server.connections import serve_connection
from testbed.broken import Broken
from testbed.network import MemoryNetwork, Serve

PATIENCE = 5.0
POLL = 0.05
"""Virtual seconds between two looks at files: the kernel's notices come in real time, which this clock jumps over."""
Files = Mapping[str, bytes]
Host = bytes | Sequence[bytes] | Files | Broken


@dataclass(frozen=True)
class Reply:
    """What a client got.

    Attributes:
        error: why the body broke off; None: it ended well.
    """

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


class Knows(NamedTuple):
    """Whom an agent knows.

    Attributes:
        peers: hosts that it asks for their own logs.
        primaries: hosts that it asks for all that is behind them.
    """

    peers: Sequence[str] = ()
    primaries: Sequence[str] = ()

    def targets(self, secure: Collection[str] = ()) -> Iterator[Target]:
        for name in (*self.peers, *self.primaries):
            scheme = "https" if name in secure else "http"
            yield Target(urls=(f"{scheme}://{name}",), name=name, primary=name in self.primaries)


class Cluster:
    """Agents on a network of memory pipes; the primary knows the others.

    Attributes:
        answers: the answers under way, by host; those of broken hosts are not known.
        servers: what serves a connection, by host.
        agents: by host, without broken ones.
        peers: whom each of them knows.
    """

    def __init__(self, directory: Path, network: MemoryNetwork, primary: str) -> None:
        self.directory = directory
        self.network = network
        self.primary = primary
        self.answers: dict[str, Answers] = {}
        self.servers: dict[str, Serve] = {}
        self.agents: dict[str, Agent] = {}
        self.peers: dict[str, Peers] = {}

    async def ask(
        self, query: str, *, host: str | None = None, route: str = "/logs", form: str | None = None, **headers: str
    ) -> Reply:
        """Send GET route?query to an agent over HTTP/2, or POST with a form, and read the whole answer.

        Args:
            query: the query string.
            host: whose agent is asked; None: the primary's.
            route: the path.
            form: parameters in the body; None: there is none.
            headers: named with underscores, such as `log_scope="own"`.
        """
        async with self.client(host) as client:
            sent = {"accept-encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
            method = "GET" if form is None else "POST"
            if form is not None:
                sent |= {"content-type": "application/x-www-form-urlencoded"}
            url = f"{route}?{query}" if query else route
            async with client.stream(method, url, headers=sent, content=form) as response:
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
        """Make a client of one agent, by default of the primary; the caller closes it."""
        return connect(f"http://{host or self.primary}", network=self.network)

    def file(self, host: str, name: str = "app.log") -> Path:
        return self.directory / host / name

    def kill(self, host: str) -> None:
        """Break all connections to a host and refuse new ones."""
        self.network.cut(host)

    def revive(self, host: str) -> None:
        """Let a host listen again."""
        self.network.host(host, self.servers[host])


@asynccontextmanager
async def start_cluster(
    directory: Path,
    hosts: Mapping[str, Host],
    *,
    patience: float = PATIENCE,
    tls: Mapping[str, tuple[ssl.SSLContext, ssl.SSLContext]] | None = None,
    most: int = 256,
    ceilings: Mapping[str, Any] | None = None,
    listed: Mapping[str, str] | None = None,
    access: Mapping[str, Access] | None = None,
    rules: Mapping[str, Rules] | None = None,
    roots: Sequence[str] = (),
    telemetry: Mapping[str, Telemetry] | None = None,
    knows: Mapping[str, Knows] | None = None,
    called: Mapping[str, str] | None = None,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    peer_labels: Mapping[str, Mapping[str, str]] | None = None,
    tells_no_labels: Sequence[str] = (),
    found: Sequence[str] = (),
    shows: Mapping[str, ssl.SSLContext] | None = None,
) -> AsyncIterator[Cluster]:
    """Start agents, and stop them at the end.

    Args:
        directory: in which each host gets a directory of files.
        hosts: each host's lines, files or way to fail, by name; the first one is the primary.
        patience: of every agent, in seconds.
        tls: for hosts that are reached by https, the server's side and the clients' side.
        most: answers at a time of an agent.
        ceilings: of each answer; see `Answers`.
        listed: further names by which the primary lists hosts, itself among them: each with the host.
        access: who may ask, by host; of the others everybody may.
        rules: of some hosts' agents, which for their clients stand in `access`.
        roots: directories in that of each host which are served; none: it is served itself.
        telemetry: of some hosts' agents.
        knows: whom each agent knows, by host; None: the primary knows the others, who know nobody.
        called: names of agents that are not those of their hosts, by host.
        labels: that some hosts' agents tell of themselves.
        peer_labels: that the primary has for hosts.
        tells_no_labels: hosts whose agents are too old to tell labels.
        shows: the clients' side of TLS of some agents; of the others one of `tls`.
        found: hosts that are found, and stand in no settings: `set_found([])` of those in `peers` lets them vanish.
    """
    tls = tls or {}
    primary, *others = hosts
    async with trio.open_nursery() as nursery:
        network = MemoryNetwork(nursery)
        it = Cluster(directory, network, primary)
        urls = {name: f"{'https' if name in tls else 'http'}://{name}" for name in others}
        urls |= {name: f"http://{host}" for name, host in (listed or {}).items()}
        trust = next((client for _, client in tls.values()), None)
        async with AsyncExitStack() as stack:
            for name, host in hosts.items():
                targets = from_urls(urls if name == primary else {})
                if knows is not None:
                    targets = list(knows.get(name, Knows()).targets(secure=tls))
                targets = [replace(one, labels=(peer_labels or {}).get(one.name, {})) for one in targets]
                fixed = [target for target in targets if target.name not in found]
                known = await stack.enter_async_context(
                    Peers(fixed, tls=(shows or {}).get(name, trust), network=network)
                )
                if found:
                    known.set_found([target for target in targets if target.name in found])
                it.peers[name] = known
                watching = Watching(poll=POLL, notify=False)
                tails = await stack.enter_async_context(open_shared_tails(DiskThreads(inline=True), watching))
                admits = (access or {}).get(name) or Access([name], certificate_required=False)
                given = (rules or {}).get(name)
                own = (called or {}).get(name, name)
                has = (labels or {}).get(name, {})
                limits = most, ceilings or {}
                app = _app(it, name, own, host, known, patience, *limits, tails, admits, given, roots, has, bool(found))
                if app is not None and telemetry and name in telemetry:
                    app.telemetry = telemetry[name]
                if app is not None:
                    app = _without_labels(app) if name in tells_no_labels else app
                    server = tls[name][0] if name in tls else None
                    it.servers[name] = partial(_serve, app, server)
                    it.revive(name)
            yield it
        nursery.cancel_scope.cancel()


async def _serve(app: Any, tls: ssl.SSLContext | None, stream: Any) -> None:
    if tls is not None:
        stream = trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
    await serve_connection(app, stream)


def _app(
    it: Cluster,
    name: str,
    own: str,
    host: Host,
    peers: Peers,
    patience: float,
    most: int,
    ceilings: Mapping[str, Any],
    tails: SharedTails,
    access: Access,
    rules: Rules | None,
    roots: Sequence[str],
    labels: Mapping[str, str],
    finds: bool,
) -> Any:
    if isinstance(host, Broken):
        return None if host.how == "refused" else host.app(name, partial(it.kill, name))
    root = it.directory / name
    for file, content in _files(host).items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(content)
    logs = LocalLogs(
        catalog=Catalog([root / name for name in roots or [""]]),
        threads=DiskThreads(inline=True),
        options=ReadOptions(host=own, zone=UTC, max_line=1024 * 1024),
        max_files=500,
        tails=tails,
    )
    sources = KnownSources(tuple if finds else None, rules, name)
    it.agents[name] = Agent(logs=logs, peers=peers, patience=patience, rules=rules, labels=labels, sources=sources)
    it.answers[name] = Answers(own, most, **ceilings)
    return create_app(it.agents[name], it.answers[name], version="0", access=access)


def _without_labels(app: Any) -> Any:
    """Return an agent's application as one of an earlier version, which told no labels."""

    async def earlier(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            headers = [field for field in message.get("headers", ()) if field[0] != LABELS_HEADER.encode()]
            await send({**message, "headers": headers} if message["type"].endswith("start") else message)

        await app(scope, receive, sent)

    return earlier


def _files(host: Host) -> Files:
    if isinstance(host, Mapping):
        return host
    if isinstance(host, bytes):
        return {"app.log": host}
    assert not isinstance(host, Broken)
    return {"app.log": b"".join(line + b"\n" for line in host)}
