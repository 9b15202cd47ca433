"""The Python client over memory pipes: a client of one agent of a cluster, and what it takes from an answer."""

from __future__ import annotations

from typing import Any, TypeVar

import httpcore
import httpx

from logagent.client import AsyncAnswer, AsyncFollow, Client
from testbed.cluster import Cluster

Value = TypeVar("Value")


class MemoryTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport, whose connections are pipes of a network in memory.

    Private part of httpx touched: `_pool`, which no argument of its transport replaces.
    """

    def __init__(self, network: httpcore.AsyncNetworkBackend, *, http2: bool = False) -> None:
        super().__init__()
        self._pool = httpcore.AsyncConnectionPool(network_backend=network, http1=not http2, http2=http2)


def client_of(it: Cluster, host: str | None = None, **how: Any) -> Client:
    """A client of one agent, by default of the primary; the caller closes it."""
    return Client(f"http://{host or it.primary}", transport=MemoryTransport(it.network), **how)


async def all_of(answer: AsyncAnswer[Value]) -> list[Value]:
    """All values of an answer."""
    return [value async for value in answer]


async def next_lines(follow: AsyncFollow, count: int) -> list[str]:
    """The next lines of a follow."""
    return [(await anext(follow)).line for _ in range(count)]
