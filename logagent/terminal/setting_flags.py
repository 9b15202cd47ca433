"""The flags that are settings of an agent, made from the table of settings."""

from __future__ import annotations

import argparse

from logagent.config.setting import Setting
from logagent.config.stdio import TAKEN
from logagent.config.table import BY_NAME, SETTINGS
from logagent.terminal.search_flags import add_output

STDIO = (
    "It listens nowhere, knows no other agents, and has no rules: what its user may read, it gives to whoever has\n"
    "started it, which is ssh as a rule: `logagent query --peer ssh://HOST FILE KEYWORD`. It ends with its input."
)
"""What stands below the flags of `stdio`."""


def add_serve(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the flags of `serve`, one for each setting that has one."""
    parser.add_argument("--config", metavar="FILE", help="a TOML file that holds settings [$LOGAGENT_CONFIG]")
    parser.add_argument(
        "--check",
        action="store_true",
        help="start nothing: say what would be served, where, to whom, and why not; exit code 0: it would, 2: not",
    )
    for setting in SETTINGS:
        if not setting.in_file_only:
            _add_setting(parser, setting)
    return parser


def add_stdio(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the flags of `stdio`: the settings that say what is read, and how."""
    parser.epilog = STDIO
    parser.add_argument(
        "--config", metavar="FILE", help="a TOML file that holds settings, of which these count [$LOGAGENT_CONFIG]"
    )
    for name in TAKEN:
        _add_setting(parser, BY_NAME[name])
    return parser


def _add_setting(parser: argparse.ArgumentParser, setting: Setting) -> None:
    explained = f"{setting.help} [{setting.shown_default}; ${setting.variable}]".replace("%", "%%")
    if setting.is_switch:
        parser.add_argument(setting.flag, action=argparse.BooleanOptionalAction, help=explained)
    else:
        parser.add_argument(
            setting.flag, action="append", metavar=setting.unit.upper().replace(" ", "-") or "TEXT", help=explained
        )


def add_formats(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the flags of `formats`, of which two are settings."""
    parser.epilog = "exit codes: 0 all times are trusted, 1 those of some file are not, 2 a file cannot be read"
    parser.add_argument("file", metavar="FILE", nargs="+", help="a local file, compressed or not; -: standard input")
    parser.add_argument("-n", "--lines", metavar="N", default="20", help="explain the first N lines of each [20]")
    for name in ("timezone", "time_format"):
        _add_setting(parser, BY_NAME[name])
    parser.add_argument("--config", metavar="FILE", help="a TOML file that holds these two [$LOGAGENT_CONFIG]")
    add_output(parser)
    parser.set_defaults(timezone=[], time_format=[])
    return parser
