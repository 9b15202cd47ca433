"""The arguments of the commands that ask, as typed: objects of texts, which their command checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from logagent.terminal.command_parser import TypedArguments

Output = Literal["text", "json"]
"""The form in which an answer is printed."""
When = Literal["auto", "always", "never"]
"""Whether something is printed; `auto` leaves it to the command."""
Clock = Literal["utc", "local"]
"""The zone in which times are printed."""


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


class PeersArguments(AskArguments):
    """The flags of commands that ask one agent, or several by themselves.

    Attributes:
        peer: agents, each as `NAME=URL` or URL.
        peers_from: the path of a file of such.
    """

    peer: Sequence[str]
    peers_from: str | None


class SearchArguments(PeersArguments):
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
        labels: whether each of them has the labels of its host.
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
    labels: bool
    show_cursor: bool
    order: str | None


class HitsArguments(SearchArguments):
    """The arguments of `hits`.

    Attributes:
        by: what is counted for each value of, in place of by time: `file`, or `label:NAME`.
    """

    step: str | None
    by: str | None


class FilesArguments(PeersArguments):
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


class HostsArguments(PeersArguments):
    """The arguments of `hosts`.

    Attributes:
        host: names, globs and conditions on labels; none: all hosts.
        watch: seconds between two looks; None: there is one only.
        seconds: a word that gives these, too.
    """

    host: Sequence[str]
    timeout: str
    watch: str | None
    seconds: str | None


class DoctorArguments(PeersArguments):
    """The arguments of `doctor`.

    Attributes:
        config: a TOML file of settings, whose peers are examined; None: that of this host's agent.
        timeout: how long each step may take.
    """

    config: str | None
    timeout: str
