"""One agent as a process: built from its settings, served until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import trio

from logagent.config.settings import Settings
from logagent.core.wire.identity import ID_BYTES
from logagent.disk.following.shared_tails import open_shared_tails
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.refusal_log import told_on
from logagent.running.control_socket import listening_for_orders
from logagent.running.descriptors import raise_limit
from logagent.running.heap import Heap
from logagent.running.in_force import InForce, Lasting, Prepared, bounds, in_force, prepared
from logagent.running.kept_peers import keeping_peers
from logagent.running.observing import STDERR, Observing
from logagent.running.opening import Openings
from logagent.running.reloading import Again, Reloader
from logagent.web.admission.local_client import introduce
from logagent.web.answers import Answers
from logagent.web.body import BodyThreads
from logagent.web.server import connections

GRACE_FOR_READERS = 0.5
"""The fraction of the graceful time in which answers may end by themselves. Then they are cut, each with its verdict,
and in the rest of the time clients read the bytes in flight. Follows do not end by themselves: they are cut at once."""

_log = logging.getLogger(__name__)


async def serve(
    settings: Settings,
    *,
    started: Callable[[Sequence[str]], None],
    warn: Callable[[str], None] = lambda text: None,
    again: Again | None = None,
    control: Sequence[Path] = (),
) -> None:
    """Serve until SIGTERM or SIGINT, then end the answers under way within the graceful time.

    Args:
        settings: of the agent.
        started: called once, with the bound addresses, when connections are accepted.
        warn: called with what is wrong, for people, where the agent can start all the same.
        again: reads the settings anew, see `reloading.Again`; None: these are all that there ever are.
        control: paths that are tried for the socket of `logagent reload`; none: there is none.

    Raises:
        ConfigError: for settings that lack something.
        OSError: for settings that do not work on this machine.
    """
    made = _prepared(settings, warn)
    openings, stopping = Openings(settings, made.tls.server), trio.Event()
    threads, answers, observing = DiskThreads(settings.disk_threads), answers_of(settings), Observing(settings, warn)
    async with (
        observing.running(),
        keeping_peers() as kept,
        open_shared_tails(threads, Watching()) as tails,
        trio.open_nursery() as nursery,
        refusals_told(nursery, observing),
    ):
        lasting = Lasting(answers, threads, tails, os.urandom(ID_BYTES).hex(), observing)
        first = in_force(made, lasting, openings.addresses)
        await kept.keep(first.peers)
        reloader = Reloader(first, lasting, openings, again=again, kept=kept, nursery=nursery, stopping=stopping)
        _begin_beside(nursery, answers, reloader, stopping)
        async with listening_for_orders(control, reloader.reload_and_tell):
            await _serve(reloader, openings, stopping, started)
        nursery.cancel_scope.cancel()


def _prepared(settings: Settings, warn: Callable[[str], None]) -> Prepared:
    made = prepared(settings)
    for warning in filter(None, [*made.warnings, raise_limit(len(settings.known_agents))]):
        warn(warning)
    return made


def _begin_beside(nursery: trio.Nursery, answers: Answers, reloader: Reloader, stopping: trio.Event) -> None:
    """Begin what goes on beside serving."""
    nursery.start_soon(_watch_signals, stopping, nursery, reloader)
    nursery.start_soon(cut_answers, stopping, answers, lambda: reloader.now.settings.graceful)
    nursery.start_soon(reloader.rights.run)
    nursery.start_soon(Heap().run, answers.rest)


def answers_of(settings: Settings) -> Answers:
    """Return the answers that an agent gives, bounded as its settings say; none is under way."""
    return Answers(settings.name, threads=BodyThreads(), **bounds(settings))


async def _serve(
    reloader: Reloader, openings: Openings, stopping: trio.Event, started: Callable[[Sequence[str]], None]
) -> None:
    serve_all = partial(
        connections.serve,
        introduce=introduce,
        admit=reloader.refused_at_once,
        stopping=stopping,
        graceful=lambda: reloader.now.settings.graceful,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_all, reloader.app, openings.accepting)
        started(openings.addresses)
        _tell_of_start(reloader.now, openings.addresses)


def _tell_of_start(now: InForce, addresses: Sequence[str]) -> None:
    roots, peers = [str(root) for root in now.settings.root], sorted(now.settings.known_agents)
    ends = {name: f"{datetime.fromtimestamp(end, UTC):%Y-%m-%dT%H:%M:%SZ}" for name, end in now.tls.ends.items()}
    told = {"roots": roots, "listen": [*addresses], "peers": peers, "certificates_end": ends}
    _log.info(
        "serves %s on %s",
        ", ".join(roots),
        ", ".join(addresses),
        extra={"fields": {k: v for k, v in told.items() if v}},
    )


@asynccontextmanager
async def refusals_told(nursery: trio.Nursery, observing: Observing) -> AsyncIterator[None]:
    """Tell on standard error what is refused, while the block runs."""
    with told_on(STDERR, lambda: observing.own_log.tells_refusals_apart) as refusals:
        nursery.start_soon(refusals.run)
        yield


async def _watch_signals(stopping: trio.Event, nursery: trio.Nursery, reloader: Reloader) -> None:
    """Reload at SIGHUP, end gracefully at the first SIGTERM or SIGINT, and at once at the second."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for received in signals:
            if received == signal.SIGHUP:
                nursery.start_soon(reloader.reload_and_tell)
                continue
            if stopping.is_set():
                raise KeyboardInterrupt
            stopping.set()


async def cut_answers(stopping: trio.Event, answers: Answers, graceful: Callable[[], float]) -> None:
    """Cut follows when the agent stops, and other answers after a part of the graceful time."""
    await stopping.wait()
    answers.cut_follows()
    await trio.sleep(graceful() * GRACE_FOR_READERS)
    answers.cut()
