"""The arguments of each command as typed: argv becomes an object, or a usage text if it is wrong or asks for help.

Only this module reads argv and uses argparse's namespaces. Values are still texts, which their command checks.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from logagent.terminal import flags
from logagent.terminal.asking_arguments import (
    AskArguments,
    Clock,
    DoctorArguments,
    FilesArguments,
    FormatsArguments,
    HitsArguments,
    HostsArguments,
    Output,
    QueryArguments,
    SearchArguments,
    When,
)
from logagent.terminal.command_parser import with_flags
from logagent.terminal.setup_arguments import (
    AccessArguments,
    CertsArguments,
    ContextArguments,
    DemoArguments,
    ReloadArguments,
    ServeArguments,
    StdioArguments,
    TokenArguments,
    access_arguments,
    certs_arguments,
    context_arguments,
    serve_arguments,
    stdio_arguments,
    token_arguments,
)
from logagent.terminal.unix_arguments import UNIX_COMMANDS, UnixArguments

__all__ = [
    "Arguments",
    "AskArguments",
    "AskingArguments",
    "Clock",
    "DoctorArguments",
    "FilesArguments",
    "FormatsArguments",
    "HitsArguments",
    "HostsArguments",
    "Output",
    "QueryArguments",
    "SearchArguments",
    "SetupArguments",
    "UsageText",
    "When",
    "parse",
]

_BY_THEMSELVES = frozenset(
    {"serve", "stdio", "demo", "query", "follow", "hits", "files", "formats", "hosts", "doctor", *UNIX_COMMANDS}
)
"""Commands whose parser is made alone."""


class UsageText(NamedTuple):
    """What to print in place of running a command: help that was asked for, or what is wrong with the arguments.

    Attributes:
        text: whole lines.
        code: the exit code; 0 for help that was asked for.
    """

    text: str
    code: int


AskingArguments = (
    QueryArguments
    | FilesArguments
    | FormatsArguments
    | HitsArguments
    | HostsArguments
    | DoctorArguments
    | UnixArguments
)
"""The arguments of a command that asks."""
SetupArguments = (
    ServeArguments
    | StdioArguments
    | CertsArguments
    | ReloadArguments
    | TokenArguments
    | AccessArguments
    | ContextArguments
    | DemoArguments
)
"""The arguments of a command that serves or sets something up."""
Arguments = AskingArguments | SetupArguments
"""The arguments of any command."""


def parse(argv: Sequence[str]) -> Arguments | UsageText:
    """Read the arguments, which come without the program's name."""
    talk = io.StringIO()  # argparse prints by itself, and ends the program
    with contextlib.redirect_stdout(talk), contextlib.redirect_stderr(talk):
        try:
            given = vars(_parse(with_flags(argv)))
        except SystemExit as end:
            return UsageText(talk.getvalue(), end.code if isinstance(end.code, int) else 2)
    command = given.pop("command")
    return UnixArguments(command, given) if command in UNIX_COMMANDS else _KINDS[command](**given)


def _parse(argv: list[str]) -> argparse.Namespace:
    """Only a command's own parser lets flags stand between FILE and KEYWORD: argparse does not pass intermixed
    arguments on to subparsers. It is made sooner, too, than those of all commands."""
    if argv and argv[0] in _BY_THEMSELVES:
        parser = flags.parser_of(argv[0])
        given = parser.read(argv[1:], argv[0])
        if "seconds" in given and given.seconds is not None and given.watch is None:
            parser.error(f"unrecognized arguments: {given.seconds}")
        if "file" in given and given.file is None and not given.more_files:
            parser.error("the following arguments are required: FILE, or --file FILE")
        return given
    return flags.whole_parser().parse_args(argv)


_KINDS: Mapping[str, Callable[..., Arguments]] = {
    "serve": serve_arguments,
    "stdio": stdio_arguments,
    "query": QueryArguments,
    "follow": QueryArguments,
    "files": FilesArguments,
    "formats": FormatsArguments,
    "hits": HitsArguments,
    "hosts": HostsArguments,
    "doctor": DoctorArguments,
    "certs": certs_arguments,
    "reload": ReloadArguments,
    "token": token_arguments,
    "access": access_arguments,
    "context": context_arguments,
    "demo": DemoArguments,
}
"""Makes each command's arguments from its namespace. A flag without a field, or a field without a flag, is a
TypeError."""
