"""The program `logagent`: runs each command, and turns every failure into an exit code."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial

from logagent.config.errors import ConfigError
from logagent.peers.direct.waiting import SpeaksHttp1
from logagent.terminal import arguments
from logagent.terminal.arguments import (
    FilesArguments,
    FormatsArguments,
    HitsArguments,
    HostsArguments,
    QueryArguments,
)
from logagent.terminal.setup_arguments import (
    AccessArguments,
    CertsArguments,
    DemoArguments,
    ReloadArguments,
    ServeArguments,
    TokenArguments,
)
from logagent.terminal.streams import Streams, standard_streams
from logagent.terminal.unix_arguments import UnixArguments
from logagent.terminal.verdicts import FAILED


def main() -> int:
    """Run the program and return its exit code; `logagent query --help` explains the codes.

    Raises:
        KeyboardInterrupt: for Ctrl-C, except where a command handles it.
    """
    return run(sys.argv[1:], os.environ, standard_streams())


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
        import traceback

        with contextlib.suppress(OSError):
            traceback.print_exception(error, file=streams.stderr)
    return FAILED


def _run(typed: arguments.Arguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run a command; the modules of each are imported when it runs, since none is to wait for those of another."""
    match typed:
        case ServeArguments():
            return _serve(typed, environ, streams)
        case QueryArguments(follow=True):
            return _follow(typed, environ, streams)
        case QueryArguments() | HitsArguments():
            return _paged(partial(_query, typed, environ), typed, environ, streams)
        case UnixArguments():
            return _unix(typed, environ, streams)
        case FilesArguments():
            return _paged(partial(_files, typed, environ), typed, environ, streams)
        case FormatsArguments():
            return _formats(typed, environ, streams)
        case HostsArguments():
            return _paged(partial(_hosts, typed, environ), typed, environ, streams)
        case CertsArguments():
            return _certs(typed, streams)
        case ReloadArguments():
            return _reload(typed, environ, streams)
        case AccessArguments():
            return _access(typed, environ, streams)
        case TokenArguments():
            return _token(typed, environ, streams)
        case DemoArguments():
            return _demo(typed, environ, streams)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Let the garbage collector rest while modules are loaded: none of what it would look through is garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _interruptible(act: Callable[[], Awaitable[int]]) -> int:
    import trio

    from logagent.terminal.interrupts import until_signalled

    return trio.run(until_signalled, act, signal.SIGINT)


def _paged(
    act: Callable[[Streams], int], typed: arguments.AskArguments, environ: Mapping[str, str], streams: Streams
) -> int:
    """Run a command, on a terminal through a pager if what it prints does not fit there."""
    if typed.no_pager or not streams.interactive or not streams.stdout.isatty():
        return act(streams)
    from logagent.terminal.pager import paged

    return paged(act, streams, environ)


def _hint(typed: QueryArguments | HitsArguments, streams: Streams) -> None:
    from logagent.terminal.names import shell_hints

    for hint in shell_hints(typed.files[0], typed.words, os.path.isfile):
        streams.say(hint)


def _follow(typed: QueryArguments, environ: Mapping[str, str], streams: Streams) -> int:
    from logagent.terminal import follow
    from logagent.terminal.question import question

    _hint(typed, streams)
    return _interruptible(partial(follow.follow, question(typed, environ), streams, environ))


def _query(typed: QueryArguments | HitsArguments, environ: Mapping[str, str], streams: Streams) -> int:
    with loading():
        from logagent.terminal import plain
        from logagent.terminal.question import hits_question, question

    _hint(typed, streams)
    asked = hits_question(typed, environ) if isinstance(typed, HitsArguments) else question(typed, environ)
    try:
        return plain.ask(asked, streams, environ)
    except SpeaksHttp1:
        from logagent.terminal import query

        return _interruptible(partial(query.ask, asked, streams, environ))


