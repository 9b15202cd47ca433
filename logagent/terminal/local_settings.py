"""What files of this machine are read by: the settings of its agent about names and times."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from logagent.config.errors import ConfigError
from logagent.config.given import Given, from_environment, from_file
from logagent.terminal.local_files import LocalFiles
from logagent.terminal.time_settings import rules_of, zone_of


def local_files(environ: Mapping[str, str], config: str, agent: str) -> LocalFiles:
    """Return by what files of this machine are read: the settings of its agent about names and times hold here too.

    Args:
        config: the file of settings that counts, unless the environment names another, or it cannot be read.
        agent: the URL of this host's agent.

    Raises:
        ConfigError: for settings that cannot be used.
    """
    given = {**_in_file(environ, config), **from_environment(environ)}
    host = given["name"].texts[-1] if "name" in given else socket.gethostname().partition(".")[0]
    return LocalFiles(host, agent, zone_of(given, environ, "LOGAGENT_TIMEZONE"), rules_of(given))


def _in_file(environ: Mapping[str, str], config: str) -> Mapping[str, Given]:
    if named := environ.get("LOGAGENT_CONFIG"):
        return from_file(Path(named))
    if os.access(config, os.R_OK):
        with suppress(ConfigError):  # what is wrong there is the agent's affair
            return from_file(Path(config))
    return {}
