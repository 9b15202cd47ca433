"""Serves an ASGI application: accepts connections, each guarded from the others, and ends them in bounded time.

`serve` accepts them on sockets; `serve_only` serves one that is all there is, and `serve_connection` one over any Trio
stream.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ASGIFramework, LifespanState

from logagent.web.server.accepting import Accepting
from logagent.web.server.client_connection import ClientConnection
from logagent.web.server.entrance import EnteredApp
from logagent.web.server.hypercorn_config import hypercorn_config
from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.listening import Listener
from logagent.web.server.liveness import LivenessMonitor
from logagent.web.server.request_stream import Admit
from logagent.web.server.turnstile import Turnstile

Introduce = Callable[[trio.SocketStream], Awaitable[dict[str, Any]]]
"""Finds out who the client of a connection is that was just accepted."""

DEFAULT_LIMITS = ConnectionLimits()
"""What a connection may ask of the server if nobody says otherwise."""


async def serve_connection(
    app: ASGIFramework,
    stream: trio.abc.Stream,
    *,
    limits: ConnectionLimits = DEFAULT_LIMITS,
    context: WorkerContext | None = None,
    state: LifespanState | None = None,
) -> None:
    """Serve one connection, HTTP/2 or HTTP/1.1 as the client chooses, until it ends.

    Cancelling it closes the stream at once. Errors of this connection are logged, never raised.

    Args:
        app: the ASGI application; its lifespan is not run here.
        stream: a `trio.SocketStream`, a server-side `trio.SSLStream` before its handshake, or any other Trio stream.
            Closed here.
        limits: how long and how much this connection may keep the server busy.
        context: set its `terminated` to drain the connection.
        state: copied into `scope["state"]` of every request, with `client_certificate` (DER bytes or None) over TLS.
    """
    await ClientConnection(ASGIWrapper(app), stream, limits, context or WorkerContext(None), state or {}).run()


async def serve(
    app: ASGIFramework,
    listeners: Sequence[Listener] | Accepting,
    *,
    limits: ConnectionLimits = DEFAULT_LIMITS,
    introduce: Introduce | None = None,
    stopping: trio.Event,
    graceful: float | Callable[[], float],
    admit: Admit | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve an ASGI application on all listeners until `stopping` is set.

    Args:
        app: the ASGI application; its lifespan surrounds everything here.
        listeners: bound sockets, which may change where they are `Accepting`; closed here.
        limits: those of every connection.
        introduce: finds out who a client is, as soon as it is accepted; what it returns goes into `scope["state"]`.
        stopping: once set, nothing more is accepted; idle connections end at once, others once their answers have.
        graceful: seconds that answers in flight may take after that, or what returns them then; then they are cut.
        admit: decides which requests are let through to the application; None: all. The others cost next to nothing.
        task_status: started as soon as connections are accepted.

    Raises:
        ExceptionGroup: of Hypercorn's lifespan errors, when the application does not start.
    """
    with closing(listeners if isinstance(listeners, Accepting) else Accepting(listeners)) as accepting:
        monitor, turnstile = LivenessMonitor(), Turnstile()
        async with _started(app, limits) as (lifespan, background):
            background.start_soon(monitor.run)
            connection = partial(ClientConnection, monitor=monitor, turnstile=turnstile, admit=admit)
            handler = partial(_serve_accepted, connection, lifespan.app, limits, lifespan.state, introduce)
            await accepting.serve(handler, stopping, graceful, task_status)


async def serve_only(
    app: ASGIFramework,
    stream: trio.abc.Stream,
    *,
    limits: ConnectionLimits = DEFAULT_LIMITS,
    state: dict[str, Any],
    stopping: trio.Event,
    graceful: float,
    admit: Admit | None = None,
) -> None:
    """Serve an ASGI application on one connection, the only one that there is, until it ends.

    Cancelling it closes the stream at once.

    Args:
        app: the ASGI application; its lifespan surrounds everything here.
        stream: the connection; closed here.
        limits: how long and how much the connection may keep the server busy.
        state: what is known of the client, which goes into `scope["state"]`.
        stopping: once set, the connection ends when its answers have.
        graceful: seconds that these may take after that; then they are cut.
        admit: decides which requests are let through to the application; None: all.

    Raises:
        ExceptionGroup: of Hypercorn's lifespan errors, when the application does not start.
    """
    context, serving = WorkerContext(None), trio.CancelScope()

    async def drain() -> None:
        await stopping.wait()
        serving.deadline = trio.current_time() + graceful
        await context.terminated.set()

    async with _started(app, limits) as (lifespan, background):
        background.start_soon(drain)
        with serving:
            known = LifespanState({**lifespan.state, **state})
            await ClientConnection(lifespan.app, stream, limits, context, known, admit=admit).run()


@asynccontextmanager
async def _started(app: ASGIFramework, limits: ConnectionLimits) -> AsyncIterator[tuple[Lifespan, trio.Nursery]]:
    """Start an application, and stop it after the block, with what was started in the nursery meanwhile."""
    lifespan = Lifespan(EnteredApp(ASGIWrapper(app)), hypercorn_config(limits), {})
    async with trio.open_nursery() as background:
        await background.start(lifespan.handle_lifespan)
        await lifespan.wait_for_startup()
        yield lifespan, background
        await lifespan.wait_for_shutdown()
        background.cancel_scope.cancel()


async def _serve_accepted(
    connection: Callable[..., ClientConnection],
    app: AppWrapper,
    limits: ConnectionLimits,
    state: LifespanState,
    introduce: Introduce | None,
    tls: ssl.SSLContext | None,
    context: WorkerContext,
    accepted: trio.SocketStream,
) -> None:
    if introduce is not None:
        state = LifespanState({**state, **await introduce(accepted)})
    stream: trio.abc.Stream = accepted
    if tls is not None:
        stream = trio.SSLStream(accepted, tls, server_side=True)
    await connection(app, stream, limits, context, state).run()
