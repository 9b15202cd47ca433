"""The flags that many commands have: the form of the output, which lines match, and in which zone times are printed."""

from __future__ import annotations

import argparse


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the flag `--output` to a command's parser."""
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="print text for people, or JSON [text]"
    )


def add_repeatable(
    parser: argparse.ArgumentParser, metavar: str, help: str, *flags: str, dest: str | None = None
) -> None:
    """Add a flag whose values are collected."""
    parser.add_argument(*flags, dest=dest, metavar=metavar, action="append", default=[], help=help)


def add_patterns(parser: argparse.ArgumentParser) -> None:
    """Add what says which lines match."""
    parser.add_argument(
        "keyword", metavar="KEYWORD", nargs="*", help="a literal text that a line must contain; of several, all"
    )
    add_repeatable(
        parser, "KEYWORD", "another KEYWORD, which may begin with a hyphen", "-e", "--keyword", dest="more_keywords"
    )
    parser.add_argument("-F", "--fixed-strings", action="store_true", help="no effect: keywords are literal anyway")
    add_repeatable(parser, "TEXT", "a literal text that a line must not contain; repeatable", "-v", "--exclude")
    add_repeatable(
        parser, "PATTERN", "a regular expression that a line must match; repeatable, all must", "-E", "--regex"
    )
    add_repeatable(parser, "PATTERN", "a regular expression that a line must not match; repeatable", "--exclude-regex")
    _add_pattern_files(parser)
    parser.add_argument(
        "--any", action="store_true", help="print lines that have one of KEYWORD and PATTERN, not only those with all"
    )
    parser.add_argument("-i", "--ignore-case", action="store_true", help="ignore case in KEYWORD, TEXT and PATTERN")
    parser.add_argument("--word", action="store_true", help="KEYWORD, TEXT and PATTERN match whole words only")
    parser.add_argument("--line", action="store_true", help="KEYWORD, TEXT and PATTERN match whole lines only")


def _add_pattern_files(parser: argparse.ArgumentParser) -> None:
    add_repeatable(
        parser,
        "FILE",
        "KEYWORDs, one on each line of FILE, of which one is enough; - is standard input",
        "--patterns-from",
    )
    add_repeatable(parser, "FILE", "likewise PATTERNs, of which one is enough", "--regex-from")


def add_parts(parser: argparse.ArgumentParser) -> None:
    """Add the flag that prints parts of lines."""
    parser.add_argument(
        "--only-matching", action="store_true", help="print what KEYWORD and PATTERN match, each on a line of its own"
    )


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add the flag that gives each line of JSON the labels of its host."""
    parser.add_argument(
        "--labels", action="store_true", help="with -o json or --json: also print the labels of each line's host"
    )


def add_liveness(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a follow about how long is waited."""
    parser.add_argument(
        "--patience",
        metavar="SPAN",
        help="how long a followed line is held back for earlier lines of other logs [200ms]",
    )
    parser.add_argument(
        "--heartbeat", metavar="SPAN", help="how often an agent with nothing to send shows that it is alive [15s]"
    )


def add_clock(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the flags that choose a zone.

    Args:
        what: is printed in it, for the help.
    """
    zones = parser.add_mutually_exclusive_group()
    zones.add_argument("--utc", dest="clock", action="store_const", const="utc", help=f"{what}, in UTC")
    zones.add_argument(
        "--local", dest="clock", action="store_const", const="local", help=f"{what}, in this machine's zone"
    )


def add_by(parser: argparse.ArgumentParser) -> None:
    """Add the flag that says for each of what lines are counted, in place of each span of time."""
    parser.add_argument(
        "--by",
        metavar="WHAT",
        help="count for each log (file) or each value of a label of hosts (label:role) [by time]",
    )
