"""The flag that names a context, and the arguments of the command `context`.

Private part touched: argparse's `_actions`, the flags that a parser has.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from logagent.terminal.search_flags import add_output

FLAG = "--context"
"""The flag that names a context."""
ALSO = "; --context NAME: the context to use, of ~/.config/logagent/config.toml"
"""What the help of `LinesOrContext` ends with."""


def file_of_contexts(environ: Mapping[str, str]) -> str:
    """Return the path of the file of contexts; empty if nobody's home is known."""
    configuration, home = environ.get("XDG_CONFIG_HOME", ""), environ.get("HOME", "")
    if not configuration.startswith("/"):  # others do not count, as the XDG Base Directory Specification has it
        configuration = f"{home}/.config" if home else ""
    return f"{configuration}/logagent/config.toml" if configuration else ""


class LinesOrContext(argparse.Action):
    """Takes `--context 3` for lines of context, as grep has it, and `--context prod` for the context to use."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Keep a value; see argparse."""
        is_name = option == FLAG and not values.isdecimal()
        setattr(namespace, "context_name" if is_name else self.dest, values)


def add_context_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag `--context` to a command's parser, unless it has one that is `LinesOrContext`."""
    if not any(FLAG in action.option_strings for action in parser._actions):
        parser.add_argument(
            FLAG,
            dest="context_name",
            metavar="NAME",
            help="the context to use, of ~/.config/logagent/config.toml; none: none "
            "[$LOGAGENT_CONTEXT, else `current` of that file]",
        )
    parser.set_defaults(context_name=None, told_by={})


def add_context(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments of `context`."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    listed = acts.add_parser("list", help="list the contexts; * marks the one that is used", allow_abbrev=False)
    used = acts.add_parser("use", help="have commands use a context from now on", allow_abbrev=False)
    used.add_argument("name", metavar="NAME", help="as `logagent context list` prints it; none: use none")
    shown = acts.add_parser("show", help="show what commands use, and where each value comes from", allow_abbrev=False)
    shown.add_argument("name", metavar="NAME", nargs="?", help="as if --context NAME were given [the one in use]")
    for act in (listed, shown):
        add_output(act)
    return parser