def _unix(typed: UnixArguments, environ: Mapping[str, str], streams: Streams) -> int:
    from logagent.terminal.unix import commands

    command = commands.checked_command(typed, environ)
    try:
        if command.waits_for_lines:
            raise SpeaksHttp1
        return commands.run(command, streams, environ)
    except SpeaksHttp1:
        from logagent.terminal.unix import on_trio

        return _interruptible(partial(on_trio.run, command, streams, environ))


def _files(typed: FilesArguments, environ: Mapping[str, str], streams: Streams) -> int:
    with loading():
        from logagent.terminal import plain_documents
        from logagent.terminal.files import files_question

    asked = files_question(typed, environ)
    try:
        return plain_documents.ask_files(asked, streams)
    except SpeaksHttp1:
        from logagent.terminal import documents

        return _interruptible(partial(documents.ask_files, asked, streams))


def _hosts(typed: HostsArguments, environ: Mapping[str, str], streams: Streams) -> int:
    with loading():
        from logagent.terminal import plain_documents
        from logagent.terminal.hosts import hosts_question

    asked = hosts_question(typed, environ)
    try:
        return plain_documents.ask_hosts(asked, streams)
    except SpeaksHttp1:
        from logagent.terminal import documents

        return _interruptible(partial(documents.ask_hosts, asked, streams))


def _formats(typed: FormatsArguments, environ: Mapping[str, str], streams: Streams) -> int:
    from logagent import samples
    from logagent.core.times.explaining import FileSample
    from logagent.terminal import formats

    def read(name: str, asked: formats.FormatsQuestion) -> FileSample:
        stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()  # None: the caller closed it
        return samples.sample(name, asked.lines, asked.zone, asked.formats, stdin)

    return formats.explain_files(formats.formats_question(typed, environ), read, streams)


def _serve(typed: ServeArguments, environ: Mapping[str, str], streams: Streams) -> int:
    import socket

    from logagent.config.control import places
    from logagent.config.hints import hints
    from logagent.config.loading import load
    from logagent.config.settings import Settings

    file = typed.config or environ.get("LOGAGENT_CONFIG") or None
    host = socket.gethostname()

    def read(fixed: Mapping[str, Sequence[str]]) -> Settings:
        return load({**typed.settings, **fixed}, environ, host=host, file=file)

    settings = read({})
    for hint in hints(typed.settings, environ, file):
        streams.say(hint)
    import trio

    from logagent.running import serving

    def started(addresses: Sequence[str]) -> None:
        roots = ", ".join(map(str, settings.root))
        try:
            streams.print(f"logagent: {settings.name} serves {roots} on {', '.join(addresses)}\n")
        except OSError as error:  # It serves all the same: nobody needs that line.
            streams.say(str(error))

    control = places(settings.control, settings.name, settings.listen, environ)
    trio.run(partial(serving.serve, settings, started=started, warn=streams.say, again=read, control=control))
    return 0


def _certs(typed: CertsArguments, streams: Streams) -> int:
    from datetime import UTC, datetime

    from logagent.authority import command

    return command.run(typed, streams, now=datetime.now(UTC))


def _reload(typed: ReloadArguments, environ: Mapping[str, str], streams: Streams) -> int:
    from logagent.terminal import reload

    return reload.run(typed, environ, streams)


def _token(typed: TokenArguments, environ: Mapping[str, str], streams: Streams) -> int:
    import time

    from logagent.terminal import tokens

    return tokens.run(typed, environ, streams, now=int(time.time()))


def _access(typed: AccessArguments, environ: Mapping[str, str], streams: Streams) -> int:
    from logagent import access_command

    return access_command.run(typed, environ, streams)


def _demo(typed: DemoArguments, environ: Mapping[str, str], streams: Streams) -> int:
    from pathlib import Path

    from logagent.demo import play

    return play.run(Path(typed.directory) if typed.directory else None, environ, streams, keep=typed.keep)
