"""The arguments of each command as typed: argv becomes an object, or a usage text if it is wrong or asks for help.

Only this module reads argv and uses argparse's namespaces. Values are still texts, which their command checks.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from logagent.terminal import flags
from logagent.terminal.command_parser import TypedArguments, with_flags
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

Output = Literal["text", "json"]
"""The form in which an answer is printed."""
When = Literal["auto", "always", "never"]
"""Whether something is printed; `auto` leaves it to the command."""
Clock = Literal["utc", "local"]
"""The zone in which times are printed."""

_BY_THEMSELVES = frozenset(
    {"serve", "stdio", "demo", "query", "follow", "hits", "files", "formats", "hosts", *UNIX_COMMANDS}
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


class AskArguments(TypedArguments):
    """The flags of every command that asks an agent.

    Attributes:
        output: the form in which the answer is printed.
        agent: the agent's URL.
        certs: the directory of certificates that `logagent certs` made.
        name: the host whose certificate in `certs` is shown to the agent.
        ca: the file of the authority to trust, in place of the one in `certs`.
        cert: the file of the certificate to show, in place of the one in `certs`.
        key: the file of that certificate's key.
        token_file: the file of the token that is sent.
        token_command: the command that prints it.
        context_name: the context to use; empty or `none`: none; None: the current one.
        told_by: what gave an argument that was not typed, by its name.
        no_pager: whether a terminal is printed to without a pager.
    """

    output: Output
    agent: str | None
    certs: str | None
    name: str | None
    ca: str | None
    cert: str | None
    key: str | None
    token_file: str | None
    token_command: str | None
    context_name: str | None
    told_by: Mapping[str, str]
    no_pager: bool

    def where(self, argument: str) -> str:
        """Return what gave an argument, for messages: its flag, or the place in the file of contexts."""
        return self.told_by.get(argument, "--" + argument.replace("_", "-"))


class SearchArguments(AskArguments):
    """The flags of every command that searches lines: which lines match, and how to report on the answer.

    Attributes:
        file: a path or a glob; with `more_files` it is a keyword.
        more_files: paths and globs given by flag.
        keyword: literals given as arguments.
        more_keywords: literals given by flag.
        fixed_strings: without effect, accepted because grep has it.
        patterns_from: files of literals, one of which is enough.
        regex_from: files of expressions, one of which is enough.
        any: whether one literal or expression is enough.
        word: whether literals and expressions match whole words only.
        line: whether they match whole lines only.
        clock: the zone in which times are printed; None: the command's own.
        color: whether hosts are told apart by colours, and matches and levels are coloured.
    """

    file: str | None
    more_files: Sequence[str]
    keyword: Sequence[str]
    more_keywords: Sequence[str]
    fixed_strings: bool
    exclude: Sequence[str]
    regex: Sequence[str]
    exclude_regex: Sequence[str]
    patterns_from: Sequence[str]
    regex_from: Sequence[str]
    any: bool
    ignore_case: bool
    word: bool
    line: bool
    clock: Clock | None
    since: str | None
    until: str | None
    events: bool
    no_rotated: bool
    host: Sequence[str]
    timeout: str | None
    color: When
    verbose: bool

    @property
    def files(self) -> Sequence[str]:
        """The paths and globs; there is at least one."""
        return self.more_files or [self.file or ""]

    @property
    def words(self) -> Sequence[str]:
        """The literals that stand there without a flag."""
        return [self.file, *self.keyword] if self.more_files and self.file is not None else self.keyword


class QueryArguments(SearchArguments):
    """The arguments of `query`, and of `follow`, which is a query with `follow` set.

    Attributes:
        lines: how many lines at most; of a follow, how many earlier ones it begins with.
        prefix: whether host and file stand before each line; None: as `auto`.
        only_matching: whether only what matches is printed of each line.
        files_with_matches: whether the names of logs are printed in place of lines.
        json: whether lines are printed as JSON, and nothing else.
        show_cursor: whether it is told where another answer would continue.
    """

    lines: str | None
    follow: bool
    patience: str | None
    heartbeat: str | None
    context: str | None
    before_context: str | None
    after_context: str | None
    cursor: str | None
    max_bytes: str | None
    prefix: When | None
    only_matching: bool
    files_with_matches: bool
    count: bool
    json: bool
    show_cursor: bool
    order: str | None


class HitsArguments(SearchArguments):
    """The arguments of `hits`."""

    step: str | None


class FilesArguments(AskArguments):
    """The arguments of `files`.

    Attributes:
        file: paths and globs; none: every log.
        formats: whether to tell what was taken for the times of each log.
        clock: the zone in which times are printed; None: UTC.
    """

    file: Sequence[str]
    host: Sequence[str]
    no_rotated: bool
    formats: bool
    clock: Clock | None
    timeout: str


class FormatsArguments(TypedArguments):
    """The arguments of `formats`.

    Attributes:
        file: paths of local files, or `-` for standard input.
        lines: how many lines of each are explained.
        timezone: of times that name none.
        time_format: formats that are named.
        config: a TOML file of settings.
    """

    file: Sequence[str]
    lines: str
    timezone: Sequence[str]
    time_format: Sequence[str]
    config: str | None
    output: Output


class HostsArguments(AskArguments):
    """The arguments of `hosts`."""

    timeout: str


AskingArguments = QueryArguments | FilesArguments | FormatsArguments | HitsArguments | HostsArguments | UnixArguments
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
    "certs": certs_arguments,
    "reload": ReloadArguments,
    "token": token_arguments,
    "access": access_arguments,
    "context": context_arguments,
    "demo": DemoArguments,
}
"""Makes each command's arguments from its namespace. A flag without a field, or a field without a flag, is a
TypeError."""
