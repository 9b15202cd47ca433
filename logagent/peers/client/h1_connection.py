"""HTTP/1.1 to a server that has no HTTP/2, such as a proxy in between; nothing private of h11 is touched."""

from __future__ import annotations

import h11
import httpcore
import httpx

from logagent.peers.client.exchange import READ_SIZE, Header, close, raising


class Http1Connection:
    """A connection to a server without HTTP/2: one exchange, then it is closed; a fallback needs no speed."""

    available = False
    expired = False

    def __init__(self, network: httpcore.AsyncNetworkStream) -> None:
        self._network = network
        self._machine = h11.Connection(h11.CLIENT)
        self._request = b""
        self.version = b"HTTP/1.1"
        self.trailers: list[Header] = []
        self.closed = False

    def open(self, request: httpx.Request) -> Http1Connection:
        """The exchange of `request`; the connection is its own exchange, and has only this one."""
        headers = [header for header in request.headers.raw if header[0].lower() != b"connection"]
        with raising(httpx.LocalProtocolError, (h11.LocalProtocolError,)):
            asked = h11.Request(
                method=request.method,
                target=request.url.raw_path,
                headers=[*headers, (b"connection", b"close, te")],
            )
            self._request = (self._machine.send(asked) or b"") + (self._machine.send(h11.EndOfMessage()) or b"")
        return self

    async def head(self) -> tuple[int, list[Header]]:
        with raising(httpx.WriteError):
            await self._network.write(self._request)
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                return event.status_code, event.headers.raw_items()

    async def chunk(self) -> bytes | None:
        event = await self._next_event()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            self.trailers.extend(event.headers.raw_items())
        return None

    async def leave(self) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if not self.closed:
            self.closed = True
            await close(self._network)

    async def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while True:
            with raising(httpx.RemoteProtocolError, (h11.RemoteProtocolError,)):
                event = self._machine.next_event()
            if event is not h11.NEED_DATA:
                return event
            with raising(httpx.ReadError):
                received = await self._network.read(READ_SIZE)
            with raising(httpx.RemoteProtocolError, (h11.RemoteProtocolError,)):
                self._machine.receive_data(received)
