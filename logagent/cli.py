"""The command line: one function for each command, and the one place where failures become exit codes."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import trio

from logagent.config.errors import ConfigError
from logagent.config.settings import load
from logagent.terminal import arguments, files, follow, hosts, query
from logagent.terminal.interrupts import DIED_OF_SIGNAL, until_signalled
from logagent.terminal.streams import Streams, text_writer
from logagent.terminal.verdicts import FAILED


def main() -> int:
    """The program `logagent`: the exit code says how it went, see `logagent query --help`."""
    streams = _standard_streams()
    try:
        return run(sys.argv[1:], os.environ, streams)
    except KeyboardInterrupt:
        return DIED_OF_SIGNAL + signal.SIGINT


def _standard_streams() -> Streams:
    """Unbuffered, and not Python's own: nothing is left to be written, or to fail, when the program ends.

    A descriptor that the caller closed is opened as /dev/null, lest a socket take its number and be written to.
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
    """Run the command that `argv` (without the program's name) asks for; returns the exit code."""
    typed = arguments.parse(argv)
    if isinstance(typed, arguments.Told):
        return _tell(typed, streams)
    try:
        return _COMMANDS[typed.command](typed, environ, streams)
    except Exception as error:
        return _failed(error, streams)


def _tell(told: arguments.Told, streams: Streams) -> int:
    """Help that was asked for is data; what is wrong with the arguments is talk."""
    if told.code == 0:
        streams.print(told.text)
    else:
        with contextlib.suppress(OSError):
            streams.stderr.write(told.text)
    return told.code


def _failed(error: Exception, streams: Streams) -> int:
    """Expected failures are one line, anything else is a bug and shows as one. Either way it is not `nothing found`."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, ConfigError):
        streams.say(str(error))
    elif isinstance(error, OSError):
        streams.say(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
    else:
        traceback.print_exception(error, file=streams.stderr)
    return FAILED


def _query(typed: argparse.Namespace, environ: Mapping[str, str], streams: Streams) -> int:
    question = query.question(typed, environ)
    act = follow.follow if question.query.follow else query.ask
    return trio.run(until_signalled, partial(act, question, streams, environ), signal.SIGINT)


def _files(typed: argparse.Namespace, environ: Mapping[str, str], streams: Streams) -> int:
    question = files.files_question(typed, environ)
    return trio.run(until_signalled, partial(files.ask_files, question, streams), signal.SIGINT)


def _hits(typed: argparse.Namespace, environ: Mapping[str, str], streams: Streams) -> int:
    question = query.hits_question(typed, environ)
    return trio.run(until_signalled, partial(query.ask, question, streams, environ), signal.SIGINT)


def _hosts(typed: argparse.Namespace, environ: Mapping[str, str], streams: Streams) -> int:
    question = hosts.hosts_question(typed, environ)
    return trio.run(until_signalled, partial(hosts.ask_hosts, question, streams), signal.SIGINT)


def _serve(typed: argparse.Namespace, environ: Mapping[str, str], streams: Streams) -> int:
    file = typed.config or environ.get("LOGAGENT_CONFIG") or None
    settings = load(arguments.given_settings(typed), environ, host=socket.gethostname(), file=file)
    # Imported here, since the commands that ask need no web server, and it takes longer to load than a query to run.
    from logagent import serving

    def started(addresses: Sequence[str]) -> None:
        roots = ", ".join(map(str, settings.root))
        streams.print(f"logagent: {settings.name} serves {roots} on {', '.join(addresses)}\n")

    trio.run(partial(serving.serve, settings, started=started))
    return 0


def _certs(typed: argparse.Namespace, environ: Mapping[str, str], streams: Streams) -> int:
    # Imported here, since cryptography takes long to load.
    from logagent import certs

    now, directory = datetime.now(UTC), Path(typed.directory)
    try:
        if typed.act == "init":
            made = certs.init(directory, now=now)
        else:
            made = certs.host(typed.name, directory, addresses=typed.address, now=now, overwrite=typed.overwrite)
    except certs.CertsError as error:
        raise ConfigError(f"certs {typed.act}", str(error)) from None
    streams.print("".join(f"{path}\n" for path in made))
    return 0


def _demo(typed: argparse.Namespace, environ: Mapping[str, str], streams: Streams) -> int:
    # Imported here for its certificates, see `_certs`.
    from logagent.demo import play

    return play.run(Path(typed.directory) if typed.directory else None, environ, streams, keep=typed.keep)


_Command = Callable[[argparse.Namespace, Mapping[str, str], Streams], int]
_COMMANDS: dict[str, _Command] = {
    "serve": _serve,
    "query": _query,
    "follow": _query,
    "files": _files,
    "hits": _hits,
    "hosts": _hosts,
    "certs": _certs,
    "demo": _demo,
}
