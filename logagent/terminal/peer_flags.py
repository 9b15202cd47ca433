"""The flags that name several agents, which the command line asks by itself."""

from __future__ import annotations

import argparse

from logagent.terminal.search_flags import add_repeatable


def add_peers(parser: argparse.ArgumentParser) -> None:
    """Add the flags `--peer` and `--peers-from`."""
    add_repeatable(
        parser,
        "NAME=URL",
        "ask this agent, and no other than those named so, and merge their answers: https://, http://, unix: or "
        "ssh://[USER@]HOST; without NAME= it is called as the URL's host; repeatable",
        "--peer",
    )
    parser.add_argument(
        "--peers-from", metavar="FILE", help="ask the agents in a file, one NAME=URL or URL a line, # begins a comment"
    )
