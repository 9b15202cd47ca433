"""Peers that fail in one way at one moment: an ASGI application in the place of an agent's, on the real server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import trio
import trio.testing

from logagent.core.batch import Batch, Origin
from logagent.core.outcome import Outcome, Status
from logagent.core.wire.frames import BATCHES, VERSION_HEADER, encode
from logagent.core.wire.verdict import to_trailers

How = Literal[
    "refused",
    "401",
    "403",
    "421",
    "404",
    "405",
    "500",
    "reset",
    "killed",
    "silence",
    "garbage",
    "cut frame",
    "no times",
    "no trailers",
    "verdict",
    "ends",
]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Broken:
    """A peer that sends some lines and then fails.

    Attributes:
        how: the way to fail; "verdict" ends well but for the status 13 in its trailers, "ends" ends well.
        lines: what it has, newest first, each with its time in nanoseconds.
        at: number of lines that it sends before it fails.
        asked: the ASGI scopes of the requests that came.
        version: of an agent; empty: none says that it is one.
    """

    how: How
    lines: Sequence[tuple[int, bytes]] = ()
    at: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    version: str = ""

    def app(self, name: str, kill: Callable[[], None]) -> Callable[..., Awaitable[None]]:
        """Make the application of a host; `kill` breaks every connection to it."""

        async def serve(scope: dict[str, Any], receive: Any, send: Send) -> None:
            if scope["type"] == "lifespan":
                return
            self.asked.append(scope)
            if self.how.isdigit():
                await _plain(send, int(self.how))
                return
            await send(_start(self.version))
            for time, line in self.lines[: self.at]:
                await send(_body(encode(_batch(name, time, line))))
            await self._fail(send, kill)

        return serve

    async def _fail(self, send: Send, kill: Callable[[], None]) -> None:
        match self.how:
            case "reset":
                return
            case "killed":
                await trio.testing.wait_all_tasks_blocked()
                kill()
            case "silence":
                await trio.sleep_forever()
            case "garbage":
                await send(_body(b"HTTP/1.1 200 OK, or what else\n" * 10))
                await trio.sleep_forever()
            case "cut frame":
                await send(_body(encode(_batch("x", 0, b"half"))[:-2]))
                await _end(send, Outcome())
            case "no times":
                await send(_body(encode(Batch(b"half\n", 1))))
                await _end(send, Outcome())
            case "no trailers":
                await send(_body(b"", more=False))
                await send({"type": "http.response.trailers", "headers": [(b"x-other", b"1")]})
            case "ends":
                await _end(send, Outcome(lines=self.at))
            case "verdict":
                await _end(send, Outcome(Status.INTERNAL, "a bug", lines=self.at))
            case _:
                raise AssertionError(self.how)


def _start(version: str) -> dict[str, Any]:
    headers = [(b"content-type", BATCHES.encode())]
    headers += [(VERSION_HEADER.encode(), version.encode())] if version else []
    return {"type": "http.response.start", "status": 200, "headers": headers, "trailers": True}


def _body(chunk: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def _end(send: Send, outcome: Outcome) -> None:
    await send(_body(b"", more=False))
    trailers = [(name.encode(), value.encode()) for name, value in to_trailers(outcome)]
    await send({"type": "http.response.trailers", "headers": trailers})


async def _plain(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send(_body(b"no\n", more=False))


def _batch(host: str, time: int, line: bytes) -> Batch:
    return Batch(line + b"\n", 1, [time], [0], (Origin(host, "app.log"),))
