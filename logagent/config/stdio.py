"""The settings of an agent that listens nowhere, and answers whoever has started it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from logagent.config import own_log
from logagent.config.errors import ConfigError
from logagent.config.loading import checked, given_by
from logagent.config.settings import Settings
from logagent.config.traces_settings import NONE

TAKEN = (
    *("name", "root", "root_name", "skip_files", "never_serve", "patience", "disk_threads", "page_cache", "max_line"),
    *("max_files", "max_walk", "max_answers", "max_follows", "max_time", "max_bytes", "graceful", "timezone"),
    *("root_timezone", "time_format", "log_to", "log_level", "log_words", "log_words_key"),
)
"""The settings that count: what is read, and how. The others are about listeners, other agents and who may ask; there
are none of these."""
_NO_RULES = (
    "stdio has no rules: its caller reads what this user may read anyway; name a file without [[rule]], or let `serve` "
    "answer, which applies them"
)
_NO_FILES = "stdio writes no files of its own log, since several may run at a time; give stderr, journald or syslog"


def load_stdio(
    flags: Mapping[str, Sequence[str]], environ: Mapping[str, str], *, host: str, file: str | None
) -> Settings:
    """Read those settings that count here, as `loading.load` does, and pass over others.

    Raises:
        ConfigError: also for rules, which somebody would take for being in force, and for files of its own log.
    """
    given = given_by(flags, environ, file=file)
    if "rule" in given:
        raise ConfigError(given["rule"].where, _NO_RULES)
    if "log_to" in given and own_log.FILES in own_log.targets(",".join(given["log_to"].texts)):
        raise ConfigError(given["log_to"].where, _NO_FILES)
    settings = checked({name: given[name] for name in TAKEN if name in given}, environ, host=host)
    return replace(settings, log_directory=None, traces=NONE)
