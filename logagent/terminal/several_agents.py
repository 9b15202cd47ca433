"""The agents that `--peer` and `--peers-from` name: read, checked, and what each is shown."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.core.wire.trace import trace_headers_of
from logagent.peers.client.credentials import Credential
from logagent.peers.ssh.arguments import PROGRAM, BadProgram, program_in
from logagent.ssh_address import is_ssh
from logagent.terminal.agent_tls import agent_tls
from logagent.terminal.asking_arguments import PeersArguments
from logagent.terminal.credential import credential_for
from logagent.terminal.peer_addresses import PeerAddresses

MOST = 10_000
"""Agents that are asked at most: far more than one process can be connected to."""


def peer_addresses(typed: PeersArguments, environ: Mapping[str, str]) -> PeerAddresses:
    """Return the agents that are named, with what each is shown.

    Raises:
        ConfigError: for one that cannot be used, or one agent that is named besides.
    """
    if typed.agent:
        told = "names one agent, and --peer several, which it does not know; name it by --peer too, or leave one out"
        raise ConfigError(typed.where("agent"), told)
    urls: dict[str, str] = {}
    for where, text in _named(typed):
        name, url = _read(text, where)
        if name in urls:
            raise ConfigError(where, f"{name} is named twice; give each agent a name of its own, as NAME=URL")
        urls[name] = url
    if len(urls) > MOST:
        raise ConfigError(typed.where("peer"), f"{len(urls)} agents are named, and {MOST} at most are asked")
    _check_program(urls, environ)
    return PeerAddresses(
        urls, _tls(urls, typed, environ), _credentials(urls, typed, environ), trace_headers_of(environ)
    )


def _named(typed: PeersArguments) -> Iterator[tuple[str, str]]:
    """Yield each agent as it was typed, after the place that names it."""
    for text in typed.peer:
        yield typed.where("peer"), text
    if typed.peers_from is not None:
        yield from _in_file(typed.peers_from, typed.where("peers_from"))


def _in_file(path: str, where: str) -> Iterator[tuple[str, str]]:
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise ConfigError(where, f"{path}: {reason}") from None
    named = [(f"{path}:{number}", line.strip()) for number, line in enumerate(lines, 1)]
    named = [(place, line) for place, line in named if line and not line.startswith("#")]
    if not named:
        raise ConfigError(where, f"{path} names no agent; give one a line, such as web-1=ssh://10.0.0.5")
    yield from named


def _read(text: str, where: str) -> tuple[str, str]:
    try:
        return values.peer(text)
    except ValueError as error:
        raise ConfigError(where, str(error)) from None


def _check_program(urls: Mapping[str, str], environ: Mapping[str, str]) -> None:
    try:
        if any(map(is_ssh, urls.values())):
            program_in(environ)
    except BadProgram as error:
        raise ConfigError(PROGRAM, str(error).removeprefix(f"{PROGRAM} ")) from None


def _tls(urls: Mapping[str, str], typed: PeersArguments, environ: Mapping[str, str]) -> ssl.SSLContext | None:
    return agent_tls(typed, environ) if any(url.startswith("https:") for url in urls.values()) else None


def _credentials(urls: Mapping[str, str], typed: PeersArguments, environ: Mapping[str, str]) -> dict[str, Credential]:
    """Return the token of each agent that may be sent one; over ssh, the login is the proof."""
    found = {name: credential_for(url, typed, environ) for name, url in urls.items() if not is_ssh(url)}
    return {name: credential for name, credential in found.items() if credential is not None}
