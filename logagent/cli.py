"""The program `logagent`: runs each command, and turns every failure into an exit code."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import trio

from logagent.config.errors import ConfigError
from logagent.config.settings import load
from logagent.core.times.explaining import FileSample
from logagent.terminal import arguments, files, follow, formats, hosts, query
from logagent.terminal.arguments import (
    CertsHostArguments,
    CertsInitArguments,
    DemoArguments,
    FilesArguments,
    FormatsArguments,
    HitsArguments,
    HostsArguments,
    QueryArguments,
    ServeArguments,
)
from logagent.terminal.interrupts import DIED_OF_SIGNAL, until_signalled
from logagent.terminal.question import hits_question, question
from logagent.terminal.streams import Streams, text_writer
from logagent.terminal.verdicts import FAILED


def main() -> int:
    """Run the program and return its exit code; `logagent query --help` explains the codes."""
    streams = _standard_streams()
    try:
        return run(sys.argv[1:], os.environ, streams)
    except KeyboardInterrupt:
        return DIED_OF_SIGNAL + signal.SIGINT


def _standard_streams() -> Streams:
    """Return unbuffered streams in place of Python's: when the program ends, nothing is left that could fail.

    A descriptor that the caller closed is opened as /dev/null: otherwise a socket would get its number, and output
    would be written to the socket.
    """
    for descriptor in (1, 2):
        if not _is_open(descriptor):
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    return Streams(io.FileIO(1, "wb", closefd=False), text_writer(2))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def run(argv: Sequence[str], environ: Mapping[str, str], streams: Streams) -> int:
    """Run the command that the arguments ask for, and return the exit code.

    Args:
        argv: without the program's name.
    """
    typed = arguments.parse(argv)
    try:
        if isinstance(typed, arguments.UsageText):
            return _print_usage(typed, streams)
        return _run(typed, environ, streams)
    except Exception as error:
        return _failed(error, streams)


def _print_usage(usage: arguments.UsageText, streams: Streams) -> int:
    """Print help that was asked for to standard output, and complaints about arguments to standard error."""
    if usage.code == 0:
        streams.print(usage.text)
    else:
        with contextlib.suppress(OSError):
            streams.stderr.write(usage.text)
    return usage.code


def _failed(error: Exception, streams: Streams) -> int:
    """Report an expected failure in one line, and anything else, which is a bug, with its traceback.

    The exit code is never 1, as Python's would be for a traceback: 1 means that nothing matched.
    """
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, ConfigError):
        streams.say(str(error))
    elif isinstance(error, OSError):
        streams.say(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
    else:
        with contextlib.suppress(OSError):
            traceback.print_exception(error, file=streams.stderr)
    return FAILED


def _run(typed: arguments.Arguments, environ: Mapping[str, str], streams: Streams) -> int:
    match typed:
        case ServeArguments():
            return _serve(typed, environ, streams)
        case QueryArguments():
            return _query(typed, environ, streams)
        case HitsArguments():
            return _interruptible(partial(query.ask, hits_question(typed, environ), streams, environ))
        case FilesArguments():
            return _interruptible(partial(files.ask_files, files.files_question(typed, environ), streams))
        case FormatsArguments():
            return _formats(typed, environ, streams)
        case HostsArguments():
            return _interruptible(partial(hosts.ask_hosts, hosts.hosts_question(typed, environ), streams))
        case CertsInitArguments() | CertsHostArguments():
            return _certs(typed, streams)
        case DemoArguments():
            return _demo(typed, environ, streams)


def _interruptible(act: Callable[[], Awaitable[int]]) -> int:
    return trio.run(until_signalled, act, signal.SIGINT)


def _query(typed: QueryArguments, environ: Mapping[str, str], streams: Streams) -> int:
    act = follow.follow if typed.follow else query.ask
    return _interruptible(partial(act, question(typed, environ), streams, environ))


def _formats(typed: FormatsArguments, environ: Mapping[str, str], streams: Streams) -> int:
    # Imported here, since commands that ask read no files.
    from logagent import samples

    def read(name: str, asked: formats.FormatsQuestion) -> FileSample:
        stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()  # None: the caller closed it
        return samples.sample(name, asked.lines, asked.zone, asked.formats, stdin)

    return formats.explain_files(formats.formats_question(typed, environ), read, streams)


def _serve(typed: ServeArguments, environ: Mapping[str, str], streams: Streams) -> int:
    file = typed.config or environ.get("LOGAGENT_CONFIG") or None
    settings = load(typed.settings, environ, host=socket.gethostname(), file=file)
    # Imported here, since commands that ask need no web server, which takes longer to load than a query to run.
    from logagent import serving

    def started(addresses: Sequence[str]) -> None:
        roots = ", ".join(map(str, settings.root))
        try:
            streams.print(f"logagent: {settings.name} serves {roots} on {', '.join(addresses)}\n")
        except OSError as error:  # It serves all the same: nobody needs that line.
            streams.say(str(error))

    trio.run(partial(serving.serve, settings, started=started, warn=streams.say))
    return 0


def _certs(typed: CertsInitArguments | CertsHostArguments, streams: Streams) -> int:
    # Imported here, since cryptography takes long to load.
    from logagent import certs

    now, directory = datetime.now(UTC), Path(typed.directory)
    try:
        if isinstance(typed, CertsInitArguments):
            made = certs.init(directory, now=now)
        else:
            made = certs.host(typed.name, directory, addresses=typed.address, now=now, overwrite=typed.overwrite)
    except certs.CertsError as error:
        act = "init" if isinstance(typed, CertsInitArguments) else "host"
        raise ConfigError(f"certs {act}", str(error)) from None
    streams.print("".join(f"{path}\n" for path in made))
    return 0


def _demo(typed: DemoArguments, environ: Mapping[str, str], streams: Streams) -> int:
    # Imported here for its certificates, see `_certs`.
    from logagent.demo import play

    return play.run(Path(typed.directory) if typed.directory else None, environ, streams, keep=typed.keep)
