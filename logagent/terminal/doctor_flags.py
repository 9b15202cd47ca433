"""The flags of the commands about the state of hosts: `doctor`, and `hosts --watch`."""

from __future__ import annotations

import argparse

from logagent.terminal.peer_flags import add_peers

USUAL = "2"
"""Seconds between two looks at hosts, unless others are given."""


def add_doctor(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the flags of `doctor`, but for those that say which agent is tried."""
    parser.epilog = (
        "exit codes: 0 all peers are well, 2 wrong usage or settings that cannot be read, 3 some peer is not"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="a TOML file of settings, whose peers are tried [that of this host's agent]"
    )
    parser.add_argument("--timeout", metavar="SPAN", default="5s", help="how long each step may take [5s]")
    add_peers(parser)
    return parser


def add_watch(parser: argparse.ArgumentParser) -> None:
    """Add the flag that has `hosts` look again and again."""
    parser.add_argument("seconds", metavar="SECONDS", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument(
        "--watch",
        metavar="SECONDS",
        nargs="?",
        const=USUAL,
        help="look again and again, until Ctrl-C: paint the table anew, or, where there is no terminal, print a line "
        f"for each change [every {USUAL} s]",
    )
