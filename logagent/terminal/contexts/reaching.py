"""The agents of a context, for commands that ask them beside what they do otherwise."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.terminal import arguments
from logagent.terminal.agent_tls import agent_tls
from logagent.terminal.arguments import HostsArguments
from logagent.terminal.context_flags import FLAG, file_of_contexts
from logagent.terminal.contexts.applying import apply
from logagent.terminal.several_agents import peer_addresses


def agents_of(name: str, environ: Mapping[str, str]) -> tuple[dict[str, str], ssl.SSLContext | None]:
    """Return the URLs of a context's agents by their names, and TLS for them; None: the system's authorities count.

    An only agent, whose name is not known, is called as the context is; several are called as the context names them.

    Raises:
        ConfigError: for a context that is not there, or cannot be used so.
    """
    typed = arguments.parse(["hosts", f"{FLAG}={name}"])
    assert isinstance(typed, HostsArguments), "these are its arguments"
    apply(vars(typed), file_of_contexts(environ), environ)
    if typed.peer or typed.peers_from:
        several = peer_addresses(typed, environ)
        return dict(several.urls), several.tls
    if typed.agent is None:
        raise ConfigError(FLAG, f"{name} names no agent")
    url = values.agent_url(typed.agent)
    return {name: url}, agent_tls(typed, environ) if url.startswith("https:") else None
