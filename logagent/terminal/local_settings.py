"""What files of this machine are read by: the settings of its agent about names, times, and how much is read."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import tzinfo
from pathlib import Path

from logagent.config.errors import ConfigError
from logagent.config.given import Given, from_environment, from_file
from logagent.config.table import BY_NAME
from logagent.terminal.local_files import LocalFiles
from logagent.terminal.time_settings import read_all, rules_of, zone_of

_LIMITS = ("max_line", "max_files", "max_walk")


def local_files(environ: Mapping[str, str], config: str, agent: str) -> LocalFiles:
    """Return by what files of this machine are read: so an answer says what the agent here would say of these files.

    What bounds an answer counts for the same reason: that of a longer line, or of more files, would be another one.

    Args:
        config: the file of settings that counts, unless the environment names another, or it cannot be read.
        agent: the URL of this host's agent.

    Raises:
        ConfigError: for settings that cannot be used.
    """
    given = {**_in_file(environ, config), **from_environment(environ)}
    host = given["name"].texts[-1] if "name" in given else socket.gethostname().partition(".")[0]
    zone, limits = zone_of(given, environ, "LOGAGENT_TIMEZONE"), (_number(name, given) for name in _LIMITS)
    return LocalFiles(host, agent, zone, rules_of(given), _zones(given), *limits)


def _zones(given: Mapping[str, Given]) -> dict[str, tzinfo]:
    read = read_all("root_timezone", given) if "root_timezone" in given else []
    return {os.path.realpath(directory): zone for directory, zone in read}


def _number(name: str, given: Mapping[str, Given]) -> int:
    number = read_all(name, given)[-1] if name in given else BY_NAME[name].read(BY_NAME[name].default or "")
    assert isinstance(number, int), "as the table reads it"
    return number


def _in_file(environ: Mapping[str, str], config: str) -> Mapping[str, Given]:
    if named := environ.get("LOGAGENT_CONFIG"):
        return from_file(Path(named))
    if os.access(config, os.R_OK):
        with suppress(ConfigError):  # what is wrong there is the agent's affair
            return from_file(Path(config))
    return {}
