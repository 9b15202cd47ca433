"""The flags of the command `doctor`."""

from __future__ import annotations

import argparse


def add_doctor(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the flags of `doctor`, but for those that say which agent is tried."""
    parser.epilog = (
        "exit codes: 0 all peers are well, 2 wrong usage or settings that cannot be read, 3 some peer is not"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="a TOML file of settings, whose peers are tried [that of this host's agent]"
    )
    parser.add_argument("--timeout", metavar="SPAN", default="5s", help="how long each step may take [5s]")
    return parser
