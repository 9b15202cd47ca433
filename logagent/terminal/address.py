"""What a question goes to: an agent, with its URL and the certificates for it, or files of this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.core.wire.trace import trace_headers_of
from logagent.terminal.arguments import FilesArguments, HostsArguments
from logagent.terminal.asking_arguments import AskArguments, PeersArguments
from logagent.terminal.local_files import STDIN, LocalFiles, is_local
from logagent.terminal.peer_addresses import PeerAddresses

if TYPE_CHECKING:
    import ssl

    from logagent.peers.client.credentials import Credential
    from logagent.terminal.own_agent import OwnAgent

CONFIG = "/etc/logagent.toml"
"""The file of settings that says where this host's agent listens, unless `LOGAGENT_CONFIG` names another."""
DEFAULT_AGENT = "http://127.0.0.1:8000"
"""The agent that is asked if none is named and no settings of this host say where its own listens: the default address
of `logagent serve`."""


class AgentAddress(NamedTuple):
    """An agent, as a client reaches it.

    Attributes:
        url: without a trailing slash.
        tls: None: trust the system's authorities, and show no certificate.
        credential: a token; None: none is sent.
        trace: headers that name the trace to which what is asked belongs, as the environment does; none: the agent
            begins one.
    """

    url: str
    tls: ssl.SSLContext | None
    credential: Credential | None = None
    trace: Mapping[str, str] = {}


Asked = AgentAddress | LocalFiles | PeerAddresses
"""What a question goes to."""

_OF_PATTERNS = ("patterns_from", "regex_from", "pattern_files")
"""The arguments that name files of patterns, of commands that have them."""


def reads_itself(typed: PeersArguments, files: Sequence[str], hosts: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Return whether a question is about files that the command line reads itself: no agent or host is named.

    Raises:
        ConfigError: if only some of the files are of that kind, or something is to be shown to an agent.
    """
    if typed.agent or typed.peer or typed.peers_from or hosts or environ.get("LOGAGENT_AGENT"):
        return False
    local = [file for file in files if is_local(file)]
    if local and len(local) < len(files):
        other = next(file for file in files if not is_local(file))
        told = f"{local[0]} is a file of this machine, and {other} the log of an agent; ask for them one by one"
        raise ConfigError("FILE", f"{told}, or say ./{other} if that is a file here, too")
    if local:
        _refuse_credentials(typed, local[0])
    if STDIN in local and (flag := next((name for name in _OF_PATTERNS if STDIN in getattr(typed, name, ())), None)):
        raise ConfigError(f"--{flag.replace('_', '-')}", "reads standard input, which is to be searched; give a file")
    return bool(local)


def _refuse_credentials(typed: AskArguments, file: str) -> None:
    shown = ("certs", "name", "ca", "cert", "key", "token_file", "token_command")
    if given := next((name for name in shown if getattr(typed, name) is not None), None):
        flag = f"--{given.replace('_', '-')}"
        raise ConfigError(flag, f"is for an agent, and {file} is read here; name the agent, with --agent URL")


def asked_of(typed: PeersArguments, environ: Mapping[str, str], *, itself: bool) -> Asked:
    """Return what a question goes to.

    Args:
        itself: whether it goes to files that the command line reads itself.

    Raises:
        ConfigError: as `agent_address` does, and for settings of this host about names and times that cannot be used.
    """
    if typed.peer or typed.peers_from:
        # Imported here, since most questions go to one agent.
        from logagent.terminal.several_agents import peer_addresses

        return peer_addresses(typed, environ)
    if not itself:
        return agent_address(typed, environ)
    # Imported here, since an agent has read the settings by itself.
    from logagent.terminal.local_settings import local_files

    return local_files(environ, CONFIG, _own_url(environ))


def only_agent(asked: Asked) -> AgentAddress:
    """Return the agent that a question goes to, where it is known to go to one."""
    assert isinstance(asked, AgentAddress)
    return asked


def _own_url(environ: Mapping[str, str]) -> str:
    try:
        own = own_agent_of(environ)
    except ConfigError:
        own = None
    return own.url if own else DEFAULT_AGENT


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
    """Return the agent that the flags name, their context, the environment, or else this host's own.

    Raises:
        ConfigError: for an invalid URL, or for certificates or a token that cannot be used.
    """
    url = typed.agent or environ.get("LOGAGENT_AGENT")
    own = None if url else own_agent_of(environ)
    if not url:
        url = own.url if own else DEFAULT_AGENT
    try:
        url = values.agent_url(spelled(url))
    except ValueError as error:
        where = typed.where("agent") if typed.agent else own.where if own else "LOGAGENT_AGENT"
        raise ConfigError(where, str(error)) from None
    credential, trace = _credential(url, typed, environ), trace_headers_of(environ)
    if not url.startswith("https:"):
        return AgentAddress(url, None, credential, trace)
    # Imported here, since TLS takes longer to load than an answer without it.
    from logagent.terminal.agent_tls import agent_tls

    return AgentAddress(url, agent_tls(typed, environ, own), credential, trace)


def _credential(url: str, typed: AskArguments, environ: Mapping[str, str]) -> Credential | None:
    named = typed.token_file, typed.token_command, *map(environ.get, ("LOGAGENT_TOKEN_FILE", "LOGAGENT_TOKEN_COMMAND"))
    if not any(named):
        return None
    # Imported here, since most commands send none.
    from logagent.terminal.credential import credential_for

    return credential_for(url, typed, environ)


def own_agent_of(environ: Mapping[str, str]) -> OwnAgent | None:
    """Return this host's agent, if anything describes it; what reads that is loaded only then.

    Raises:
        ConfigError: for settings that cannot be used.
    """
    described = environ.get("LOGAGENT_CONFIG") or environ.get("LOGAGENT_LISTEN")
    if not described and not os.path.exists(CONFIG):  # noqa: PTH110 - fast
        return None
    from logagent.terminal.own_agent import own_agent

    return own_agent(environ, CONFIG)


def spelled(url: str) -> str:
    """Return a URL with its scheme, and with an absolute path if it is that of a Unix socket."""
    if values.is_unix(url):
        path = url.removeprefix(values.UNIX)
        return url if path.startswith("/") or not path else f"{values.UNIX}{os.getcwd()}/{path}"  # noqa: PTH109 - fast
    return url if "://" in url else f"http://{url}"
