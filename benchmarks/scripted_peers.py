"""Agents that are none: one process that answers for a thousand hosts with lines that it makes up once.

    python benchmarks/scripted_peers.py

Whoever asks says by which name it lists an agent; that name is answered, with a number of its own in the times of its
lines. What stands behind HTTP/2 costs next to nothing here, so that a primary is measured and not its peers. Prints a
line that ends in the URL when it listens.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections import deque
from dataclasses import replace
from functools import cache
from urllib.parse import parse_qs, urlsplit

import h2.config
import h2.connection
import h2.events
import h2.settings
import trio

from logagent.core.batch import Batch, Origin, Position
from logagent.core.columns import pieces
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.wire.frames import BATCHES, VERSION_HEADER, encode
from logagent.core.wire.identity import AGENT_HEADER, ASKED_AS_HEADER, Identity, from_header, to_header
from logagent.core.wire.verdict import to_trailers

BATCHES_EACH = 3
"""Batches of a host that is asked for all that it has."""
LINES_EACH = 1300
"""Lines of a batch: with those of `LINE` bytes as many as a disk's source puts into one."""
LINE = 100
_NEWEST = 1_780_000_000_000_000_000
_STEP = 1_000_000
"""Nanoseconds between two lines of a host."""
_TEMPLATE = "host-00000"
_BODY = (b"x" * (LINE - 1) + b"\n") * LINES_EACH


class Answering:
    """One connection: what is still to be sent on each of its streams."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self._left: dict[int, deque[memoryview]] = {}
        self._trailers: dict[int, list[tuple[str, str]]] = {}

    async def run(self) -> None:
        """Answer until the client is gone."""
        self._h2.initiate_connection()
        await self._stream.send_all(self._h2.data_to_send())
        while received := await self._stream.receive_some(65536):
            for event in self._h2.receive_data(received):
                if isinstance(event, h2.events.RequestReceived):
                    self._begin(event.stream_id, dict(event.headers))
                elif isinstance(event, h2.events.StreamReset):
                    self._left.pop(event.stream_id, None)
            for stream_id in list(self._left):
                await self._send(stream_id)
            await self._stream.send_all(self._h2.data_to_send())

    def _begin(self, stream_id: int, headers: dict[str, str]) -> None:
        listed = from_header(headers[ASKED_AS_HEADER]).name if ASKED_AS_HEADER in headers else _TEMPLATE
        identity = to_header(Identity(listed, f"{abs(hash(listed)):032x}"[-32:]))
        said = [(":status", "200"), (AGENT_HEADER, identity), (VERSION_HEADER, "0.1.0"), ("content-type", BATCHES)]
        self._h2.send_headers(stream_id, said)
        asked = parse_qs(urlsplit(headers[":path"]).query)
        n = int(asked["n"][0]) if "n" in asked else None
        wanted = re.search(r";most=([0-9]+)", headers.get("accept", ""))
        frames = _frames(n, int(wanted[1]) if wanted else len(_BODY))
        number = listed.rpartition("-")[2]
        self._left[stream_id] = deque(memoryview(_of_host(frame, listed, int(number))) for frame in frames)
        lines = BATCHES_EACH * LINES_EACH if n is None else n
        part = HostOutcome(listed, Status.OK, lines=lines)
        self._trailers[stream_id] = to_trailers(Outcome(lines=lines, bytes_scanned=lines * LINE, hosts=(part,)))

    async def _send(self, stream_id: int) -> None:
        left = self._left[stream_id]
        while left:
            room = min(self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size)
            if room <= 0:
                return
            piece = left[0][:room]
            self._h2.send_data(stream_id, bytes(piece))
            if len(piece) == len(left[0]):
                left.popleft()
            else:
                left[0] = left[0][room:]
        self._h2.send_headers(stream_id, self._trailers.pop(stream_id), end_stream=True)
        del self._left[stream_id]


@cache
def _frames(n: int | None, most: int) -> tuple[bytes, ...]:
    """The frames of a host's answer, with the template's name, of so many bytes at most."""
    count = LINES_EACH if n is None else min(n, LINES_EACH)
    batches = [_batch(number, count) for number in range(BATCHES_EACH if n is None else 1)]
    return tuple(encode(piece) for batch in batches for piece in pieces(batch, most))


def _batch(number: int, count: int) -> Batch:
    first = number * LINES_EACH
    times = [_NEWEST - (first + place) * _STEP for place in range(count)]
    offsets = [(BATCHES_EACH * LINES_EACH - first - place - 1) * LINE for place in range(count)]
    origin = Origin(_TEMPLATE, "app.log", True, "app.log", 7)
    batch = Batch(_BODY[: count * LINE], count, times, offsets, (origin,), scanned=count * LINE)
    return replace(batch, positions=(Position(_TEMPLATE, "app.log", 7, offsets[-1]),))


def _of_host(frame: bytes, host: str, number: int) -> bytes:
    """The frame of the template as that of a host, whose name is as long; its times stay, whatever its number."""
    assert len(host) == len(_TEMPLATE), number
    return frame.replace(_TEMPLATE.encode(), host.encode())


async def _serve(stream: trio.SocketStream) -> None:
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await Answering(stream).run()


async def main() -> None:
    """Serve until killed."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=4096)
    port = listeners[0].socket.getsockname()[1]
    print(f"ready http://127.0.0.1:{port}", flush=True)
    await trio.serve_listeners(_serve, listeners)


if __name__ == "__main__":
    sys.exit(trio.run(main))
