"""The command line as typed: argv becomes a namespace, or a text for whoever typed something else."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from logagent import __version__
from logagent.config.table import SETTINGS, Setting

EXIT_CODES = """\
exit codes:
  0  found, and the answer is complete      1  complete, but nothing matched
  2  wrong usage, or nothing could be asked 3  partial: standard error says which hosts failed and why"""


@dataclass(frozen=True, slots=True)
class Told:
    """In place of arguments: a text for people, such as help or what is wrong, and the exit code that goes with it."""

    text: str
    code: int


def parse(argv: Sequence[str]) -> argparse.Namespace | Told:
    """The arguments as typed, without the program's name; `command` says which command they are for."""
    talk = io.StringIO()  # argparse prints by itself, and ends the program
    with contextlib.redirect_stdout(talk), contextlib.redirect_stderr(talk):
        try:
            return _parse(list(argv))
        except SystemExit as end:
            return Told(talk.getvalue(), end.code if isinstance(end.code, int) else 2)


def _parse(argv: list[str]) -> argparse.Namespace:
    """The parsers of commands that take FILE and KEYWORD read their arguments by themselves, since only so may flags
    stand between these."""
    parser, commands = _parsers()
    if argv and argv[0] in ("query", "follow", "hits", "files"):
        return commands[argv[0]].parse_intermixed_args(argv[1:], argparse.Namespace(command=argv[0]))
    return parser.parse_args(argv)


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        prog="logagent",
        description="Serves a host's log files in place, and asks for those of many hosts, merged by time.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"logagent {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add = {
        "serve": (_add_serve, "serve this host's log files"),
        "query": (_add_query, "ask an agent for log lines"),
        "follow": (_add_follow, "print log lines as they are written"),
        "files": (_add_files, "list the logs that can be asked for"),
        "hits": (_add_hits, "count log lines by time, as a bar chart"),
        "hosts": (_add_hosts, "list the agents that an agent knows"),
        "certs": (_add_certs, "make an authority and certificates for agents"),
        "demo": (_add_demo, "start four agents with made-up logs, and ask them"),
    }
    return parser, {
        name: add_arguments(
            commands.add_parser(
                name,
                help=summary,
                description=summary[0].upper() + summary[1:] + ".",
                allow_abbrev=False,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
        for name, (add_arguments, summary) in add.items()
    }


def _add_serve(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--config", metavar="FILE", help="a TOML file of settings [$LOGAGENT_CONFIG]")
    for setting in SETTINGS:
        _add_setting(parser, setting)
    return parser


def _add_setting(parser: argparse.ArgumentParser, setting: Setting) -> None:
    explained = f"{setting.help} [{setting.shown_default}; ${setting.variable}]".replace("%", "%%")
    if setting.is_switch:
        parser.add_argument(setting.flag, action=argparse.BooleanOptionalAction, help=explained)
    else:
        parser.add_argument(
            setting.flag, action="append", metavar=setting.unit.upper().replace(" ", "-") or "TEXT", help=explained
        )


def given_settings(typed: argparse.Namespace) -> dict[str, list[str]]:
    """What flags give for settings, as texts by the name of the setting."""
    given = {setting.name: getattr(typed, setting.name) for setting in SETTINGS}
    return {
        name: [str(value).lower()] if isinstance(value, bool) else value
        for name, value in given.items()
        if value is not None
    }


def _add_query(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _add_patterns(parser)
    parser.add_argument("-n", "--lines", metavar="N", help="at most so many lines")
    parser.add_argument("-f", "--follow", action="store_true", help="go on as lines are written, as `follow` does")
    _add_liveness(parser)
    _add_printing(parser)
    parser.add_argument(
        "-c", "--count", action="store_true", help="print how many lines (events) match instead of them"
    )
    parser.add_argument("--order", metavar="ORDER", help="newest or oldest first [newest]")
    return _add_agent(parser)


def _add_follow(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _add_patterns(parser)
    parser.add_argument("-n", "--lines", metavar="N", help="begin with so many earlier lines [10; with --since all]")
    _add_liveness(parser)
    parser.set_defaults(follow=True)
    _add_printing(parser)
    return _add_agent(parser)


def _add_liveness(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--patience", metavar="SPAN", help="a followed line waits so long for earlier ones [200ms]")
    parser.add_argument("--heartbeat", metavar="SPAN", help="a silent agent shows that often that it is alive [15s]")


def _add_printing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-C", "--context", metavar="N", help="N lines before and after each match")
    parser.add_argument("-B", "--before-context", metavar="N", help="N lines before each match")
    parser.add_argument("-A", "--after-context", metavar="N", help="N lines after each match")
    parser.add_argument("--cursor", metavar="CURSOR", help="go on where an answer ended; standard error said where")
    parser.add_argument("--max-bytes", metavar="N", help="stop after so many bytes of lines [no limit]")
    parser.add_argument("--prefix", choices=("auto", "always", "never"), default="auto", help="HOST FILE: before lines")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colour prefixes by host")
    parser.add_argument("--verbose", action="store_true", help="say how each host fared, and what it took")


def _add_files(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("file", metavar="GLOB", nargs="*", help="only these, such as 'nginx/*.log' [**/*]")
    parser.add_argument("--host", metavar="GLOB", action="append", default=[], help="only these hosts [all it knows]")
    parser.add_argument("--no-rotated", action="store_true", help="without the rotated generations of logs")
    parser.add_argument("--timeout", metavar="SPAN", default="30s", help="how long to wait for the answer [30s]")
    return _add_agent(parser)


def _add_patterns(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXIT_CODES
    parser.add_argument("file", metavar="FILE", help="a path below the agent's roots, or a glob such as 'nginx/*.log'")
    parser.add_argument("keyword", metavar="KEYWORD", nargs="*", help="a literal that must occur; several: all must")
    parser.add_argument("-e", "--keyword", dest="more_keywords", metavar="KEYWORD", action="append", default=[])
    parser.add_argument("-F", "--fixed-strings", action="store_true", help="as in grep: keywords are literals anyway")
    parser.add_argument("-v", "--exclude", metavar="TEXT", action="append", default=[], help="must not occur")
    parser.add_argument("-E", "--regex", metavar="PATTERN", action="append", default=[], help="must match; repeatable")
    parser.add_argument("--exclude-regex", metavar="PATTERN", action="append", default=[], help="must not match")
    parser.add_argument("-i", "--ignore-case", action="store_true", help="for all of these")
    parser.add_argument("-S", "--since", metavar="WHEN", help="from then on: 15m, 2h, 7d back, or a time")
    parser.add_argument("-U", "--until", metavar="WHEN", help="before then, likewise")
    parser.add_argument("--events", action="store_true", help="whole events, such as stack traces, in place of lines")
    parser.add_argument("--no-rotated", action="store_true", help="without the rotated generations of a log")
    parser.add_argument("--host", metavar="GLOB", action="append", default=[], help="only these hosts [all it knows]")
    parser.add_argument("--timeout", metavar="SPAN", help="stop after so long, such as 500ms, 30s, 2m [no limit]")


def _add_hits(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    _add_patterns(parser)
    parser.add_argument("--step", metavar="SPAN", help="count by so long: 10s, 5m, 1h, 1d [what suits a screen]")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colour bars by host")
    parser.add_argument("--verbose", action="store_true", help="say how each host fared, and what it took")
    return _add_agent(parser)


def _add_hosts(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--timeout", metavar="SPAN", default="30s", help="how long to wait for the answer [30s]")
    return _add_agent(parser)


def _add_agent(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    parser.add_argument("--agent", metavar="URL", help="whom to ask [$LOGAGENT_AGENT, else http://127.0.0.1:8000]")
    tls = parser.add_argument_group("agents that speak TLS")
    tls.add_argument("--certs", metavar="DIR", help="where ca.pem, NAME.pem and NAME-key.pem lie [$LOGAGENT_CERTS]")
    tls.add_argument("--name", help="whose certificate of --certs to show [$LOGAGENT_NAME, else this machine's]")
    tls.add_argument("--ca", metavar="FILE", help="the authority to trust [ca.pem of --certs, else the system's]")
    tls.add_argument("--cert", metavar="FILE", help="the certificate to show [NAME.pem of --certs]")
    tls.add_argument("--key", metavar="FILE", help="its key [NAME-key.pem of --certs]")
    return parser


def _add_certs(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    authority = acts.add_parser("init", help="make an authority", allow_abbrev=False)
    authority.add_argument("directory", metavar="DIR")
    host = acts.add_parser("host", help="make a host's certificate, signed by that authority", allow_abbrev=False)
    host.add_argument("name", metavar="NAME")
    host.add_argument("directory", metavar="DIR")
    host.add_argument("--address", metavar="A", action="append", default=[], help="an IP address or name it answers on")
    host.add_argument("--overwrite", action="store_true", help="in place of the one that is there")
    return parser


def _add_demo(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--keep", action="store_true", help="leave the agents running until Ctrl-C, their logs growing")
    parser.add_argument("--directory", metavar="DIR", help="where to put logs and certificates [a temporary directory]")
    return parser
