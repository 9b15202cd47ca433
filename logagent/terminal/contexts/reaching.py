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


def agents_of(name: str, environ: Mapping[str, str]) -> tuple[dict[str, str], ssl.SSLContext | None]:
    """Return the URLs of a context's agents by their names, and TLS for them; None: the system's authorities count.

    Its one agent, whose name is not known, is called as the context is.

    Raises:
        ConfigError: for a context that is not there, or cannot be used so.
    """
    typed = arguments.parse(["hosts", f"{FLAG}={name}"])
    assert isinstance(typed, HostsArguments), "these are its arguments"
    apply(vars(typed), file_of_contexts(environ), environ)
    if typed.agent is None:
        where = next(iter(typed.told_by.values()), FLAG)
        raise ConfigError(
            where, "this command asks one agent: give the context an agent, or name peers in the settings"
        )
    url = values.agent_url(typed.agent)
    return {name: url}, agent_tls(typed, environ) if url.startswith("https:") else None
