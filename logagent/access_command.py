"""The command `access`, with what it needs of this host: its disk, its file of tokens, its agents."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from logagent import token_file
from logagent.admitting import rules_of
from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.places_of_files import places
from logagent.terminal.access import OfHost, explain
from logagent.terminal.setup_arguments import AccessArguments, AccessExplainArguments
from logagent.terminal.streams import Streams


def run(typed: AccessArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run an act of `access`, and return the exit code.

    Raises:
        ConfigError: for arguments or settings that cannot be used.
    """
    hostname, of_host = socket.gethostname(), OfHost(rules_of, places, _groups)
    if isinstance(typed, AccessExplainArguments):
        return explain(typed, environ, streams, of_host, hostname)
    raise TypeError(f"{type(typed).__name__} is no act of `access`")


def _groups(settings: Settings, name: str) -> frozenset[str] | None:
    if settings.tokens is None:
        return None
    try:
        return token_file.names_and_groups(settings.tokens).get(name)
    except token_file.TokensFault as fault:
        raise ConfigError("tokens", str(fault)) from None
