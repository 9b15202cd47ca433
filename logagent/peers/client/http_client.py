"""The HTTP client that one agent uses for another, and reading the body and the trailers of its responses."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Mapping

import httpcore
import httpx

from logagent.peers.client.addresses import BEHIND_A_SOCKET, BEHIND_SSH, CONNECT_TIMEOUT, UNIX
from logagent.peers.client.credentials import Credential
from logagent.peers.client.dialing import Background
from logagent.peers.client.first_to_answer import FirstToAnswer
from logagent.peers.client.transport import AgentTransport, ResponseBody
from logagent.peers.client.turns import Turns
from logagent.peers.ssh.network import SshNetwork
from logagent.peers.ssh.stream import START_TIMEOUT
from logagent.ssh_address import is_ssh, read_ssh

OVER_SSH = START_TIMEOUT + 1.0
"""Seconds for the same over ssh, which says itself before why it takes too long."""
POOL_TIMEOUT = 5.0
"""Seconds that a request waits while `MAX_REQUESTS` are under way; then it ends in `httpx.PoolTimeout`."""

logging.getLogger("httpx").setLevel(logging.WARNING)  # which else tells each URL, and what is searched for in it


class SocketNetwork(httpcore.AsyncNetworkBackend):
    """A network whose every connection leads to one Unix socket.

    Args:
        path: of the socket.
        network: makes the connections.
    """

    def __init__(self, path: str, network: httpcore.AsyncNetworkBackend) -> None:
        self._path = path
        self._network = network

    async def connect_tcp(self, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        """Connect to the socket, whatever host is asked for."""
        return await self._network.connect_unix_socket(self._path)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


def connect(
    url: str,
    *,
    tls: ssl.SSLContext | None = None,
    network: httpcore.AsyncNetworkBackend | None = None,
    background: Background | None = None,
    credential: Credential | None = None,
    trace: Mapping[str, str] | None = None,
    expects: str | None = None,
    turns: Turns | None = None,
) -> httpx.AsyncClient:
    """Make a client for one agent, with connections of its own; nothing is sent before the first request.

    `http://`, `unix:` and `ssh://` speak HTTP/2 by prior knowledge; `https://` agrees on it, or falls back to HTTP/1.1.
    The body of a request is sent as the agent takes it. The caller closes the client, which ends all requests.
    Later errors are `httpx.TransportError`, and `Failure` for the credential. Only the time to connect and to get a
    place is limited; for other deadlines there are cancel scopes.

    Args:
        url: the agent's base URL; `unix:` and a path: that of its Unix socket; `ssh://`: it is started by ssh.
        tls: checks the server's certificate; None: by the system's authorities.
        network: makes the connections; None: those of this machine.
        background: where attempts to connect go on when no request waits for them; None: each makes its own.
        credential: is sent with each request, over connections that lead where it may be; None: none is.
        trace: headers of each request that name the trace to which it belongs, unless it has others.
        expects: the name that the agent's certificate must hold; see `AgentTransport`.
        turns: of the connections to all agents; None: these have their own.

    Raises:
        ValueError: for another scheme.
    """
    agent, network = _way_to(url, network)
    return httpx.AsyncClient(
        base_url=agent,
        transport=AgentTransport(agent, _context(agent, tls, turns), network, background, credential, expects, turns),
        headers={"te": "trailers", **(trace or {})},
        timeout=httpx.Timeout(None, connect=OVER_SSH if is_ssh(url) else CONNECT_TIMEOUT, pool=POOL_TIMEOUT),
        follow_redirects=False,
        trust_env=False,
    )


def _way_to(url: str, network: httpcore.AsyncNetworkBackend | None) -> tuple[httpx.URL, httpcore.AsyncNetworkBackend]:
    """Return the URL in requests to an agent, and the network that leads there."""
    if is_ssh(url):
        return httpx.URL(BEHIND_SSH), network or SshNetwork(read_ssh(url))
    network = network or FirstToAnswer(httpcore.TrioBackend())
    if url.startswith(UNIX):
        return httpx.URL(BEHIND_A_SOCKET), SocketNetwork(url.removeprefix(UNIX), network)
    return _checked(url), network


def _context(agent: httpx.URL, tls: ssl.SSLContext | None, turns: Turns | None) -> ssl.SSLContext | None:
    return (tls or (turns or Turns()).system_tls) if agent.scheme == "https" else None


def _checked(url: str) -> httpx.URL:
    agent = httpx.URL(url)
    if agent.scheme not in ("http", "https"):
        raise ValueError(f"an agent's address begins with http://, https://, unix: or ssh://, this one does not: {url}")
    return agent


def trailers(response: httpx.Response) -> dict[str, str]:
    """Return the trailers of a response whose body was read to its end; empty if none came.

    The values of a repeated name are joined by commas.
    """
    return dict(httpx.Headers(response.extensions.get("trailing_headers", [])))


def certificate_ends(response: httpx.Response) -> float | None:
    """Return when the certificate ends that the agent showed, in seconds since the epoch; None if it showed none."""
    ends: float | None = response.extensions.get("certificate_ends")
    return ends


def chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body as it arrives, like `response.aiter_raw()`, but in an iterator that may be dropped unfinished.

    httpx's own iterators are generators: if one is dropped unfinished, the garbage collector closes it, and Trio warns.
    This iterator holds no resources; closing the response resets the stream.
    """
    body: ResponseBody | None = response.extensions.get("body")
    return response.aiter_raw() if body is None else body


def retire(response: httpx.Response) -> None:
    """Let no other request use the connection of a response; it closes when the last response on it is closed."""
    body: ResponseBody | None = response.extensions.get("body")
    if body is not None:
        body.retire()
