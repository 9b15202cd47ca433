"""Whom a command asks: an agent's URL, and the certificates that go with it."""

from __future__ import annotations

import argparse
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from logagent.config import tls_files, values
from logagent.config.errors import ConfigError
from logagent.peers.client.transport import client_tls

DEFAULT_AGENT = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Agent:
    """Whom to ask. `tls` is None for the system's authorities and no certificate of one's own."""

    url: str
    tls: ssl.SSLContext | None


def patience(typed: argparse.Namespace) -> float:
    """Seconds that `--timeout` gives the whole answer. Raises `ConfigError`."""
    try:
        return values.seconds(typed.timeout)
    except ValueError as error:
        raise ConfigError("--timeout", str(error)) from None


def agent(typed: argparse.Namespace, environ: Mapping[str, str]) -> Agent:
    """Whom the flags or the environment name. Reads certificates; raises `ConfigError`."""
    where = "--agent" if typed.agent else "LOGAGENT_AGENT"
    url = typed.agent or environ.get("LOGAGENT_AGENT") or DEFAULT_AGENT
    try:
        url = values.agent_url(url if "://" in url else f"http://{url}")
    except ValueError as error:
        raise ConfigError(where, str(error)) from None
    return Agent(url, _tls(typed, environ) if url.startswith("https:") else None)


def _tls(typed: argparse.Namespace, environ: Mapping[str, str]) -> ssl.SSLContext | None:
    certs = typed.certs or environ.get("LOGAGENT_CERTS") or None
    name = typed.name or environ.get("LOGAGENT_NAME") or socket.gethostname().partition(".")[0]
    singly = {part: Path(path) if path else None for part, path in _single_files(typed).items()}
    try:
        files = tls_files.find(Path(certs) if certs else None, name, **singly)
        return client_tls(files.ca, files.certificate, files.key) if files.ca else None
    except (tls_files.NoTlsFile, tls_files.HalfTls) as error:
        raise ConfigError("--certs" if certs else "--ca, --cert, --key", str(error)) from None
    except OSError as error:
        raise ConfigError("--certs" if certs else "--ca, --cert, --key", f"cannot be used: {error}") from None


def _single_files(typed: argparse.Namespace) -> dict[str, str | None]:
    return {"ca": typed.ca, "certificate": typed.cert, "key": typed.key}
