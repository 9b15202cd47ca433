"""An agent that listens nowhere: it serves the one connection that its standard streams are, and ends with it."""

from __future__ import annotations

import os
import signal

import trio

from logagent.config.settings import Settings
from logagent.core.wire.identity import ID_BYTES
from logagent.disk.following.shared_tails import open_shared_tails
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.running.heap import Heap
from logagent.running.in_force import InForce, Lasting, in_force, prepared
from logagent.running.observing import Observing
from logagent.running.own_pipes import until_unread
from logagent.running.serving import answers_of, cut_answers, refusals_told
from logagent.web.admission.local_client import STATE, LocalClient
from logagent.web.server import connections

StandardStreams = trio.StapledStream[trio.lowlevel.FdStream, trio.lowlevel.FdStream]


async def serve(settings: Settings, streams: StandardStreams) -> None:
    """Serve one connection until either side ends it, or until a signal; then end the answers in the graceful time.

    Who asks is the user of this very process: nobody else holds the other ends of its pipes, unless he gave them.

    Args:
        settings: without listeners, peers and rules.
        streams: the connection; closed here.

    Raises:
        ConfigError: for settings that lack something.
        OSError: for settings that do not work on this machine.
    """
    made, stopping = prepared(settings), trio.Event()
    threads, answers, observing = DiskThreads(settings.disk_threads), answers_of(settings), Observing(settings)
    async with (
        observing.running(),
        open_shared_tails(threads, Watching()) as tails,
        trio.open_nursery() as nursery,
        refusals_told(nursery, observing),
    ):
        lasting = Lasting(answers, threads, tails, os.urandom(ID_BYTES).hex(), observing)
        nursery.start_soon(_watch_signals, stopping)
        nursery.start_soon(cut_answers, stopping, answers, lambda: settings.graceful)
        nursery.start_soon(Heap().run, answers.rest)
        await _serve(in_force(made, lasting, ()), streams, stopping)
        nursery.cancel_scope.cancel()


async def _serve(now: InForce, streams: StandardStreams, stopping: trio.Event) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_end_unread, streams.send_stream, nursery.cancel_scope)
        await connections.serve_only(
            now.app,
            streams,
            state={STATE: LocalClient(os.geteuid(), unix=True)},
            admit=now.access.refused_at_once,
            stopping=stopping,
            graceful=now.settings.graceful,
        )
        nursery.cancel_scope.cancel()


async def _end_unread(outgoing: trio.lowlevel.FdStream, serving: trio.CancelScope) -> None:
    """End everything once nobody reads the answers, though the client may still hold standard input."""
    await until_unread(outgoing)
    serving.cancel()


async def _watch_signals(stopping: trio.Event) -> None:
    """End gracefully at the first signal, a hang-up too, and at once at the second."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for _ in signals:
            if stopping.is_set():
                raise KeyboardInterrupt
            stopping.set()
