"""HTTP/1.1 to a server without HTTP/2, such as a proxy in between; nothing private of h11 is touched."""

from __future__ import annotations

import h11
import httpcore
import httpx

from logagent.peers.client.exchange import READ_SIZE, Header, close, raising


class Http1Connection:
    """A connection for one exchange, after which it is closed; simple, since it is only a fallback.

    Args:
        network: the socket, which `aclose` closes.

    Attributes:
        available: whether one more exchange may be opened; never.
        expired: whether it is unused and no longer trusted; never.
        version: of HTTP.
        trailers: complete once the body is read to its end.
        closed: whether it was closed.
    """

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
        """Return the exchange of a request, which is the connection itself.

        Raises:
            LocalProtocolError: of httpx, if HTTP/1.1 forbids the request.
        """
        headers = [header for header in request.headers.raw if header[0].lower() != b"connection"]
        with raising(httpx.LocalProtocolError, (h11.LocalProtocolError,)):
            asked = h11.Request(
                method=request.method,
                target=request.url.raw_path,
                headers=[*headers, (b"connection", b"close, te")],
            )
            body = request.read()
            events: list[h11.Event] = [asked, *([h11.Data(data=body)] if body else []), h11.EndOfMessage()]
            self._request = b"".join(self._machine.send(event) or b"" for event in events)
        return self

    async def head(self) -> tuple[int, list[Header]]:
        """Send the request and wait for status and headers."""
        with raising(httpx.WriteError):
            await self._network.write(self._request)
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                return event.status_code, event.headers.raw_items()

    async def chunk(self) -> bytes | None:
        """Return the next bytes of the body; None after the last."""
        event = await self._next_event()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            self.trailers.extend(event.headers.raw_items())
        return None

    def retire(self) -> None:
        """Do nothing: a connection serves one request only."""

    async def leave(self) -> None:
        """Abandon the response, which closes the connection."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; takes a bounded time, cancelled or not."""
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
