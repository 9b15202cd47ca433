"""The listeners on which a server accepts connections; they may change while it serves."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import trio
from hypercorn.trio.worker_context import WorkerContext

from logagent.web.server.listening import Listener

Handler = Callable[[ssl.SSLContext | None, WorkerContext, trio.SocketStream], Awaitable[None]]
"""Serves one connection that was accepted, with its listener's TLS; the context ends it when it is drained."""


@dataclass(eq=False)
class _Accepted:
    """One listener: what new connections get from it, and how accepting ends.

    Attributes:
        context: of the connections that were accepted since the last drain.
        ended: set when nothing is accepted any more.
    """

    listener: Listener
    tls: ssl.SSLContext | None
    context: WorkerContext = field(default_factory=lambda: WorkerContext(None))
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    ended: trio.Event = field(default_factory=trio.Event)


class Accepting:
    """The listeners on which connections are accepted.

    To drain connections is to let their answers end, and to serve no further request on them: clients connect anew.

    Args:
        listeners: bound; closed here.
    """

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._accepted = [_Accepted(listener, listener.tls) for listener in listeners]
        self._begin: Callable[[_Accepted], None] | None = None
        self._stopped = False

    @property
    def listeners(self) -> list[Listener]:
        """Those on which connections are accepted now."""
        return [one.listener for one in self._accepted]

    async def serve(
        self,
        handler: Handler,
        stopping: trio.Event,
        graceful: float | Callable[[], float],
        task_status: trio.TaskStatus[None],
    ) -> None:
        """Accept connections and serve them until `stopping` is set; then the listeners are closed.

        Args:
            handler: serves each connection.
            stopping: once set, nothing more is accepted, and all connections are drained.
            graceful: seconds that this may take, or what returns them then.
            task_status: started as soon as connections are accepted.
        """
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as accepting:
                self._begin = lambda one: accepting.start_soon(_accept, one, handler, connections)
                for one in self._accepted:
                    self._begin(one)
                task_status.started()
                await stopping.wait()
                self._begin = None
                accepting.cancel_scope.cancel()
            self.close()
            connections.cancel_scope.deadline = trio.current_time() + (graceful() if callable(graceful) else graceful)
            for one in self._accepted:
                await one.context.terminated.set()

    def add(self, listener: Listener) -> None:
        """Accept connections on one more listener, which is closed at once if the server has stopped accepting."""
        if self._stopped:
            listener.close()
            return
        one = _Accepted(listener, listener.tls)
        self._accepted.append(one)
        if self._begin is not None:
            self._begin(one)

    async def remove(self, listener: Listener) -> None:
        """Accept no further connections on a listener, close it, and drain those that it has accepted."""
        one = self._of(listener)
        self._accepted.remove(one)
        one.scope.cancel()
        if self._begin is not None:
            await one.ended.wait()
        listener.close()
        await one.context.terminated.set()

    async def renew(self, listener: Listener, tls: ssl.SSLContext | None, *, drain: bool) -> None:
        """Give further connections of a listener other TLS.

        Args:
            listener: one of those that connections are accepted on.
            tls: None: cleartext.
            drain: whether those are drained that were accepted before, since they would not be accepted any more.
        """
        one = self._of(listener)
        one.tls = tls
        if drain:
            before, one.context = one.context, WorkerContext(None)
            await before.terminated.set()

    def close(self) -> None:
        """Close all listeners; a second call changes nothing."""
        self._stopped = True
        for one in self._accepted:
            one.listener.close()

    def _of(self, listener: Listener) -> _Accepted:
        return next(one for one in self._accepted if one.listener is listener)


async def _accept(one: _Accepted, handler: Handler, connections: trio.Nursery) -> None:
    async def handle(stream: trio.SocketStream) -> None:
        await handler(one.tls, one.context, stream)

    sockets = trio.SocketListener(trio.socket.from_stdlib_socket(one.listener.socket))
    try:
        with one.scope:
            await trio.serve_listeners(handle, [sockets], handler_nursery=connections)
    finally:
        one.ended.set()
