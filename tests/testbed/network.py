"""A network of memory pipes: every connection made through it is served by a test's server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any

import httpcore
import trio
import trio.testing

Serve = Callable[[Any], Awaitable[None]]


class MemoryStream(httpcore.AsyncNetworkStream):
    """The client's end of a pipe, with httpcore's interface."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return bytes(await self._stream.receive_some(max_bytes))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            await self._stream.send_all(buffer)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await trio.aclose_forcefully(self._stream)

    def get_extra_info(self, info: str) -> Any:
        return None


class MemoryNetwork(httpcore.AsyncNetworkBackend):
    """Host names lead to servers: each connection is a new pipe, whose far end is handed to the host's server.

    Args:
        nursery: where the servers run.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._hosts: dict[str, Serve] = {}
        self._pipes: dict[str, list[Any]] = {}

    def host(self, name: str, serve: Serve) -> None:
        """Let a host listen; `serve` is called with the far end of each connection to it."""
        self._hosts[name] = serve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.AsyncNetworkStream:
        await trio.lowlevel.checkpoint()
        if host not in self._hosts:
            raise httpcore.ConnectError("connection refused")
        near, far = trio.testing.memory_stream_pair()
        self._pipes.setdefault(host, []).extend([near, far])
        # The other side is another process: it knows nothing of what goes on in the task that connects.
        Context().run(self._nursery.start_soon, self._hosts[host], far)
        return MemoryStream(near)

    def cut(self, host: str) -> None:
        """Break all connections to a host, as a killed process does, and refuse new ones."""
        self._hosts.pop(host, None)
        for pipe in self._pipes.pop(host, []):
            pipe.send_stream.close()
            pipe.receive_stream.close()

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)
