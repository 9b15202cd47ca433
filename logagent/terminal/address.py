"""The agent that a command asks: its URL, and the certificates for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.terminal.arguments import AskArguments, FilesArguments, HostsArguments

if TYPE_CHECKING:
    import ssl

DEFAULT_AGENT = "http://127.0.0.1:8000"
"""The agent that is asked if none is named: the one on this machine, at the default address of `logagent serve`."""


class AgentAddress(NamedTuple):
    """An agent, as a client reaches it.

    Attributes:
        url: without a trailing slash.
        tls: None: trust the system's authorities, and show no certificate.
    """

    url: str
    tls: ssl.SSLContext | None


def patience(typed: FilesArguments | HostsArguments) -> float:
    """Return the seconds that `--timeout` allows for the whole answer.

    Raises:
        ConfigError: if it is no span.
    """
    try:
        return values.seconds(typed.timeout)
    except ValueError as error:
        raise ConfigError("--timeout", str(error)) from None


def agent_address(typed: AskArguments, environ: Mapping[str, str]) -> AgentAddress:
    """Return the agent that the flags name, or else the environment, and read the certificates for it.

    Raises:
        ConfigError: for an invalid URL, or for certificates that cannot be used.
    """
    where = "--agent" if typed.agent else "LOGAGENT_AGENT"
    url = typed.agent or environ.get("LOGAGENT_AGENT") or DEFAULT_AGENT
    try:
        url = values.agent_url(_spelled(url))
    except ValueError as error:
        raise ConfigError(where, str(error)) from None
    if not url.startswith("https:"):
        return AgentAddress(url, None)
    # Imported here, since TLS takes longer to load than an answer without it.
    from logagent.terminal.agent_tls import agent_tls

    return AgentAddress(url, agent_tls(typed, environ))


def _spelled(url: str) -> str:
    """Return a URL with its scheme, and with an absolute path if it is that of a Unix socket."""
    if values.is_unix(url):
        path = url.removeprefix(values.UNIX)
        return url if path.startswith("/") or not path else f"{values.UNIX}{os.getcwd()}/{path}"  # noqa: PTH109 - fast
    return url if "://" in url else f"http://{url}"
