"""An agent scripted frame by frame, to which the HTTP client for other agents is connected by memory pipes.

For tests on a virtual clock, where a hang shows as `trio.TooSlowError`: the clock jumps as soon as all tasks wait, and
every wait here has a deadline.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import httpcore
import httpx
import trio
import trio.testing

from logagent.peers.client.http_client import chunks, connect, trailers

PATIENCE = 24 * 3600.0
"""Virtual seconds that a wait in this file lasts at most."""
Event = TypeVar("Event", bound=h2.events.Event)


class Pipe(httpcore.AsyncNetworkStream):
    """A memory stream in the place of a socket; the test sets what happens before a write and before a close."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.before_write: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint
        self.before_close: Callable[[], Awaitable[object]] = trio.lowlevel.cancel_shielded_checkpoint
        self.closed = False

    async def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        return bytes(await self.stream.receive_some(max_bytes))

    async def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        await self.before_write()
        await self.stream.send_all(buffer)

    async def aclose(self) -> None:
        await self.before_close()
        self.closed = True
        await self.stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return None


class ScriptedNetwork(httpcore.AsyncNetworkBackend):
    """Every connection is a pipe, whose other end `accept` hands to the test."""

    def __init__(self) -> None:
        self.pipes: list[Pipe] = []
        self.make_pipe: type[Pipe] = Pipe
        self.before_connect: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint
        self._ends_in, self._ends_out = trio.open_memory_channel[trio.StapledStream[Any, Any]](1000)

    async def connect_tcp(self, *_: Any, **__: Any) -> Pipe:
        await self.before_connect()
        client, server = trio.testing.memory_stream_pair()
        self._ends_in.send_nowait(server)
        self.pipes.append(self.make_pipe(client))
        return self.pipes[-1]

    async def accept_raw(self) -> trio.StapledStream[Any, Any]:
        with trio.fail_after(PATIENCE):
            return await self._ends_out.receive()

    async def accept(self, **said: int) -> ScriptedAgent:
        agent = ScriptedAgent(await self.accept_raw())
        await agent.greet(**said)
        return agent


class ClientGone(Exception):
    """The client closed the connection that the agent waited on."""


class ScriptedAgent:
    """The server's end of one connection, played by the test."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._received: list[h2.events.Event] = []
        self._begun: set[int] = set()

    async def greet(self, **said: int) -> None:
        codes = h2.settings.SettingCodes
        values = {codes[name]: value for name, value in said.items()}
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=values)
        self.h2.initiate_connection()
        await self.send()

    async def send(self) -> None:
        await self.stream.send_all(self.h2.data_to_send())

    async def next(self, kind: type[Event]) -> Event:
        """Wait for the next event of this kind and return it once; events of other kinds are kept."""
        with trio.fail_after(PATIENCE):
            while True:
                for event in self._received:
                    if isinstance(event, kind):
                        self._received.remove(event)
                        return event
                await self._receive()

    async def _receive(self) -> None:
        received = await self.stream.receive_some()
        if not received:
            raise ClientGone
        self._received += self.h2.receive_data(received)
        await self.send()

    async def asked(self) -> int:
        return (await self.next(h2.events.RequestReceived)).stream_id

    async def answer(self, stream_id: int, *body: bytes, status: str = "200") -> None:
        """Send the head and the first chunks of the body."""
        self._begun.add(stream_id)
        self.h2.send_headers(stream_id, [(":status", status)])
        for chunk in body:
            await self._send_body(stream_id, chunk)
        await self.send()

    async def answer_more(self, stream_id: int, body: bytes) -> None:
        """Send more of a body, behind the head if that was not sent yet."""
        if stream_id not in self._begun:
            await self.answer(stream_id)
        await self._send_body(stream_id, body)

    async def _send_body(self, stream_id: int, body: bytes) -> None:
        for start in range(0, len(body), self.h2.max_outbound_frame_size):
            frame = body[start : start + self.h2.max_outbound_frame_size]
            await self.allowed(stream_id, len(frame))
            self.h2.send_data(stream_id, frame)
            await self.send()

    async def allowed(self, stream_id: int, length: int) -> None:
        """Wait until the client's windows let `length` bytes through."""
        with trio.fail_after(PATIENCE):
            while self.h2.local_flow_control_window(stream_id) < length:
                await self._receive()

    async def reset(self, stream_id: int, code: h2.errors.ErrorCodes) -> None:
        self.h2.reset_stream(stream_id, code)
        await self.send()

    async def finish(self, stream_id: int, *trailing: tuple[str, str]) -> None:
        if trailing:
            self.h2.send_headers(stream_id, list(trailing), end_stream=True)
        else:
            self.h2.end_stream(stream_id)
        await self.send()

    async def serve_one(self) -> None:
        stream_id = await self.asked()
        await self.answer(stream_id, b"served\n")
        await self.finish(stream_id, ("log-status", "0"))

    async def serve(self) -> None:
        """Answer whatever is asked, until the client is gone."""
        with contextlib.suppress(ClientGone):
            while True:
                await self.serve_one()


