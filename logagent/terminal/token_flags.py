"""The flags that name the token to send; and what is said to whoever gives the token itself as an argument."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

_NEVER = (
    "takes no token here: every user of this machine can read arguments (ps), and shells keep them; put it into a file "
    "that only you can read, and give --token-file FILE, or --token-command COMMAND for a program that prints it"
)


class _NeverTyped(argparse.Action):
    """Refuses a token that was typed, without repeating it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        parser.error(f"--token {_NEVER}")


def add_token_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags for a token."""
    token = parser.add_argument_group("agents that ask who asks")
    token.add_argument(
        "--token-file",
        metavar="FILE",
        help="a file that holds a token, which nobody else may read [$LOGAGENT_TOKEN_FILE]",
    )
    token.add_argument(
        "--token-command",
        metavar="COMMAND",
        help="a program that prints a token, with its arguments; run without a shell [$LOGAGENT_TOKEN_COMMAND]",
    )
    token.add_argument("--token", dest="token_file", action=_NeverTyped, help=argparse.SUPPRESS)
