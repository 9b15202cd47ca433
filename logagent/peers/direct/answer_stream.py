"""One request over a connection of its own, and its answer as it arrives: HTTP/2 without an event loop.

Nothing is read ahead: the next bytes are asked of the socket once those before them were taken, so a reader that is
slower than the agent holds the agent up, and what is held is one read.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import h2.events
import h2.exceptions

from logagent.peers.client.addresses import CONNECT_TIMEOUT
from logagent.peers.client.credentials import HEADER, Credential
from logagent.peers.client.h2_machine import Http2Machine, name_of, stranger
from logagent.peers.direct.waiting import Late, Lost
from logagent.peers.direct.wires import Secure, Wire, base_url, connection_lost, no_later, open_wire

WINDOW = 16 * 1024 * 1024
"""The flow-control window in bytes: enough for 1 GB/s at 16 ms of round trip. What of it was not read lies in the
kernel, which has bounds of its own."""
READ_SIZE = 256 * 1024
"""Bytes asked of the connection at a time: as many as a frame has at most."""

NO_TRACE: Mapping[str, str] = {}
"""The headers of a request that belongs to no trace yet: the agent begins one."""

_STREAM = 1
"""The number of a client's first stream."""


class AgentRequest(NamedTuple):
    """A request.

    Attributes:
        method: of HTTP.
        path: with the query string.
        headers: by their names, in lower case.
        body: its bytes; none: it has no body.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


class AnswerStream:
    """One request, and its answer; closed by the caller.

    Args:
        wire: the connection.
        until: when waiting for the answer ends.

    Attributes:
        status_code: of HTTP.
        headers: by their names, in lower case.
        http_version: always HTTP/2.
        trailers: complete once the body is read to its end.
    """

    http_version = "HTTP/2"

    def __init__(self, wire: Wire, until: float) -> None:
        self.status_code = 0
        self.headers: Mapping[str, str] = {}
        self.trailers: Mapping[str, str] = {}
        self._wire = wire
        self._until = until
        self._machine = Http2Machine(WINDOW)
        self._chunks: collections.deque[tuple[bytes, int]] = collections.deque()  # and the credit due for each
        self._greeted = self._ended = False
        self._body = b""
        self._error: Lost | None = None

    def ask(self, agent: str, asked: AgentRequest, authorization: str = "") -> None:
        """Send a request; of its body, what the agent takes before it has said anything.

        Args:
            agent: its URL.
            authorization: what proves who asks; empty: nothing does.

        Raises:
            Lost: if it cannot be sent.
        """
        scheme, _, authority = base_url(agent).partition("://")
        pseudo = {":method": asked.method, ":authority": _without_port(scheme, authority), ":scheme": scheme}
        fields = [*pseudo.items(), (":path", asked.path), *asked.headers.items(), ("te", "trailers")]
        fields += [(HEADER, authorization)] if authorization else []
        self._machine.send_headers(_STREAM, fields, end_stream=not asked.body)
        self._body = asked.body
        self._flush()

    def wait_for_greeting(self, until: float) -> None:
        """Wait for the first that the agent says, or until it cannot.

        Raises:
            Lost: if the connection breaks.
            Late: if nothing comes until then.
        """
        while not (self._greeted or self._error):
            self._read(until)

    def wait_for_head(self) -> None:
        """Wait for the head of the answer.

        Raises:
            Lost: if there is none.
            Late: if it does not come in time.
        """
        while not (self.status_code or self._is_over):
            if not self._send_body():
                self._read(self._until)
        if not self.status_code:
            raise self._error or connection_lost("a response without a head")

    def chunks(self) -> Iterator[bytes]:
        """Yield the pieces of the body; what was yielded has to be done with when the next is asked for.

        Raises:
            Lost: if the body breaks off.
            Late: if it does not end in time.
        """
        while self._chunks or not self._is_over:
            if not self._chunks:
                self._read(self._until)
                continue
            chunk, credit = self._chunks.popleft()
            yield chunk
            self._machine.acknowledge_received_data(credit, _STREAM)
            if not self._is_over:
                self._flush()
        if self._error:
            raise self._error

    def read_at_most(self, most: int) -> bytes:
        """Return the body, as far as it has at most so many bytes, and one chunk more."""
        body = bytearray()
        for chunk in self.chunks():
            body += chunk
            if len(body) > most:
                break
        return bytes(body)

    def close(self) -> None:
        """Close the connection, which ends the agent's work, too."""
        self._wire.close()

    @property
    def _is_over(self) -> bool:
        return self._ended or self._error is not None

    def _send_body(self) -> bool:
        """Send as much of the rest of the body as the agent takes now; return whether that was anything."""
        room = self._machine.room_for(_STREAM) if self._body else 0
        if room:
            piece, self._body = self._body[:room], self._body[room:]
            self._machine.send_data(_STREAM, piece, end_stream=not self._body)
            self._flush()
        return room > 0

    def _flush(self) -> None:
        if outgoing := self._machine.data_to_send():
            self._wire.send(outgoing)

    def _read(self, until: float) -> None:
        received = self._wire.receive(READ_SIZE, until)
        if not self._greeted and (other := stranger(received, in_cleartext=self._wire.in_cleartext)):
            self._fail(other)
        elif not received:
            self._fail("the agent closed the connection")
        else:
            try:
                for event in self._machine.events_of(received):
                    self._receive(event)
            except h2.exceptions.H2Error as error:
                self._fail(self._machine.wrong(error))
        if not self._is_over:
            self._flush()

    def _receive(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RemoteSettingsChanged():
                self._greeted = True
            case h2.events.ConnectionTerminated():
                self._fail(f"the agent ends the connection ({name_of(event.error_code)})")
            case h2.events.ResponseReceived():
                self._receive_head(event.headers)
            case h2.events.DataReceived():
                self._chunks.append((event.data, event.flow_controlled_length))
            case h2.events.TrailersReceived():
                self.trailers = _texts(event.headers)
            case h2.events.StreamEnded():
                self._ended = True
            case h2.events.StreamReset():
                self._fail(f"the agent reset the stream ({name_of(event.error_code)})")

    def _receive_head(self, headers: list[tuple[bytes, bytes]]) -> None:
        status = dict(headers)[b":status"]
        if len(status) == 3 and status.isdigit():
            self.status_code, self.headers = int(status), _texts(headers)
        else:
            self._fail(f"{status!r} is no status")

    def _fail(self, words: str) -> None:
        if not self._is_over:
            self._error = connection_lost(words)


def open_answer(
    agent: str,
    secure: Secure | None,
    asked: AgentRequest,
    until: float,
    credential: Credential | None = None,
    trace: Mapping[str, str] = NO_TRACE,
) -> AnswerStream:
    """Ask an agent, and return its answer once the head has arrived; the caller closes it.

    Args:
        agent: its URL.
        secure: for `https://`.
        asked: the request.
        until: when waiting for the whole answer ends, as `time.monotonic` tells it.
        credential: is sent once the connection is found to lead where it may be; None: none is.
        trace: headers that name the trace to which the request belongs.

    Raises:
        Failure: if the credential may not be sent there; nothing was, then.
        Lost: if there is no answer.
        Late: if there is none in time.
        SpeaksHttp1: if the other side does not speak HTTP/2.
    """
    connected_until, traced = no_later(until, CONNECT_TIMEOUT), asked._replace(headers={**asked.headers, **trace})
    with contextlib.ExitStack() as closing:
        try:
            wire = open_wire(agent, secure, connected_until)
            closing.callback(wire.close)
            stream = AnswerStream(wire, until)
            stream.ask(agent, traced, credential.authorization(wire.connected) if credential else "")
            stream.wait_for_greeting(connected_until)
        except Late:
            if connected_until < until:
                raise Lost(f"cannot connect in time: {base_url(agent)} did not answer in time") from None
            raise
        stream.wait_for_head()
        closing.pop_all()
    return stream


def _without_port(scheme: str, authority: str) -> str:
    return authority.removesuffix(":443" if scheme == "https" else ":80")


def _texts(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as texts; the values of a repeated name are joined by commas."""
    texts: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1"), _text(value)
        texts[key] = f"{texts[key]}, {text}" if key in texts else text
    return texts


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