class Asking:
    """A request in a task of its own: what it has read and how it ended. Cancelling `scope` leaves it."""

    def __init__(self, client: httpx.AsyncClient, method: str = "GET", *, reads: bool = True) -> None:
        self.client = client
        self.method = method
        self.reads = reads
        self.scope = trio.CancelScope()
        self.body = b""
        self.trailers: dict[str, str] = {}
        self.response: httpx.Response | None = None
        self.error: httpx.TransportError | None = None
        self._ended = trio.Event()

    async def run(self) -> None:
        try:
            with self.scope:
                async with self.client.stream(self.method, "/logs") as response:
                    self.response = response
                    if not self.reads:
                        await trio.sleep_forever()
                    async for chunk in chunks(response):
                        self.body += chunk
                self.trailers = trailers(response)
        except httpx.TransportError as error:
            self.error = error
        finally:
            self._ended.set()

    async def ended(self) -> None:
        with trio.fail_after(PATIENCE):
            await self._ended.wait()

    async def left(self) -> None:
        self.scope.cancel()
        await self.ended()


class Bench:
    """A client, its network, and tasks that end with the test."""

    def __init__(self, nursery: trio.Nursery, url: str = "http://agent", tls: ssl.SSLContext | None = None) -> None:
        self.nursery = nursery
        self.network = ScriptedNetwork()
        self.client = connect(url, tls=tls, network=self.network)

    def enter(self) -> Asking:
        """Start a request whose response is entered and never read."""
        asking = Asking(self.client, reads=False)
        self.nursery.start_soon(asking.run)
        return asking

    def ask(self, method: str = "GET") -> Asking:
        asking = Asking(self.client, method)
        self.nursery.start_soon(asking.run)
        return asking

    async def ask_and_accept(self) -> tuple[Asking, ScriptedAgent, int]:
        """Start the first request on a connection; returns it, its agent, and the number of its stream."""
        asking = self.ask()
        agent = await self.network.accept()
        return asking, agent, await agent.asked()

    async def warm(self) -> ScriptedAgent:
        """Let an agent answer once; then it does what the test says."""
        first = self.ask()
        agent = await self.network.accept()
        await agent.serve_one()
        await first.ended()
        assert first.body == b"served\n"
        return agent

    async def serving(self) -> ScriptedAgent:
        """Let an agent answer whatever is asked."""
        agent = await self.warm()
        self.nursery.start_soon(agent.serve)
        return agent

    async def served(self) -> Asking:
        asking = self.ask()
        await asking.ended()
        return asking


@contextlib.asynccontextmanager
async def open_bench(url: str = "http://agent", tls: ssl.SSLContext | None = None) -> AsyncIterator[Bench]:
    """Open a client of the agent at `url`; leaving ends all that is under way."""
    async with trio.open_nursery() as nursery:
        bench = Bench(nursery, url, tls)
        try:
            yield bench
        finally:
            await bench.client.aclose()
            nursery.cancel_scope.cancel()
