"""The flags of each command, with their help: argparse's parsers, before anything is read."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from logagent import __version__
from logagent.terminal.command_parser import CommandParser, HelpFormatter, NestedParser
from logagent.terminal.context_flags import ALSO, LinesOrContext, add_context, add_context_flag
from logagent.terminal.doctor_flags import add_doctor, add_watch
from logagent.terminal.peer_flags import add_peers
from logagent.terminal.search_flags import (
    add_by,
    add_clock,
    add_labels,
    add_liveness,
    add_output,
    add_parts,
    add_patterns,
    add_repeatable,
)
from logagent.terminal.setup_flags import add_access, add_certs, add_demo, add_reload, add_token
from logagent.terminal.token_flags import add_token_flags
from logagent.terminal.unix_arguments import UNIX_COMMANDS
from logagent.terminal.verdicts import EXIT_CODES

PROGRAM = "logagent"
"""How the program is called."""


def whole_parser() -> CommandParser:
    """Make the parser of the whole command line, with those of all commands."""
    parser = CommandParser(
        prog=PROGRAM,
        description="Serve this host's log files over HTTP/2, or search the logs of many hosts, merged by time.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=NestedParser)
    for name, (add_arguments, summary) in _COMMANDS.items():
        add_arguments(commands.add_parser(name, help=summary, **_shape(summary, name)))
    return parser


def parser_of(command: str) -> CommandParser:
    """Make the parser of one command, which reads what stands behind its name."""
    add_arguments, summary = _COMMANDS[command]
    parser = CommandParser(prog=f"{PROGRAM} {command}", **_shape(summary, command))
    add_arguments(parser)
    return parser


def _shape(summary: str, command: str) -> dict[str, Any]:
    described = f"{summary[0].upper()}{summary[1:]}."
    shape = {"description": described, "allow_abbrev": False, "formatter_class": HelpFormatter}
    # Those have a letter -h of their own, which takes the place of argparse's.
    return shape | {"conflict_handler": "resolve" if command in UNIX_COMMANDS else "error"}


def _add_serve(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    # Imported here, as for `formats`: commands that ask need none of the settings.
    from logagent.terminal import setting_flags

    return setting_flags.add_serve(parser)


def _add_stdio(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    from logagent.terminal import setting_flags

    return setting_flags.add_stdio(parser)


def _add_formats(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    from logagent.terminal import setting_flags

    return setting_flags.add_formats(parser)


def _add_unix(command: str, parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    # Imported here, since commands that ask otherwise need none of it.
    from logagent.terminal.unix_letters import add_letters

    add_letters(command, parser)
    _add_host(parser)
    return _add_address(parser)


def _add_query(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _add_search(parser)
    parser.add_argument(
        "-n", "--lines", metavar="N", help="print at most N lines, also -N; with --events, N events [no limit]"
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help="keep printing lines as they are written, as `logagent follow` does"
    )
    add_liveness(parser)
    _add_printing(parser)
    parser.add_argument(
        "-c", "--count", action="store_true", help="print the number of matches instead of the lines (events)"
    )
    parser.add_argument(
        "--files-with-matches", action="store_true", help="print the names of the logs that have a match, not the lines"
    )
    parser.add_argument("--order", metavar="ORDER", help="which lines come first: newest or oldest [newest]")
    return _add_agent(parser)


def _add_follow(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _add_search(parser)
    parser.add_argument(
        "-n", "--lines", metavar="N", help="begin with the last N lines [10; with --since or --cursor, all from there]"
    )
    add_liveness(parser)
    parser.set_defaults(follow=True, count=False, files_with_matches=False, order=None)
    _add_printing(parser)
    return _add_agent(parser)


def _add_printing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-C",
        "--context",
        metavar="N",
        action=LinesOrContext,
        help=f"also print N lines before and after each match{ALSO}",
    )
    parser.add_argument("-B", "--before-context", metavar="N", help="also print N lines before each match")
    parser.add_argument("-A", "--after-context", metavar="N", help="also print N lines after each match")
    parser.add_argument(
        "--cursor",
        metavar="CURSOR",
        help="continue where an earlier answer to the same query ended, as --show-cursor prints it",
    )
    parser.add_argument(
        "--show-cursor", action="store_true", help="say where the answer ended, for --cursor, on standard error"
    )
    parser.add_argument("--max-bytes", metavar="N", help="stop after N bytes of lines [no limit]")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print each line as JSON and nothing else; the verdict goes to standard error if something is missing",
    )
    add_labels(parser)
    add_parts(parser)
    _add_when(parser, "--prefix", "print 'HOST FILE: ' before each line [auto: unless --host names exactly one host]")
    parser.set_defaults(prefix=None)  # told apart from `auto`, which goes before a context
    _add_when(
        parser, "--color", "colour each host's prefix, what matches, and levels such as ERROR [auto: on a terminal]"
    )
    add_clock(parser, "print each line's time before it")
    _add_verbose(parser)


def _add_when(parser: argparse.ArgumentParser, flag: str, help: str) -> None:
    parser.add_argument(flag, choices=("auto", "always", "never"), default="auto", help=help)


def _add_verbose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--verbose", action="store_true", help="say how each host fared, and how much was read, on standard error"
    )


def _add_files(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("file", metavar="GLOB", nargs="*", help="list only these logs, such as 'nginx/*.log' [**/*]")
    _add_host(parser)
    parser.add_argument("--no-rotated", action="store_true", help="leave out the rotated files of each log")
    parser.add_argument(
        "--formats", action="store_true", help="tell where and how each log states its times, and how sure that is"
    )
    add_clock(parser, "print times")
    _add_patience(parser)
    return _add_agent(parser)


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXIT_CODES
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="a path below the agent's roots, or a glob such as 'nginx/*.log' or 'nginx/{access,error}.log'; where no "
        "agent is named, /PATH and ./PATH are files of this machine, and - is standard input",
    )
    add_repeatable(
        parser, "FILE", "a FILE in place of the first argument, which then is a KEYWORD", "--file", dest="more_files"
    )
    add_patterns(parser)
    parser.add_argument(
        "-S",
        "--since",
        metavar="WHEN",
        help="only lines from this time on: today, yesterday, 'yesterday 10:00', 10:30, 2026-11-23, "
        "'2026-11-23 10:30', '23 Nov 10:30', @1795429800, all in this machine's zone, or a span back from now: 15m, "
        "1h30m, 7d, '2 hours ago'",
    )
    parser.add_argument("-U", "--until", metavar="WHEN", help="only lines before this time, in the same forms")
    parser.add_argument(
        "--events", action="store_true", help="match and print whole events, such as stack traces, instead of lines"
    )
    parser.add_argument("--no-rotated", action="store_true", help="leave out the rotated files of each log")
    _add_host(parser)
    parser.add_argument("--timeout", metavar="SPAN", help="stop after this time, such as 500ms, 30s, 2m [no limit]")


def _add_host(parser: argparse.ArgumentParser) -> None:
    add_repeatable(
        parser,
        "GLOB",
        "only the hosts of this name, or with label=value, label!=value; repeatable, also a,b [all known hosts]",
        "--host",
    )
    add_peers(parser)


def _add_hits(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _add_search(parser)
    parser.add_argument(
        "--step", metavar="SPAN", help="the time that one bar covers: 10s, 5m, 1h, 1d [one that fits a screen]"
    )
    add_by(parser)
    add_clock(parser, "print times")
    _add_when(parser, "--color", "print each host's share of a bar in a colour of its own [auto: on a terminal]")
    _add_verbose(parser)
    return _add_agent(parser)


def _add_hosts(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    add_watch(parser)
    _add_host(parser)
    _add_patience(parser)
    return _add_agent(parser)


def _add_patience(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--timeout", metavar="SPAN", default="30s", help="how long to wait for the whole answer [30s]")


def _add_agent(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    add_output(parser)
    parser.add_argument(
        "--no-pager",
        action="store_true",
        help="print plainly what does not fit on the screen [else through $LOGAGENT_PAGER, $PAGER or `less -FRSX`]",
    )
    return _add_address(parser)


def _add_address(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--agent",
        metavar="URL",
        help="the agent to ask, also unix:PATH [$LOGAGENT_AGENT, else this host's own: where the file of "
        "$LOGAGENT_CONFIG or /etc/logagent.toml says that it listens, else http://127.0.0.1:8000]",
    )
    add_context_flag(parser)
    tls = parser.add_argument_group("agents that speak TLS")
    tls.add_argument("--certs", metavar="DIR", help="the directory that `logagent certs` made [$LOGAGENT_CERTS]")
    tls.add_argument(
        "--name", help="the host in --certs whose certificate is shown [$LOGAGENT_NAME, else this machine]"
    )
    tls.add_argument("--ca", metavar="FILE", help="the authority to trust [ca.pem of --certs, else the system's]")
    tls.add_argument("--cert", metavar="FILE", help="the certificate to show to the agent [NAME.pem of --certs]")
    tls.add_argument("--key", metavar="FILE", help="that certificate's key [NAME-key.pem of --certs]")
    add_token_flags(parser)
    return parser


_COMMANDS: Mapping[str, tuple[Callable[[argparse.ArgumentParser], argparse.ArgumentParser], str]] = {
    "serve": (_add_serve, "serve this host's log files"),
    "stdio": (_add_stdio, "answer over standard input and output, as started by ssh"),
    "query": (_add_query, "search log lines, newest first"),
    "grep": (partial(_add_unix, "grep"), "search log lines as grep does, oldest first"),
    "tail": (partial(_add_unix, "tail"), "print the last lines of logs, and go on with -f"),
    "follow": (_add_follow, "print log lines as they are written"),
    "cat": (partial(_add_unix, "cat"), "print all lines of logs, oldest first"),
    "files": (_add_files, "list the logs that can be searched"),
    "ls": (partial(_add_unix, "ls"), "list logs and directories of logs as ls does"),
    "formats": (_add_formats, "explain what is taken for the times of local files"),
    "hits": (_add_hits, "count matching lines by time, as a bar chart"),
    "hosts": (_add_hosts, "list the hosts that an agent knows"),
    "doctor": (
        lambda parser: _add_agent(add_doctor(parser)),
        "try each step of reaching each peer, and say what to mend",
    ),
    "certs": (add_certs, "make an authority and the certificates of hosts"),
    "reload": (add_reload, "have this host's agent read its settings and certificates anew"),
    "token": (add_token, "make, list and revoke tokens, by which agents know who asks"),
    "access": (add_access, "explain the rules of who may read what, and find mistakes in them"),
    "context": (add_context, "list, choose and show contexts: whom commands ask, kept under a name"),
    "demo": (add_demo, "start four agents with made-up logs, and query them"),
}
"""Each command: what adds its arguments to its parser, and a summary for `logagent --help`."""
