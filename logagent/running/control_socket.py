"""The socket by which `logagent reload` reaches the agent of its host, for root and the agent's own user only."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from logagent.web.admission.local_client import peer_of
from logagent.web.server import unix_sockets
from logagent.web.server.unix_sockets import SocketFile

RELOAD = b"reload"
"""The one order that is taken, as a line."""
LONGEST_ORDER = 64
"""Bytes of an order at most."""
PATIENCE = 5.0
"""Seconds that a caller has to send his order, and to take the answer."""
ROOT = 0
"""The user who may order everything anyway."""

_MODE = 0o600
_DIRECTORY_MODE = 0o755
_BACKLOG = 16

_log = logging.getLogger(__name__)

Act = Callable[[], Awaitable[dict[str, Any]]]
"""Does what is ordered, and returns the answer, an object for JSON."""


@asynccontextmanager
async def listening_for_orders(places: Sequence[Path], act: Act) -> AsyncIterator[Path | None]:
    """Take orders while the block runs; an agent without the socket works all the same, and says so.

    Args:
        places: paths, of which the first is taken where a socket can be.
        act: does what is ordered.
    """
    bound = _bound(places)
    if bound is None:
        yield None
        return
    listener, file = bound
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_accept, listener, act, (ROOT, os.geteuid()))
            yield file.path
            nursery.cancel_scope.cancel()
    finally:
        listener.socket.close()
        file.remove()


def _bound(places: Sequence[Path]) -> tuple[trio.SocketListener, SocketFile] | None:
    reasons = []
    for path in places:
        try:
            if not path.parent.exists() and path.parent.parent.exists():
                path.parent.mkdir(_DIRECTORY_MODE, exist_ok=True)
            socket, file = unix_sockets.bind(path, _MODE, None)
        except OSError as error:
            reasons.append(str(error.strerror))
            continue
        socket.listen(_BACKLOG)
        return trio.SocketListener(trio.socket.from_stdlib_socket(socket)), file
    if places:
        _log.warning(
            "`logagent reload` does not reach this agent, SIGHUP does: %s; the setting control names another path",
            "; ".join(reasons),
        )
    return None


async def _accept(listener: trio.SocketListener, act: Act, users: Collection[int]) -> None:
    async def talk(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                await _talk(stream, act, users)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # The caller has gone.
            except Exception:
                _log.exception("an order failed")

    await trio.serve_listeners(talk, [listener])


async def _talk(stream: trio.SocketStream, act: Act, users: Collection[int]) -> None:
    user = peer_of(stream)
    if user not in users:
        _log.warning("user %s may order nothing here: only root and the agent's user may", user)
        answer: dict[str, Any] = {"error": "only root and the agent's own user may do that"}
    else:
        order = await _order(stream)
        answer = await act() if order == RELOAD else {"error": f"the one order that is known is {RELOAD.decode()}"}
    with trio.move_on_after(PATIENCE):
        await stream.send_all(json.dumps(answer).encode() + b"\n")


async def _order(stream: trio.SocketStream) -> bytes:
    order = b""
    with trio.move_on_after(PATIENCE):
        while b"\n" not in order and len(order) <= LONGEST_ORDER and (received := await stream.receive_some()):
            order += received
    return order.partition(b"\n")[0].strip()
