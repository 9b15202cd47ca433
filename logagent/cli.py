"""The program `logagent`: runs each command, and turns every failure into an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial

from logagent import asking_commands
from logagent.asking_commands import paged
from logagent.config.errors import ConfigError, told_by_system
from logagent.terminal import arguments
from logagent.terminal.arguments import (
    DoctorArguments,
    FilesArguments,
    FormatsArguments,
    HitsArguments,
    HostsArguments,
    QueryArguments,
)
from logagent.terminal.context_flags import file_of_contexts
from logagent.terminal.setup_arguments import (
    AccessArguments,
    CertsArguments,
    ContextArguments,
    DemoArguments,
    ReloadArguments,
    ServeArguments,
    StdioArguments,
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
        _use_context(typed, environ, streams)
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
        streams.say(told_by_system(error))
    else:
        import traceback

        with contextlib.suppress(OSError):
            traceback.print_exception(error, file=streams.stderr)
    return FAILED


def _use_context(typed: arguments.Arguments, environ: Mapping[str, str], streams: Streams) -> None:
    """Give a command that asks an agent what its context holds, if there is a file of contexts or one is named."""
    given = typed.given if isinstance(typed, UnixArguments) else vars(typed)
    if "context_name" not in given or given["context_name"] in ("", "none"):
        return
    file = file_of_contexts(environ)
    if given["context_name"] or environ.get("LOGAGENT_CONTEXT") or (file and os.path.exists(file)):  # noqa: PTH110 - fast
        from logagent.terminal.contexts.applying import apply

        for line in apply(given, file, environ):
            streams.say(line)


def _run(typed: arguments.Arguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run a command; the modules of each are imported when it runs, since none is to wait for those of another."""
    match typed:
        case QueryArguments(follow=True):
            return asking_commands.run_follow(typed, environ, streams)
        case QueryArguments() | HitsArguments():
            return paged(partial(asking_commands.run_query, typed, environ), typed, environ, streams)
        case UnixArguments():
            return asking_commands.run_unix(typed, environ, streams)
        case FilesArguments():
            return paged(partial(asking_commands.run_files, typed, environ), typed, environ, streams)
        case FormatsArguments():
            return asking_commands.run_formats(typed, environ, streams)
        case DoctorArguments():
            return paged(partial(asking_commands.run_doctor, typed, environ), typed, environ, streams)
        case HostsArguments(watch=str()):
            return asking_commands.run_hosts(typed, environ, streams)
        case HostsArguments():
            return paged(partial(asking_commands.run_hosts, typed, environ), typed, environ, streams)
        case _:
            return _set_up(typed, environ, streams)


def _set_up(typed: arguments.SetupArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run a command that serves or sets something up."""
    from logagent import setup_commands

    match typed:
        case ServeArguments():
            return setup_commands.run_serve(typed, environ, streams)
        case StdioArguments():
            return setup_commands.run_stdio(typed, environ, streams)
        case CertsArguments():
            return setup_commands.run_certs(typed, streams)
        case ReloadArguments():
            return setup_commands.run_reload(typed, environ, streams)
        case AccessArguments():
            return setup_commands.run_access(typed, environ, streams)
        case ContextArguments():
            return setup_commands.run_context(typed, file_of_contexts(environ), environ, streams)
        case TokenArguments():
            return setup_commands.run_token(typed, environ, streams)
        case DemoArguments():
            return setup_commands.run_demo(typed, environ, streams)
