"""One agent as a process: built from its settings, served until it is told to stop."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import trio

from logagent import __version__
from logagent.admitting import access_of, revocations_of
from logagent.agent import Agent
from logagent.config import tls_files
from logagent.config.errors import ConfigError
from logagent.config.page_cache import leaves_from
from logagent.config.settings import Settings
from logagent.config.time_formats import TimeFormat
from logagent.config.tls_files import TlsFiles
from logagent.config.values import UNIX
from logagent.core.times.named_formats import FormatRules, format_rules
from logagent.core.times.strptime import BadTimeFormat
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.shared_tails import SharedTails, open_shared_tails
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.local import LocalLogs
from logagent.own_certificates import certificate_ends, why_others_refuse
from logagent.peers.client.tls import client_tls
from logagent.peers.known_agents import Peers
from logagent.refusal_log import told_on
from logagent.web.admission.local_client import introduce
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.body import BodyThreads
from logagent.web.server import connections
from logagent.web.server.listening import Listener, listen_on_all, listen_unix, server_tls

_log = logging.getLogger(__name__)

GRACE_FOR_READERS = 0.5
"""The fraction of the graceful time in which answers may end by themselves. Then they are cut, each with its verdict,
and in the rest of the time clients read the bytes in flight. Follows do not end by themselves: they are cut at once."""


STDERR = 2
"""The descriptor of standard error."""


async def serve(
    settings: Settings, *, started: Callable[[Sequence[str]], None], warn: Callable[[str], None] = lambda text: None
) -> None:
    """Serve until SIGTERM or SIGINT, then end the answers under way within the graceful time.

    Args:
        settings: those of the agent.
        started: called once, with the bound addresses, when connections are accepted.
        warn: called with what is wrong, for people, where the agent can start all the same.

    Raises:
        ConfigError: for settings that lack something.
        OSError: for settings that do not work on this machine.
    """
    formats = named_formats(settings.time_format)
    files = _tls_files(settings, warn)
    listeners = _listeners(settings)
    addresses = [listener.address for listener in listeners]
    answers = _answers(settings)
    stopping = trio.Event()
    threads = DiskThreads(settings.disk_threads)
    async with (
        _peers(settings) as peers,
        open_shared_tails(threads, Watching()) as tails,
        trio.open_nursery() as nursery,
        _refusals_told(nursery),
    ):
        nursery.start_soon(_watch_signals, stopping)
        nursery.start_soon(_cut_answers, stopping, answers, settings.graceful * GRACE_FOR_READERS)
        access = access_of(settings)
        agent = _agent(settings, peers, addresses, threads, tails, formats, certificate_ends(files))
        app = create_app(agent, answers, version=__version__, access=access)
        async with trio.open_nursery() as serving:
            guarded = partial(connections.serve, introduce=introduce, admit=access.refused_at_once)
            serve_all = partial(guarded, stopping=stopping, graceful=settings.graceful)
            await serving.start(serve_all, app, listeners)
            started(addresses)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def _refusals_told(nursery: trio.Nursery) -> AsyncIterator[None]:
    """Tell on standard error what is refused, while the block runs."""
    with told_on(STDERR) as refusals:
        nursery.start_soon(refusals.run)
        yield


async def _watch_signals(stopping: trio.Event) -> None:
    """End gracefully at the first SIGTERM or SIGINT, and at once at the second; SIGHUP ends nothing."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for received in signals:
            if received == signal.SIGHUP:
                _log.warning("SIGHUP changes nothing: settings and certificates are read at the start only")
                continue
            if stopping.is_set():
                raise KeyboardInterrupt
            stopping.set()


async def _cut_answers(stopping: trio.Event, answers: Answers, grace: float) -> None:
    """Cut follows when the agent stops, and other answers `grace` seconds later."""
    await stopping.wait()
    answers.cut_follows()
    await trio.sleep(grace)
    answers.cut()


def _answers(settings: Settings) -> Answers:
    return Answers(
        settings.name,
        settings.max_answers,
        most_follows=settings.max_follows,
        max_time=settings.max_time,
        max_bytes=settings.max_bytes,
        threads=BodyThreads(),
    )


def _tls_files(settings: Settings, warn: Callable[[str], None]) -> TlsFiles:
    """Return the files of TLS; raise `ConfigError` for one that cannot be used."""
    files = TlsFiles(settings.tls_ca, settings.tls_certificate, settings.tls_key)
    try:
        tls_files.check(files)
    except tls_files.BadTlsFile as error:
        raise ConfigError(f"tls_{error.part}", str(error)) from None
    if refused := why_others_refuse(files, time.time()):
        warn(f"tls_certificate: {refused}")
    return files


def _peers(settings: Settings) -> Peers:
    revocations = revocations_of(settings)
    if settings.tls_ca is None and not revocations:
        return Peers(settings.peer, pause=settings.peer_pause)
    own = (settings.tls_certificate, settings.tls_key) if settings.tls_ca else ()
    tls = client_tls(settings.tls_ca, *own)
    tls.objection = revocations.objection
    return Peers(settings.peer, tls=tls, pause=settings.peer_pause)


def named_formats(given: Iterable[TimeFormat]) -> FormatRules:
    """Return the rules that were given for formats of time.

    Raises:
        ConfigError: for a format that cannot be used.
    """
    try:
        return format_rules((each.files, each.format, each.how) for each in given)
    except BadTimeFormat as error:
        raise ConfigError("time_format", str(error)) from None


def _agent(
    settings: Settings,
    peers: Peers,
    addresses: Sequence[str],
    threads: DiskThreads,
    tails: SharedTails,
    formats: FormatRules,
    certificates: Mapping[str, float],
) -> Agent:
    logs = LocalLogs(
        catalog=Catalog(
            settings.root,
            names=settings.root_name,
            skip=settings.skip_files,
            never_serve=settings.never_serve,
            formats=formats,
            max_walk=settings.max_walk,
        ),
        threads=threads,
        options=ReadOptions(
            host=settings.name,
            zone=settings.timezone,
            max_line=settings.max_line,
            leaves_from=leaves_from(settings.page_cache),
        ),
        max_files=settings.max_files,
        tails=tails,
        root_zones=settings.root_timezone,
        formats=formats,
    )
    return Agent(logs=logs, peers=peers, patience=settings.patience, addresses=addresses, certificates=certificates)


def _listeners(settings: Settings) -> list[Listener]:
    with ExitStack() as opened:
        listeners: list[Listener] = []
        for url in settings.listen:
            for listener in _listeners_at(settings, url):
                listeners.append(listener)
                opened.callback(listener.close)
        opened.pop_all()
        return listeners


def _listeners_at(settings: Settings, url: str) -> list[Listener]:
    if url.startswith(UNIX):
        return [listen_unix(Path(url.removeprefix(UNIX)), settings.listen_mode, settings.listen_group)]
    parts = urlsplit(url)
    return _tcp_listeners(settings, parts.scheme, parts.hostname or "", parts.port or 0)


def _tcp_listeners(settings: Settings, scheme: str, host: str, port: int) -> list[Listener]:
    if scheme == "http":
        return listen_on_all(host, port, None)
    if settings.tls_certificate is None or settings.tls_key is None:
        raise ConfigError("listen", f"https://{host}:{port} needs a certificate and its key; see --certs")
    tls = server_tls(settings.tls_certificate, settings.tls_key, settings.tls_ca)
    return listen_on_all(host, port, tls)
